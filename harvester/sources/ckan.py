"""CKAN portals by their action API: `package_search`, page by page. What is in a package, `ckan_package` knows.

A harvest source, a showcase, a private package and one that is a draft or deleted are listed but are no datasets: each
is an issue that names it, so that it still counts as seen.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Raw
from pydantic import Field

from catalog.model import Issue
from config.source import HarvestSource, Strict
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset
from harvester.sources.ckan_package import read_package
from harvester.sources.json_items import fields, keys_of, nameless, read
from harvester.sources.loose import count, labels, text
from harvester.sources.paging import offset_pages

NOT_DATASETS: Final = {"harvest", "showcase", "application", "reuse"}


class Options(Strict):
    """`incremental`: ask only what changed, and sweep the names; off by default, because `metadata_modified` may lie.

    `federated_by_harvest`: a package that the portal harvested elsewhere belongs to another organisation.
    """

    page_size: int = Field(default=500, ge=1, le=1000)
    sort: str = "id asc"
    incremental: bool = False
    federated_by_harvest: bool = True


class Found(msgspec.Struct):
    results: list[Raw]
    count: Any = None


class Search(msgspec.Struct):
    """DKAN answers with a bare list where CKAN has `count` and `results`."""

    result: Found | list[Raw]


class Names(msgspec.Struct):
    result: list[Any]


class Package(msgspec.Struct):
    id: Any = None
    name: Any = None
    type: Any = None
    state: Any = None
    private: Any = None


SEARCH: Final = msgspec.json.Decoder(Search)
NAMES: Final = msgspec.json.Decoder(Names)
PACKAGE: Final = msgspec.json.Decoder(Package)


class Ckan:
    """The kind `ckan`."""

    def pages(self, source: HarvestSource, fetch: Fetch, since: datetime | None) -> Iterator[Page[Raw]]:
        options = Options(**source.options)
        query: dict[str, str | int] = {"rows": options.page_size, "sort": options.sort}
        changed_since = since if options.incremental else None
        if changed_since:
            query["fq"] = f"metadata_modified:[{changed_since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} TO *]"

        def ask(start: int) -> tuple[Page[Raw], bool]:
            response = fetch.get(action(source, "package_search"), query | {"start": start}, accept="application/json")
            answer, issues = read(response, SEARCH, "a CKAN package_search answer")
            if isinstance(answer.result, list):
                return Page(response.url, tuple(answer.result), issues=issues), True
            found = answer.result
            return Page(response.url, tuple(found.results), total=count(found.count), issues=issues), False

        yield from offset_pages(ask, identity, options.page_size)
        if changed_since:
            response = fetch.get(action(source, "package_list"), accept="application/json")
            names, issues = read(response, NAMES, "a CKAN package_list answer")
            yield Page(response.url, ids=tuple(labels(names.result)), issues=issues)

    def records(
        self,
        source: HarvestSource,  # noqa: ARG002 (part of the interface)
        page: Page[Raw],
    ) -> Iterator[HarvestRecord | Issue]:
        for item in page.items:
            package = keys_of(item, PACKAGE)
            identifier = text(package.id) if package else None
            if package is None or identifier is None:
                yield nameless(item)
            elif fault := no_dataset(package):
                yield Issue(stage="record", code=fault[0], field=fault[1], value=fault[2], record=identifier)
            else:
                yield HarvestRecord(identifier, bytes(item), alias=text(package.name))

    def dataset(self, source: HarvestSource, record: HarvestRecord) -> RawDataset:
        found = read_package(record, fields(record), source.url.rstrip("/"))
        if found.federated:
            found.federated = Options(**source.options).federated_by_harvest
        return found


def action(source: HarvestSource, name: str) -> str:
    return f"{source.url.rstrip('/')}/api/3/action/{name}"


def identity(item: Raw) -> str | bytes:
    package = keys_of(item, PACKAGE)
    return text(package.id) or bytes(item) if package else bytes(item)


def no_dataset(package: Package) -> tuple[str, str, str] | None:
    """Issue code, field and value of a package that is no published dataset."""
    kind = (text(package.type) or "dataset").lower()
    state = (text(package.state) or "active").lower()
    if kind in NOT_DATASETS:
        return "not_a_dataset", "type", kind
    if state != "active":
        return "not_active", "state", state
    return ("not_active", "private", "true") if package.private is True else None
