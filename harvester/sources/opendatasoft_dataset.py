"""One Opendatasoft dataset read in DCAT terms, whatever API version described it. Knows no listing."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from harvester.sources.base import HarvestRecord, RawContact, RawDataset, RawDistribution, RawService
from harvester.sources.loose import child, email, iri, label, labels, objects, text, when

LANGUAGE: Final = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")
OWN_FREQUENCY: Final = re.compile(r"frequen|periodi|actuali|mise.?a.?jour", re.IGNORECASE)
ELSEWHERE: Final = ("source_domain", "source_domain_address", "source_dataset", "shared_catalog", "parent_domain")
BOX: Final = ("westbound_longitude", "southbound_latitude", "eastbound_longitude", "northbound_latitude")
EXPORTS: Final = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
GEO_EXPORTS: Final = {"geojson": "application/geo+json", "shp": "application/zip"}

Fields = dict[str, Any]


def read_dataset(record: HarvestRecord, fields: Fields, base: str) -> RawDataset:
    """`fields`: the item decoded, bare or under `dataset`; `base`: the portal's address without a last slash."""
    item = child(fields, "dataset") or fields
    name = text(item.get("dataset_id")) or text(item.get("datasetid")) or record.identifier
    default, dcat, inspire = template(item, "default"), dcat_templates(item), template(item, "inspire")
    page = f"{base}/explore/dataset/{quote(name, safe='@')}/"
    api = f"{base}/api/explore/v2.1/catalog/datasets/{quote(name, safe='@')}"
    language = text(default.get("language"))
    return RawDataset(
        identifier=record.identifier,
        title=tagged(default.get("title"), language),
        description=tagged(default.get("description"), language),
        publisher_name=label(default.get("publisher")),
        creator_name=label(dcat.get("creator")),
        contacts=contacts(dcat, inspire),
        keywords=split(default.get("keyword")),
        themes=labels(default.get("theme")) + labels(inspire.get("theme") or default.get("inspire_theme")),
        licenses=labels([default.get("license_url"), default.get("license")]),
        access_rights=label(dcat.get("access_rights")),
        rights=label(dcat.get("rights")),
        frequency=frequency(dcat, template(item, "custom")),
        issued=when(dcat.get("issued")) or when(dcat.get("created")),
        modified=when(default.get("modified")),
        languages=labels(default.get("language")),
        spatial=spatial(default, dcat, inspire),
        temporal=temporal(text(dcat.get("temporal"))),
        landing_page=page,
        conforms_to=labels(dcat.get("conforms_to")),
        same_as=original(default),
        federated=default.get("federated") is True or "@" in name or any(default.get(key) for key in ELSEWHERE),
        distributions=[*exports(item, page, api), *files(item, page, api)],
        services=services(item, api),
    )


def template(item: Fields, name: str) -> Fields:
    """The metadata of one template: nested since v2, flat or beside the others in v1, dotted keys in a flat export."""
    metas = child(item, "metas")
    found = child(metas, name) or child(child(item, "interop_metas"), name)
    if not found and name == "default" and not isinstance(metas.get("default"), dict):
        found = metas
    return found or {key.removeprefix(f"{name}."): item[key] for key in item if key.startswith(f"{name}.")}


def dcat_templates(item: Fields) -> Fields:
    """The template `dcat` and those of the national profiles (`dcat_ap`, `dcat_ap_ch`), what is filled in."""
    named = {*child(item, "metas"), *child(item, "interop_metas"), "dcat"}
    profiles = sorted((name for name in named if name.startswith("dcat")), reverse=True)
    return {key: value for name in profiles for key, value in template(item, name).items() if value}


def tagged(value: Any, language: str | None) -> str | dict[str, str] | None:
    """A text in the language that the dataset states for its metadata, if it does."""
    found = text(value)
    return {language: found} if found and language and LANGUAGE.fullmatch(language) else found


def split(value: Any) -> list[str]:
    """Keywords: a list, or in v1 one text with commas or semicolons."""
    return labels(re.split(r"[,;]", value)) if isinstance(value, str) else labels(value)


def contacts(dcat: Fields, inspire: Fields) -> list[RawContact]:
    own = RawContact(label(dcat.get("contact_name")), email(dcat.get("contact_email")))
    name = label(inspire.get("contact_individual_name")) or label(inspire.get("contact_organisation_name"))
    geographic = RawContact(name, email(inspire.get("contact_email")))
    return [one for one in (own, geographic) if one.name or one.email]


def frequency(dcat: Fields, custom: Fields) -> str | None:
    """The DCAT field, else a field of the portal's own that is named after a frequency."""
    own = (label(value) for key, value in custom.items() if OWN_FREQUENCY.search(key))
    return label(dcat.get("accrualperiodicity")) or next((found for found in own if found), None)


def spatial(default: Fields, dcat: Fields, inspire: Fields) -> list[str]:
    box = [text(inspire.get(f"extend_bounding_box_{side}")) for side in BOX]
    places = labels(dcat.get("spatial")) + labels(default.get("territory"))
    places += [",".join(side for side in box if side)] if all(box) else []
    return places or labels(default.get("geographic_reference"))


def temporal(period: str | None) -> list[tuple[str | None, str | None]]:
    start, _, end = (period or "").partition("/")
    return [(start or None, end or None)] if period else []


def original(default: Fields) -> list[str]:
    """Where a federated dataset comes from."""
    host, name = text(default.get("source_domain_address")), text(default.get("source_dataset"))
    return [f"https://{host}/explore/dataset/{quote(name, safe='@')}/"] if host and name else []


def exports(item: Fields, page: str, api: str) -> Iterator[RawDistribution]:
    """The exports that the portal makes of a dataset with records; geographic ones only of geographic data."""
    if item.get("has_records") is not True:
        return
    geographic = "geo" in labels(item.get("features"))
    for name, media_type in (EXPORTS | GEO_EXPORTS if geographic else EXPORTS).items():
        yield RawDistribution(
            identifier=name,
            title=name.upper(),
            access_url=page,
            download_url=f"{api}/exports/{name}",
            format=name,
            media_type=media_type,
        )


def files(item: Fields, page: str, api: str) -> Iterator[RawDistribution]:
    """Attachments and alternative exports: files, which are the data themselves where there are no records."""
    for folder in ("attachments", "alternative_exports"):
        for part in objects(item.get(folder)):
            name = text(part.get("id"))
            url = iri(part.get("url"))
            if name and (url is None or url.startswith("odsfile:")):
                url = f"{api}/{folder}/{quote(name, safe='')}"
            yield RawDistribution(
                identifier=name,
                title=text(part.get("title")),
                description=text(part.get("description")),
                access_url=page,
                download_url=url,
                media_type=text(part.get("mimetype")),
            )


def services(item: Fields, api: str) -> list[RawService]:
    """Each dataset with records can be queried."""
    records = item.get("has_records") is True
    return [RawService(f"{api}/records", protocol="Opendatasoft Explore API")] if records else []
