"""The kind `ckan` against scripted portals, its own payloads, the real ones and broken JSON."""

import csv
import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.model import Issue
from config.source import HarvestSource
from harvester.errors import HarvestError, ParseError, RecordError
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset
from harvester.sources.ckan import Ckan, Options

if TYPE_CHECKING:
    from tests.harvester.sources.conftest import Portal, Script, Walked

    Start = Callable[[Script], Portal]
    Walk = Callable[[Ckan, HarvestSource], Walked]

CKAN = Ckan()
SOURCE = HarvestSource(id="test", city="gent", kind="ckan", url="https://data.stad.example/ckan/")
DATA = Path(__file__).resolve().parents[2] / "data" / "ckan"


def package(number: int, **more: object) -> dict[str, object]:
    return {"id": f"id-{number:04}", "name": f"name-{number}", "title": f"Dataset {number}"} | more


def answer(packages: list[Any], count: object, **more: object) -> bytes:
    return json.dumps({"success": True, "result": {"count": count, "results": packages}} | more).encode()


def listing(size: int, *, cap: int = 1000, count: object = -1) -> "Script":
    """A portal with `size` packages that gives at most `cap` and announces `count`, unless told otherwise its size."""
    packages = [package(number) for number in range(size)]

    def script(_path: str, query: dict[str, str]) -> tuple[int, bytes]:
        start = int(query["start"])
        return 200, answer(packages[start : start + min(cap, int(query["rows"]))], size if count == -1 else count)

    return script


@pytest.mark.parametrize(
    ("size", "cap", "pages"),
    [(0, 1000, 1), (3, 1000, 1), (10, 1000, 1), (25, 1000, 3), (20, 1000, 2), (25, 4, 7), (24, 4, 6)],
)
def test_pages_when_portal_clamps_or_not_then_walks_to_the_end(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], size: int, cap: int, pages: int
) -> None:
    started = portal(listing(size, cap=cap))
    walked = walk(CKAN, source_of("ckan", started.url, page_size=10))
    assert len(walked.ids) == len(set(walked.ids)) == size
    assert {page.total for page in walked.pages} == {size}
    assert len(walked.pages) == pages


def test_pages_when_base_has_a_path_then_the_action_is_appended(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    started = portal(listing(2))
    walk(CKAN, source_of("ckan", f"{started.url}/data/nl/"))
    assert started.asked == [
        ("/data/nl/api/3/action/package_search", {"rows": "500", "sort": "id asc", "start": "0"}),
    ]


@pytest.mark.parametrize("count", [0, 5, 12, 100, None, "many", "25", 25.5, True])
def test_pages_when_the_total_lies_or_is_absent_then_all_that_exists_is_walked(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], count: object
) -> None:
    walked = walk(CKAN, source_of("ckan", portal(listing(25, count=count)).url, page_size=10))
    assert len(walked.ids) == 25


def test_pages_when_portal_ignores_start_then_it_is_a_loop(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    same = answer([package(number) for number in range(10)], 40)
    with pytest.raises(HarvestError) as caught:
        walk(CKAN, source_of("ckan", portal(lambda _path, _query: (200, same)).url, page_size=10))
    assert caught.value.kind == "loop"


def test_pages_when_ids_repeat_on_the_last_page_then_both_are_listed(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    rows = [package(1), package(2), package(1)]

    def script(_path: str, query: dict[str, str]) -> tuple[int, bytes]:
        return 200, answer(rows[int(query["start"]) :][:2], 3)

    walked = walk(CKAN, source_of("ckan", portal(script).url, page_size=2))
    assert walked.ids == ["id-0001", "id-0002", "id-0001"]


def test_pages_when_result_is_a_list_then_it_is_the_whole_listing(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    body = json.dumps({"success": True, "result": [package(1), package(2)]}).encode()
    started = portal(lambda _path, _query: (200, body))
    assert walk(CKAN, source_of("ckan", started.url, page_size=2)).ids == ["id-0001", "id-0002"]
    assert len(started.asked) == 1


def test_pages_when_incremental_then_asks_changes_and_sweeps_names(
    portal: "Start", fetch: Fetch, source_of: Callable[..., HarvestSource]
) -> None:
    def script(path: str, _query: dict[str, str]) -> tuple[int, bytes]:
        if path.endswith("package_list"):
            return 200, b'{"success": true, "result": ["name-1", "name-2", null, 3]}'
        return 200, answer([package(2)], 1)

    started = portal(script)
    since = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    pages = list(CKAN.pages(source_of("ckan", started.url, incremental=True), fetch, since))
    assert started.asked[0][1]["fq"] == "metadata_modified:[2025-01-02T03:04:05Z TO *]"
    assert [page.ids for page in pages] == [None, ("name-1", "name-2", "3")]
    assert all("fq" not in query for _path, query in portal_walk_without(started, fetch, source_of, since))


def portal_walk_without(
    started: "Portal", fetch: Fetch, source_of: Callable[..., HarvestSource], since: datetime
) -> list[tuple[str, dict[str, str]]]:
    before = len(started.asked)
    list(CKAN.pages(source_of("ckan", started.url), fetch, since))
    return started.asked[before:]


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", "parse", "Expected a CKAN package_search answer, but got an empty answer"),
        (b"<!DOCTYPE html><title>Onderhoud</title>" + b"x" * 9999, "parse", "an HTML page titled 'Onderhoud'"),
        (b"<html><body>Not today", "parse", "got an HTML page"),
        (b"Service unavailable \x00 " * 90, "parse", "no JSON: 'Service unavailable Service"),
        (b'"Bad request - Action name not known"', "parse", 'the JSON value "Bad request - Action name not known"'),
        (b'{"success": true, "result": {"cou', "parse", "broken JSON (Input data was truncated)"),
        (b'{"success": true, "result": {"count": 0}}', "parse", "a JSON object with the keys success, result"),
        (b'{"success": true, "result": {"count": 0, "results": {}}}', "parse", "a JSON object"),
        (b'{"success": true, "result": null}', "parse", "a JSON object"),
        (b"[1, 2]", "parse", "a JSON list of 2"),
        (b"{}", "parse", "a JSON object with the keys (none)"),
        (b'{"success": false}', "parse", "The portal answered with an error: no reason given"),
        (
            b'{"success": false, "error": {"__type": "Search Error", "message": "SOLR is\\n away"}}',
            "parse",
            "The portal answered with an error: Search Error: SOLR is away",
        ),
        (
            b'{"success": false, "error": {"__type": "Authorization Error", "message": "Access denied"}}',
            "blocked",
            "The portal refuses: Authorization Error: Access denied",
        ),
        (b'{"result": {"results": ' + b"[" * 5000 + b"]" * 5000 + b"}}", "parse", "broken JSON (maximum recursion"),
    ],
)
def test_pages_when_answer_is_no_listing_then_the_fault_names_what_came(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], body: bytes, kind: str, says: str
) -> None:
    with pytest.raises(HarvestError) as caught:
        walk(CKAN, source_of("ckan", portal(lambda _path, _query: (200, body)).url))
    assert caught.value.kind == kind
    assert says in caught.value.message
    assert len(caught.value.message) < 320
    assert "package_search" in (caught.value.url or "")


@pytest.mark.parametrize(
    ("body", "code", "title"),
    [
        (
            b'{"result": {"count": 1, "results": [{"id": "a", "title": "Caf\xe9", "x": "\xe9t\xe9"}]}}',
            "",
            "Café",
        ),
        (b'\xef\xbb\xbf{"result": {"count": 1, "results": [{"id": "a", "title": "Caf\xc3\xa9"}]}}', None, "Café"),
        (b'{"result": {"count": 1, "results": [{"id": "a", "title": "NaN", "size": NaN}]}}', "json_repaired", "NaN"),
        (b'{"result": {"count": 1, "results": [{"id": "a", "title": "half \\ud83d"}]}}', "json_repaired", "half ?"),
        (b'{"result": {"count": 1, "results": [{"id": "a", "title": "tab\there"}]}}', "json_repaired", "tab\there"),
        (
            b'{"result": {"results": []}, "result": {"count": 1, "results": [{"id": 1, "id": "a", "title": "2x"}]}}',
            None,
            "2x",
        ),
    ],
)
def test_pages_when_json_is_odd_then_it_is_read_and_marked(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], body: bytes, code: str | None, title: str
) -> None:
    source = source_of("ckan", portal(lambda _path, _query: (200, body)).url)
    walked = walk(CKAN, source)
    assert walked.ids == ["a"]
    assert CKAN.dataset(source, walked.records[0]).title == title
    assert bool(walked.issues) is (code is not None)
    assert not code or [issue.code for issue in walked.issues] == [code]


def records(*items: bytes) -> list[HarvestRecord | Issue]:
    page = Page("https://data.stad.example/", tuple(msgspec.Raw(item) for item in items))
    return list(CKAN.records(SOURCE, page))


def test_records_when_read_then_raw_is_the_item_byte_for_byte() -> None:
    item = b'{ "id":"a" ,"name":"b", "title" : "\\u00e9" }'
    assert records(item) == [HarvestRecord("a", item, alias="b")]


@pytest.mark.parametrize(
    "item",
    [b"null", b"3", b'"text"', b"[]", b"{}", b'{"id": null}', b'{"id": ""}', b'{"id": {"a": 1}}', b'{"id": true}',
     b'{"id": ' + b"9" * 5000 + b"}", b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}"],
)  # fmt: skip
def test_records_when_item_has_no_identity_then_it_is_one_issue(item: bytes) -> None:
    good = b'{"id": 12}'
    named, unnamed, last = records(good, item, b'{"id": "z"}')
    assert named == HarvestRecord("12", good)
    assert isinstance(unnamed, Issue)
    assert (unnamed.stage, unnamed.code, unnamed.record) == ("record", "no_identifier", None)
    assert isinstance(last, HarvestRecord)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"type": "harvest"}, "not_a_dataset", "type"),
        ({"type": "Showcase"}, "not_a_dataset", "type"),
        ({"state": "deleted"}, "not_active", "state"),
        ({"state": "draft", "type": "dataset"}, "not_active", "state"),
        ({"private": True}, "not_active", "private"),
    ],
)
def test_records_when_package_is_no_published_dataset_then_it_is_named(
    more: dict[str, object], code: str, field: str
) -> None:
    (issue,) = records(json.dumps(package(1, **more)).encode())
    assert isinstance(issue, Issue)
    assert (issue.code, issue.field, issue.record) == (code, field, "id-0001")


@pytest.mark.parametrize("case", ["extras", "scheming", "dkan"])
def test_dataset_when_package_is_read_then_it_is_as_expected(
    read_item: Callable[..., RawDataset], expectation: Callable[[Path, object], object], case: str
) -> None:
    actual = json.loads(json.dumps(asdict(read_item(CKAN, SOURCE, (DATA / f"{case}.json").read_bytes()))))
    assert actual == expectation(DATA / f"{case}.expected.json", actual)


def test_dataset_when_harvested_elsewhere_then_federated_unless_told_otherwise(
    read_item: Callable[..., RawDataset],
) -> None:
    item = json.dumps(package(1, extras=[{"key": "harvest_source_id", "value": "h"}])).encode()
    keeping = SOURCE.model_copy(update={"options": {"federated_by_harvest": False}})
    assert read_item(CKAN, SOURCE, item).federated is True
    assert read_item(CKAN, keeping, item).federated is False


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[1]", b'{"id": ', b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", b"\xff"]
)
def test_dataset_when_record_is_broken_then_only_a_record_error(raw: bytes) -> None:
    with pytest.raises(RecordError):
        CKAN.dataset(SOURCE, HarvestRecord("a", raw))


@pytest.mark.parametrize("wrong", [{"rows": 3}, {"page_size": 0}, {"page_size": 1001}, {"incremental": "maybe"}])
def test_options_when_wrong_then_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3),
    max_leaves=6,
)
PACKAGES = [json.loads((DATA / f"{case}.json").read_bytes()) for case in ("extras", "scheming", "dkan")]


@given(st.data())
def test_dataset_when_any_value_has_any_type_then_it_is_still_read(data: st.DataObject) -> None:
    mutated = dict(data.draw(st.sampled_from(PACKAGES)))
    for key in data.draw(st.lists(st.sampled_from(sorted(mutated)), min_size=1, max_size=4)):
        if isinstance(mutated[key], list) and mutated[key] and data.draw(st.booleans()):
            first = mutated[key][0]
            inner = data.draw(st.sampled_from(sorted(first))) if isinstance(first, dict) and first else None
            mutated[key] = [first | {inner: data.draw(JSON)} if inner else data.draw(JSON), data.draw(JSON)]
        else:
            mutated[key] = data.draw(JSON)
    for item in records(json.dumps(mutated).encode()):
        if isinstance(item, HarvestRecord):
            assert CKAN.dataset(SOURCE, item).identifier == item.identifier


@given(st.binary(max_size=60), st.integers(0, 800))
def test_dataset_when_bytes_are_mangled_then_nothing_but_record_errors(noise: bytes, position: int) -> None:
    good = (DATA / "scheming.json").read_bytes()
    mangled = good[:position] + noise + good[position + len(noise) :]
    for item in records(mangled):
        if isinstance(item, HarvestRecord):
            with suppress(RecordError):
                assert CKAN.dataset(SOURCE, item).identifier == item.identifier


def real_listings() -> list[tuple[str, int]]:
    """The listings of HARVEST.tsv of this kind; none where the folder is missing, which the tests below then say."""
    table = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "HARVEST.tsv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8") as rows:
        return [
            (row["file"], int(row["expected_seen"]))
            for row in csv.DictReader(rows, delimiter="\t")
            if row["kind"] == "ckan"
        ]


def once(body: bytes) -> "Script":
    """A portal whose first page is `body`; all others are empty."""
    return lambda _path, query: (200, body if query["start"] == "0" else answer([], None))


def body_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize(("name", "expected"), real_listings())
def test_walk_when_real_listing_is_served_then_the_count_is_right(
    shared: Path, portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], name: str, expected: int
) -> None:
    body = body_of(shared / "corpora" / name)
    empty = answer([], json.loads(body)["result"]["count"])
    source = source_of("ckan", portal(lambda _path, query: (200, body if query["start"] == "0" else empty)).url)
    walked = walk(CKAN, source)
    assert walked.seen == expected
    for record in walked.records:
        dataset = CKAN.dataset(source, record)
        assert dataset.title
        assert dataset.identifier == record.identifier


def test_walk_when_any_real_ckan_file_is_served_then_only_harvest_faults(
    shared: Path, portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    bodies = {path: body_of(path) for path in sorted((shared / "corpora" / "ckan").rglob("*.json*"))}
    assert bodies
    read = 0
    for body in bodies.values():
        source = source_of("ckan", portal(once(body)).url)
        try:
            walked = walk(CKAN, source)
        except ParseError:
            continue
        read += 1
        for record in walked.records:
            CKAN.dataset(source, record)
    assert read > 6


def test_records_when_real_single_packages_are_read_then_each_has_title_and_distributions(
    shared: Path, read_item: Callable[..., RawDataset]
) -> None:
    folder = shared / "corpora" / "ckan"
    paths = ["data.gov.au/package.json", "data.gov.au/package_with_extras.json", "open.alberta.ca/package.json",
             "ipt.biodiversity.be/package.json", "synthetic/ckanext-dcat_legacy_extras.json",
             "udata-old/ckan-dataset-1.json"]  # fmt: skip
    for path in paths:
        document = json.loads((folder / path).read_bytes())
        dataset = read_item(CKAN, SOURCE, json.dumps(document.get("result", document)).encode())
        assert dataset.title, path
        assert dataset.distributions, path
    biodiversity = read_item(CKAN, SOURCE, (folder / "ipt.biodiversity.be/package.json").read_bytes())
    assert [(one.name, one.email) for one in biodiversity.contacts] == [
        ("John Doe", "john.doe@inbo.be"), ("Jane Bar", "jane.bar@ugent.be")
    ]  # fmt: skip
