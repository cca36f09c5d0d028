"""DCAT catalogues in RDF: one document, or Hydra pages. Knows the vocabulary; syntaxes stop at `harvester.sources.rdf`.

A dataset without an IRI is known by its identifier, else its landing page, its title, or its files. What a page says of
a dataset is kept as one description, which stays the same while the content does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

from pydantic import Field

from catalog.model import Issue
from config.source import HarvestSource, Strict
from harvester.errors import HarvestError, ParseError
from harvester.sources import dcat_terms as dcat
from harvester.sources import rdf
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset, Response
from harvester.sources.bounded_description import Describer
from harvester.sources.dcat_mapping import raw_dataset
from harvester.sources.described_terms import said
from harvester.sources.rdf_syntax import ACCEPT

NEXT: Final = (dcat.HYDRA + "next", dcat.HYDRA + "nextPage")
TOTAL: Final = dcat.HYDRA + "totalItems"
LINKS: Final = (dcat.TYPE, dcat.MEMBER, dcat.SERVES, *NEXT, TOTAL)
MAX_BARREN: Final = 3  # pages on end that bring nothing new

Links = dict[str, list[tuple[str, str]]]


class Options(Strict):
    """`max_pages`: where a listing that never ends is left, incomplete."""

    max_pages: int = Field(default=10_000, ge=1)


class Item(NamedTuple):
    """A dcat:Dataset of a document. `identifier` is null when nothing stable is said of it."""

    subject: str
    identifier: str | None
    services: tuple[tuple[str, str], ...]
    describer: Describer


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
    named = sorted(text for predicate in NEXT for _, term in links[predicate] if (text := said(term)))
    following, more = next_page(named[0], response.url) if named else (None, ())
    totals = {text for _, term in links[TOTAL] if (text := said(term)).isascii() and text.isdigit() and len(text) < 10}
    page = Page(
        response.url,
        items(nodes, links),
        total=int(totals.pop()) if len(totals) == 1 else None,
        issues=(*issues, *more, *(() if named or totals else unlisted(nodes, links))),
        whole=not named or following is not None,
    )
    return page, following


def linked(nodes: rdf.Nodes) -> Links:
    """All (subject, object) of the few predicates that hold a catalogue together."""
    links: Links = {predicate: [] for predicate in LINKS}
    for subject, node in nodes.items():
        for predicate in LINKS:
            if predicate in node:
                links[predicate] += [(subject, term) for term in rdf.objects(node, predicate)]
    return links


def items(nodes: rdf.Nodes, links: Links) -> tuple[Item, ...]:
    """The datasets: what is typed so, and what the catalogue lists as one and describes without any type."""
    describer = Describer(nodes, dcat.FOLLOWED, dcat.LEFT)
    typed = {subject for subject, _ in links[dcat.TYPE]}
    datasets = [subject for subject, term in links[dcat.TYPE] if term == dcat.DATASET]
    datasets += [term for _, term in links[dcat.MEMBER] if term in nodes and term not in typed]
    services: dict[str, list[tuple[str, str]]] = {}
    for service, dataset in links[dcat.SERVES]:
        services.setdefault(dataset, []).append((service, dcat.SERVES))
    return tuple(
        Item(subject, identity(nodes, subject), tuple(services.get(subject, ())), describer)
        for subject in dict.fromkeys(datasets)
    )


def unlisted(nodes: rdf.Nodes, links: Links) -> Iterator[Issue]:
    """What looks like a dataset and is none: a series, and a member that is nowhere described."""
    datasets = {subject for subject, term in links[dcat.TYPE] if term == dcat.DATASET}
    series = [subject for subject, term in links[dcat.TYPE] if term == dcat.SERIES and subject not in datasets]
    missing = [term for _, term in links[dcat.MEMBER] if term not in nodes]
    for code, terms in (("dataset_series", series), ("dataset_not_described", missing)):
        for term in dict.fromkeys(terms):
            yield Issue(stage="parse", code=code, field="dataset", value=said(term)[:500])


def identity(nodes: rdf.Nodes, subject: str) -> str | None:
    """The IRI; for a blank node what is most stable of it, whatever the order of its statements."""
    if not subject.startswith("_:"):
        return subject[1:-1] or None
    for predicates in (dcat.IDENTIFIER, dcat.LANDING_PAGE[:1]):
        if texts := values(nodes, subject, predicates):
            return " ".join(texts[0].split())
    files = [term for predicate in dcat.DISTRIBUTION for term in rdf.objects(nodes[subject], predicate)]
    urls = [url for file in files for url in values(nodes, file, dcat.DOWNLOAD_URL + dcat.ACCESS_URL) or [said(file)]]
    for kind, stable in (("title", values(nodes, subject, dcat.TITLE)), ("files", sorted(filter(None, urls)))):
        if stable:
            return f"{kind}:{sha256(chr(0).join(stable).encode()).hexdigest()[:24]}"
    return None


def values(nodes: rdf.Nodes, subject: str, predicates: dcat.Terms) -> list[str]:
    """The texts of the first of `predicates` that has any, sorted."""
    node = nodes.get(subject, {})
    found = (
        sorted({text for term in rdf.objects(node, predicate) if (text := said(term))})
        for predicate in predicates
        if predicate in node
    )
    return next(filter(None, found), [])


def next_page(named: str, url: str) -> tuple[str | None, tuple[Issue, ...]]:
    """The address of the next page, on the host that answered. A portal behind a proxy may name itself by an inside
    address: the same path there is the same path here. Any other host is not followed, and the listing is a part."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, named))
        same_host = (here.hostname, port(here)) == (there.hostname, port(there))
    except ValueError:
        return None, (Issue(stage="fetch", code="next_page_unusable", value=named[:500]),)
    if there.scheme not in ("http", "https") or not (same_host or here.path == there.path):
        return None, (Issue(stage="fetch", code="next_page_elsewhere", value=named[:500]),)
    following = there._replace(scheme=here.scheme, netloc=here.netloc, fragment="").geturl()
    if same_host:
        return following, ()
    return following, (Issue(stage="fetch", code="next_page_rehosted", value=named[:500]),)


def port(parts: SplitResult) -> int | None:
    """Null for the port that the scheme stands for."""
    return None if parts.port in (80, 443) else parts.port
