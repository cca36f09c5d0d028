"""One CKAN package read as a dataset: its own fields, those of schemas, and extras. Knows no listing."""

import re
from typing import Any, Final

from harvester.sources.base import HarvestRecord, RawContact, RawDataset
from harvester.sources.ckan_resource import distribution, services, utc
from harvester.sources.loose import (
    email,
    iri,
    json_text,
    label,
    labels,
    listed,
    localized,
    objects,
    text,
    when,
)

BOX: Final = ("bbox-west-long", "bbox-south-lat", "bbox-east-long", "bbox-north-lat")
HARVESTED: Final = ("harvest_source_id", "harvest_object_id", "harvest_catalogue_url")
LICENSE: Final = ("license_url", "license_id", "license_title", "license")
FREQUENCY: Final = ("frequency", "accrual_periodicity", "frequency-of-update", "update_frequency", "updatefrequency")
PERSONS: Final = (
    ("contact_name", ("contact_email", "contact-email"), "contact_uri"),
    ("maintainer", ("maintainer_email",), None),
    ("author", ("author_email",), None),
)
IN_ONE_LINE: Final = ("contact_point", "administrative_contact", "metadata_contact")
COMMA: Final = re.compile(r"\s*,\s*")
PERIOD_START: Final = ("temporal_start", "temporal_coverage-from", "time_coverage_from")
PERIOD_END: Final = ("temporal_end", "temporal_coverage-to", "time_coverage_to")
SAME: Final = ("uri", "guid", "harvest_dataset_url")
SHOWN: Final = ("title", "display_name", "name")
SCHEMED: Final = {
    *("title_translated", "notes_translated", "publisher", "publisher_name", "publisher_uri"),
    *("creator", "creator_name", "creator_uri", "access_rights", "rights", "conforms_to"),
    *("temporal", "temporal_coverage", *PERIOD_START, *PERIOD_END, *SAME, *HARVESTED),
}

Package = dict[str, Any]


def read_package(record: HarvestRecord, fields: Package, base: str) -> RawDataset:
    """`fields`: the decoded package; `base`: the portal's address without a slash at its end.

    `federated` says that the portal harvested the package elsewhere.
    """
    package = with_extras(fields)
    get = package.get
    resources = [part for part in objects(get("resources")) if part.get("state") != "deleted"]
    found = RawDataset(
        identifier=record.identifier,
        title=localized(get("title")),
        description=localized(get("notes")),
        publisher_name=label(get("organization"), SHOWN),
        contacts=contacts(package),
        keywords=shown(get("tags"), ("display_name", "name")),
        themes=listed(get("theme")) + shown(get("groups"), SHOWN),
        licenses=labels([get(key) for key in LICENSE]),
        frequency=label(first(package, *FREQUENCY)),
        issued=when(first(package, "issued", "dcat_issued")) or utc(get("metadata_created")),
        modified=when(first(package, "modified", "dcat_modified")) or utc(get("metadata_modified")),
        languages=languages(get("language")),
        spatial=spatial(package),
        landing_page=f"{base}/dataset/{text(get('name')) or record.identifier}",
        version=text(get("version")),
        distributions=[distribution(resource, base) for resource in resources],
        services=[part for resource in resources if "access_services" in resource for part in services(resource)],
    )
    if not package.keys().isdisjoint(SCHEMED):
        add_schemed(found, package)
    return found


def add_schemed(found: RawDataset, package: Package) -> None:
    """The fields that most packages lack: those of schemas such as DCAT-AP, which win over CKAN's own, and a harvest's.

    They are looked for once and together: a look for each costs more than all the rest of a package.
    """
    get = package.get
    found.title = localized(get("title_translated") or get("title"))
    found.description = localized(get("notes_translated") or get("notes"))
    name, identifier = publisher_of(package)
    if name or identifier:
        found.publisher_name, found.publisher_id = name, identifier
    found.creator_name = label(first(package, "creator_name", "creator"), ("name",))
    found.creator_id = iri(get("creator_uri")) or iri(first_object(get("creator")))
    found.access_rights = label(get("access_rights"))
    found.rights = label(get("rights"))
    found.temporal = temporal(package)
    found.conforms_to = listed(get("conforms_to"))
    found.same_as = [same for key in SAME if (same := iri(get(key)))]
    found.federated = first(package, *HARVESTED) is not None


def shown(value: Any, keys: tuple[str, ...]) -> list[str]:
    """The names of tags or groups as a reader sees them."""
    found = []
    for part in objects(value):
        for key in keys:
            if name := text(part.get(key)):
                found.append(name)
                break
    return found


def with_extras(package: Package) -> Package:
    """The package with its extras beside its own fields; a field of its own wins unless it is empty."""
    for extra in objects(package.get("extras")):
        key = text(extra.get("key"))
        if key and not package.get(key):
            package[key] = extra.get("value")
    return package


def first(package: Package, *keys: str) -> Any:
    """The value of the first of `keys` that is not empty."""
    for key in keys:
        if value := package.get(key):
            return value
    return None


def first_object(value: Any) -> dict[str, Any]:
    return next(iter(objects(value)), {})


def publisher_of(package: Package) -> tuple[str | None, str | None]:
    """Name and IRI that the package says of its publisher, who may be another than the organization that owns it."""
    publisher = package.get("publisher")
    name = text(package.get("publisher_name")) or label(publisher, ("name", "title"))
    return name, iri(package.get("publisher_uri")) or iri(first_object(publisher))


def contacts(package: Package) -> list[RawContact]:
    """Contact, maintainer and author, nobody twice."""
    found = [
        RawContact(label(part.get("name")), email(part.get("email")), text(part.get("url")))
        for part in objects(package.get("contact"))
    ]
    for key, addresses, page in PERSONS:
        name, address = package.get(key), first(package, *addresses)
        if name or address:
            found.append(RawContact(text(name), email(address), iri(package.get(page)) if page else None))
    found += [in_one_line(line) for key in IN_ONE_LINE if (line := text(package.get(key)))]
    found = [one for one in found if one.name or one.email or one.url]
    if len(found) < 2:
        return found
    return list(reversed({(one.name, one.email): one for one in reversed(found)}.values()))


def in_one_line(line: str) -> RawContact:
    """`name - title - mail - phone`, any part of it absent."""
    parts = [part.strip() for part in line.split(" - ") if part.strip()]
    address = next((part for part in parts if "@" in part), None)
    return RawContact(next((part for part in parts[:1] if part != address), None), email(address))


def languages(value: Any) -> list[str]:
    return [part for one in listed(value) for part in (COMMA.split(one) if "," in one else (one,)) if part]


def spatial(package: Package) -> list[str]:
    """IRIs, labels, GeoJSON texts and boxes, from scheming fields and from extras."""
    found = [
        iri(package.get("spatial_uri")),
        json_text(package.get("spatial")),
        text(first(package, "spatial_text", "spatial-text", "spatialcoverage")),
    ]
    for place in objects(package.get("spatial_coverage")):
        found += [iri(place), text(place.get("text")), json_text(place.get("bbox") or place.get("geom"))]
    if BOX[0] in package and all(box := [text(package.get(side)) for side in BOX]):
        found.append(",".join(side for side in box if side))
    return list(dict.fromkeys([place for place in found if place]))


def temporal(package: Package) -> list[tuple[str | None, str | None]]:
    found = [
        (label(period.get("start")), label(period.get("end"))) for period in objects(package.get("temporal_coverage"))
    ]
    starts, ends = listed(first(package, *PERIOD_START)), listed(first(package, *PERIOD_END))
    found.append((starts[0] if starts else None, ends[0] if ends else None))
    start, _, end = (text(package.get("temporal")) or "").partition("/")
    found.append((start or None, end or None))
    return [period for period in found if period != (None, None)]
