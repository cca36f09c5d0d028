"""What a simulated portal really holds, before any dialect writes it down. Knows no HTTP and no dialect."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

from harvester.demo.portal import Answer, Request

Moment = datetime | str | None
"""A time, or a text that a portal writes where a time should stand."""

Defect = Literal["", "fields", "identity", "shape"]
"""How a record is broken: fields of wrong types, no usable identity, or not even an object."""

MEDIA_TYPES = {
    "CSV": "text/csv",
    "JSON": "application/json",
    "GeoJSON": "application/geo+json",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "XLS": "application/vnd.ms-excel",
    "KML": "application/vnd.google-earth.kml+xml",
    "Shapefile": "application/zip",
    "XML": "application/xml",
    "PDF": "application/pdf",
    "ZIP": "application/zip",
}


@dataclass(frozen=True, slots=True)
class SimFile:
    """One file of a dataset. `url` may be a path on the portal or an absolute address; `size` in bytes."""

    format: str
    url: str
    title: str = ""
    size: int | None = None

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES.get(self.format, "application/octet-stream")


@dataclass(frozen=True, slots=True)
class SimDataset:
    """One dataset. `id` is the platform's own key, `slug` the name in addresses; texts as the portal writes them.

    `home`: for a federated entry, the host it comes from. `records`: 0 means that the data are files only.
    """

    id: str
    slug: str
    title: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    license: str = ""
    license_url: str = ""
    frequency: str = ""
    issued: Moment = None
    modified: Moment = None
    publisher: str = ""
    home: str = ""
    geo: bool = False
    records: int = 0
    files: tuple[SimFile, ...] = ()
    defect: Defect = ""

    @property
    def federated(self) -> bool:
        return bool(self.home)


R = TypeVar("R")

Datasets = Callable[[], Sequence[SimDataset]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a portal shows. `total`: what it announces, which may be a lie; None leaves it out where the dialect can."""

    items: Sequence[SimDataset]
    total: int | None

    @classmethod
    def honest(cls, items: Sequence[SimDataset]) -> "Listing":
        return cls(items, len(items))


Render = Callable[[Request, Listing], Answer]
KEPT_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class Dialect:
    """An App that writes a listing in one dialect. An answer is kept as long as the listing is the very same object."""

    listing: Callable[[], Listing]
    render: Render
    kept: dict[tuple[str, str, str], tuple[Listing, Answer]] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, request: Request) -> Answer:
        listing = self.listing()
        key = (request.target, request.headers.get("host", ""), request.headers.get("if-none-match", ""))
        known = self.kept.get(key)
        if known and known[0].items is listing.items and known[0].total == listing.total:
            return known[1]
        answer = self.render(request, listing)
        if len(self.kept) >= KEPT_ANSWERS:
            self.kept.clear()
        self.kept[key] = (listing, answer)
        return answer

    def showing(self, change: Callable[[Listing], Listing]) -> "Dialect":
        """The same dialect, over a changed listing."""
        return Dialect(lambda: change(self.listing()), self.render)


def speaking(datasets: Datasets, render: Render) -> Dialect:
    """The App of a dialect over datasets that may change with time."""
    return Dialect(lambda: Listing.honest(datasets()), render)


def iso(moment: Moment, *, sep: str = "T", timespec: str = "seconds") -> str | None:
    """ISO 8601 with its zone; a text that is no time stays what it is."""
    return moment.isoformat(sep, timespec) if isinstance(moment, datetime) else moment


def epoch_ms(moment: Moment) -> int | str | None:
    """Milliseconds since 1970, as Esri writes times."""
    return int(moment.timestamp() * 1000) if isinstance(moment, datetime) else moment


def absolute(address: str, base: str) -> str:
    """An address on this portal, or elsewhere if it says so itself."""
    return address if "://" in address else base + address


class Kept(Generic[R]):
    """Rendered records, so that a page costs a join. Forgets everything when it grows beyond reason."""

    def __init__(self, render: Callable[[SimDataset, str], R], most: int = 20_000) -> None:
        self._render = render
        self._most = most
        self._known: dict[tuple[int, str], tuple[SimDataset, R]] = {}

    def __call__(self, dataset: SimDataset, base: str) -> R:
        key = (id(dataset), base)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            # The dataset itself is kept beside its bytes: only then is its id() its own for good.
            known = self._known[key] = (dataset, self._render(dataset, base))
        return known[1]


def invented(count: int, publisher: str = "Stad Voorbeeld", start: int = 0) -> tuple[SimDataset, ...]:
    """Plain datasets for tests and benchmarks, the same ones for the same numbers; ids and slugs sort alike."""
    return tuple(_invented(publisher, start, count))


def _invented(publisher: str, start: int, count: int) -> Iterator[SimDataset]:
    for number in range(start, start + count):
        slug = f"gegevens-{number:06d}"
        day = datetime(2016 + number % 8, 1 + number % 12, 1 + number % 28, 9, 30, tzinfo=UTC)
        formats = ("CSV", "JSON", "GeoJSON", "XLSX")[: 1 + number % 4]
        yield SimDataset(
            id=f"00000000-0000-4000-8000-{number:012d}",
            slug=slug,
            title=f"Gegevens over café {number}",
            description=f"<p>Reeks nummer {number} van het bestuur, om de crèches te kunnen vergelijken.</p>",
            keywords=("proef", f"reeks {number % 7}"),
            themes=("Bestuur",),
            license="CC BY 4.0",
            license_url="https://creativecommons.org/licenses/by/4.0/",
            frequency="jaarlijks",
            issued=day,
            modified=day.replace(hour=12),
            publisher=publisher,
            geo="GeoJSON" in formats,
            records=10 + number,
            files=tuple(SimFile(name, f"/files/{slug}.{name.lower()}", size=1000 + number) for name in formats),
        )
