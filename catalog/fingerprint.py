"""The stable face of a dataset: flat fields to compare, a hash that ignores order and empty fields, keys to recognize
it by.

Knows nothing of what changed when. Raise VERSION when the same dataset would hash to another value.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import orjson

from catalog.model import Agent, ContactPoint, DataService, Dataset, Distribution, Location, PeriodOfTime

VERSION = b"1"
SIZE = 16
LISTED = ("keywords", "themes", "languages", "conforms_to", "same_as")
STRUCTURED = ("spatial", "temporal", "services")
UNORDERED = (*LISTED, *STRUCTURED)
NESTED = ("title", "description", "publisher", "creator", "contacts", "distributions", *UNORDERED)
PLAIN = tuple(item.name for item in fields(Dataset) if item.name not in NESTED and item.name != "identifier")


def _fields_of(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(item.name for item in fields(kind))
    return names, attrgetter(*names)


DATASET_FIELDS = _fields_of(Dataset)
DISTRIBUTION_FIELDS = _fields_of(Distribution)


def digest(data: bytes) -> bytes:
    """16 bytes that stand for `data`."""
    return blake2b(data, digest_size=SIZE).digest()


@lru_cache(maxsize=4096)
def contact_key(contact: ContactPoint) -> str:
    """The name under which a contact person is stored, once; the only trace of them elsewhere."""
    return blake2b(orjson.dumps([contact.name, contact.email, contact.url]), digest_size=8).hexdigest()


def distribution_key(distribution: Distribution) -> str:
    """What a distribution is recognized by: the portal's identifier, else its addresses, else its title."""
    urls = distribution.download_url or distribution.access_url
    return distribution.identifier or urls or next(iter(distribution.title.values()), "") or "-"


def keyed(distributions: Iterable[Distribution]) -> dict[str, Distribution]:
    """Distributions by key; the second of two alike gets `#2`, so that none is lost."""
    result: dict[str, Distribution] = {}
    for distribution in distributions:
        key = name = distribution_key(distribution)
        number = 1
        while name in result:
            number += 1
            name = f"{key}#{number}"
        result[name] = distribution
    return result


def fingerprint(dataset: Dataset, restless: Collection[str] = ()) -> bytes:
    """16 bytes; equal for datasets that differ only in order, empty fields or `restless` fields."""
    if restless:
        return digest(VERSION + orjson.dumps(without(flatten(dataset), restless), option=orjson.OPT_SORT_KEYS))
    values = filled(dataset)
    for name in UNORDERED:
        if name in values:
            values[name] = sorted(values[name], key=_plain_text)
    if "contacts" in values:
        values["contacts"] = sorted(contact_key(contact) for contact in dataset.contacts)
    if "distributions" in values:
        values["distributions"] = sorted(_serialized(filled(item)) for item in dataset.distributions)
    del values["identifier"]
    return digest(VERSION + _serialized(values).encode())


def _plain_text(item: object) -> str:
    return item if isinstance(item, str) else _serialized(item)


def _serialized(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def filled(value: Dataset | Distribution) -> dict[str, Any]:
    """The fields that have a value, by name. An empty field is no field: a new one changes no fingerprint."""
    names, values = DATASET_FIELDS if isinstance(value, Dataset) else DISTRIBUTION_FIELDS
    return {name: part for name, part in zip(names, values(value), strict=True) if part}


DISTRIBUTION_NAMES = "|".join(item.name for item in fields(Distribution))
DISTRIBUTION_PATH = re.compile(
    rf"distributions\.(?P<key>.+)\.(?P<name>{DISTRIBUTION_NAMES})(?:\.(?P<tag>[\w-]+))?$", re.DOTALL
)


def without(flat: Mapping[str, Any], restless: Collection[str]) -> dict[str, Any]:
    """`flat` less the restless fields; a field is named by its first part or by its whole path."""
    if not restless:
        return dict(flat)
    return {path: value for path, value in flat.items() if path not in restless and family(path) not in restless}


def family(path: str) -> str:
    """The field a path belongs to, whichever distribution it stands in: `title`, `distributions.*.modified`."""
    if split := DISTRIBUTION_PATH.match(path):
        return f"distributions.*.{split['name']}"
    return path.partition(".")[0]


def flatten(dataset: Dataset) -> dict[str, Any]:
    """Path -> JSON value without empty values; lists sorted where order says nothing. Contacts appear by key only.

    `title.nl`, `publisher.name`, `keywords` (a list), `distributions.<key>.format`.
    """
    flat: dict[str, Any] = {}
    for name, value in filled(dataset).items():
        if name in LISTED:
            flat[name] = sorted(value)
        elif name in STRUCTURED:
            flat[name] = sorted([_plain(item) for item in value], key=_serialized)
        elif name == "contacts":
            flat[name] = sorted(contact_key(contact) for contact in value)
        elif name == "distributions":
            for key, item in keyed(value).items():
                _spread(flat, f"distributions.{key}", filled(item))
        else:
            _spread(flat, "", {name: value})
    return flat


def _spread(flat: dict[str, Any], prefix: str, values: Mapping[str, Any]) -> None:
    """Texts by language and agents by field, each under a path of its own."""
    for name, value in values.items():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Agent):
            flat.update({f"{path}.{part}": text for part, text in _plain(value).items() if text})
        elif isinstance(value, Mapping):
            flat.update({f"{path}.{tag}": text for tag, text in value.items() if text})
        else:
            flat[path] = value


def _plain(value: Agent | Location | PeriodOfTime | DataService) -> dict[str, Any]:
    """A small value as JSON values by field."""
    return {item.name: _json(getattr(value, item.name)) for item in fields(value)}


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def folded(text: str) -> str:
    """Text for recognizing: no accents, no case, no punctuation, single spaces."""
    plain = text
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain.casefold()).split())


def title_key(dataset: Dataset) -> str:
    """Equal for datasets of the same title in any language order; "" without a title."""
    titles = sorted({folded(text) for text in dataset.title.values()} - {""})
    return blake2b("\n".join(titles).encode(), digest_size=8).hexdigest() if titles else ""


def content_key(dataset: Dataset) -> str:
    """Equal for datasets of the same title, description and keywords, whatever their identifiers and addresses."""
    texts = [sorted(dataset.title.items()), sorted(dataset.description.items()), sorted(dataset.keywords)]
    return blake2b(orjson.dumps(texts), digest_size=8).hexdigest()
