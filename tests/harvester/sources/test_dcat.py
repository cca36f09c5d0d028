"""The kind `dcat` against scripted portals over real HTTP: pages, identity, and raw that changes with content only."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.model import Issue
from config.source import HarvestSource
from harvester.errors import HarvestError, ParseError
from harvester.sources.base import HarvestRecord, Page, Response
from harvester.sources.dcat import Dcat, Options, read_page
from harvester.sources.rdf import read

if TYPE_CHECKING:
    from tests.harvester.sources.conftest import Portal, Script, Walked

    Start = Callable[[Script], Portal]
    Walk = Callable[[Dcat, HarvestSource], Walked]
    Sources = Callable[..., HarvestSource]

DCAT = Dcat()
SOURCE = HarvestSource(id="test", city="gent", kind="dcat", url="https://data.stad.example/catalog")
PREFIXES = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
"""
CATALOG = PREFIXES + "<https://s.example/c> a dcat:Catalog . "


def datasets(*numbers: int) -> str:
    return " ".join(f"<https://s.example/d/{number}> a dcat:Dataset ; dct:title 'D{number}' ." for number in numbers)


def page_of(text: str, url: str = SOURCE.url) -> Page[Any]:
    nodes, issues = read(Response(url, 200, {}, text.encode()))
    return read_page(nodes, issues, Response(url, 200, {}, b""))[0]


def records_of(text: str) -> list[HarvestRecord]:
    return [found for found in DCAT.records(SOURCE, page_of(text)) if isinstance(found, HarvestRecord)]


def paged(last: int, link: str, total: int | None = None) -> "Script":
    """Pages of two datasets; `link` is the statement that names the next page, with `{number}` in it."""

    def script(_path: str, query: dict[str, str]) -> tuple[int, bytes]:
        number = int(query.get("page", 1))
        text = CATALOG + datasets(2 * number - 1, 2 * number)
        if total is not None:
            text += f" <https://s.example/c> hydra:totalItems {total} ."
        if number < last:
            text += " <> a hydra:PartialCollectionView ; " + link.format(number=number + 1) + " ."
        return 200, text.encode()

    return script


@pytest.mark.parametrize(
    "link",
    [
        "hydra:next <?page={number}>",
        "hydra:next </feed?page={number}>",
        'hydra:next "/feed?page={number}"',
        'hydra:nextPage "feed?page={number}"',
        "hydra:nextPage <http://portal-inside:8080/feed?page={number}#x>",
    ],
)
def test_pages_when_hydra_names_the_next_page_then_all_are_walked(
    portal: "Start", walk: "Walk", source_of: "Sources", link: str
) -> None:
    started = portal(paged(3, link, total=6))
    walked = walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert sorted(walked.ids) == [f"https://s.example/d/{number}" for number in range(1, 7)]
    assert {(page.total, page.whole) for page in walked.pages} == {(6, True)}
    assert len(started.asked) == 3


def test_pages_when_one_document_then_whole_and_without_total(
    portal: "Start", walk: "Walk", source_of: "Sources"
) -> None:
    started = portal(paged(1, ""))
    walked = walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert [(page.total, page.whole, len(page.items)) for page in walked.pages] == [(None, True, 2)]


@pytest.mark.parametrize(
    ("following", "code"),
    [
        ("https://elsewhere.example/other?page=2", "next_page_elsewhere"),
        ("ftp://127.0.0.1/feed?page=2", "next_page_elsewhere"),
        ("http://[half/feed", "next_page_unusable"),
        ("http://127.0.0.1:99999999/feed", "next_page_unusable"),
    ],
)
def test_pages_when_next_page_may_not_be_followed_then_the_listing_is_a_part(
    portal: "Start", walk: "Walk", source_of: "Sources", following: str, code: str
) -> None:
    started = portal(paged(2, f'hydra:next "{following}"'))
    walked = walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert [(page.whole, [issue.code for issue in page.issues]) for page in walked.pages] == [(False, [code])]
    assert len(walked.ids) == 2


@pytest.mark.parametrize("link", ["hydra:next <?page=1>", "hydra:next <>", 'hydra:next "/feed"'])
def test_pages_when_they_go_in_circles_then_loop(
    portal: "Start", walk: "Walk", source_of: "Sources", link: str
) -> None:
    started = portal(paged(99, link))
    with pytest.raises(HarvestError) as raised:
        walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert raised.value.kind == "loop"
    assert len(started.asked) < 5


def test_pages_when_numbers_rise_over_the_same_content_then_loop(
    portal: "Start", walk: "Walk", source_of: "Sources"
) -> None:
    def script(_path: str, query: dict[str, str]) -> tuple[int, bytes]:
        number = int(query.get("page", 1))
        return 200, (CATALOG + datasets(1) + f"<> hydra:next <?page={number + 1}> .").encode()

    started = portal(script)
    with pytest.raises(HarvestError) as raised:
        walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert raised.value.kind == "loop"
    assert len(started.asked) < 10


def test_pages_when_last_page_names_itself_and_all_came_then_whole(
    portal: "Start", walk: "Walk", source_of: "Sources"
) -> None:
    started = portal(paged(99, "hydra:next <>", total=2))
    walked = walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert (len(walked.pages), len(walked.ids), walked.pages[0].total) == (1, 2, 2)


def test_pages_when_listing_is_longer_than_allowed_then_part(
    portal: "Start", walk: "Walk", source_of: "Sources"
) -> None:
    started = portal(paged(9, "hydra:next <?page={number}>"))
    walked = walk(DCAT, source_of("dcat", f"{started.url}/feed", max_pages=2))
    assert [page.whole for page in walked.pages] == [True, False]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html><body>Onderhoud</body></html>", "parse"),
        (b'<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "parse"),
        (b'{"error": "internal"}', "parse"),
        (b"[]", "parse"),
        (b"Service unavailable", "parse"),
        (b"<https://a.example/> <https://b.example/> <https://c.example/> .", "parse"),
        (b"<ExceptionReport xmlns='http://www.opengis.net/ows'><Exception/></ExceptionReport>", "parse"),
    ],
)
def test_pages_when_answer_is_no_catalog_then_parse_error(
    portal: "Start", walk: "Walk", source_of: "Sources", body: bytes, kind: str
) -> None:
    started = portal(lambda _path, _query: (200, body))
    with pytest.raises(ParseError) as raised:
        walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert raised.value.kind == kind
    assert raised.value.url == f"{started.url}/feed"


def test_pages_when_catalog_is_empty_then_an_empty_page(portal: "Start", walk: "Walk", source_of: "Sources") -> None:
    started = portal(lambda _path, _query: (200, CATALOG.encode()))
    walked = walk(DCAT, source_of("dcat", f"{started.url}/feed"))
    assert [(page.items, page.whole) for page in walked.pages] == [((), True)]


def test_pages_when_member_is_not_described_or_a_series_then_issues_and_no_record() -> None:
    page = page_of(
        CATALOG
        + datasets(1)
        + """<https://s.example/c> dcat:dataset <https://s.example/d/1>, <https://s.example/d/2> .
        <https://s.example/c> dcat:dataset <https://s.example/s> . <https://s.example/s> a dcat:DatasetSeries .
        <https://s.example/both> a dcat:DatasetSeries, dcat:Dataset ."""
    )
    assert [item.identifier for item in page.items] == ["https://s.example/d/1", "https://s.example/both"]
    assert [(issue.code, issue.value) for issue in page.issues] == [
        ("dataset_series", "https://s.example/s"),
        ("dataset_not_described", "https://s.example/d/2"),
    ]


def test_pages_when_member_is_described_without_type_then_a_record() -> None:
    page = page_of(
        CATALOG + "<https://s.example/c> dcat:dataset <https://s.example/d/1> . <https://s.example/d/1> dct:title 'x' ."
    )
    assert [item.identifier for item in page.items] == ["https://s.example/d/1"]


@pytest.mark.parametrize(
    ("statements", "identifier"),
    [
        ("dct:identifier ' b  1 ', 'z'", "b 1"),
        ("dcat:landingPage <https://s.example/page>", "https://s.example/page"),
        ("dct:identifier '' ; dcat:landingPage <https://s.example/page> ; dct:title 't'", "https://s.example/page"),
    ],
)
def test_records_when_dataset_is_a_blank_node_then_known_by_what_is_stable(statements: str, identifier: str) -> None:
    (record,) = records_of(CATALOG + f"[] a dcat:Dataset ; {statements} .")
    assert record.identifier == identifier
    assert DCAT.dataset(SOURCE, record).identifier == identifier


def test_records_when_blank_dataset_has_only_a_title_or_files_then_known_by_them() -> None:
    by_title = [
        records_of(CATALOG + f"[] a dcat:Dataset ; dct:title 'Bomen' ; dct:description '{x}' .")[0] for x in "ab"
    ]
    assert by_title[0].identifier == by_title[1].identifier
    assert by_title[0].raw != by_title[1].raw
    by_file = records_of(
        CATALOG
        + """[] a dcat:Dataset ; dcat:distribution [ dcat:accessURL <https://s.example/1> ] .
             [] a dcat:Dataset ; dcat:distribution [ dcat:accessURL <https://s.example/2> ] ."""
    )
    assert len({record.identifier for record in by_file}) == 2


def test_records_when_blank_dataset_says_nothing_then_an_issue() -> None:
    (found,) = DCAT.records(SOURCE, page_of(CATALOG + "[] a dcat:Dataset ; dct:description 'x' ."))
    assert isinstance(found, Issue)
    assert (found.stage, found.code) == ("record", "blank_node_dataset")


NESTED = [
    "<https://s.example/c> a dcat:Catalog .",
    "_:{0} a dcat:Dataset .",
    "_:{0} dct:identifier 'one' .",
    "_:{0} dct:publisher _:{1} .",
    "_:{1} foaf:name 'Stad' .",
    "_:{1} foaf:page _:{2} .",
    "_:{2} dct:title 'Bladzijde' .",
    "_:{0} dcat:distribution _:{3} , _:{4} , <https://s.example/f> .",
    "_:{3} dct:title 'a' .",
    "_:{4} dct:title 'b' .",
    "<https://s.example/f> dct:license _:{5} .",
    "_:{5} dct:title 'Vrij' .",
    "_:{5} dct:relation _:{5} .",
    "<https://s.example/s> dcat:servesDataset _:{0} , <https://s.example/x> .",
]


@given(st.randoms(use_true_random=False))
def test_records_when_statements_and_blank_nodes_change_places_then_same_raw(random: Random) -> None:
    names = [f"n{number}" for number in range(6)]
    (expected,) = records_of(PREFIXES + " ".join(NESTED).format(*names))
    lines = random.sample(NESTED, len(NESTED)) * 2
    (found,) = records_of(PREFIXES + "\n".join(lines).format(*random.sample(names, len(names))))
    assert found == expected
    dataset = DCAT.dataset(SOURCE, found)
    assert (dataset.publisher_name, len(dataset.distributions)) == ("Stad", 3)


@pytest.mark.parametrize(
    "change",
    ["<https://s.example/p> foaf:name 'Nieuw' .", "<https://s.example/d/1> dct:modified '2026-01-02' ."],
)
def test_records_when_dataset_or_its_publisher_changes_then_other_raw(change: str) -> None:
    text = CATALOG + datasets(1, 2) + "<https://s.example/d/1> dct:publisher <https://s.example/p> . "
    before = {record.identifier: record.raw for record in records_of(text)}
    after = {record.identifier: record.raw for record in records_of(text + change)}
    changed = {identifier for identifier in before if before[identifier] != after[identifier]}
    assert changed == {"https://s.example/d/1"}


def test_records_when_two_datasets_relate_then_each_raw_holds_its_own_only() -> None:
    first, second = records_of(
        CATALOG
        + datasets(1, 2)
        + "<https://s.example/d/1> dct:relation <https://s.example/d/2> ; dct:isPartOf <https://s.example/d/2> ."
    )
    assert b"D2" not in first.raw
    assert b"D1" not in second.raw


def test_records_when_service_serves_many_datasets_then_raw_names_only_its_own() -> None:
    served = ", ".join(f"<https://s.example/d/{number}>" for number in range(50))
    service = (
        "<https://s.example/s> a dcat:DataService ; dcat:endpointURL <https://s.example/api> ; dcat:servesDataset "
    )
    records = records_of(CATALOG + datasets(*range(50)) + service + served + " .")
    assert [DCAT.dataset(SOURCE, record).services[0].endpoint_url for record in records] == [
        "https://s.example/api"
    ] * 50
    assert all(record.raw.count(b"https://s.example/d/") <= 2 for record in records)


def test_records_when_blank_nodes_nest_without_end_then_cut_and_said_so() -> None:
    deep = "[ dct:relation " * 20_000 + "'end'" + " ]" * 20_000
    (record,) = records_of(CATALOG + f"<https://s.example/d> a dcat:Dataset ; dct:title 'x' ; dct:relation {deep} .")
    dataset = DCAT.dataset(SOURCE, record)
    assert [issue.code for issue in dataset.issues] == ["description_cut"]
    assert (dataset.title, len(record.raw) < 20_000) == ("x", True)


def test_records_when_iris_are_relative_then_resolved_against_the_page() -> None:
    (record,) = records_of(PREFIXES + "<d/1> a dcat:Dataset ; dcat:landingPage <d/1.html> .")
    assert record.identifier == "https://data.stad.example/d/1"
    assert DCAT.dataset(SOURCE, record).landing_page == "https://data.stad.example/d/1.html"


def test_options_when_key_is_unknown_then_refused() -> None:
    assert Options().max_pages > 0
    with pytest.raises(ValidationError):
        Options.model_validate({"pages": 3})
