"""ArcGIS Hub sites by their DCAT feed, whole, or by their search API, page by page.

What is in an entry of a feed, `hub_feed` knows; what is in a feature of a search, `hub_search`.
The feeds are tried in order, then the search; an address that is not found moves on to the next. Any other portal that
publishes a DCAT-US `data.json` is read in the same way.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Raw

from catalog.model import Issue
from config.source import HarvestSource, Strict
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset, Response
from harvester.sources.hub_feed import read_entry
from harvester.sources.hub_search import item_key, read_feature
from harvester.sources.json_items import fields, keys_of, nameless, read, refusal
from harvester.sources.loose import count, label, objects, text
from harvester.sources.paging import linked_pages

SEARCH: Final = "/api/search/v1/collections/dataset/items"
FEEDS: Final = ("/api/feed/dcat-us/1.1.json", "/data.json", SEARCH)
PAGE_SIZE: Final = 100
ACCEPT: Final = "application/json, application/ld+json;q=0.9, application/geo+json;q=0.9"
EXPECTED: Final = "a DCAT feed or a search answer of ArcGIS Hub"
NOT_FOUND: Final = frozenset({404})


class Options(Strict):
    """`feed`: path or address of the feed, instead of those tried in order.

    `publishers`, `owners`, `hosts`: who is ours, by publisher name, by owner or contact name, by host of the landing
    page. An entry that names another one belongs to another organisation; an empty list does not judge.
    """

    feed: str | None = None
    publishers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Document(msgspec.Struct):
    """A feed with its datasets, in DCAT-US or in DCAT-AP, or one page of a search."""

    dataset: Raw = Raw()
    prefixed: Raw = msgspec.field(name="dcat:dataset", default=Raw())
    features: list[Raw] | None = None
    matched: Any = msgspec.field(name="numberMatched", default=None)
    links: Any = None


class Keys(msgspec.Struct):
    """What may name an entry, in the order of trust; the last two are a search's."""

    identifier: Any = None
    dct_identifier: Any = msgspec.field(name="dct:identifier", default=None)
    dcterms_identifier: Any = msgspec.field(name="dcterms:identifier", default=None)
    landing_page: Any = msgspec.field(name="landingPage", default=None)
    dcat_landing_page: Any = msgspec.field(name="dcat:landingPage", default=None)
    iri: Any = msgspec.field(name="@id", default=None)
    id: Any = None
    properties: Raw = Raw()


DOCUMENT: Final = msgspec.json.Decoder(Document | list[Raw])
ITEMS: Final = msgspec.json.Decoder(list[Raw])
KEYS: Final = msgspec.json.Decoder(Keys)


class ArcgisHub:
    """The kind `arcgis_hub`. A feed states no total and no changes, so `since` changes nothing."""

    def pages(
        self,
        source: HarvestSource,
        fetch: Fetch,
        since: datetime | None,  # noqa: ARG002 (part of the interface)
    ) -> Iterator[Page[Raw]]:
        response = found(source, fetch, Options(**source.options))
        page, document = listing(response)
        if isinstance(document, Document) and document.features is not None:
            yield from search_pages(fetch, response, page, document)
        else:
            yield page

    def records(
        self,
        source: HarvestSource,  # noqa: ARG002 (part of the interface)
        page: Page[Raw],
    ) -> Iterator[HarvestRecord | Issue]:
        for item in page.items:
            identifier = identity(item)
            key = item_key(identifier)
            alias = key if key != identifier else None
            yield HarvestRecord(identifier, bytes(item), alias=alias) if identifier else nameless(item)

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:
        entry = fields(record)
        read = read_feature if isinstance(entry.get("properties"), dict) else read_entry
        dataset = read(record, entry, source.url.rstrip("/"))
        dataset.federated = not ours(dataset, Options(**source.options))
        return dataset


def found(source: HarvestSource, fetch: Fetch, options: Options) -> Response:
    """The first of the addresses that is there; the last one's 404 is a FetchError."""
    addresses = [address(source, path) for path in ((options.feed,) if options.feed else FEEDS)]
    for url in addresses[:-1]:
        response = fetch.get(url, accept=ACCEPT, allow=NOT_FOUND)
        if response.status not in NOT_FOUND:
            return response
    search = position(1) if "/api/search/" in addresses[-1] else None
    return fetch.get(addresses[-1], search, accept=ACCEPT)


def address(source: HarvestSource, path: str) -> str:
    return path if "://" in path else f"{source.url.rstrip('/')}/{path.lstrip('/')}"


def position(start: int) -> dict[str, str | int]:
    """A page of a search, in an order that does not move."""
    return {"limit": PAGE_SIZE, "startindex": start, "sortBy": "properties.created"}


def listing(response: Response) -> tuple[Page[Raw], Document | list[Raw]]:
    document, issues = read(response, DOCUMENT, EXPECTED)
    items = members(document)
    if items is None:
        raise refusal(response.url, response.body, EXPECTED)
    total = count(document.matched) if isinstance(document, Document) else None
    return Page(response.url, tuple(items), total=total, issues=issues), document


def members(document: Document | list[Raw]) -> list[Raw] | None:
    """The entries; JSON-LD writes a single one without a list. None when there is no place for entries."""
    if isinstance(document, list):
        return document
    if document.features is not None:
        return document.features
    entries = bytes(document.dataset) or bytes(document.prefixed)
    if entries[:1] == b"[":
        return ITEMS.decode(entries)
    return [Raw(entries)] if entries[:1] == b"{" else None


def search_pages(fetch: Fetch, response: Response, first: Page[Raw], document: Document) -> Iterator[Page[Raw]]:
    """Follows the links named next; where one is missing or leads to another host, the position counts on."""
    endpoint = urlsplit(response.asked_url or response.url)._replace(query="", fragment="").geturl()

    def ask(walked: int, link: str | None) -> tuple[Page[Raw], str | None]:
        if walked == 0:
            return first, next_link(document, response.url)
        answer = fetch.get(link or endpoint, None if link else position(walked + 1), accept=ACCEPT)
        page, following = listing(answer)
        return page, next_link(following, answer.url)

    return linked_pages(ask, lambda item: identity(item) or bytes(item))


def next_link(document: Document | list[Raw], url: str) -> str | None:
    """The next page on the same host, absolute."""
    links = objects(document.links) if isinstance(document, Document) else []
    onward = next((text(link.get("href")) for link in links if link.get("rel") == "next"), None)
    try:
        target = urljoin(url, onward) if onward else None
        return target if target and urlsplit(target).netloc == urlsplit(url).netloc else None
    except ValueError:
        return None


def identity(item: Raw) -> str:
    """The feed's own identifier, else landing page, else IRI, else the item's id; empty when there is none of them."""
    keys = keys_of(item, KEYS)
    if keys is None:
        return ""
    named = (keys.identifier, keys.dct_identifier, keys.dcterms_identifier)
    placed = (keys.landing_page, keys.dcat_landing_page, keys.iri, keys.id)
    inner = keys_of(keys.properties, KEYS) if bytes(keys.properties) else None
    return next((name for value in (*named, *placed) if (name := label(value))), "") or (inner and text(inner.id)) or ""


def ours(dataset: RawDataset, options: Options) -> bool:
    """Whether the entry names nobody else as its publisher, owner or host."""
    owner = dataset.contacts[0].name if dataset.contacts else None
    said = (
        (options.publishers, dataset.publisher_name),
        (options.owners, owner),
        (options.hosts, host(dataset.landing_page)),
    )
    return all(not own or not name or name.casefold() in {one.casefold() for one in own} for own, name in said)


def host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None
