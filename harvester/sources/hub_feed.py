"""One entry of a DCAT-US or DCAT-AP feed in JSON read in DCAT terms. Knows no listing.

Feeds write the same names as `title`, `accessURL` and as `dct:title`, `dcat:accessUrl`: prefixes and capitals are
dropped before reading. Placeholders such as `{{description}}` stay for `harvester.normalize`.
"""

import re
from typing import Any, Final

from harvester.sources.base import HarvestRecord, RawContact, RawDataset, RawDistribution, RawService
from harvester.sources.loose import (
    absolute,
    email,
    iri,
    json_text,
    label,
    labels,
    localized,
    objects,
    when,
)

EXPANDED: Final = {
    "ftype:": "http://publications.europa.eu/resource/authority/file-type/",
    "lang:": "http://publications.europa.eu/resource/authority/language/",
}
SERVICE: Final = re.compile(r"/rest/services/|geoservices|esri rest|\bw[mf]s\b|\bwmts\b|odata", re.IGNORECASE)
NAMES: Final = ("name", "fn", "title", "source", "@value")

Fields = dict[str, Any]


def plain(entry: Fields) -> Fields:
    """Names without prefix and in lower case: `dcat:accessUrl` and `accessURL` are one."""
    return {re.split(r"[:/#]", key)[-1].lower() if key[:1] != "@" else key: value for key, value in entry.items()}


def read_entry(record: HarvestRecord, fields: Fields, base: str) -> RawDataset:
    """`fields`: the decoded entry; `base`: the site's address without its last slash."""
    entry = plain(fields)
    publisher = parts(entry.get("publisher"))
    creator = parts(entry.get("creator"))
    return RawDataset(
        identifier=record.identifier,
        title=localized(entry.get("title")) or label(entry.get("title")),
        description=localized(entry.get("description")),
        publisher_name=label(publisher, NAMES),
        publisher_id=iri(publisher),
        creator_name=label(creator, NAMES),
        creator_id=iri(creator),
        contacts=[contact(plain(point)) for point in objects(entry.get("contactpoint"))],
        keywords=labels(entry.get("keyword")),
        themes=labels(entry.get("theme")),
        licenses=licenses(entry.get("license"), entry.get("licenseinfo")),
        access_rights=label(entry.get("accessrights")) or label(entry.get("accesslevel")),
        rights=label(entry.get("rights")),
        frequency=label(entry.get("accrualperiodicity")),
        issued=moment(entry.get("issued")),
        modified=moment(entry.get("modified")),
        languages=[expanded(code) for code in labels(entry.get("language"))],
        spatial=spatial(entry.get("spatial")),
        temporal=temporal(entry.get("temporal")),
        landing_page=absolute(base, label(entry.get("landingpage"))) or iri(entry.get("@id")),
        conforms_to=labels(entry.get("conformsto")),
        version=label(entry.get("version")),
        distributions=[distribution(plain(part)) for part in objects(entry.get("distribution"))],
        services=services(entry),
    )


def parts(value: Any) -> Any:
    """An agent: its fields by plain name, or the bare text that stands for it; the first of several."""
    found = objects(value)
    return plain(found[0]) if found else value


def contact(point: Fields) -> RawContact:
    return RawContact(label(point.get("fn")), email(point.get("hasemail")), iri(point.get("hasurl")))


def licenses(code: Any, terms: Any) -> list[str]:
    """The code `none` says no more than that the terms are in words."""
    said = labels([label(code), label(terms)])
    return [one for one in said if one.lower() != "none"] or said


def moment(value: Any) -> str | int | float | None:
    return when(value) if not isinstance(value, dict | list) else label(value)


def expanded(code: str) -> str:
    """The two prefixes that the DCAT-AP template of Hub declares."""
    prefix, colon, rest = code.partition(":")
    return EXPANDED.get(prefix + colon, prefix + colon) + rest


def spatial(value: Any) -> list[str]:
    """Boxes as `w,s,e,n`, geometries as JSON text, labels and IRIs."""
    found: list[str | None] = []
    for place in value if isinstance(value, list) else [value]:
        if isinstance(place, dict) and "coordinates" not in place:
            known = plain(place)
            found += [label(known.get("bbox")) or label(known.get("geometry")), label(known)]
        else:
            found.append(json_text(place))
    return list(dict.fromkeys(place for place in found if place))


def temporal(value: Any) -> list[tuple[str | None, str | None]]:
    found = [
        (label(period.get("startdate")), label(period.get("enddate"))) for period in map(plain, objects(value))
    ] or [(start or None, end or None) for start, _, end in (period.partition("/") for period in labels(value))]
    return [period for period in found if period != (None, None)]


def distribution(part: Fields) -> RawDistribution:
    return RawDistribution(
        identifier=label(part.get("identifier")) or iri(part.get("@id")),
        title=localized(part.get("title")),
        description=localized(part.get("description")),
        access_url=label(part.get("accessurl"), ("@id", "@value")),
        download_url=label(part.get("downloadurl"), ("@id", "@value")),
        format=expanded(label(part.get("format")) or "") or None,
        media_type=label(part.get("mediatype")),
        byte_size=when(part.get("bytesize")),
        license=label(part.get("license")),
        rights=label(part.get("rights")),
        issued=moment(part.get("issued")),
        modified=moment(part.get("modified")),
    )


def services(entry: Fields) -> list[RawService]:
    """The distributions that are services, and the `webService` of old feeds; each address once."""
    found: dict[str, RawService] = {}
    for part in map(plain, objects(entry.get("distribution"))):
        url, kind = label(part.get("accessurl"), ("@id", "@value")), label(part.get("format"))
        if url and SERVICE.search(f"{url} {kind}"):
            found.setdefault(url, RawService(url, localized(part.get("title")), kind))
    old = label(entry.get("webservice"))
    return list(found.values()) or ([RawService(old)] if old else [])
