"""The terms that DCAT feeds use and those they use in their place, the right one first. IRIs without angle brackets."""

from typing import Final

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
DCT: Final = "http://purl.org/dc/terms/"
DCE: Final = "http://purl.org/dc/elements/1.1/"
DCAT: Final = "http://www.w3.org/ns/dcat#"
ADMS: Final = "http://www.w3.org/ns/adms#"
FOAF: Final = "http://xmlns.com/foaf/0.1/"
LOCN: Final = "http://www.w3.org/ns/locn#"
GEO: Final = "http://www.opengis.net/ont/geosparql#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
PAV: Final = "http://purl.org/pav/"
SCHEMA: Final = "http://schema.org/"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
SPDX: Final = "http://spdx.org/rdf/terms#"
TIME: Final = "http://www.w3.org/2006/time#"
VCARD: Final = "http://www.w3.org/2006/vcard/ns#"
CC: Final = "http://creativecommons.org/ns#"

TYPE: Final = RDF + "type"
NIL: Final = f"<{RDF}nil>"
FIRST: Final = RDF + "first"
REST: Final = RDF + "rest"

DATASET: Final = f"<{DCAT}Dataset>"
SERIES: Final = f"<{DCAT}DatasetSeries>"
SERVES: Final = DCAT + "servesDataset"
MEMBER: Final = DCAT + "dataset"

Terms = tuple[str, ...]

TITLE: Final = (DCT + "title", DCE + "title", SCHEMA + "name", RDFS + "label")
DESCRIPTION: Final = (
    DCT + "description",
    DCE + "description",
    DCT + "abstract",
    SCHEMA + "description",
    RDFS + "comment",
)
IDENTIFIER: Final = (DCT + "identifier", DCE + "identifier", DCAT + "identifier", SCHEMA + "identifier")
OTHER_IDENTIFIER: Final = (ADMS + "identifier", OWL + "sameAs")
NAME: Final = (
    FOAF + "name", VCARD + "fn", VCARD + "organization-name", VCARD + "hasFN", SCHEMA + "name", SKOS + "prefLabel",
    DCT + "title", RDFS + "label", SCHEMA + "legalName",
)  # fmt: skip
LABEL: Final = (
    SKOS + "prefLabel", RDFS + "label", RDF + "value", DCT + "title", FOAF + "name", DCT + "identifier",
    SKOS + "notation", LOCN + "geographicName", SCHEMA + "name",
    DCT + "description", DCE + "title", SKOS + "altLabel", RDFS + "comment",
)  # fmt: skip
PUBLISHER: Final = (DCT + "publisher", DCE + "publisher", SCHEMA + "publisher")
CREATOR: Final = (DCT + "creator", DCE + "creator", SCHEMA + "creator")
CONTACT: Final = (DCAT + "contactPoint", ADMS + "contactPoint", DCT + "contactPoint", SCHEMA + "contactPoint")
EMAIL: Final = (VCARD + "hasEmail", VCARD + "email", FOAF + "mbox", SCHEMA + "email")
PAGE: Final = (
    VCARD + "hasURL",
    VCARD + "url",
    FOAF + "page",
    FOAF + "homepage",
    FOAF + "workplaceHomepage",
    SCHEMA + "url",
)
VALUE: Final = (VCARD + "hasValue", VCARD + "value", RDF + "value")
KEYWORD: Final = (DCAT + "keyword", DCE + "subject", SCHEMA + "keywords")
THEME: Final = (DCAT + "theme", DCT + "subject")
LICENSE: Final = (DCT + "license", CC + "license", DCE + "license", SCHEMA + "license", DCT + "licence")
RIGHTS: Final = (DCT + "rights", DCE + "rights")
ACCESS_RIGHTS: Final = (DCT + "accessRights",)
FREQUENCY: Final = (DCT + "accrualPeriodicity", DCT + "frequency")
ISSUED: Final = (DCT + "issued", SCHEMA + "datePublished", DCT + "created")
MODIFIED: Final = (DCT + "modified", SCHEMA + "dateModified", PAV + "lastUpdateOn", DCT + "date")
LANGUAGE: Final = (DCT + "language", DCE + "language", SCHEMA + "inLanguage")
SPATIAL: Final = (DCT + "spatial", DCE + "coverage", SCHEMA + "spatialCoverage")
GEOMETRY: Final = (
    DCAT + "bbox", LOCN + "geometry", GEO + "asWKT", GEO + "asGeoJSON", "http://www.w3.org/2003/01/geo/wgs84_pos#asWKT",
    SCHEMA + "box",
)  # fmt: skip
NESTED_GEOMETRY: Final = (GEO + "hasGeometry", LOCN + "geometry", SCHEMA + "geo")
TEMPORAL: Final = (DCT + "temporal", SCHEMA + "temporalCoverage")
START: Final = (DCAT + "startDate", SCHEMA + "startDate", TIME + "hasBeginning")
END: Final = (DCAT + "endDate", SCHEMA + "endDate", TIME + "hasEnd")
INSTANT: Final = (TIME + "inXSDDate", TIME + "inXSDDateTimeStamp", TIME + "inXSDDateTime", TIME + "inXSDgYear")
LANDING_PAGE: Final = (DCAT + "landingPage", SCHEMA + "url", FOAF + "page", FOAF + "homepage")
CONFORMS_TO: Final = (DCT + "conformsTo",)
VERSION: Final = (DCAT + "version", OWL + "versionInfo", PAV + "version", SCHEMA + "version", DCT + "hasVersion")
DISTRIBUTION: Final = (DCAT + "distribution", SCHEMA + "distribution")
ACCESS_URL: Final = (DCAT + "accessURL", DCAT + "accessUrl", DCAT + "accessURI", SCHEMA + "url")
DOWNLOAD_URL: Final = (DCAT + "downloadURL", DCAT + "downloadUrl", SCHEMA + "contentUrl")
FORMAT: Final = (DCT + "format", DCE + "format")
MEDIA_TYPE: Final = (DCAT + "mediaType", SCHEMA + "encodingFormat")
BYTE_SIZE: Final = (DCAT + "byteSize", SCHEMA + "contentSize")
CHECKSUM: Final = (SPDX + "checksum",)
CHECKSUM_VALUE: Final = (SPDX + "checksumValue",)
ACCESS_SERVICE: Final = (DCAT + "accessService",)
ENDPOINT: Final = (DCAT + "endpointURL", DCAT + "endpointUrl")
PROTOCOL: Final = (DCT + "conformsTo", DCT + "format", DCT + "type")

FOLLOWED: Final = frozenset(
    DISTRIBUTION + PUBLISHER + CREATOR + CONTACT + EMAIL + PAGE + LICENSE + RIGHTS + ACCESS_RIGHTS + FREQUENCY
    + LANGUAGE + SPATIAL + NESTED_GEOMETRY + TEMPORAL + START + END + CONFORMS_TO + FORMAT + MEDIA_TYPE + CHECKSUM
    + ACCESS_SERVICE + THEME + OTHER_IDENTIFIER + LANDING_PAGE
)  # fmt: skip
"""Predicates whose object belongs to the description of a dataset when the document describes it."""

LEFT: Final = frozenset({
    SERVES, MEMBER, FOAF + "isPrimaryTopicOf", FOAF + "primaryTopic", DCAT + "inCatalog", DCAT + "record",
    DCAT + "catalog", DCAT + "inSeries", DCAT + "seriesMember", DCT + "isPartOf", DCT + "hasPart",
})  # fmt: skip
"""Predicates that lead to other datasets, or to what the portal says of its own listing."""
