"""Real catalogues, served over loopback as their portals would, harvested by the whole pipeline."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from catalog.journal import Decision, HarvestJob, Outcome
from catalog.removal import Limits
from catalog.store.decisions import Judgement, decide
from config.source import HarvestSource
from harvester.demo.portal import Answer, App, Portal, Request
from tests.harvester.conftest import Workshop

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
EMPTY_SEARCH = b'{"success": true, "result": {"count": %d, "results": []}}'
KIND_OF_FOLDER = {
    "arcgis-hub": "arcgis_hub",
    "data-json": "arcgis_hub",
    "ckan": "ckan",
    "ods": "opendatasoft",
    "dcat-rdf": "dcat",
}


@dataclass(frozen=True)
class Expectation:
    file: str
    kind: str
    seen: int | None
    complete: bool


def expectations() -> list[Expectation]:
    """The rows of HARVEST.tsv; one row that fails or skips in the fixture where the folder is absent."""
    table = SHARED / "HARVEST.tsv"
    if not table.is_file():
        return [Expectation("HARVEST.tsv", "dcat", None, False)]
    with table.open(encoding="utf-8", newline="") as lines:
        return [
            Expectation(
                row["file"],
                row["kind"],
                int(row["expected_seen"]) if row["expected_seen"] else None,
                row["complete"] == "yes",
            )
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def body_of(path: Path) -> bytes:
    raw = path.read_bytes()
    return bytes(gzip.decompress(raw)) if path.suffix == ".gz" else raw


def serving(body: bytes, kind: str) -> App:
    """The file as the portal's listing: the first page of a search, or the one document."""

    def answer(request: Request) -> Answer:
        if kind == "ckan":
            if "package_search" not in request.path:
                return Answer(404)
            return Answer(body=body if request.query.get("start", ["0"])[0] == "0" else empty_page(body))
        if kind == "opendatasoft":
            listing = "catalog/datasets" in request.path and request.query.get("offset", ["0"])[0] == "0"
            return Answer(body=body if listing else b'{"total_count": 0, "results": []}')
        if kind == "arcgis_hub":
            return Answer(body=body) if request.path.endswith("dcat-us/1.1.json") else Answer(404)
        return Answer(404) if request.path == "/robots.txt" else Answer(body=body)

    return answer


def empty_page(body: bytes) -> bytes:
    return EMPTY_SEARCH % int(orjson.loads(body)["result"]["count"])


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "corpora"


@pytest.fixture
def harvest_file(workshop: Workshop, real: Path, source_at: Callable[..., HarvestSource]) -> Callable[..., HarvestJob]:
    """Harvests one file by one kind."""

    def harvest(file: str, kind: str) -> HarvestJob:
        with Portal(serving(body_of(real / file), kind)) as portal:
            url = f"{portal.url}/catalog" if kind == "dcat" else portal.url
            return workshop.harvest(source_at(url, kind))

    return harvest


@pytest.mark.parametrize("row", expectations(), ids=lambda row: row.file)
def test_real_catalog_when_harvested_then_every_record_is_seen(
    row: Expectation, harvest_file: Callable[..., HarvestJob], workshop: Workshop
) -> None:
    job = harvest_file(row.file, row.kind)
    if row.seen is None:
        assert job.outcome is Outcome.FAILED
        assert job.error is not None
        assert job.error.kind == "parse"
        return
    assert job.counts.seen == row.seen, job
    assert job.complete is row.complete, job.evidence
    unusable = job.counts.seen - len(workshop.datasets())
    assert unusable <= job.counts.issues


def other_files() -> list[tuple[str, str]]:
    """Slices, single records and files broken on purpose: all of these kinds that HARVEST.tsv does not name."""
    named = {row.file for row in expectations()}
    found = []
    for folder, kind in KIND_OF_FOLDER.items():
        for path in sorted((SHARED / folder).rglob("*")):
            file = path.relative_to(SHARED).as_posix()
            if path.is_file() and file not in named:
                found.append((file, kind))
    return found or [("absent", "dcat")]


@pytest.mark.parametrize(("file", "kind"), other_files(), ids=lambda value: str(value))
def test_other_file_when_harvested_then_nothing_crashes(
    file: str, kind: str, harvest_file: Callable[..., HarvestJob]
) -> None:
    job = harvest_file(file, kind)
    assert job.outcome is not None
    assert job.error is None or job.error.kind != "bug"


def test_antwerpen_when_every_identifier_changed_then_churn_is_held_and_release_keeps_identity(
    workshop: Workshop, harvest_file: Callable[..., HarvestJob]
) -> None:
    first = harvest_file("arcgis-hub/antwerpen/derived_data_2021-01-12.json", "arcgis_hub")
    before = {shape["id"]: shape for shape in workshop.datasets()}
    assert (first.counts.created, len(before)) == (489, 489)

    held = harvest_file("arcgis-hub/antwerpen/derived_data_2022-03-30.json", "arcgis_hub")

    assert held.outcome is Outcome.HELD
    assert held.evidence["guard"] == "churn"
    pairs = held.evidence["pairs"]
    assert len(pairs) >= 380  # 385 titles survive; a title that stands twice is nobody's in particular
    assert {shape["id"]: shape for shape in workshop.datasets()} == before

    assert held.id is not None
    with workshop.store.write() as db:
        decide(db, held.id, Judgement(Decision.RELEASED, "the platform was renewed", "a test", workshop.clock()))
    after = harvest_file("arcgis-hub/antwerpen/derived_data_2022-03-30.json", "arcgis_hub")

    assert after.outcome in (Outcome.SUCCEEDED, Outcome.SUCCEEDED_WITH_ISSUES)
    assert after.counts.created == 491 - len(pairs)
    assert after.counts.withdrawn == 0
    now = {shape["id"]: shape for shape in workshop.datasets()}
    for pair in pairs:
        assert now[pair["id"]]["source_id"] == pair["new"]
        assert now[pair["id"]]["first_seen"] == before[pair["id"]]["first_seen"]
        assert now[pair["id"]]["state"] == "present"


CAPTURES = [
    ("minneapolis", "20200918", "20210119"),
    ("evansville", "20190104", "20200103"),
    ("evansville", "20200103", "20210119"),
    ("allegheny", "20200918", "20210119"),
]


@pytest.mark.parametrize(("portal", "first", "second"), CAPTURES)
def test_portal_captured_twice_when_harvested_then_counts_equal_an_independent_count(
    portal: str, first: str, second: str, workshop: Workshop, harvest_file: Callable[..., HarvestJob], real: Path
) -> None:
    workshop.removal = Limits(max_share=1.0)
    before, after = (listed(real / f"arcgis-hub/{portal}/data_{date}.json") for date in (first, second))
    harvest_file(f"arcgis-hub/{portal}/data_{first}.json", "arcgis_hub")
    job = harvest_file(f"arcgis-hub/{portal}/data_{second}.json", "arcgis_hub")

    kept = before.keys() & after.keys()
    if not kept:  # Evansville went from http to https in every identifier
        assert (job.outcome, job.evidence["guard"]) == (Outcome.HELD, "churn")
        assert len(job.evidence["pairs"]) == unique_titles_in_common(before, after)
        return
    differing = [name for name in kept if told(before[name]) != told(after[name])]
    assert job.counts.created == len(after.keys() - before.keys())
    assert job.counts.missing == len(before.keys() - after.keys())
    assert job.counts.updated == len(differing)
    assert job.counts.unchanged == len(kept) - len(differing)


def listed(path: Path) -> dict[str, dict[str, object]]:
    """Identifier -> entry, read without any of our own code."""
    return {entry["identifier"]: entry for entry in json.loads(body_of(path))["dataset"]}


def told(entry: dict[str, object]) -> str:
    """What an entry says that a catalogue keeps: all but keys that no DCAT reader knows, the order of its lists
    aside."""
    parts = {name: value for name, value in entry.items() if name not in ("@type", "accessLevel")}
    return json.dumps(parts, sort_keys=True)


def unique_titles_in_common(before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> int:
    """Titles that stand exactly once on either side."""
    counts = [Counter(str(entry["title"]) for entry in side.values()) for side in (before, after)]
    return sum(1 for title, count in counts[0].items() if count == 1 and counts[1][title] == 1)
