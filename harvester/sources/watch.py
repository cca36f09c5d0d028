"""Kind `watch`: the addresses of a city without portal, polled; what answered is kept as evidence. Lists no datasets.

An address that does not answer proves nothing: an own outage must never read as "no catalogue".
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, cast
from urllib.parse import urlsplit

from pydantic import Field

from catalog.model import Issue
from config.source import HarvestSource, Strict
from harvester.errors import ErrorKind, HarvestError
from harvester.robots import robots
from harvester.sources.base import Fetch, HarvestRecord, Page, Probe, RawDataset
from harvester.sources.fingerprints import Reading, reading

Address = Annotated[str, Field(pattern="^https?://")]
Evidence = dict[str, Any]

AGENT: Final = "Datapeil"  # as robots.txt files name us
REFUSING: Final = frozenset({401, 403, 429, 451})
UNANSWERED: Final = frozenset({"unreachable", "blocked"})


class Options(Strict):
    """`addresses`: polled besides `url`. `guesses`: addresses that no evidence names (`https://opendata.example.be`)."""

    addresses: tuple[Address, ...] = ()
    guesses: tuple[Address, ...] = ()


class Watch:
    """The kind `watch`."""

    def pages(
        self,
        source: HarvestSource,
        fetch: Fetch,
        since: datetime | None,  # noqa: ARG002 (an address answers as it is today)
    ) -> Iterator[Page[bytes]]:
        """One page without items, its evidence one observation for each address. See `observation` for the shape.

        Raises HarvestError, after that page, when no address but guesses answered.
        """
        options = Options(**source.options)
        known = dict.fromkeys([source.url, *options.addresses])
        rules: dict[str, Probe] = {}
        seen = [observation(look(fetch, url, rules), guess=False) for url in known]
        answered = any(it["verdict"] not in UNANSWERED for it in seen)
        guessed = [observation(look(fetch, url, rules), guess=True) for url in options.guesses if url not in known]
        for it in guessed if answered else ():
            if it["error"] == "dns":  # the names of others were found, so that this one is none
                it["verdict"] = "no_catalogue"
        yield Page(source.url, evidence=(*seen, *guessed))
        if not answered:
            raise outage(source.url, seen)

    def records(
        self,
        source: HarvestSource,  # noqa: ARG002 (part of the interface)
        page: Page[bytes],  # noqa: ARG002
    ) -> Iterator[HarvestRecord | Issue]:
        yield from ()

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:  # noqa: ARG002
        return RawDataset(record.identifier)


def look(fetch: Fetch, url: str, rules: dict[str, Probe]) -> Probe:
    """What the address answers; where the robots.txt of its host (each asked once) forbids or fails, that it is."""
    home = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    if home not in rules:
        rules[home] = fetch.probe(home + "/robots.txt")
    said = rules[home]
    if said.response is None:
        return Probe(url, error=said.error, message=said.message)
    if said.response.status >= 500 or said.response.status == 429:
        return Probe(url, said.response)
    if not robots(said.response.status, said.response.body).permits(url, AGENT):
        return Probe(url, error="blocked", message="The robots.txt of the site does not let robots read this address.")
    return fetch.probe(url)


def observation(probe: Probe, *, guess: bool) -> Evidence:
    """What is kept of an answer, as JSON holds it. See `Reading` for what a page shows.

    `verdict`: `catalogue` (a catalog interface or many dataset links answer), `page` (an open-data page does),
    `no_catalogue` (something else does, or 404), `closed` (410), `unreachable`, `blocked` (401, 403, 429, robots.txt).
    """
    answer = probe.response
    read = reading(answer) if answer and 200 <= answer.status < 300 else Reading()
    return {
        "url": probe.url,
        "guess": guess,
        "final_url": answer.url if answer else None,
        "status": answer.status if answer else None,
        "error": probe.error,
        "message": probe.message,
        "content_type": answer.content_type if answer else None,
        "last_modified": answer.headers.get("last-modified") if answer else None,
        "title": read.title,
        "software": read.software,
        "mentions": list(read.mentions),
        "files": read.files,
        "datasets": read.datasets,
        "leads": list(read.leads),
        "verdict": verdict(probe, read),
    }


def verdict(probe: Probe, read: Reading) -> str:
    """See `observation`. Of a status that says neither yes nor no (400, 405) we learn as little as of none."""
    if probe.response is None:
        return "blocked" if probe.error == "blocked" else "unreachable"
    status = probe.response.status
    if 200 <= status < 300:
        return read.verdict
    if status in REFUSING:
        return "blocked"
    return {404: "no_catalogue", 410: "closed"}.get(status, "unreachable")


def outage(url: str, seen: Iterable[Mapping[str, Any]]) -> HarvestError:
    """The fault of a run in which nothing answered, as the first address had it."""
    first = next(iter(seen))
    status: int | None = first["status"]
    kind = first["error"] or ("blocked" if first["verdict"] == "blocked" else "http")
    reason = first["message"] or f"{first['url']} answers with status {status}."
    return HarvestError(
        f"None of the watched addresses answers. {reason}", kind=cast(ErrorKind, kind), url=url, status=status
    )
