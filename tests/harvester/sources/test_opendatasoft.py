"""The kind `opendatasoft` against scripted portals, its own payloads, the real ones and broken JSON."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.model import Issue
from config.source import HarvestSource
from harvester.errors import HarvestError, ParseError, RecordError
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset
from harvester.sources.opendatasoft import Opendatasoft

if TYPE_CHECKING:
    from tests.harvester.sources.conftest import Portal, Script, Walked

    Start = Callable[[Script], Portal]
    Walk = Callable[[Opendatasoft, HarvestSource], Walked]

KIND = Opendatasoft()
SOURCE = HarvestSource(id="test", city="gent", kind="opendatasoft", url="https://data.stad.example/")
DATA = Path(__file__).resolve().parents[2] / "data" / "opendatasoft"
LIST = "/api/explore/v2.1/catalog/datasets"
EXPORT = "/api/explore/v2.1/catalog/exports/json"


def item(number: int, **more: object) -> dict[str, Any]:
    return {
        "dataset_id": f"set-{number:06}",
        "dataset_uid": f"da_{number}",
        "metas": {"default": {"title": "t"}},
    } | more


def catalog(size: int, *, total: object = -1, export: tuple[int, bytes] = (404, b"{}")) -> "Script":
    """A portal of v2.1 with `size` datasets: at most 100 a page, an error beyond 10,000, and its `export`."""
    items = [item(number) for number in range(size)]

    def script(path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path == EXPORT:
            return export
        assert path == LIST
        offset, limit = int(query.get("offset", 0)), int(query["limit"])
        if offset + limit > 10_000:
            return 400, b'{"error_code": "InvalidRESTParameterError", "message": "Invalid value for offset"}'
        after = re.fullmatch(r'dataset_id > "(.*)"', query.get("where", ""))
        found = [one for one in items if after is None or one["dataset_id"] > after[1]]
        count = len(found) if total == -1 else total
        return 200, json.dumps({"total_count": count, "results": found[offset : offset + min(limit, 100)]}).encode()

    return script


@pytest.mark.parametrize(("size", "pages"), [(0, 1), (7, 1), (100, 1), (250, 3), (10_000, 100)])
def test_pages_when_the_list_is_within_the_window_then_it_is_walked(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], size: int, pages: int
) -> None:
    started = portal(catalog(size))
    walked = walk(KIND, source_of("opendatasoft", started.url))
    assert len(walked.ids) == len(set(walked.ids)) == size
    assert len(walked.pages) == pages
    assert all(page.total == size and page.whole for page in walked.pages)
    assert {path for path, _query in started.asked} == {LIST}
    assert started.asked[0][1] == {"limit": "100", "order_by": "dataset_id", "offset": "0"}


@pytest.mark.parametrize("total", [0, 40, 260, None, "250", "no"])
def test_pages_when_the_total_lies_then_all_that_exists_is_walked(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], total: object
) -> None:
    assert len(walk(KIND, source_of("opendatasoft", portal(catalog(250, total=total)).url)).ids) == 250


def test_pages_when_the_window_ends_before_the_listing_then_it_is_not_whole(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    walked = walk(KIND, source_of("opendatasoft", portal(catalog(10_150, total=None)).url))
    assert len(walked.ids) == 10_000
    assert [page.whole for page in walked.pages[-2:]] == [True, False]


def test_pages_when_more_than_ten_thousand_then_the_export_is_read_once(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    export = json.dumps([item(number) for number in range(10_150)]).encode()
    started = portal(catalog(10_150, export=(200, export)))
    walked = walk(KIND, source_of("opendatasoft", started.url))
    assert len(walked.ids) == len(set(walked.ids)) == 10_150
    assert [page.total for page in walked.pages] == [10_150]
    assert [path for path, _query in started.asked] == [LIST, EXPORT]


@pytest.mark.parametrize("status", [400, 404])
def test_pages_when_there_is_no_export_then_the_last_identifier_leads_on(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], status: int
) -> None:
    walked = walk(KIND, source_of("opendatasoft", portal(catalog(10_150, export=(status, b"{}"))).url))
    assert len(walked.ids) == len(set(walked.ids)) == 10_150
    assert {page.total for page in walked.pages} == {10_150}


def test_pages_when_identifiers_do_not_advance_then_it_is_a_loop(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    def script(path: str, _query: dict[str, str]) -> tuple[int, bytes]:
        same = json.dumps({"total_count": 10_150, "results": [item(1)]}).encode()
        return (404, b"") if path == EXPORT else (200, same)

    with pytest.raises(HarvestError) as caught:
        walk(KIND, source_of("opendatasoft", portal(script).url))
    assert caught.value.kind == "loop"


def test_pages_when_offset_is_ignored_then_it_is_a_loop(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    same = json.dumps({"total_count": 250, "results": [item(number) for number in range(100)]}).encode()
    with pytest.raises(HarvestError) as caught:
        walk(KIND, source_of("opendatasoft", portal(lambda _path, _query: (200, same)).url))
    assert caught.value.kind == "loop"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error_code": "ODSQLError", "message": "bad clause"}', "answered with an error: ODSQLError: bad clause"),
        (b'{"total_count": 0}', "a JSON object with the keys total_count"),
        (b'{"total_count": 0, "results": null}', "a JSON object with the keys total_count, results"),
        (b'[{"dataset_id": "a"}]', "a JSON list of 1"),
        (b"<html><title>Even geduld</title>", "an HTML page titled 'Even geduld'"),
        (b'{"total_count": 2, "results": [{"dataset_id": "a"}, Internal error', "broken JSON"),
    ],
)
def test_pages_when_answer_is_no_listing_then_the_fault_names_what_came(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], body: bytes, says: str
) -> None:
    with pytest.raises(ParseError, match=re.escape(says)):
        walk(KIND, source_of("opendatasoft", portal(lambda _path, _query: (200, body)).url))


@pytest.mark.parametrize("tail", [b'{"dataset_id": "b"}, An error occurred', b"] An error occurred", b""])
def test_pages_when_the_export_breaks_in_mid_stream_then_it_is_no_listing(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], tail: bytes
) -> None:
    export = (200, b'[{"dataset_id": "a"}, ' + tail)
    with pytest.raises(ParseError, match="broken JSON"):
        walk(KIND, source_of("opendatasoft", portal(catalog(10_150, export=export)).url))


def records(*items: bytes) -> list[HarvestRecord | Issue]:
    page = Page("https://data.stad.example/", tuple(msgspec.Raw(one) for one in items))
    return list(KIND.records(SOURCE, page))


@pytest.mark.parametrize(
    ("raw", "identifier", "alias"),
    [
        (b'{"dataset_id": "slug", "dataset_uid": "da_1"}', "da_1", "slug"),
        (b'{"dataset_id": "slug", "dataset_uid": null}', "slug", "slug"),
        (b'{"datasetid": "old"}', "old", "old"),
        (b'{"dataset_id": 2025}', "2025", "2025"),
        (b'{"links": [], "dataset": {"dataset_id": "slug", "dataset_uid": "da_1"}}', "da_1", "slug"),
    ],
)
def test_records_when_item_has_a_key_then_the_stable_one_identifies(raw: bytes, identifier: str, alias: str) -> None:
    assert records(raw) == [HarvestRecord(identifier, raw, alias=alias)]


@pytest.mark.parametrize("raw", [b"null", b"[]", b"{}", b'{"dataset": 3}', b'{"dataset_id": {}}', b'{"dataset": null}'])
def test_records_when_item_has_no_key_then_it_is_one_issue(raw: bytes) -> None:
    (issue,) = records(raw)
    assert isinstance(issue, Issue)
    assert issue.code == "no_identifier"


@pytest.mark.parametrize("case", ["v21", "v20_files_only", "v1_inspire", "federated", "flat_export"])
def test_dataset_when_item_is_read_then_it_is_as_expected(
    read_item: Callable[..., RawDataset], expectation: Callable[[Path, object], object], case: str
) -> None:
    actual = json.loads(json.dumps(asdict(read_item(KIND, SOURCE, (DATA / f"{case}.json").read_bytes()))))
    assert actual == expectation(DATA / f"{case}.expected.json", actual)


@pytest.mark.parametrize(
    "meta",
    [{"federated": True}, {"source_domain": "rte"}, {"source_domain_address": "rte.example"}, {"source_dataset": "x"},
     {"parent_domain": "p"}, {"shared_catalog": "c"}],
)  # fmt: skip
def test_dataset_when_any_mark_of_another_domain_stands_then_it_is_federated(
    read_item: Callable[..., RawDataset], meta: dict[str, object]
) -> None:
    own = item(1, metas={"default": dict.fromkeys(("source_domain", "parent_domain")) | {"federated": False}})
    theirs = item(1, metas={"default": meta})
    assert read_item(KIND, SOURCE, json.dumps(own).encode()).federated is False
    assert read_item(KIND, SOURCE, json.dumps(theirs).encode()).federated is True


@pytest.mark.parametrize("raw", [b"", b"null", b"[1]", b'{"id": ', b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"])
def test_dataset_when_record_is_broken_then_only_a_record_error(raw: bytes) -> None:
    with pytest.raises(RecordError):
        KIND.dataset(SOURCE, HarvestRecord("a", raw))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3),
    max_leaves=6,
)
ITEMS = [json.loads((DATA / f"{case}.json").read_bytes()) for case in ("v21", "v20_files_only", "v1_inspire")]


@given(st.data())
def test_dataset_when_any_value_has_any_type_then_it_is_still_read(data: st.DataObject) -> None:
    mutated = json.loads(json.dumps(data.draw(st.sampled_from(ITEMS))))
    place = mutated
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    for one in records(json.dumps(mutated).encode()):
        if isinstance(one, HarvestRecord):
            assert KIND.dataset(SOURCE, one).identifier == one.identifier


@given(st.binary(max_size=60), st.integers(0, 1500))
def test_dataset_when_bytes_are_mangled_then_nothing_but_record_errors(noise: bytes, position: int) -> None:
    good = (DATA / "v21.json").read_bytes()
    for one in records(good[:position] + noise + good[position + len(noise) :]):
        if isinstance(one, HarvestRecord):
            with suppress(RecordError):
                assert KIND.dataset(SOURCE, one).identifier == one.identifier


def test_walk_when_any_real_file_is_served_then_only_harvest_faults(
    shared: Path, portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    seen = {}
    for path in sorted((shared / "corpora" / "ods").rglob("*.*[a-z]")):
        if path.is_file():
            source = source_of("opendatasoft", portal(once(path.read_bytes())).url)
            with suppress(ParseError):
                walked = walk(KIND, source)
                seen[path.name] = walked.seen
                for record in walked.records:
                    assert KIND.dataset(source, record).title is not None or b'"   "' in record.raw
    assert seen == {
        "catalog_datasets.json": 3,
        "ceres_v2.1_catalog.json": 2,
        "v1_dataset_no-data.json": 2,
        "v1_search.json": 4,
        "v1_search_2015.json": 4,
        "v2.1_catalog_datasets.json": 3,
        "v2_federated_rte.json": 1,
    }


def once(body: bytes) -> "Script":
    """A portal whose first page is `body`; all others are empty."""
    return lambda _path, query: (200, body if query.get("offset", "0") == "0" else b'{"results": []}')


def test_pages_when_a_single_dataset_comes_then_it_is_no_listing(
    shared: Path, portal: "Start", fetch: Fetch, source_of: Callable[..., HarvestSource]
) -> None:
    body = (shared / "corpora" / "ods" / "data.economie.gouv.fr" / "catalog_dataset_fantoir.json").read_bytes()
    with pytest.raises(ParseError, match="keys links, dataset"):
        list(KIND.pages(source_of("opendatasoft", portal(once(body)).url), fetch, None))
