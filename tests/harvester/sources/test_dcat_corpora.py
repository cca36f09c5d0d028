"""The kind `dcat` on every real catalogue, served over loopback: the right number of datasets, each time the same."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.source import HarvestSource
from harvester.errors import ParseError
from harvester.sources.dcat import Dcat

if TYPE_CHECKING:
    from tests.harvester.sources.conftest import Portal, Script, Walked

    Start = Callable[[Script], Portal]
    Walk = Callable[[Dcat, HarvestSource], Walked]

DCAT = Dcat()


@pytest.fixture
def catalogs(shared: Path) -> list[dict[str, str]]:
    """The rows of the list of real catalogues that are ours."""
    with (shared / "corpora" / "HARVEST.tsv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["kind"] == "dcat"]


@pytest.fixture
def corpora(portal: "Start", shared: Path) -> "Portal":
    """Serves the real files under their own paths, always as JSON, which they hardly ever are."""

    def script(path: str, _query: dict[str, str]) -> tuple[int, bytes]:
        body = (shared / "corpora" / path.lstrip("/")).read_bytes()
        return 200, gzip.decompress(body) if path.endswith(".gz") else body

    return portal(script)


def test_walk_when_catalog_is_real_then_seen_as_listed(
    corpora: "Portal", walk: "Walk", source_of: Callable[..., HarvestSource], catalogs: list[dict[str, str]]
) -> None:
    assert len(catalogs) > 70
    wrong = []
    for row in catalogs:
        source = source_of("dcat", f"{corpora.url}/{row['file']}")
        if row["note"].startswith("does not parse"):
            with pytest.raises(ParseError):
                walk(DCAT, source)
            continue
        walked = walk(DCAT, source)
        whole = all(page.whole for page in walked.pages)
        if (len(set(walked.ids)), whole) != (int(row["expected_seen"]), row["complete"] == "yes"):
            wrong.append((row["file"], row["expected_seen"], len(set(walked.ids)), whole))
    assert not wrong


@pytest.mark.parametrize(
    "file", ["data.gov.be-subsets/vlaanderen_be.ttl", "mow-vlaanderen/dcat-feed-mow.rdf", "udata-tests/bnodes.jsonld"]
)
def test_walk_when_repeated_then_same_bytes(
    corpora: "Portal", walk: "Walk", source_of: Callable[..., HarvestSource], file: str
) -> None:
    source = source_of("dcat", f"{corpora.url}/dcat-rdf/{file}")
    first, second = walk(DCAT, source), walk(DCAT, source)
    assert first.records == second.records


@pytest.mark.parametrize("syntax", ["jsonld", "n3", "rdf"])
def test_walk_when_one_catalog_comes_in_four_syntaxes_then_same_datasets(
    corpora: "Portal", walk: "Walk", source_of: Callable[..., HarvestSource], syntax: str
) -> None:
    folder = f"{corpora.url}/dcat-rdf/demo.ckan.org/ckan"
    turtle = walk(DCAT, source_of("dcat", f"{folder}.ttl"))
    other = walk(DCAT, source_of("dcat", f"{folder}.{syntax}"))
    assert {record.identifier for record in turtle.records} == {record.identifier for record in other.records}
    assert {page.total for page in other.pages} == {2561}
