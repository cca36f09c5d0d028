"""The shared catalogue in DCAT terms, with controlled values only. Knows no portal, no database and no clock.

`RawDataset` in `harvester.sources.base` has the same names with the portal's own values; `harvester.normalize` leads
from one to the other. Every class is a frozen value: a change makes a new one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Text = Mapping[str, str]
"""Language tag (BCP 47, `und` when unknown) -> plain text without markup."""


def no_text() -> Text:
    """An absent text."""
    return {}


class State(StrEnum):
    """Whether a dataset stands on its portal: proven present, unseen within its grace, or confirmed gone."""

    PRESENT = "present"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"


class Health(StrEnum):
    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Agent:
    """foaf:Agent: who publishes. `identifier` is an IRI (a CBE or OVO number as IRI where known), never guessed."""

    name: str
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """vcard:Kind: personal data, stored in one place and referred to by `key`."""

    name: str | None = None
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PeriodOfTime:
    """dct:PeriodOfTime; ISO 8601 dates (`2017`, `2017-06`, `2017-06-30` or a UTC date-time), open where null."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """dct:Location: an IRI of a controlled list, a label, or a box (west, south, east, north) in degrees, WGS 84."""

    iri: str | None = None
    label: str | None = None
    bbox: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """dcat:Distribution. `format` is an IRI of the EU file-type list, `media_type` an IANA type as text (`text/csv`),
    `license` an IRI of a known license, `packaging` an IANA type; times are ISO 8601 in UTC; `byte_size` in bytes."""

    identifier: str | None = None
    title: Text = field(default_factory=no_text)
    description: Text = field(default_factory=no_text)
    access_url: str | None = None
    download_url: str | None = None
    format: str | None = None
    media_type: str | None = None
    packaging: str | None = None
    byte_size: int | None = None
    license: str | None = None
    rights: str | None = None
    issued: str | None = None
    modified: str | None = None
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class DataService:
    """dcat:DataService that gives access to a dataset: a query API, WMS, WFS, OData, LDES."""

    endpoint_url: str
    title: Text = field(default_factory=no_text)
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """dcat:Dataset as one portal lists it.

    `identifier` is the portal's own and stable key. `license`, `themes`, `frequency`, `access_rights`, `languages` are
    IRIs of the controlled lists, or null/absent. `issued`, `modified`: ISO 8601 in UTC (date or date-time as the
    portal gave it). `federated`: the entry belongs to another organisation; it is shown, but the city did not publish
    it."""

    identifier: str
    title: Text = field(default_factory=no_text)
    description: Text = field(default_factory=no_text)
    publisher: Agent | None = None
    creator: Agent | None = None
    contacts: tuple[ContactPoint, ...] = ()
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    license: str | None = None
    license_open: bool | None = None
    access_rights: str | None = None
    rights: str | None = None
    frequency: str | None = None
    issued: str | None = None
    modified: str | None = None
    languages: tuple[str, ...] = ()
    spatial: tuple[Location, ...] = ()
    temporal: tuple[PeriodOfTime, ...] = ()
    landing_page: str | None = None
    conforms_to: tuple[str, ...] = ()
    version: str | None = None
    same_as: tuple[str, ...] = ()
    federated: bool = False
    distributions: tuple[Distribution, ...] = ()
    services: tuple[DataService, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogRecord:
    """dcat:CatalogRecord: what we know about one listing. Our `id` never depends on title, URL or the portal's key
    alone.

    Times are ISO 8601 in UTC. `missing_since` is set while the dataset is missing or withdrawn.
    """

    id: str
    city: str
    source: str
    state: State
    first_seen: str
    last_seen: str
    dataset: Dataset
    issues: tuple["Issue", ...] = ()
    missing_since: str | None = None
    restless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault in someone's data: a value, never an exception. `value` is the portal's own text, cut to 500 characters.

    `stage`: fetch, parse, record, map, normalize, history. `code`: snake_case, listed in docs/issues.md.
    """

    stage: str
    code: str
    field: str | None = None
    value: str | None = None
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """dcat:Catalog: all that one city publishes, over all of its sources."""

    city: str
    records: tuple[CatalogRecord, ...] = field(default=())
