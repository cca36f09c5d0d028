"""Between the frozen values of `catalog.model` and the rows of `tables`. Knows no connection."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec
import orjson

from catalog.fingerprint import contact_key, filled, keyed
from catalog.model import ContactPoint, Dataset, Distribution, Issue, Text

DISTRIBUTION_COLUMNS = ("access_url", "download_url", "format", "media_type", "byte_size", "license")
DISTRIBUTION_REST = tuple(item.name for item in fields(Distribution) if item.name not in DISTRIBUTION_COLUMNS)
rest_of = attrgetter(*DISTRIBUTION_REST)
SHOWN_FIRST = ("nl", "und", "en", "fr", "de")


def shown(text: Text) -> str:
    """The one text a table shows: Dutch first, any else; "" where there is none."""
    for tag in SHOWN_FIRST:
        if tag in text:
            return text[tag]
    return next(iter(text.values()), "")


def dataset_id(city: str, source: str, identifier: str, salt: int = 0) -> str:
    """Our own id of a new dataset. Made from where it was first seen, so that a lost database gives the same ids again;
    never made anew afterwards, whatever the portal does to its identifiers."""
    name = f"{source}\n{identifier}" + (f"\n{salt}" if salt else "")
    return f"{city}-{blake2b(name.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


def document(dataset: Dataset) -> str:
    """All fields with a value but the distributions, as JSON; contacts by key."""
    values = filled(dataset)
    values.pop("distributions", None)
    if "contacts" in values:
        values["contacts"] = [contact_key(contact) for contact in dataset.contacts]
    return orjson.dumps(values).decode()


def columns(dataset: Dataset, issues: Sequence[Issue]) -> tuple[Any, ...]:
    """The searchable part of a dataset row and its documents, in the order of `CONTENT_COLUMNS`."""
    return (
        shown(dataset.title),
        dataset.publisher.name if dataset.publisher else None,
        dataset.license,
        dataset.license_open,
        dataset.frequency,
        dataset.issued,
        dataset.modified,
        dataset.federated,
        len(issues),
        issues_json(issues),
        document(dataset),
    )


CONTENT_COLUMNS = (
    "title",
    "publisher",
    "license",
    "license_open",
    "frequency",
    "issued",
    "modified",
    "federated",
    "issue_count",
    "issues",
    "document",
)


def issues_json(issues: Iterable[Issue]) -> str | None:
    """The issues of one dataset as JSON; null when there are none."""
    listed = [{"stage": i.stage, "code": i.code, "field": i.field, "value": i.value} for i in issues]
    return orjson.dumps(listed).decode() if listed else None


def issues_of(text: str | None) -> tuple[Issue, ...]:
    return tuple(Issue(**item) for item in orjson.loads(text)) if text else ()


def distribution_rows(owner: str, distributions: Iterable[Distribution]) -> list[tuple[Any, ...]]:
    """Rows in the order of the table's columns; the id of a distribution stays while its key stays."""
    return [
        (
            owner,
            distribution_id(owner, key),
            position,
            shown(item.title) or None,
            item.access_url,
            item.download_url,
            item.format,
            item.media_type,
            item.byte_size,
            item.license,
            orjson.dumps(_rest(item)).decode(),
        )
        for position, (key, item) in enumerate(keyed(distributions).items())
    ]


def distribution_id(owner: str, key: str) -> str:
    """Our id of a distribution, from the dataset's id and the key it is recognized by."""
    return blake2b(f"{owner}\n{key}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def _rest(item: Distribution) -> dict[str, Any]:
    """What has no column of its own."""
    return {name: part for name, part in zip(DISTRIBUTION_REST, rest_of(item), strict=True) if part}


def distribution_of(row: Mapping[str, Any]) -> Distribution:
    """A distribution from its row."""
    values = {name: row[name] for name in DISTRIBUTION_COLUMNS}
    return Distribution(**orjson.loads(row["document"]), **values)


def dataset_from(text: str, distributions: Iterable[Distribution], contacts: Mapping[str, ContactPoint]) -> Dataset:
    """A dataset from its document; a contact that was forgotten is an empty one."""
    values = orjson.loads(text)
    values["contacts"] = [
        {name: getattr(contacts[key], name) for name in ("name", "email", "url")} if key in contacts else {}
        for key in values.get("contacts", ())
    ]
    return replace(msgspec.convert(values, Dataset), distributions=tuple(distributions))


def contact_rows(contacts: Iterable[ContactPoint]) -> list[tuple[Any, ...]]:
    return [(contact_key(contact), contact.name, contact.email, contact.url) for contact in contacts]
