"""The kind `dcat`: which statements fill which fields, on our own payloads, expectations beside them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.source import HarvestSource
from harvester.errors import RecordError
from harvester.sources.base import HarvestRecord
from harvester.sources.dcat import Dcat
from harvester.sources.dcat_nodes import box
from harvester.sources.described_terms import language_of, said

if TYPE_CHECKING:
    from tests.harvester.sources.conftest import Portal, Script, Walked

    Start = Callable[[Script], Portal]
    Walk = Callable[[Dcat, HarvestSource], Walked]

DCAT = Dcat()
DATA = Path(__file__).resolve().parents[2] / "data" / "dcat"
SOURCE = HarvestSource(id="test", city="gent", kind="dcat", url="https://data.stad.example/catalog")


@pytest.mark.parametrize("name", ["traps.ttl", "pod.jsonld"])
def test_dataset_when_payload_is_full_of_traps_then_as_expected(
    portal: "Start",
    walk: "Walk",
    source_of: Callable[..., HarvestSource],
    expectation: Callable[[Path, object], object],
    name: str,
) -> None:
    started = portal(lambda _path, _query: (200, (DATA / name).read_bytes()))
    source = source_of("dcat", f"{started.url}/feed")
    actual = {record.identifier: asdict(DCAT.dataset(source, record)) for record in walk(DCAT, source).records}
    for dataset in actual.values():
        dataset["temporal"] = [list(period) for period in dataset["temporal"]]
    assert actual == expectation(DATA / f"{Path(name).stem}.expected.json", actual)


@given(st.binary() | st.text().map(str.encode) | st.just(b'{"a":{"b":["c"]}}') | st.just(b"{}"))
def test_dataset_when_raw_is_anything_then_record_error_or_dataset(raw: bytes) -> None:
    with suppress(RecordError):
        assert DCAT.dataset(SOURCE, HarvestRecord("x", raw)).identifier == "x"


@given(st.text())
def test_said_when_term_is_anything_then_no_exception(term: str) -> None:
    assert isinstance(said(term) + language_of(term), str)


@pytest.mark.parametrize(
    ("term", "text", "language"),
    [
        ('"a"', "a", ""),
        (r'"a \"b\" \\ \n\u00e9\U0001F600"@nl-BE', 'a "b" \\ \né😀', "nl-BE"),
        ('"5"^^<http://www.w3.org/2001/XMLSchema#integer>', "5", ""),
        ('"x@y"', "x@y", ""),
        (r'"\uD800"', "\ufffd", ""),
        ("< https://a.example/b >", "https://a.example/b", ""),
        ("_:b1", "", ""),
        ('"nl"@nl_BE', "nl", "nl-BE"),
    ],
)
def test_said_when_term_is_in_n_triples_then_text_and_language(term: str, text: str, language: str) -> None:
    assert (said(term), language_of(term)) == (text, language)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("POINT(3.7 51.05)", "3.7,51.05,3.7,51.05"),
        ("MULTIPOLYGON Z (((1 2 9, 3 4 9)), ((-5 0 9, 1e1 2 9)))", "-5.0,0.0,10.0,4.0"),
        ("POLYGON EMPTY", "POLYGON EMPTY"),
        ("Polygonaal gebied", "Polygonaal gebied"),
        ("1,2,3,4", "1,2,3,4"),
    ],
)
def test_box_when_text_is_well_known_text_then_west_south_east_north(text: str, expected: str) -> None:
    assert box(text) == expected
