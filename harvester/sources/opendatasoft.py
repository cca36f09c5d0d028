"""Opendatasoft portals by their Explore API v2.1, page by page. What is in a dataset, `opendatasoft_dataset` knows.

Beyond 10,000 datasets the pages end and the export of the whole catalog is read, or, where a portal has none, one page
after the other from the last identifier on. Pages of v2.0 (`datasets[].dataset`) are read as well.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw
from pydantic import Field

from catalog.model import Issue
from config.source import HarvestSource, Strict
from harvester.errors import HarvestError
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset
from harvester.sources.json_items import fields, keys_of, nameless, read, refusal
from harvester.sources.loose import count, text
from harvester.sources.opendatasoft_dataset import read_dataset
from harvester.sources.paging import MAX_PAGES, offset_pages

WINDOW: Final = 10_000
EXPECTED: Final = "an Opendatasoft list of datasets"
NO_EXPORT: Final = frozenset({400, 404})


class Options(Strict):
    """`order_by`: an ODSQL key that never changes; empty leaves the order to the portal."""

    page_size: int = Field(default=100, ge=1, le=100)
    order_by: str = "dataset_id"


class Listing(msgspec.Struct):
    """`results` since v2.1, `datasets` before."""

    results: list[Raw] | None = None
    datasets: list[Raw] | None = None
    total_count: Any = None
    nhits: Any = None


class Keys(msgspec.Struct):
    dataset_uid: Any = None
    dataset_id: Any = None
    datasetid: Any = None
    dataset: Raw = Raw()


LISTING: Final = msgspec.json.Decoder(Listing)
EXPORT: Final = msgspec.json.Decoder(list[Raw])
KEYS: Final = msgspec.json.Decoder(Keys)


class Opendatasoft:
    """The kind `opendatasoft`. It has no incremental run: `modified` is editable and proves nothing."""

    def pages(
        self,
        source: HarvestSource,
        fetch: Fetch,
        since: datetime | None,  # noqa: ARG002 (part of the interface)
    ) -> Iterator[Page[Raw]]:
        options = Options(**source.options)
        first = listing(source, fetch, options, {"offset": 0})
        if (first.total or 0) > WINDOW:
            yield from whole_catalog(source, fetch, options, first)
            return

        def ask(offset: int) -> tuple[Page[Raw], bool]:
            page = listing(source, fetch, options, {"offset": offset}) if offset else first
            walked = offset + len(page.items)
            last = walked + options.page_size > WINDOW
            return (replace(page, whole=walked == page.total) if last else page), last

        yield from offset_pages(ask, identity, options.page_size)

    def records(
        self,
        source: HarvestSource,  # noqa: ARG002 (part of the interface)
        page: Page[Raw],
    ) -> Iterator[HarvestRecord | Issue]:
        for item in page.items:
            stable, name = names(item)
            identifier = stable or name
            yield HarvestRecord(identifier, bytes(item), alias=name) if identifier else nameless(item)

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:
        return read_dataset(record, fields(record), source.url.rstrip("/"))


def catalog(source: HarvestSource) -> str:
    return f"{source.url.rstrip('/')}/api/explore/v2.1/catalog"


def listing(source: HarvestSource, fetch: Fetch, options: Options, query: dict[str, str | int]) -> Page[Raw]:
    asked: dict[str, str | int] = {"limit": options.page_size}
    if options.order_by:
        asked["order_by"] = options.order_by
    response = fetch.get(f"{catalog(source)}/datasets", asked | query, accept="application/json")
    answer, issues = read(response, LISTING, EXPECTED)
    items = answer.results if answer.results is not None else answer.datasets
    if items is None:
        raise refusal(response.url, response.body, EXPECTED)
    total = count(answer.total_count if answer.total_count is not None else answer.nhits)
    return Page(response.url, tuple(items), total=total, issues=issues)


def whole_catalog(source: HarvestSource, fetch: Fetch, options: Options, first: Page[Raw]) -> Iterator[Page[Raw]]:
    """The catalog in one answer, else from the last identifier on; `first` is the first page of the listing."""
    response = fetch.get(f"{catalog(source)}/exports/json", accept="application/json", allow=NO_EXPORT)
    if response.status in NO_EXPORT:
        yield from by_identifier(source, fetch, options, first.total)
        return
    items, issues = read(response, EXPORT, "an Opendatasoft export of the catalog")
    yield Page(response.url, tuple(items), total=first.total, issues=first.issues + issues)


def by_identifier(source: HarvestSource, fetch: Fetch, options: Options, total: int | None) -> Iterator[Page[Raw]]:
    query: dict[str, str | int] = {"order_by": "dataset_id"}
    last = None
    for _ in range(MAX_PAGES):
        page = listing(source, fetch, options, query)
        if not page.items:
            return
        previous, last = last, names(page.items[-1])[1]
        if last is None or '"' in last or (previous is not None and last <= previous):
            raise HarvestError("The listing goes in circles: identifiers do not advance", kind="loop", url=page.url)
        yield replace(page, total=total)
        query["where"] = f'dataset_id > "{last}"'
    raise HarvestError(f"The listing does not end within {MAX_PAGES} pages", kind="loop", url=catalog(source))


def names(item: Raw) -> tuple[str | None, str | None]:
    """The key that stays and the name that may change."""
    keys = keys_of(item, KEYS)
    if keys is not None and bytes(keys.dataset):
        keys = keys_of(keys.dataset, KEYS)
    if keys is None:
        return None, None
    return text(keys.dataset_uid), text(keys.dataset_id) or text(keys.datasetid)


def identity(item: Raw) -> str | bytes:
    stable, name = names(item)
    return stable or name or bytes(item)
