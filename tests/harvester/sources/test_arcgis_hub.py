"""The kind `arcgis_hub` against scripted sites, its own payloads, the real ones and broken JSON."""

import csv
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
from harvester.errors import FetchError, HarvestError, ParseError, RecordError
from harvester.sources.arcgis_hub import ArcgisHub
from harvester.sources.base import HarvestRecord, Page, RawDataset

if TYPE_CHECKING:
    from tests.harvester.sources.conftest import Portal, Script, Walked

    Start = Callable[[Script], Portal]
    Walk = Callable[[ArcgisHub, HarvestSource], Walked]

KIND = ArcgisHub()
SOURCE = HarvestSource(id="test", city="gent", kind="arcgis_hub", url="https://hub.stad.example/")
DATA = Path(__file__).resolve().parents[2] / "data" / "arcgis_hub"
FEED, OLD_FEED, SEARCH = "/api/feed/dcat-us/1.1.json", "/data.json", "/api/search/v1/collections/dataset/items"


def feed(*entries: object, key: str = "dataset") -> bytes:
    return json.dumps({"@type": "dcat:Catalog", key: list(entries)}).encode()


def entry(number: int, **more: object) -> dict[str, object]:
    return {"identifier": f"https://hub.stad.example/datasets/{number}", "title": f"Dataset {number}"} | more


def at(address: str, body: bytes) -> "Script":
    """A site that has only one address."""
    return lambda path, _query: (200, body) if path == address else (404, b"Not found")


@pytest.mark.parametrize(("address", "asked"), [(FEED, [FEED]), (OLD_FEED, [FEED, OLD_FEED])])
def test_pages_when_a_feed_is_there_then_it_is_the_whole_listing(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], address: str, asked: list[str]
) -> None:
    started = portal(at(address, feed(entry(1), entry(2))))
    walked = walk(KIND, source_of("arcgis_hub", started.url))
    assert [path for path, _query in started.asked] == asked
    assert walked.ids == ["https://hub.stad.example/datasets/1", "https://hub.stad.example/datasets/2"]
    assert [page.total for page in walked.pages] == [None]


def test_pages_when_base_has_a_path_then_the_feed_is_appended(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    started = portal(at("/open" + FEED, feed(entry(1))))
    assert walk(KIND, source_of("arcgis_hub", f"{started.url}/open/")).seen == 1


@pytest.mark.parametrize("absolute", [True, False])
def test_pages_when_feed_is_given_then_only_it_is_asked(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], absolute: bool
) -> None:
    started = portal(at("/api/feed/dcat-ap/2.0.1.json", feed({"@id": "https://x.example/1"}, key="dcat:dataset")))
    address = f"{started.url if absolute else ''}/api/feed/dcat-ap/2.0.1.json"
    assert walk(KIND, source_of("arcgis_hub", started.url, feed=address)).ids == ["https://x.example/1"]
    assert len(started.asked) == 1


@pytest.mark.parametrize(
    "body",
    [feed(entry(1)), feed(entry(1), key="dcat:dataset"), json.dumps([entry(1)]).encode(),
     json.dumps({"dcat:dataset": entry(1)}).encode()],
)  # fmt: skip
def test_pages_when_entries_stand_in_any_known_place_then_they_are_found(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], body: bytes
) -> None:
    assert walk(KIND, source_of("arcgis_hub", portal(at(FEED, body)).url)).seen == 1


def test_pages_when_the_feed_is_empty_then_one_empty_page(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    (page,) = walk(KIND, source_of("arcgis_hub", portal(at(FEED, feed())).url)).pages
    assert (page.items, page.total, page.whole) == ((), None, True)


def test_pages_when_nothing_is_found_then_the_last_404_is_the_fault(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    started = portal(lambda _path, _query: (404, b""))
    with pytest.raises(FetchError) as caught:
        walk(KIND, source_of("arcgis_hub", started.url))
    assert (caught.value.kind, caught.value.status) == ("http", 404)
    assert [path for path, _query in started.asked] == [FEED, OLD_FEED, SEARCH]


def search(size: int, links: str, total: object = -1) -> "Script":
    """A site without feeds whose search gives 100 features a page; `links`: right, none, foreign or same."""
    features = [{"id": f"{number:032x}", "properties": {"title": "t"}} for number in range(size)]

    def script(path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path != SEARCH:
            return 404, b""
        start = int(query["startindex"])
        page = features[start - 1 :][: int(query["limit"])]
        following = f"?limit=100&startindex={start + (0 if links == 'same' else len(page))}"
        href = {"right": following, "same": following, "foreign": "https://internal.example/" + following}.get(links)
        named = [{"rel": "self", "href": "x"}, {"rel": "next", "href": href}, None]
        more = {"links": named} if href and start - 1 + len(page) < size else {"links": None}
        return 200, json.dumps({"features": page, "numberMatched": size if total == -1 else total} | more).encode()

    return script


@pytest.mark.parametrize("links", ["right", "none", "foreign"])
@pytest.mark.parametrize(("size", "pages"), [(0, 1), (3, 1), (100, 1), (250, 3)])
def test_pages_when_there_is_only_a_search_then_it_is_walked(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], links: str, size: int, pages: int
) -> None:
    started = portal(search(size, links))
    walked = walk(KIND, source_of("arcgis_hub", started.url))
    assert len(walked.ids) == len(set(walked.ids)) == size
    assert [page.total for page in walked.pages] == [size] * pages
    assert len(started.asked) == 2 + pages
    assert started.asked[2] == (SEARCH, {"limit": "100", "startindex": "1", "sortBy": "properties.created"})


def test_pages_when_next_leads_to_the_same_page_then_it_is_a_loop(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    with pytest.raises(HarvestError) as caught:
        walk(KIND, source_of("arcgis_hub", portal(search(250, "same")).url))
    assert caught.value.kind == "loop"


@pytest.mark.parametrize("total", [300, None, "x"])
def test_pages_when_the_search_total_lies_then_links_decide(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], total: object
) -> None:
    assert len(walk(KIND, source_of("arcgis_hub", portal(search(250, "right", total)).url)).ids) == 250


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b'{"error": {"code": 400, "message": "Cannot perform query."}}', "parse", "error: 400: Cannot perform query."),
        (b'{"error": {"code": 499, "message": "Token Required"}}', "blocked", "refuses: 499: Token Required"),
        (b'{"message": "x is wrong", "error": "Bad Request", "statusCode": 400}', "parse", "error: 400: x is wrong"),
        (b'{"currentVersion": 10.41, "services": []}', "parse", "the keys currentVersion, services"),
        (b'{"dataset": null}', "parse", "the keys dataset"),
        (b'{"dataset": "none"}', "parse", "the keys dataset"),
        (b'{"features": {}}', "parse", "the keys features"),
        (b"<!doctype html><html><title>\n Site  niet gevonden</title>", "parse", "'Site niet gevonden'"),
        (b'{"dataset": [{"identifier": "a"}, {"ident', "parse", "broken JSON"),
        (b'{"dataset": ' + b"[" * 3000 + b"]" * 3000 + b"}", "parse", "broken JSON"),
    ],
)
def test_pages_when_answer_is_no_listing_then_the_fault_names_what_came(
    portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], body: bytes, kind: str, says: str
) -> None:
    with pytest.raises(HarvestError, match=re.escape(says)) as caught:
        walk(KIND, source_of("arcgis_hub", portal(at(FEED, body)).url))
    assert caught.value.kind == kind


def records(*items: bytes) -> list[HarvestRecord | Issue]:
    page = Page("https://hub.stad.example/", tuple(msgspec.Raw(one) for one in items))
    return list(KIND.records(SOURCE, page))


@pytest.mark.parametrize(
    ("item", "identifier", "alias"),
    [
        ({"identifier": "a", "landingPage": "b", "@id": "c"}, "a", None),
        ({"identifier": None, "landingPage": "b", "@id": "c"}, "b", None),
        ({"identifier": " ", "@id": "c"}, "c", None),
        ({"dct:identifier": {"@value": "x"}}, "x", None),
        ({"dcat:landingPage": {"@id": "https://x.example"}}, "https://x.example", None),
        ({"identifier": 42}, "42", None),
        ({"identifier": "https://x.example/datasets/" + "ab" * 16 + "_3"}, None, "ab" * 16 + "_3"),
        ({"identifier": "https://x.example/item.html?id=" + "ab" * 16 + "&sublayer=5"}, None, "ab" * 16 + "_5"),
        ({"identifier": "https://x.example/item.html?id=" + "ab" * 16}, None, "ab" * 16),
        ({"identifier": "https://x.example/datasets/stad::bomen"}, None, None),
        ({"id": "ab" * 16, "properties": {"id": "other"}}, "ab" * 16, None),
        ({"properties": {"id": "inner"}}, "inner", None),
    ],
)
def test_records_when_entry_is_named_then_by_the_most_trusted_name(
    item: dict[str, Any], identifier: str | None, alias: str | None
) -> None:
    raw = json.dumps(item).encode()
    assert records(raw) == [HarvestRecord(identifier or item["identifier"], raw, alias=alias)]


@pytest.mark.parametrize("raw", [b"null", b"[]", b"{}", b'{"title": "x"}', b'{"identifier": []}', b'{"properties": 3}'])
def test_records_when_entry_has_no_name_then_it_is_one_issue(raw: bytes) -> None:
    (issue,) = records(raw)
    assert isinstance(issue, Issue)
    assert issue.code == "no_identifier"


@pytest.mark.parametrize("case", ["dcat_us", "dcat_ap", "nulls", "feature", "feature_file"])
def test_dataset_when_entry_is_read_then_it_is_as_expected(
    read_item: Callable[..., RawDataset], expectation: Callable[[Path, object], object], case: str
) -> None:
    actual = json.loads(json.dumps(asdict(read_item(KIND, SOURCE, (DATA / f"{case}.json").read_bytes()))))
    assert actual == expectation(DATA / f"{case}.expected.json", actual)


@pytest.mark.parametrize(
    ("options", "federated"),
    [
        ({}, False),
        ({"publishers": ["stad voorbeeld"]}, False),
        ({"publishers": ["Provincie"]}, True),
        ({"owners": ["gis_voorbeeld"]}, False),
        ({"owners": ["gis_provincie"], "publishers": ["Stad Voorbeeld"]}, True),
        ({"hosts": ["hub.example.be"]}, False),
        ({"hosts": ["andere.example.be"]}, True),
    ],
)
def test_dataset_when_owners_are_known_then_others_are_told_apart(
    read_item: Callable[..., RawDataset], options: dict[str, object], federated: bool
) -> None:
    source = SOURCE.model_copy(update={"options": options})
    assert read_item(KIND, source, (DATA / "dcat_us.json").read_bytes()).federated is federated


@pytest.mark.parametrize("raw", [b"", b"null", b"[1]", b'{"id": ', b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"])
def test_dataset_when_record_is_broken_then_only_a_record_error(raw: bytes) -> None:
    with pytest.raises(RecordError):
        KIND.dataset(SOURCE, HarvestRecord("a", raw))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3),
    max_leaves=6,
)
ENTRIES = [json.loads((DATA / f"{case}.json").read_bytes()) for case in ("dcat_us", "dcat_ap", "feature")]


@given(st.data())
def test_dataset_when_any_value_has_any_type_then_it_is_still_read(data: st.DataObject) -> None:
    mutated = json.loads(json.dumps(data.draw(st.sampled_from(ENTRIES))))
    place: Any = mutated
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else 0
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    for one in records(json.dumps(mutated).encode()):
        if isinstance(one, HarvestRecord):
            assert KIND.dataset(SOURCE, one).identifier == one.identifier


@given(st.binary(max_size=60), st.integers(0, 1500))
def test_dataset_when_bytes_are_mangled_then_nothing_but_record_errors(noise: bytes, position: int) -> None:
    good = (DATA / "dcat_us.json").read_bytes()
    for one in records(good[:position] + noise + good[position + len(noise) :]):
        if isinstance(one, HarvestRecord):
            with suppress(RecordError):
                assert KIND.dataset(SOURCE, one).identifier == one.identifier


def real_feeds() -> list[tuple[str, int]]:
    """The feeds of HARVEST.tsv of this kind; none where the folder is missing, which the test below then says."""
    table = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "HARVEST.tsv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8") as rows:
        return [
            (row["file"], int(row["expected_seen"]))
            for row in csv.DictReader(rows, delimiter="\t")
            if row["kind"] == "arcgis_hub"
        ]


@pytest.mark.parametrize(("name", "expected"), real_feeds())
def test_walk_when_real_feed_is_served_then_the_count_is_right(
    shared: Path, portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource], name: str, expected: int
) -> None:
    source = source_of("arcgis_hub", portal(at(FEED, (shared / "corpora" / name).read_bytes())).url)
    walked = walk(KIND, source)
    assert walked.seen == expected
    untitled = [record for record in walked.records if not KIND.dataset(source, record).title]
    assert len(untitled) == ("missing-identifier-title" in name)


def test_walk_when_any_real_file_is_served_then_only_harvest_faults(
    shared: Path, portal: "Start", walk: "Walk", source_of: Callable[..., HarvestSource]
) -> None:
    folders = [shared / "corpora" / "arcgis-hub", shared / "corpora" / "data-json"]
    read = 0
    for path in [path for folder in folders for path in sorted(folder.rglob("*.*[a-z]")) if path.is_file()]:
        source = source_of("arcgis_hub", portal(at(FEED, path.read_bytes())).url)
        with suppress(ParseError):
            for record in walk(KIND, source).records:
                KIND.dataset(source, record)
            read += 1
    assert read > 20


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("hub-search-record/mock-dataset.json", "Tahoe places of interest"),
        ("logan-city/dataset_item.json", "Logan City Bin Collection"),
    ],
)
def test_dataset_when_real_single_entry_is_read_then_it_has_a_title(
    shared: Path, read_item: Callable[..., RawDataset], name: str, key: str
) -> None:
    assert read_item(KIND, SOURCE, (shared / "corpora" / "arcgis-hub" / name).read_bytes()).title == key
