"""The one plug-in interface: how a kind of portal is walked and read. Knows no portal, no store and no network library.

A kind never stores, schedules, retries, logs or catches. `pages` alone may fetch, and only by the `fetch` it is given;
`records` and `dataset` are pure, so a bad record costs one record and stored raw can be replayed after a mapping fix.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from catalog.model import Issue, Text
from config.source import HarvestSource

P = TypeVar("P")

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, whole. `url` is where it came from after redirects, `asked_url` what was asked, query included.

    `status` is 200-299, or one of the statuses the caller said it accepts.
    """

    url: str
    status: int
    headers: Mapping[str, str]  # keys in lower case
    body: bytes  # decompressed; `harvester.charset.decode` makes text of it
    content_type: str = ""  # media type alone, lower case; "" when none was sent
    charset: str | None = None  # as declared in Content-Type, lower case
    asked_url: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What an address answered, for kinds that watch: an answer or the reason why there is none, never an exception."""

    url: str
    response: Response | None = None
    error: str | None = None  # an ErrorKind
    message: str | None = None


class Fetch(Protocol):
    """The HTTP door as a kind sees it: polite, bounded, refusing inside addresses. Raises FetchError."""

    def get(
        self,
        url: str,
        params: Params | None = None,
        *,
        accept: str = "*/*",
        allow: frozenset[int] = frozenset(),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The whole answer of `url`. A status outside 200-299 raises FetchError unless it is in `allow`."""
        ...

    def probe(self, url: str) -> Probe:
        """Like `get` with every status allowed, but a failure is a value. No retries."""
        ...

    def permitted(self, url: str) -> bool:
        """Whether robots.txt of the host lets us ask for `url`; robots.txt is asked once per host and job."""
        ...


@dataclass(frozen=True, slots=True)
class Page(Generic[P]):
    """One answer of a listing.

    `total`: what the portal announces, null if nothing. `items`: as undecoded as the format allows. `ids`: identifiers
    swept without their records (a `since` run). `evidence`: observations worth keeping with the job. `whole`: false
    when the kind itself knows that this listing is a part only (a named next page it may not follow, a cap it
    reached)."""

    url: str
    items: tuple[P, ...] = ()
    total: int | None = None
    ids: tuple[str, ...] | None = None
    issues: tuple[Issue, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class HarvestRecord:
    """One remote record as received. `raw`: the bytes kept for replay, from which `dataset` alone can rebuild
    everything; its hash decides whether the record is read again. `identifier`: the portal's stable key, never
    empty."""

    identifier: str
    raw: bytes
    alias: str | None = None  # a second name the portal lists it under, such as a CKAN name


@dataclass(slots=True)
class RawContact:
    name: str | None = None
    email: str | None = None
    url: str | None = None


@dataclass(slots=True)
class RawDistribution:
    """DCAT names, the portal's own values. A text is plain (language of the source) or a mapping by language."""

    identifier: str | None = None
    title: str | Text | None = None
    description: str | Text | None = None
    access_url: str | None = None
    download_url: str | None = None
    format: str | None = None
    media_type: str | None = None
    byte_size: str | int | float | None = None
    license: str | None = None
    rights: str | None = None
    issued: str | int | float | None = None
    modified: str | int | float | None = None
    checksum: str | None = None


@dataclass(slots=True)
class RawService:
    endpoint_url: str
    title: str | Text | None = None
    protocol: str | None = None


@dataclass(slots=True)
class RawDataset:
    """DCAT names, the portal's own values, untouched: HTML stays HTML, a date stays as it came, a license is whatever
    text or IRI the portal gave (several candidates in order of trust). Lists hold what the portal lists, order kept.

    `spatial`: labels, IRIs, "w,s,e,n" texts or GeoJSON texts. `temporal`: ("start", "end") pairs or one text "a/b".
    `modified`, `issued`: text, epoch seconds or epoch milliseconds. `federated`: true when the record says it is
    another organisation's. `owner`: who owns the entry on the platform, where it says so. `issues`: what the kind
    itself noticed."""

    identifier: str
    title: str | Text | None = None
    description: str | Text | None = None
    publisher_name: str | None = None
    publisher_id: str | None = None
    creator_name: str | None = None
    creator_id: str | None = None
    contacts: list[RawContact] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)
    licenses: list[str] = field(default_factory=list)
    access_rights: str | None = None
    rights: str | None = None
    frequency: str | None = None
    issued: str | int | float | None = None
    modified: str | int | float | None = None
    languages: list[str] = field(default_factory=list)
    spatial: list[str] = field(default_factory=list)
    temporal: list[tuple[str | None, str | None]] = field(default_factory=list)
    landing_page: str | None = None
    conforms_to: list[str] = field(default_factory=list)
    version: str | None = None
    same_as: list[str] = field(default_factory=list)
    federated: bool = False
    distributions: list[RawDistribution] = field(default_factory=list)
    services: list[RawService] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


class SourceKind(Protocol[P]):
    """A kind of portal. One instance serves every source of its kind; it holds no state."""

    def pages(self, source: HarvestSource, fetch: Fetch, since: datetime | None) -> Iterator[Page[P]]:
        """Every page of the listing, in a stable order, until its natural end. Raises FetchError or ParseError."""
        ...

    def records(self, source: HarvestSource, page: Page[P]) -> Iterator[HarvestRecord | Issue]:
        """The records of a page; an item without identity is an Issue (`stage="record"`). Never raises for what a
        portal sent."""
        ...

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:
        """One record read. Raises RecordError when it can't be."""
        ...
