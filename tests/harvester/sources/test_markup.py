"""Trees of markup nobody should write: hostile, broken, not HTML at all."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import ParseError
from harvester.sources.html_entry import entries
from harvester.sources.html_options import Options
from harvester.sources.html_values import scope
from harvester.sources.markup import MAX_DEPTH, absolute, tree, words

HERE = "https://stad.example/"
BROAD = Options(entry="li, p", mode="headings")


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 100_000,
        "<div>" * 250_000,
        "<!--" * 400_000,
        "<!-- -->" * 1000 + "<!--" * 200_000,
        '<a "' * 200_000,
        '<a href="' * 100_000 + ">",
        "</a " * 200_000,
        "<?" * 200_000 + ">",
        "<![CDATA[" * 50_000,
        "<p>" * 100_000,
        "<li><p>" * 50_000,
        '{"error": "Internal"}',
        "",
        "\x00\x01\x02",
        "%PDF-1.4",
    ],
    ids=lambda body: f"{body[:10]!r}",
)
def test_tree_when_markup_is_hostile_reads_or_refuses_it_in_time(body: str) -> None:
    began = time.process_time()
    with suppress(ParseError):
        soup = tree(body, HERE)
        words(soup)
        entries(scope(soup, HERE), BROAD, HERE)
    assert time.process_time() - began < 20


def test_tree_when_nesting_is_too_deep_says_so() -> None:
    tree("<div>" * (MAX_DEPTH - 10), HERE)
    with pytest.raises(ParseError, match=r"nests more than 1,000 elements\.$"):
        tree("<div>" * (MAX_DEPTH + 10), HERE)


def test_tree_when_list_items_are_not_closed_keeps_them_apart() -> None:
    soup = tree(
        "<ul><li>a<p>x<li>b<ul><li>c</ul><li>d</ul><table><tr><td>1<td>2<tr><td>3</table>", "https://s.example/"
    )

    assert [words(tag) for tag in soup.select("ul > li")] == ["a x", "b c", "c", "d"]
    assert [words(tag) for tag in soup.select("tr > td")] == ["1", "2", "3"]


@given(st.text(alphabet="<>/!-=\"'&;#?[]ahlip1 \n", max_size=200))
def test_tree_when_text_is_arbitrary_never_raises_but_for_no_markup(text: str) -> None:
    try:
        tree(text, HERE)
    except ParseError:
        assert "<" not in text


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("/a b.csv", "https://stad.example/a%20b.csv"),
        ("x\n.csv#deel", "https://stad.example/map/x.csv"),
        ("//elders.example", "https://elders.example"),
        ("mailto:a@b.example", None),
        ("javascript:void(0)", None),
        ("data:text/csv,1", None),
        ("http://[::1", None),
        ("http://", None),
    ],
)
def test_absolute_when_a_link_is_odd_gives_an_address_or_nothing(href: str, address: str | None) -> None:
    assert absolute("https://stad.example/map/", href) == address
