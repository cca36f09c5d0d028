"""Our own stand-ins for the JSON-LD contexts that DCAT feeds name, since a remote context is never fetched. Knows the
terms that a catalogue needs, not the whole of each context."""

import re
from collections.abc import Mapping
from typing import Any, Final

from harvester.errors import ParseError

Context = Mapping[str, Any]

PREFIXES: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "cnt": "http://www.w3.org/2011/content#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dcterms": "http://purl.org/dc/terms/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geosparql": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pod": "https://project-open-data.cio.gov/v1.1/schema#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "time": "http://www.w3.org/2006/time#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

DCT_TEXTS: Final = "title description identifier issued modified created alternative abstract"
DCT_NODES: Final = (
    "publisher creator license rights accessRights spatial temporal language conformsTo accrualPeriodicity format "
    "isPartOf hasPart isReferencedBy relation references source subject type provenance"
)
DCAT_TEXTS: Final = (
    "keyword byteSize startDate endDate bbox centroid version spatialResolutionInMeters temporalResolution"
)
DCAT_NODES: Final = (
    "dataset distribution service record catalog contactPoint theme themeTaxonomy landingPage accessURL downloadURL "
    "mediaType compressFormat packageFormat accessService endpointURL endpointDescription servesDataset inSeries"
)
DCAT_CLASSES: Final = "Catalog CatalogRecord DataService Dataset DatasetSeries Distribution Relationship Resource Role"
HYDRA_TERMS: Final = (
    "first last next previous firstPage lastPage nextPage previousPage view member totalItems itemsPerPage"
)
HYDRA_CLASSES: Final = "Collection PagedCollection PartialCollectionView"


def terms(prefix: str, names: str, **coercion: str) -> dict[str, Any]:
    """`{"title": {"@id": "dct:title"}}` and so on."""
    return {
        name: {"@id": f"{prefix}:{name}", **{f"@{key}": value for key, value in coercion.items()}}
        for name in names.split()
    }


DCAT_TERMS: Final[Context] = (
    PREFIXES
    | terms("dcterms", DCT_TEXTS)
    | terms("dcterms", DCT_NODES)
    | terms("dcat", DCAT_TEXTS)
    | terms("dcat", DCAT_NODES)
    | terms("dcat", DCAT_CLASSES)
    | terms("foaf", "Agent Organization Document name homepage page mbox")
    | terms("vcard", "fn hasEmail hasURL hasTelephone Contact Kind Individual")
    | terms("org", "subOrganizationOf")
    | {"Organization": "org:Organization", "describedBy": "pod:describedBy", "accessLevel": "pod:accessLevel"}
)
HYDRA: Final[Context] = PREFIXES | terms("hydra", HYDRA_TERMS) | terms("hydra", HYDRA_CLASSES)

KNOWN: Final[tuple[tuple[re.Pattern[str], Context], ...]] = tuple(
    (re.compile(r"https?://" + pattern), context)
    for pattern, context in (
        (r"project-open-data\.cio\.gov/v1\.1/schema(/|$)", DCAT_TERMS),
        (r"(resources\.data\.gov|strategy\.data\.gov)/.*catalog\.jsonld$", DCAT_TERMS),
        (r"semiceu\.github\.io/DCAT-AP/", DCAT_TERMS),
        (r"raw\.githubusercontent\.com/SEMICeu/DCAT-AP/", DCAT_TERMS),
        (r"www\.w3\.org/ns/dcat(#|\.jsonld|$)", DCAT_TERMS),
        (r"www\.w3\.org/ns/hydra/(core|context\.jsonld)", HYDRA),
    )
)


def local_context(url: str) -> Context:
    """Our copy of a remote context. Raises ParseError for one that we do not know; nothing is ever loaded."""
    for pattern, context in KNOWN:
        if pattern.match(url):
            return context
    raise ParseError(f"A remote context is not allowed: {url[:200]}")
