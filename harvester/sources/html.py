"""Kind `html`: datasets on web pages, found by the CSS selectors of the source file (`html_options`).

This module walks list pages and entry pages; `html_entry` finds and names the entries, `html_values` reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import orjson
from bs4 import BeautifulSoup

from catalog.model import Issue
from config.source import HarvestSource
from harvester.charset import decode
from harvester.errors import HarvestError, ParseError, RecordError
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset, Response
from harvester.sources.html_entry import MAX_ENTRIES, Entry, anchor, entries, slug
from harvester.sources.html_options import Options as Options
from harvester.sources.html_values import Scope, licenses, raw_dataset, scope, selected, values
from harvester.sources.json_items import fields
from harvester.sources.markup import absolute, declared_charset, tree

MAX_LIST_PAGES: Final = 500
ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
GONE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list page read. `prefix` names the list it belongs to, "" for the one at the source's own address."""

    url: str
    soup: BeautifulSoup
    issues: tuple[Issue, ...]
    licenses: list[str]
    next: str | None = None
    prefix: str = ""


class Html:
    """The kind `html`."""

    def pages(
        self,
        source: HarvestSource,
        fetch: Fetch,
        since: datetime | None,  # noqa: ARG002 (a web page can't say what changed)
    ) -> Iterator[Page[bytes]]:
        options = Options(**source.options)
        listed: dict[str, str] = {}
        turned: set[tuple[str, ...]] = set()
        for number, sheet in enumerate(list_pages(source, fetch, options), start=1):
            found = datasets(sheet, options, source.url)
            keys = (sheet.prefix, *(entry.key for entry in found))
            if found and keys in turned:
                raise ParseError("The next page lists the same datasets again.", url=sheet.url, kind="loop")
            turned.add(keys)
            if number > MAX_LIST_PAGES or len(listed) + len(found) > MAX_ENTRIES:
                value = f"{number} pages, {len(listed) + len(found)} entries"
                yield Page(sheet.url, issues=(Issue("fetch", "listing_too_long", value=value),), whole=False)
                return
            found = [entry for entry in found if listed.setdefault(entry.key, sheet.prefix) == sheet.prefix]
            if not options.follow:
                yield Page(sheet.url, tuple(item(sheet, entry, options) for entry in found), issues=sheet.issues)
                continue
            yield Page(sheet.url, issues=sheet.issues)
            for entry in found:
                yield entry_page(fetch, sheet, entry, options)

    def records(
        self,
        source: HarvestSource,  # noqa: ARG002 (part of the interface)
        page: Page[bytes],
    ) -> Iterator[HarvestRecord | Issue]:
        for raw in page.items:
            said = orjson.loads(raw)
            if said["id"]:
                yield HarvestRecord(said["id"], raw)
            else:
                yield Issue("record", "no_identifier", value=said["title"][:500])

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:  # noqa: ARG002 (part of the interface)
        said = fields(record)
        if "gone" in said:
            message = f"The list leads to an entry page that is gone (status {said['gone']})."
            raise RecordError(message, code="entry_page_gone", value=said["landing_page"])
        return raw_dataset(record.identifier, said)


def list_pages(source: HarvestSource, fetch: Fetch, options: Options) -> Iterator[Sheet]:
    """Every list page, list by list; each list ends where no link `next` is left."""
    starts = [source.url, *options.pages]
    if options.lists:
        index = read(fetch, source.url, options)
        starts = [*linked(index.soup, index.url, options.lists), *options.pages]
        if len(starts) == len(options.pages):
            raise nothing_found(index.url, options.lists)
    for start in dict.fromkeys(starts):
        prefix = "" if start == source.url else slug(unquote_last(start))
        asked: set[str] = set()
        address: str | None = start
        while address:
            if address in asked:
                raise ParseError("The list leads from page to page in a circle.", url=address, kind="loop")
            sheet = read(fetch, address, options)
            asked |= {address, sheet.url}
            yield replace(sheet, prefix=prefix)
            address = sheet.next


def read(fetch: Fetch, url: str, options: Options) -> Sheet:
    """A list page. Raises HarvestError of kind `blocked` where robots.txt keeps us out."""
    if not fetch.permitted(url):
        raise HarvestError("The robots.txt of the site does not let robots read its list.", kind="blocked", url=url)
    response = fetch.get(url, accept=ACCEPT)
    soup, issues = opened(response, options)
    following = linked(soup, response.url, options.next) if options.next else []
    shared = licenses([scope(soup, response.url)], options.page_license)
    return Sheet(response.url, soup, issues, shared, next=next(iter(following), None))


def opened(response: Response, options: Options) -> tuple[BeautifulSoup, tuple[Issue, ...]]:
    declared = options.charset or response.charset or declared_charset(response.body)
    text, issues = decode(response.body, declared)
    return tree(text, response.url), issues


def linked(soup: BeautifulSoup, url: str, selector: str) -> list[str]:
    """Where the matches lead, each once; a link to a place on the page itself leads nowhere."""
    page = scope(soup, url)
    hrefs = (str(tag.get("href", "")).strip() for tag in selected([page], selector))
    addresses = (absolute(page.base, href) for href in hrefs if href and not href.startswith("#"))
    return list(dict.fromkeys(address for address in addresses if address))


def unquote_last(url: str) -> str:
    """What tells the addresses of lists apart: the last part of the path, and the query."""
    parts = urlsplit(url)
    return f"{unquote(parts.path.rstrip('/').rpartition('/')[2])} {parts.query}"


def datasets(sheet: Sheet, options: Options, home: str) -> list[Entry]:
    """The entries of a list page. Raises ParseError of kind `empty` when there are none and no marker proves that."""
    proven_empty = options.allow_empty and bool(selected([scope(sheet.soup, sheet.url)], options.marker))
    found = entries(scope(sheet.soup, sheet.url), options, home, sheet.prefix)
    if not found and not proven_empty:
        raise nothing_found(sheet.url, options.entry)
    return found


def nothing_found(url: str, selector: str) -> ParseError:
    message = f"Nothing on the page matches {selector!r}: its layout has changed, or this is another page."
    return ParseError(message, url=url, kind="empty")


def entry_page(fetch: Fetch, sheet: Sheet, entry: Entry, options: Options) -> Page[bytes]:
    """One entry as its own page tells it. Where robots.txt keeps us from it, what the list says is used alone."""
    if entry.link is None or not entry.key:
        return Page(sheet.url, (item(sheet, entry, options),))
    if not fetch.permitted(entry.link):
        kept_out = Issue("fetch", "entry_page_disallowed", value=entry.link[:500], record=entry.key)
        return Page(sheet.url, (item(sheet, entry, options),), issues=(kept_out,))
    response = fetch.get(entry.link, accept=ACCEPT, allow=GONE)
    if response.status in GONE:
        said = {"id": entry.key, "gone": response.status, "landing_page": entry.link}
        return Page(response.url, (orjson.dumps(said),))
    soup, issues = opened(response, options)
    return Page(response.url, (item(sheet, entry, options, scope(soup, response.url, options.detail)),), issues=issues)


def item(sheet: Sheet, entry: Entry, options: Options, own_page: Scope | None = None) -> bytes:
    """What the pages say of an entry, as the JSON that is kept and hashed."""
    scopes = [own_page, entry.scope] if own_page else [entry.scope]
    said = values(scopes, entry.head, options, entry.link)
    name = quote(next((step for step in entry.ladder if step), "").partition("=")[2], safe="")
    named = [template.replace("{id}", name) for template in options.file_templates if name]
    made = [
        {"url": absolute(sheet.url, address) or "", "label": address.rpartition("/")[2].upper()} for address in named
    ]
    place = anchor(entry.head)
    said |= {
        "id": entry.key,
        "files": [*said["files"], *made],
        "licenses": said["licenses"] or sheet.licenses,
        "landing_page": entry.link or sheet.url + (f"#{quote(place)}" if place else ""),
    }
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
