"""One CKAN resource read as a distribution, and the services it names. Knows no package and no listing."""

import re
from functools import lru_cache
from typing import Any, Final

from harvester.sources.base import RawDistribution, RawService
from harvester.sources.loose import absolute, label, labels, localized, objects, text, when

NAIVE_TIME: Final = re.compile(r"[0-9-]{10}[T ][0-9:.]{8,15}")
SCHEMED: Final = {
    *("name_translated", "title", "description_translated", "access_url", "download_url"),
    *("license", "license_url", "license_id", "rights", "issued", "modified"),
}

Resource = dict[str, Any]


def distribution(resource: Resource, base: str) -> RawDistribution:
    """CKAN's own fields by position, which is twice as fast as by name; then those of schemas, where there are any."""
    get = resource.get
    url = absolute(base, text(get("url")))
    found = RawDistribution(
        text(get("id")),
        localized(get("name")),
        localized(get("description")),
        url,
        url if get("url_type") == "upload" or get("resource_type") == "file" else None,
        label(get("format")),
        text(get("mimetype")),
        when(get("size")),
    )
    found.issued = utc(get("created"))
    found.modified = utc(get("last_modified"))
    found.checksum = text(get("hash"))
    if not resource.keys().isdisjoint(SCHEMED):
        add_schemed(found, resource, base)
    return found


def add_schemed(found: RawDistribution, resource: Resource, base: str) -> None:
    """The fields that schemas such as DCAT-AP add to a resource; they win over CKAN's own."""
    get = resource.get
    found.title = localized(get("name_translated") or get("name") or get("title"))
    found.description = localized(get("description_translated") or get("description"))
    found.access_url = absolute(base, text(get("access_url"))) or found.access_url
    found.download_url = absolute(base, text(get("download_url"))) or found.download_url
    found.license = label(get("license") or get("license_url") or get("license_id"))
    found.rights = label(get("rights"))
    found.issued = when(get("issued")) or found.issued
    found.modified = when(get("modified")) or found.modified


def services(resource: Resource) -> list[RawService]:
    return [
        RawService(endpoint, localized(service.get("title")))
        for service in objects(resource.get("access_services"))
        for endpoint in labels(service.get("endpoint_url"))
    ]


def utc(value: Any) -> str | int | float | None:
    """CKAN's own times are UTC and say no zone."""
    time = when(value)
    return with_zone(time) if isinstance(time, str) else time


@lru_cache(maxsize=8192)
def with_zone(time: str) -> str:
    return time + "Z" if NAIVE_TIME.fullmatch(time) else time
