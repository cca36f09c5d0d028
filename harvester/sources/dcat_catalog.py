"""Which datasets a document lists, what else, and by what each is known. Knows no page and no field of a dataset."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from catalog.model import Issue
from harvester.sources import dcat_terms as dcat
from harvester.sources.bounded_description import Describer
from harvester.sources.described_terms import said
from harvester.sources.hydra import FIRST, LAST, NEXT, PREVIOUS, TOTAL
from harvester.sources.rdf import Nodes, objects

LINKS: Final = (dcat.TYPE, dcat.MEMBER, dcat.SERVES, *NEXT, *PREVIOUS, *FIRST, *LAST, TOTAL)

Links = dict[str, list[tuple[str, str]]]
"""Predicate -> all (subject, object)."""


class Item(NamedTuple):
    """A dcat:Dataset of a document. `identifier` is null when nothing stable is said of it."""

    subject: str
    identifier: str | None
    services: tuple[tuple[str, str], ...]
    describer: Describer


def linked(nodes: Nodes) -> Links:
    """All (subject, object) of the few predicates that hold a catalogue together."""
    links: Links = {predicate: [] for predicate in LINKS}
    for subject, node in nodes.items():
        for predicate in LINKS:
            if predicate in node:
                links[predicate] += [(subject, term) for term in objects(node, predicate)]
    return links


def items(nodes: Nodes, links: Links) -> tuple[Item, ...]:
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


def unlisted(nodes: Nodes, links: Links) -> Iterator[Issue]:
    """What looks like a dataset and is none: a series, and a member that is nowhere described."""
    datasets = {subject for subject, term in links[dcat.TYPE] if term == dcat.DATASET}
    series = [subject for subject, term in links[dcat.TYPE] if term == dcat.SERIES and subject not in datasets]
    missing = [term for _, term in links[dcat.MEMBER] if term not in nodes]
    for code, terms in (("dataset_series", series), ("dataset_not_described", missing)):
        for term in dict.fromkeys(terms):
            yield Issue(stage="parse", code=code, field="dataset", value=said(term)[:500])


def identity(nodes: Nodes, subject: str) -> str | None:
    """The IRI; for a blank node what is most stable of it, whatever the order of its statements."""
    if not subject.startswith("_:"):
        return subject[1:-1] or None
    for predicates in (dcat.IDENTIFIER, dcat.LANDING_PAGE[:1]):
        if texts := values(nodes, subject, predicates):
            return " ".join(texts[0].split())
    files = [term for predicate in dcat.DISTRIBUTION for term in objects(nodes[subject], predicate)]
    urls = [url for file in files for url in values(nodes, file, dcat.DOWNLOAD_URL + dcat.ACCESS_URL) or [said(file)]]
    for kind, stable in (("title", values(nodes, subject, dcat.TITLE)), ("files", sorted(filter(None, urls)))):
        if stable:
            return f"{kind}:{sha256(chr(0).join(stable).encode()).hexdigest()[:24]}"
    return None


def values(nodes: Nodes, subject: str, predicates: dcat.Terms) -> list[str]:
    """The texts of the first of `predicates` that has any, sorted."""
    node = nodes.get(subject, {})
    found = (
        sorted({text for term in objects(node, predicate) if (text := said(term))})
        for predicate in predicates
        if predicate in node
    )
    return next(filter(None, found), [])
