"""DCAT as RDF: one document, or Hydra pages as CKAN writes them, in any syntax. Knows no scripted world."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, serialize
from pyoxigraph import Literal as Text

from harvester.demo.dialects.answers import elsewhere, static, whole_number
from harvester.demo.portal import Answer, Request
from harvester.demo.truth import Datasets, Dialect, Kept, Listing, Moment, SimDataset, SimFile, absolute, iso, speaking

Syntax = Literal["ttl", "rdf", "jsonld", "nt"]
FORMATS: dict[str, tuple[RdfFormat, str]] = {
    "ttl": (RdfFormat.TURTLE, "text/turtle; charset=utf-8"),
    "rdf": (RdfFormat.RDF_XML, "application/rdf+xml; charset=utf-8"),
    "jsonld": (RdfFormat.JSON_LD, "application/ld+json; charset=utf-8"),
    "nt": (RdfFormat.N_TRIPLES, "application/n-triples; charset=utf-8"),
}
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
Node = NamedNode | BlankNode


def dcat(
    datasets: Datasets,
    syntax: Syntax = "ttl",
    page_size: int | None = None,
    next_as: Literal["literal", "iri"] = "literal",
    path: str = "",
) -> Dialect:
    """A DCAT document at `path` (`/catalog.<syntax>`) with an ETag, as any file; with `page_size`, Hydra pages without.

    `next_as`: CKAN writes the next page as a string, newer software as an IRI on a PartialCollectionView.
    """
    place = path or f"/catalog.{syntax}"
    kept = Kept(lambda dataset, base: [*described(dataset, subject_of(dataset, base), base)])

    def render(request: Request, listing: Listing) -> Answer:
        if request.path != place:
            return elsewhere(request)
        rdf_format, media_type = FORMATS[syntax]
        headers = {"Content-Type": media_type}
        if page_size is None:
            return static(written(catalog(listing, listing.items, request.base, kept), rdf_format), headers, request)
        number = max(whole_number(request.value("page"), 1) or 1, 1)
        shown = listing.items[(number - 1) * page_size : number * page_size]
        triples = [*catalog(listing, shown, request.base, kept), *hydra(request, listing, number, (page_size, next_as))]
        return Answer(200, headers, written(iter(triples), rdf_format))

    return speaking(datasets, render)


def written(triples: Iterator[Triple], rdf_format: RdfFormat) -> bytes:
    prefixes = None if rdf_format == RdfFormat.N_TRIPLES else PREFIXES
    return cast(bytes, serialize(triples, format=rdf_format, prefixes=prefixes))


def term(name: str) -> NamedNode:
    prefix, _, local = name.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


def said(subject: Node, predicate: str, value: Any) -> Iterator[Triple]:
    """A triple if there is something to say; a text becomes a literal, a node stays one."""
    if value not in (None, ""):
        yield Triple(
            subject, term(predicate), value if isinstance(value, NamedNode | BlankNode | Text) else Text(str(value))
        )


def a_time(moment: Moment) -> Text | None:
    text = iso(moment)
    return (
        Text(text, datatype=term("xsd:dateTime"))
        if isinstance(moment, datetime) and text
        else Text(text)
        if text
        else None
    )


def catalog(listing: Listing, shown: Sequence[SimDataset], base: str, kept: Kept[list[Triple]]) -> Iterator[Triple]:
    node = NamedNode(base + "/")
    yield from said(node, "rdf:type", term("dcat:Catalog"))
    yield from said(node, "dct:title", Text("Open data", language="nl"))
    yield from said(node, "dct:language", "nl")
    for dataset in shown:
        yield from said(node, "dcat:dataset", subject_of(dataset, base))
        if dataset.defect != "shape":  # else it is named by the catalog and never described
            yield from kept(dataset, base)
    yield from said(node, "dct:publisher", listing.items[0].publisher if listing.items else None)


def subject_of(dataset: SimDataset, base: str) -> Node:
    if dataset.defect == "identity":
        return BlankNode("naamloos" + plain(dataset.id))
    return NamedNode(address(dataset, base))


def plain(text: str) -> str:
    """Letters and digits only, as a blank node's name needs."""
    return "".join(letter for letter in text if letter.isalnum())


def address(dataset: SimDataset, base: str) -> str:
    return f"https://{dataset.home}/dataset/{dataset.id}" if dataset.home else f"{base}/dataset/{dataset.id}"


def described(dataset: SimDataset, subject: Node, base: str) -> Iterator[Triple]:
    yield from said(subject, "rdf:type", term("dcat:Dataset"))
    if dataset.defect == "identity":
        yield from said(subject, "dct:title", dataset.title)
        return
    if dataset.defect == "fields":
        yield from said(subject, "dct:title", NamedNode("https://voorbeeld.example/geen-titel"))
        yield from said(subject, "dcat:distribution", "geen")
        yield from said(subject, "dct:modified", "ooit")
        return
    yield from said(subject, "dct:identifier", dataset.id)
    yield from said(subject, "dct:title", Text(dataset.title, language="nl"))
    yield from said(
        subject, "dct:description", Text(dataset.description, language="nl") if dataset.description else None
    )
    for word in dataset.keywords:
        yield from said(subject, "dcat:keyword", word)
    for theme in dataset.themes:
        yield from said(subject, "dcat:theme", NamedNode(theme) if "://" in theme else theme)
    yield from said(subject, "dct:issued", a_time(dataset.issued))
    yield from said(subject, "dct:modified", a_time(dataset.modified))
    yield from said(subject, "dct:accrualPeriodicity", dataset.frequency)
    yield from published(dataset, subject)
    yield from said(subject, "dcat:landingPage", NamedNode(address(dataset, base)))
    for number, file in enumerate(dataset.files):
        yield from distribution(dataset, file, number, (subject, base))


def published(dataset: SimDataset, subject: Node) -> Iterator[Triple]:
    if dataset.publisher:
        agent = BlankNode("uitgever" + plain(dataset.id))
        yield from said(subject, "dct:publisher", agent)
        yield from said(agent, "rdf:type", term("foaf:Agent"))
        yield from said(agent, "foaf:name", dataset.publisher)


def distribution(dataset: SimDataset, file: SimFile, number: int, place: tuple[Node, str]) -> Iterator[Triple]:
    subject, base = place
    node = NamedNode(f"{address(dataset, base)}/distribution/{number}")
    yield from said(subject, "dcat:distribution", node)
    yield from said(node, "rdf:type", term("dcat:Distribution"))
    yield from said(node, "dct:title", file.title or file.format)
    yield from said(node, "dcat:accessURL", NamedNode(absolute(file.url, base)))
    yield from said(node, "dct:format", file.format)
    yield from said(node, "dcat:mediaType", file.media_type)
    yield from said(node, "dcat:byteSize", Text(str(file.size), datatype=term("xsd:decimal")) if file.size else None)
    yield from said(node, "dct:license", NamedNode(dataset.license_url) if dataset.license_url else dataset.license)


def hydra(request: Request, listing: Listing, number: int, form: tuple[int, str]) -> Iterator[Triple]:
    """Where the next page is. It is there when items remain, whatever total is announced."""
    size, next_as = form
    view = NamedNode(f"{request.base}{request.path}?page={number}")
    following = f"{request.base}{request.path}?page={number + 1}" if number * size < len(listing.items) else ""
    old = next_as == "literal"
    yield from said(view, "rdf:type", term("hydra:PagedCollection" if old else "hydra:PartialCollectionView"))
    if listing.total is not None:
        yield from said(view, "hydra:totalItems", Text(str(listing.total), datatype=term("xsd:integer")))
    yield from said(view, "hydra:itemsPerPage", Text(str(size), datatype=term("xsd:integer")) if old else None)
    if following:
        yield from said(view, "hydra:nextPage" if old else "hydra:next", following if old else NamedNode(following))
