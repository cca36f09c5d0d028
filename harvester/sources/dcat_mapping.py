"""One described dcat:Dataset to a RawDataset: which statement fills which field. Knows no document and no portal."""

from collections.abc import Iterator
from typing import Final

from catalog.model import Issue
from harvester.sources import dcat_terms as dcat
from harvester.sources.base import RawDataset, RawDistribution, RawService
from harvester.sources.bounded_description import read_description
from harvester.sources.dcat_nodes import agent, contacts, keywords, license_of, licenses, spatial, temporal
from harvester.sources.described_terms import (
    Description,
    Table,
    Terms,
    is_iri,
    is_web,
    said,
    turned,
)
from harvester.sources.rdf import objects


def raw_dataset(identifier: str, raw: bytes, language: str) -> RawDataset:
    """The dataset that a description is of, the portal's own values under DCAT names."""
    root, nodes, whole = read_description(raw)
    about = Description(nodes, language, lists=any(dcat.FIRST in node for node in nodes.values()))
    publisher, publisher_id = agent(about, about.terms(root, dcat.PUBLISHER))
    creator, creator_id = agent(about, about.terms(root, dcat.CREATOR))
    files = about.terms(root, dcat.DISTRIBUTION)
    return RawDataset(
        identifier=identifier,
        publisher_name=publisher,
        publisher_id=publisher_id,
        creator_name=creator,
        creator_id=creator_id,
        same_as=same_as(about, root, identifier),
        distributions=[distribution(about, file) for file in files],
        services=services(about, root, files),
        issues=list(issues(about, files, identifier, whole=whole)),
        **about.filled(root, DATASET),
    )


def distribution(about: Description, term: str) -> RawDistribution:
    found = about.filled(term, DISTRIBUTION)
    if is_iri(term):
        found["identifier"] = said(term)
    return RawDistribution(**found)


def checksum(about: Description, terms: Terms) -> str | None:
    return next((found for term in terms if (found := about.text(term, dcat.CHECKSUM_VALUE) or said(term))), None)


def same_as(about: Description, root: str, identifier: str) -> list[str]:
    """Other IRIs of the dataset; an adms:Identifier gives its notation."""
    found = about.labels([*about.terms(root, (dcat.OWL + "sameAs",)), *about.terms(root, dcat.IDENTIFIER)])
    for term in about.terms(root, (dcat.ADMS + "identifier",)):
        found += [said(term), about.text(term, (dcat.SKOS + "notation", *dcat.LABEL)) or ""]
    return [iri for iri in dict.fromkeys(found) if (is_web(iri) or iri.startswith("urn:")) and iri != identifier]


def services(about: Description, root: str, files: Terms) -> list[RawService]:
    """The services that serve the dataset or one of its distributions and say where they answer."""
    terms = [subject for subject, node in about.nodes.items() if dcat.SERVES in node and subject != root]
    for subject in (root, *files):
        terms += about.terms(subject, dcat.ACCESS_SERVICE)
    return [
        RawService(endpoint, about.texts(about.terms(term, dcat.TITLE)), about.first(about.terms(term, dcat.PROTOCOL)))
        for term in dict.fromkeys(terms)
        for endpoint in about.labels(about.terms(term, dcat.ENDPOINT))
    ]


def issues(about: Description, distributions: Terms, record: str, *, whole: bool) -> Iterator[Issue]:
    if not whole:
        yield Issue(stage="map", code="description_cut", record=record)
    for term in distributions:
        node = about.nodes.get(term)
        if node is None:
            yield Issue("map", "distribution_not_described", "distribution", said(term)[:500], record)
            continue
        for name, (predicate, *_) in (("access_url", dcat.ACCESS_URL), ("download_url", dcat.DOWNLOAD_URL)):
            for url in objects(node, predicate)[1:]:
                yield Issue("map", "several_urls", name, said(url)[:500], record)


DATASET: Final[Table] = turned({
    "title": (dcat.TITLE, Description.texts),
    "description": (dcat.DESCRIPTION, Description.texts),
    "contacts": (dcat.CONTACT, contacts),
    "keywords": (dcat.KEYWORD, keywords),
    "themes": (dcat.THEME, Description.labels),
    "licenses": (dcat.LICENSE, licenses),
    "access_rights": (dcat.ACCESS_RIGHTS, Description.first),
    "rights": (dcat.RIGHTS, Description.first),
    "frequency": (dcat.FREQUENCY, Description.first),
    "issued": (dcat.ISSUED, Description.earliest),
    "modified": (dcat.MODIFIED, Description.latest),
    "languages": (dcat.LANGUAGE, Description.labels),
    "spatial": (dcat.SPATIAL, spatial),
    "temporal": (dcat.TEMPORAL, temporal),
    "landing_page": (dcat.LANDING_PAGE, Description.first),
    "conforms_to": (dcat.CONFORMS_TO, Description.labels),
    "version": (dcat.VERSION, Description.best),
})  # fmt: skip

DISTRIBUTION: Final[Table] = turned({
    "identifier": (dcat.IDENTIFIER, Description.first),
    "title": (dcat.TITLE, Description.texts),
    "description": (dcat.DESCRIPTION, Description.texts),
    "access_url": (dcat.ACCESS_URL, Description.first),
    "download_url": (dcat.DOWNLOAD_URL, Description.first),
    "format": (dcat.FORMAT, Description.first),
    "media_type": (dcat.MEDIA_TYPE, Description.first),
    "byte_size": (dcat.BYTE_SIZE, Description.best),
    "license": (dcat.LICENSE, license_of),
    "rights": (dcat.RIGHTS, Description.first),
    "issued": (dcat.ISSUED, Description.earliest),
    "modified": (dcat.MODIFIED, Description.latest),
    "checksum": (dcat.CHECKSUM, checksum),
})  # fmt: skip
