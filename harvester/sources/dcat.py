"""DCAT catalogues in RDF: one document, or Hydra pages. Knows the vocabulary; syntaxes stop at `harvester.sources.rdf`.

A dataset without an IRI is known by its identifier, else its landing page, its title, or its files. What a page says of
a dataset is kept as one description, which stays the same while the content does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urldefrag

from pydantic import Field

from catalog.model import Issue
from config.source import HarvestSource, Strict
from harvester.errors import HarvestError, ParseError
from harvester.sources import dcat_terms as dcat
from harvester.sources import rdf
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset, Response
from harvester.sources.dcat_catalog import Item, items, linked, unlisted
from harvester.sources.dcat_mapping import raw_dataset
from harvester.sources.described_terms import said
from harvester.sources.hydra import NEXT, TOTAL, is_later_page, next_page, total_of
from harvester.sources.rdf_syntax import ACCEPT

MAX_BARREN: Final = 3  # pages on end that bring nothing new


class Options(Strict):
    """`max_pages`: where a listing that never ends is left, incomplete."""

    max_pages: int = Field(default=10_000, ge=1)


@dataclass(slots=True)
class Walk:
    """How far a walk over pages came."""

    asked: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    barren: int = 0

    def count(self, items: tuple[Item, ...]) -> None:
        found = {item.identifier or item.subject for item in items}
        self.barren = self.barren + 1 if found <= self.known else 0
        self.known |= found

    def check(self, following: str, url: str) -> None:
        """Raises HarvestError of kind `loop` when the walk goes in circles."""
        if following in self.asked or self.barren >= MAX_BARREN:
            raise HarvestError("The pages go in circles: the next page brings nothing new", kind="loop", url=url)


class Dcat:
    """The kind `dcat`."""

    def pages(
        self,
        source: HarvestSource,
        fetch: Fetch,
        since: datetime | None,  # noqa: ARG002 (a document can't say what changed)
    ) -> Iterator[Page[Item]]:
        """Every page. A page that names itself as the next ends the listing only if all that is announced came."""
        walk = Walk()
        url = source.url
        last = Options(**source.options).max_pages
        for number in range(1, last + 1):
            walk.asked.add(urldefrag(url).url)
            response = fetch.get(url, accept=ACCEPT)
            nodes, issues = rdf.read(response)
            page, following = read_page(nodes, issues, response)
            walk.count(page.items)
            following = None if following and ends(page, following, url, len(walk.known)) else following
            if following and page.whole:
                walk.check(following, response.url)
            yield page if number < last or not following else part(page)
            if not following or not page.whole:
                return
            url = following

    def records(
        self,
        source: HarvestSource,  # noqa: ARG002 (part of the interface)
        page: Page[Item],
    ) -> Iterator[HarvestRecord | Issue]:
        for item in page.items:
            if item.identifier is None:
                yield Issue(stage="record", code="blank_node_dataset", field="identifier", value=page.url[:500])
            else:
                yield HarvestRecord(item.identifier, item.describer.describe(item.subject, item.services))

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:
        return raw_dataset(record.identifier, record.raw, source.language)


def part(page: Page[Item]) -> Page[Item]:
    return Page(page.url, page.items, page.total, issues=page.issues, whole=False)


def ends(page: Page[Item], following: str, url: str, walked: int) -> bool:
    """True when the page names itself as next one although all has come."""
    return following == urldefrag(url).url and page.total is not None and walked >= page.total


def read_page(nodes: rdf.Nodes, issues: tuple[Issue, ...], response: Response) -> tuple[Page[Item], str | None]:
    """A document as a page, and the address of the next one. Raises ParseError for RDF without any DCAT."""
    links = linked(nodes)
    if not any(term.startswith(f"<{dcat.DCAT}") for _, term in links[dcat.TYPE]):
        raise ParseError("The RDF holds no DCAT catalogue", url=response.url)
    named = [(subject != f"<{response.url}>", said(term)) for predicate in NEXT for subject, term in links[predicate]]
    _, address = min(named, default=(True, ""))
    following, more = next_page(address, response.url) if address else (None, ())
    paged = bool(address or links[TOTAL])
    page = Page(
        response.url,
        items(nodes, links),
        total=None if is_later_page(links) else total_of(said(term) for _, term in links[TOTAL]),
        issues=(*issues, *more, *(() if paged else unlisted(nodes, links))),
        whole=not address or following is not None,
    )
    return page, following
