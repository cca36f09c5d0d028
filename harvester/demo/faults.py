"""What goes wrong with portals: each fault is an App around an App, while its `When` says so. Knows no scripted world.

Wire faults spoil any answer; listing faults need a `Dialect`, since they change what it shows.
"""

import gzip
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from urllib.parse import parse_qs

from harvester.demo.portal import Answer, App, Piece, Request, Reset
from harvester.demo.truth import Defect, Dialect, Listing, SimDataset

MEGABYTE = b" " * 1_048_576
PAGING = ("start", "offset", "startindex", "page")
LONG = 3_600.0


@dataclass(slots=True)
class When:
    """When a fault bites: after `skip` requests, for `times` requests or `seconds` from the first one bitten.

    Only requests whose target contains `path` count. One `When` belongs to one fault: it is spent by use.
    """

    times: int | None = None
    seconds: float | None = None
    skip: int = 0
    path: str = ""
    _seen: Iterator[int] = field(default_factory=itertools.count, repr=False)
    _first: list[float] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, request: Request) -> bool:
        if self.path not in request.target or request.path == "/robots.txt":
            return False
        with self._lock:
            turn = next(self._seen) - self.skip
            if turn < 0:
                return False
            self._first[:] = self._first or [time.monotonic()]
        in_time = self.seconds is None or time.monotonic() - self._first[0] < self.seconds
        return in_time and (self.times is None or turn < self.times)


Spoil = Callable[[Request], Answer]


def instead(app: App, spoil: Spoil, when: When | None) -> App:
    """`spoil` answers while the fault lasts, the app otherwise."""
    applies = when or When()
    return lambda request: spoil(request) if applies(request) else app(request)


def whole(answer: Answer) -> bytes:
    return (
        answer.body
        if isinstance(answer.body, bytes)
        else b"".join(part for part in answer.body if isinstance(part, bytes))
    )


# ------------------------------------------------------------------------------------------------------- wire faults
def empty_body(app: App, when: When | None = None) -> App:
    """HTTP 200 and not one byte, with the usual content type."""
    return instead(app, lambda request: Answer(200, app(request).headers, b""), when)


def truncated_body(app: App, share: float = 0.5, *, reset: bool = False, when: When | None = None) -> App:
    """The whole length is announced, `share` of it is sent, then the connection closes (or is reset)."""

    def spoil(request: Request) -> Answer:
        good = app(request)
        body = whole(good)
        sent: list[Piece] = [body[: int(len(body) * share)]]
        return Answer(
            good.status, {**good.headers, "Content-Length": str(len(body))}, [*sent, Reset()] if reset else sent
        )

    return instead(app, spoil, when)


def html_instead(app: App, when: When | None = None, content_type: str = "text/html; charset=utf-8") -> App:
    """A maintenance page with HTTP 200."""
    page = b"<!DOCTYPE html><html><head><title>Onderhoud</title></head><body><h1>Even geduld</h1></body></html>"
    return instead(app, lambda _: Answer(200, {"Content-Type": content_type}, page), when)


def error_json(app: App, when: When | None = None, body: bytes = b"") -> App:
    """An error document with HTTP 200, as ArcGIS and CKAN have sent them."""
    document = body or b'{"success":false,"error":{"code":500,"message":"Unable to complete operation.","details":[]}}'
    return instead(app, lambda _: Answer(200, {"Content-Type": "application/json"}, document), when)


def too_many_requests(app: App, retry_after: str = "1", when: When | None = None) -> App:
    """429 with Retry-After: seconds or an HTTP date, whatever is given; blank leaves the header out."""
    headers = {"Content-Type": "application/json"} | ({"Retry-After": retry_after} if retry_after else {})
    return instead(
        app, lambda _: Answer(429, headers, b'{"error_code":"TooManyRequests","message":"Too many requests"}'), when
    )


def status(app: App, code: int = 500, when: When | None = None, headers: Mapping[str, str] | None = None) -> App:
    """Any status with a small page: 500, 503, 403, 404, 410."""
    page = b"<html><body><h1>Fout</h1></body></html>"
    return instead(app, lambda _: Answer(code, {"Content-Type": "text/html", **(headers or {})}, page), when)


def hang(app: App, seconds: float = LONG, when: When | None = None) -> App:
    """The request is read and nothing ever comes back."""
    return instead(app, lambda _: Answer(0, body=[seconds]), when)


def hang_in_body(app: App, seconds: float = LONG, when: When | None = None) -> App:
    """The head and the first half come, then nothing."""

    def spoil(request: Request) -> Answer:
        good = app(request)
        body = whole(good)
        return Answer(
            good.status, {**good.headers, "Content-Length": str(len(body))}, [body[: len(body) // 2], seconds]
        )

    return instead(app, spoil, when)


def slow_drip(app: App, pause_s: float = 0.2, size: int = 1, when: When | None = None) -> App:
    """The true body, `size` bytes at a time with a pause between them: always alive, never done."""

    def spoil(request: Request) -> Answer:
        good = app(request)
        body = whole(good)
        return Answer(good.status, {**good.headers, "Content-Length": str(len(body))}, dripping(body, pause_s, size))

    return instead(app, spoil, when)


def dripping(body: bytes, pause_s: float, size: int) -> Iterator[Piece]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
        yield pause_s


def huge_body(app: App, megabytes: int = 300, *, announced: bool = False, when: When | None = None) -> App:
    """More than anyone wants; with `announced` the Content-Length says so, else it is chunked."""

    def spoil(request: Request) -> Answer:
        headers = dict(app(request).headers)
        if announced:
            headers["Content-Length"] = str(len(MEGABYTE) * megabytes)
        return Answer(200, headers, itertools.repeat(MEGABYTE, megabytes))

    return instead(app, spoil, when)


def bomb(app: App, megabytes: int = 1_000, when: When | None = None) -> App:
    """Blanks in gzip: about a thousandth of their size on the wire."""
    member = gzip.compress(MEGABYTE * 10, 9)

    def spoil(request: Request) -> Answer:
        headers = {**app(request).headers, "Content-Encoding": "gzip"}
        return Answer(200, headers, itertools.repeat(member, -(-megabytes // 10)))

    return instead(app, spoil, when)


def endless_redirect(app: App, when: When | None = None, *, same: bool = False) -> App:
    """Every answer sends to another address of its own, or to itself."""

    def spoil(request: Request) -> Answer:
        hop = int(request.value("hop", "0")) + 1
        target = request.target if same else f"{request.path}?hop={hop}"
        return Answer(302, {"Location": target}, b"")

    return instead(app, spoil, when)


def redirect_to(app: App, location: str, code: int = 302, when: When | None = None) -> App:
    """To a fixed address: another host, a private network, another scheme."""
    return instead(app, lambda _: Answer(code, {"Location": location}, b""), when)


def wrong_charset(app: App, really: str = "cp1252", declared: str = "utf-8", when: When | None = None) -> App:
    """The text is in one encoding and the header names another, perhaps one that does not exist."""

    def spoil(request: Request) -> Answer:
        good = app(request)
        media_type = good.headers.get("Content-Type", "text/plain").partition(";")[0]
        headers = {**good.headers, "Content-Type": f"{media_type}; charset={declared}"}
        headers.pop("ETag", None)
        return Answer(good.status, headers, whole(good).decode("utf-8", "replace").encode(really, "replace"))

    return instead(app, spoil, when)


def deep_nesting(app: App, depth: int = 100_000, when: When | None = None) -> App:
    """A document of the right kind that is nothing but depth."""

    def spoil(request: Request) -> Answer:
        headers = app(request).headers
        media_type = headers.get("Content-Type", "")
        return Answer(200, headers, nested(media_type, depth))

    return instead(app, spoil, when)


def nested(media_type: str, depth: int) -> bytes:
    if "json" in media_type:
        return b'{"results":' + b"[" * depth + b"]" * depth + b"}"
    if "xml" in media_type:
        return b"<a>" * depth + b"</a>" * depth
    if "html" in media_type:
        return b"<html><body>" + b"<div>" * depth + b"</div>" * depth
    return b"<a:a> <a:b> " + b"[ <a:c> " * depth + b'"x"' + b" ]" * depth + b" ."


def page_loop(app: App, when: When | None = None) -> App:
    """Whatever page is asked, the first one comes."""

    def spoil(request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        pairs = [pair for pair in query.split("&") if pair.partition("=")[0] not in PAGING]
        kept = parse_qs("&".join(pairs), keep_blank_values=True)
        return app(replace(request, query=kept, target=f"{path}?{'&'.join(pairs)}" if pairs else path))

    return instead(app, spoil, when)


# ---------------------------------------------------------------------------------------------------- listing faults
Change = Callable[[Listing], Listing]


def shown(app: Dialect, change: Change, when: When | None) -> App:
    return instead(app, app.showing(change), when)


def empty_list(app: Dialect, when: When | None = None) -> App:
    """A well-formed catalog that lists nothing."""
    return shown(app, lambda _: Listing((), 0), when)


def first_page_only(app: Dialect, size: int, when: When | None = None) -> App:
    """The total is that of everything, but after `size` records nothing comes."""
    return shown(app, lambda listing: Listing(listing.items[:size], len(listing.items)), when)


def total_lies(app: Dialect, by: int | None, when: When | None = None) -> App:
    """All records come, but the total is `by` too high (or too low), or absent when None."""
    return shown(app, lambda listing: Listing(listing.items, None if by is None else len(listing.items) + by), when)


def moving_items(app: Dialect, leave: int = 1, arrive: int = 1, when: When | None = None) -> App:
    """Between any two requests `leave` records go at the front and `arrive` come at the end: paging loses some.

    Equal numbers keep the total, so that only the ids can tell. At most eight moves.
    """
    moves = itertools.count()

    def change(listing: Listing) -> Listing:
        items = sorted(listing.items, key=lambda dataset: dataset.slug)
        move = min(next(moves), 8)
        return Listing.honest(items[move * leave : len(items) - arrive * (8 - move)])

    return shown(app, change, when)


def duplicate_ids(app: Dialect, count: int = 1, when: When | None = None) -> App:
    """The first `count` records are listed twice, and the total counts them twice."""
    return shown(app, lambda listing: Listing.honest([*listing.items, *listing.items[:count]]), when)


def changed_ids(app: Dialect, when: When | None = None) -> App:
    """The same content under new ids, slugs and addresses, as after a migration."""
    return shown(app, lambda listing: Listing.honest([renamed(dataset) for dataset in listing.items]), when)


def renamed(dataset: SimDataset) -> SimDataset:
    fresh = blake2b(dataset.id.encode(), digest_size=16).hexdigest()
    if dataset.id.isdecimal():
        fresh = str(int(dataset.id) + 100_000)
    return replace(dataset, id=fresh, slug=f"{dataset.slug}-{fresh[:6]}")


def one_invalid(app: Dialect, defect: Defect = "fields", index: int = 0, when: When | None = None) -> App:
    """One record has fields of wrong types, no identity, or is no object at all."""

    def change(listing: Listing) -> Listing:
        items = list(listing.items)
        items[index] = replace(items[index], defect=defect)
        return Listing(items, listing.total)

    return shown(app, change, when)


def every_date_invalid(app: Dialect, text: str = "binnenkort", when: When | None = None) -> App:
    """No date of any record is one."""
    return shown(
        app, lambda listing: Listing.honest([replace(d, issued=text, modified=text) for d in listing.items]), when
    )
