"""One record, field by field: RawDataset -> (Dataset, issues). The rules of a field stand in the modules beside it."""

import re
from functools import lru_cache
from typing import TypeVar

from catalog.model import Agent, ContactPoint, DataService, Dataset, Distribution, Issue, Text
from catalog.vocabulary import LicenseMatch, is_open
from config.source import HarvestSource
from harvester.normalize import codes
from harvester.normalize.dates import moment, periods
from harvester.normalize.places import locations
from harvester.normalize.reading import Reading, is_placeholder, remembered
from harvester.normalize.text import MAX_DESCRIPTION, MAX_TITLE, line, plain_text, texts
from harvester.normalize.urls import email_address, iri, web_address
from harvester.sources.base import RawContact, RawDataset, RawDistribution, RawService

MAX_KEYWORDS = 100
MAX_WORD = 100  # a keyword worth remembering
MAX_DISTRIBUTIONS = 1_500
MAX_SERVICES = 100
MAX_CONTACTS = 20
MAX_LINKS = 100
MAX_BYTES = 2**63 - 1
T = TypeVar("T")

SIZE = re.compile(r"(\d{1,18})(?:([.,])(\d{1,6}))?\s*([a-z]*)", re.IGNORECASE)
UNITS = {
    "": 1,
    "b": 1,
    "byte": 1,
    "bytes": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


def normalize(raw: RawDataset, source: HarvestSource) -> tuple[Dataset, tuple[Issue, ...]]:
    """The record in controlled values, and every value of the portal's that could not be used. Never raises."""
    identifier = raw.identifier if isinstance(raw.identifier, str) else ""
    reading = Reading(identifier, source.language, source.url)
    distributions, services = _distributions(raw.distributions, reading)
    match = codes.license_of(raw.licenses, reading)
    license_iri, license_open = _license(match, distributions)
    title = texts(raw.title, "title", reading, MAX_TITLE)
    if not title:
        reading.add("no_title", "title")
    dataset = Dataset(
        identifier=reading.identifier,
        title=title,
        description=texts(raw.description, "description", reading),
        publisher=_agent(raw.publisher_name, raw.publisher_id, "publisher", reading),
        creator=_agent(raw.creator_name, raw.creator_id, "creator", reading),
        contacts=_contacts(raw.contacts, reading),
        keywords=_keywords(raw.keywords, reading),
        themes=codes.themes(raw.themes, reading),
        license=license_iri,
        license_open=license_open,
        access_rights=codes.access_rights(raw.access_rights, reading),
        rights=plain_text(raw.rights, "rights", reading, MAX_DESCRIPTION),
        frequency=codes.frequency(raw.frequency, reading),
        issued=moment(raw.issued, "issued", reading),
        modified=moment(raw.modified, "modified", reading),
        languages=codes.languages(raw.languages, reading),
        spatial=remembered(locations, raw.spatial, reading) if raw.spatial else (),
        temporal=periods(raw.temporal, reading) if raw.temporal else (),
        landing_page=web_address(raw.landing_page, "landing_page", reading),
        conforms_to=_names(raw.conforms_to, "conforms_to", reading),
        version=plain_text(raw.version, "version", reading),
        same_as=_names(raw.same_as, "same_as", reading),
        federated=raw.federated is True,
        distributions=distributions,
        services=_services(raw.services, services, reading),
    )
    return dataset, reading.issues(_own_issues(raw.issues))


def _own_issues(issues: object) -> tuple[Issue, ...]:
    return tuple(issue for issue in issues if isinstance(issue, Issue)) if isinstance(issues, list | tuple) else ()


def _of_type(value: object, kind: type[T], field: str, reading: Reading) -> list[T]:
    if not value:
        return []
    items = reading.items(value, field)
    if items and set(map(type, items)) != {kind}:
        reading.add("wrong_type", field, "list")
    return [item for item in items if isinstance(item, kind)]


def _license(match: LicenseMatch | None, distributions: tuple[Distribution, ...]) -> tuple[str | None, bool | None]:
    """The dataset's own, else the one all its distributions agree on."""
    if match is not None and match.specified:
        return match.iri, match.open
    agreed = {distribution.license for distribution in distributions}
    if len(agreed) != 1 or None in agreed:
        return None, None
    shared = agreed.pop() or ""
    return shared, is_open(shared)


def _agent(name: object, identifier: object, field: str, reading: Reading) -> Agent | None:
    if not name and not identifier:
        return None
    return remembered(_named_agent, (field, name or "", identifier or ""), reading)


def _named_agent(value: object, reading: Reading) -> Agent | None:
    """Of (field, name, identifier). An IRI alone is an agent too; it then stands for the name."""
    field, name, identifier = reading.items(value, "publisher")
    own_name = plain_text(name, str(field), reading)
    own_iri = iri(identifier, str(field), reading)
    return Agent(own_name or own_iri or "", own_iri) if own_name or own_iri else None


def _contacts(value: object, reading: Reading) -> tuple[ContactPoint, ...]:
    found: dict[ContactPoint, None] = {}
    for raw in _of_type(value, RawContact, "contacts", reading)[:MAX_CONTACTS]:
        contact = remembered(_contact, (raw.name or "", raw.email or "", raw.url or ""), reading)
        if contact:
            found[contact] = None
    return tuple(found)


def _contact(value: object, reading: Reading) -> ContactPoint | None:
    """Of (name, e-mail, address); where the address is a `mailto:`, it is the e-mail."""
    name, email, url = reading.items(value, "contacts")
    if isinstance(url, str) and url.strip().lower().startswith("mailto:"):
        url, email = None, email or url
    contact = ContactPoint(
        plain_text(name, "contact_name", reading),
        email_address(email, "contact_email", reading),
        web_address(url, "contact_url", reading),
    )
    return contact if contact != ContactPoint() else None


@lru_cache(maxsize=8192)
def _folded_word(text: str) -> str:
    """A keyword that needs no mending without its case; "" for any other text."""
    is_plain = text and len(text) <= MAX_WORD and line(text) == text and not is_placeholder(text)
    return text.casefold() if is_plain else ""


def _keywords(value: object, reading: Reading) -> tuple[str, ...]:
    """Each once whatever its case, in the portal's order."""
    if not value:
        return ()
    found: dict[str, str] = {}
    items = reading.items(value, "keywords")
    for item in items[: 10 * MAX_KEYWORDS]:
        if type(item) is str and (folded := _folded_word(item)):
            found.setdefault(folded, item)
        elif word := plain_text(item, "keywords", reading):
            found.setdefault(word.casefold(), word)
    if len(found) > MAX_KEYWORDS or len(items) > 10 * MAX_KEYWORDS:
        reading.add("too_many_keywords", "keywords", str(len(items)))
    return tuple(found.values())[:MAX_KEYWORDS]


def _names(value: object, field: str, reading: Reading) -> tuple[str, ...]:
    """IRIs or plain names, as the portal gave them."""
    if not value:
        return ()
    found: dict[str, None] = {}
    for item in reading.items(value, field)[:MAX_LINKS]:
        is_iri = isinstance(item, str) and "://" in item and " " not in item.strip()
        name = web_address(item, field, reading) if is_iri else plain_text(item, field, reading)
        if name:
            found[name] = None
    return tuple(found)


# Distributions and services


def _distributions(value: object, reading: Reading) -> tuple[tuple[Distribution, ...], list[DataService]]:
    raws = _of_type(value, RawDistribution, "distributions", reading)
    if len(raws) > MAX_DISTRIBUTIONS:
        reading.add("too_many_distributions", "distributions", str(len(raws)))
    services: list[DataService] = []
    found = []
    for raw in raws[:MAX_DISTRIBUTIONS]:
        distribution, protocol = _distribution(raw, reading)
        found.append(distribution)
        if protocol and distribution.access_url:
            services.append(DataService(distribution.access_url, distribution.title, protocol))
    return tuple(found), services


def _distribution(raw: RawDistribution, reading: Reading) -> tuple[Distribution, str | None]:
    """The distribution, and the protocol when its format names a service."""
    access_url = download_url = web_address(raw.access_url, "access_url", reading)
    if raw.download_url != access_url:  # one address for both needs one look only
        download_url = web_address(raw.download_url, "download_url", reading)
    found = codes.format_of(raw, (download_url, access_url), reading)
    match = codes.license_of(raw.license, reading) if raw.license else None
    distribution = Distribution(  # by position: by name takes twice the time
        plain_text(raw.identifier, "identifier", reading),
        texts(raw.title, "title", reading, MAX_TITLE),
        texts(raw.description, "description", reading),
        access_url,
        download_url,
        found.file_type,
        found.media_type,
        found.packaging,
        _byte_size(raw.byte_size, reading),
        match.iri if match else None,
        plain_text(raw.rights, "rights", reading, MAX_DESCRIPTION),
        moment(raw.issued, "issued", reading),
        moment(raw.modified, "modified", reading),
        plain_text(raw.checksum, "checksum", reading),
    )
    if not access_url and not download_url:
        name: Text | str | None = distribution.identifier or next(iter(distribution.title.values()), None)
        reading.add("distribution_without_url", "access_url", name)
    return distribution, found.service


def _services(value: object, found: list[DataService], reading: Reading) -> tuple[DataService, ...]:
    """The portal's own services first, then those its distributions are; each address once."""
    services: dict[str, DataService] = {}
    for raw in _of_type(value, RawService, "services", reading):
        endpoint = web_address(raw.endpoint_url, "endpoint_url", reading)
        if endpoint and endpoint not in services:
            title = texts(raw.title, "title", reading, MAX_TITLE)
            services[endpoint] = DataService(endpoint, title, plain_text(raw.protocol, "protocol", reading))
    for service in found:
        services.setdefault(service.endpoint_url, service)
    return tuple(services.values())[:MAX_SERVICES]


def _byte_size(value: object, reading: Reading) -> int | None:
    """Bytes of `12345`, `12 kB` or `1.5 MB`; `1,234 kB` may be either and is not read."""
    if value is None:
        return None
    size: float | None
    if type(value) is int or type(value) is float:
        size = value
    else:
        text = reading.text(value, "byte_size")
        if text is None:
            return None
        size = _size(text)
    if size is None or not 0 <= size <= MAX_BYTES:
        reading.add("bad_byte_size", "byte_size", value)
        return None
    return int(size)


def _size(text: str) -> float | None:
    found = SIZE.fullmatch(text[:100])
    unit = UNITS.get(found[4].lower()) if found else None
    if found is None or unit is None:
        return None
    whole, mark, fraction = int(found[1]), found[2], found[3]
    if mark is None:
        return whole * unit
    if (mark == "," and len(fraction) == 3) or (unit == 1 and fraction.strip("0")):
        return None
    return round(float(f"{whole}.{fraction}") * unit)
