"""One question, as it goes over the wire, and what its answer says of itself. Knows no connection and no time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

import requests

from harvester import addresses
from harvester.addresses import Origin
from harvester.errors import FetchError
from harvester.sources.base import Params, Response

# What may go on to another owner's host after a redirect; everything else could be a key.
TRAVELLING = frozenset({"accept", "accept-language", "if-none-match", "if-modified-since"})


@dataclass(frozen=True, slots=True)
class Question:
    """One address to ask, before its redirects. `headers` include `accept`; statuses in `allow` are answers."""

    url: str
    headers: Mapping[str, str]
    allow: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Validator:
    """What an answer said of its own version. `url`: as asked, with its query; each `accept` has its own versions."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    accept: str = "*/*"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers, such as an API key, for one portal: they go to the scheme, name and port of `url`, nowhere else."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


def prepared(url: str, params: Params | None = None) -> str:
    """The URL as it goes over the wire, no fragment; raises FetchError for what is no http(s) address."""
    try:
        addresses.origin(url.strip())
        wire_url = requests.Request("GET", url.strip(), params=dict(params or {})).prepare().url or ""
        addresses.origin(wire_url)
    except (requests.RequestException, ValueError) as fault:
        raise not_an_address(url) from fault
    return wire_url.partition("#")[0]


def origin(url: str) -> Origin:
    """Scheme, name and port; raises FetchError."""
    try:
        return addresses.origin(url)
    except ValueError as fault:
        raise not_an_address(url) from fault


def not_an_address(url: str) -> FetchError:
    message = "The portal leads to something that is not an http or https address."
    return FetchError(message, kind="refused_address", url=addresses.shown(url))


def travelling(question: Question, target: str) -> Mapping[str, str]:
    """The headers for the next hop: another owner gets only the harmless ones."""
    if addresses.same_owner(origin(question.url), origin(target)):
        return question.headers
    return {name: value for name, value in question.headers.items() if name.lower() in TRAVELLING}


def content_type(header: str) -> tuple[str, str | None]:
    """`Text/HTML; charset="UTF-8"` as ("text/html", "utf-8")."""
    message = Message()
    message["Content-Type"] = header
    charset = message.get_param("charset")
    declared = charset.strip().lower()[:40] if isinstance(charset, str) else ""
    return header.partition(";")[0].strip().lower(), declared or None


def conditions(known: Validator) -> dict[str, str]:
    """The headers that ask whether something changed since `known`."""
    headers = {"Accept": known.accept}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def validator(response: Response, accept: str) -> Validator:
    """What this answer can be compared by next time."""
    etag, last_modified = (_sendable(response.headers.get(name)) for name in ("etag", "last-modified"))
    return Validator(response.asked_url, etag, last_modified, accept)


def _sendable(value: str | None) -> str | None:
    """A validator that can go back in a header just as it came."""
    value = value.strip() if value else None
    return value if value and len(value) <= 500 and value.isascii() and value.isprintable() else None
