"""What names a dataset on a web page, under edits of its title and collisions; and what its links say of files."""

import html as entities

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.sources.html_entry import distinguished, entries
from harvester.sources.html_options import Options
from harvester.sources.html_values import file_format, scope
from harvester.sources.markup import tree

TITLES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12), min_size=3, max_size=3)


def found_on(page: str, **options: object) -> list[str]:
    where = "https://stad.example/opendata"
    return [it.key for it in entries(scope(tree(page, where), where), Options.model_validate(options), where)]


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ('<li id="bib"><a href="/x.csv">X</a></li>', "bib"),
        ('<li><a name="bib"></a><a href="/x.csv">X</a></li>', "bib"),
        ('<li><h3 id="bib">B</h3></li>', "bib"),
        ('<li><a class="own" href="//www.stad.example/Bib/?b=2&amp;a=1&amp;utm_id=x#top">B</a></li>', "/Bib?a=1&b=2"),
        ('<li><a class="own" href="https://elders.example/d?ID=3&amp;sid=9">B</a></li>', "id=3"),
        ('<li><a class="own" href="https://elders.example/d">B</a></li>', "elders.example/d"),
        ('<li>Bib <a href="/f/Bib%20adres.csv">csv</a> <a href="/f/bib-adres.json">json</a></li>', "bib-adres"),
        ("<li>Sport\u00a0Hallen &amp; Caf\u00e9s!</li>", "sport-hallen-cafes"),
    ],
)  # fmt: skip
def test_identity_when_an_entry_has_several_names_takes_the_steadiest(entry: str, key: str) -> None:
    assert found_on(f"<ul>{entry}</ul>", entry="li", link="a.own") == [key]


def test_identity_when_the_source_file_names_it_wins_over_the_order() -> None:
    page = '<li id="row-1" data-id="77"><a href="?node=5">A</a></li>'

    assert found_on(page, entry="li", link="a", identifier=["attribute:data-id"]) == ["77"]
    assert found_on(page, entry="li", link="a", identifier=["query:node"]) == ["node=5"]
    assert found_on(page, entry="li", link="a", identifier=["attribute:data-nid", "title"]) == ["a"]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.sampled_from(["x", "y", ""]), st.sampled_from("tu"))))
def test_distinguished_when_names_collide_gives_each_its_own(ladders: list[tuple[str, ...]]) -> None:
    keys = distinguished(ladders)

    assert len(set(keys)) == len(keys)
    assert all(key.startswith(next(step for step in ladder if step)) for key, ladder in zip(keys, ladders, strict=True))


@given(st.permutations([("a", "x", "t"), ("a", "y", "t"), ("b", "", "t"), ("", "z", "u")]))
def test_distinguished_when_the_order_changes_keeps_the_names(ladders: list[tuple[str, ...]]) -> None:
    assert dict(zip(ladders, distinguished(ladders), strict=True)) == {
        ("a", "x", "t"): "a~x",
        ("a", "y", "t"): "a~y",
        ("b", "", "t"): "b",
        ("", "z", "u"): "z",
    }


@given(TITLES, st.sampled_from(["anchor", "link", "file"]))
def test_identity_when_titles_are_edited_stays(titles: list[str], named_by: str) -> None:
    names = {
        "anchor": '<a name="n{0}"></a>',
        "link": '<a class="own" href="/d/{0}"></a>',
        "file": '<a href="/f/n{0}.csv"></a>',
    }
    page = "".join(
        f"<div><h4>{entities.escape(title)}</h4>{names[named_by].format(n)}</div>" for n, title in enumerate(titles)
    )

    options = {"entry": "div", "link": "a.own", "title": "h4"}
    expected = {"anchor": "n{}", "link": "/d/{}", "file": "n{}"}[named_by]
    assert found_on(page, **options) == [expected.format(n) for n in range(3)]


@pytest.mark.parametrize(
    ("url", "label", "expected"),
    [
        ("https://s.example/a.CSV", "Download", "csv"),
        ("https://s.example/a.zip", "SHP (zip)", "SHP"),
        ("https://s.example/a.zip", "alles", "zip"),
        ("https://s.example/export.aspx?id=3", "GeoJSON", "GeoJSON"),
        ("https://s.example/kaart", "Bekijk de kaart", None),
        ("https://s.example/kaart", "Kaart", None),
    ],
)
def test_file_format_when_link_and_label_differ_trusts_the_file(url: str, label: str, expected: str | None) -> None:
    assert file_format(url, label) == expected
