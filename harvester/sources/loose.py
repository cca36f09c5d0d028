"""Loosely typed JSON values, read without trust: a wrong type is an absent value, never an error. Knows no portal."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urljoin

import orjson

LABELS: Final = ("@value", "title", "name", "label", "prefLabel", "@id", "uri", "text")
SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def text(value: Any) -> str | None:
    """A text or number as text without outer blanks; None for anything else and for an empty text."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """A number of records: zero or more, also when it came as digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def when(value: Any) -> str | int | float | None:
    """A date as it came: text or epoch number."""
    if value is None or isinstance(value, str):
        return value.strip() or None if value else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def label(value: Any, keys: Iterable[str] = LABELS) -> str | None:
    """A text, or the first of `keys` that an object carries as text; of a list, its first member's."""
    if value is None or isinstance(value, str):
        return value.strip() or None if value else None
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return text(value)
    for key in keys:
        found = text(value.get(key))
        if found:
            return found
    return None


def labels(value: Any) -> list[str]:
    """The texts of a list, a single text, or objects with a label; order kept, nothing twice."""
    if not value:
        return []
    if not isinstance(value, list):
        found = label(value)
        return [found] if found else []
    return list(dict.fromkeys([found for member in value if member and (found := label(member))]))


def listed(value: Any) -> list[str]:
    """Like `labels`, where a list may also be written as JSON text."""
    if isinstance(value, str) and "[" in value and value.lstrip().startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return labels(value)
    return labels(value)


def localized(value: Any) -> str | dict[str, str] | None:
    """A plain text, or a text by language from `{"nl": ...}`, `{"@value", "@language"}` or a list of the latter."""
    if value is None or isinstance(value, str):
        return value.strip() or None if value else None
    if isinstance(value, dict) and "@value" not in value:
        return {tag: found for tag, said in value.items() if tag[:1] != "@" and (found := text(said))} or None
    by_language = {
        str(member.get("@language", "")): said
        for member in reversed(objects(value))
        if (said := text(member.get("@value")))
    }
    return by_language.get("", by_language) if by_language else label(value)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects among a list, or one object alone."""
    if not value:
        return []
    members = value if isinstance(value, list) else (value,)
    return [member for member in members if isinstance(member, dict)]


def child(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`; empty when there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def iri(value: Any) -> str | None:
    """A text that has a scheme and no blank."""
    found = label(value, ("@id", "uri", "url", "identifier")) if value else None
    return found if found and SCHEME.match(found) and " " not in found else None


def json_text(value: Any) -> str | None:
    """An object or list as JSON text, such as a geometry; a text as it is."""
    if value is None or isinstance(value, str) or not isinstance(value, dict | list):
        return text(value)
    try:
        return orjson.dumps(value).decode() if value else None
    except orjson.JSONEncodeError:  # nested deeper than any geometry
        return None


def absolute(base: str, address: str | None) -> str | None:
    """`address` joined to `base` where it is a path; a bare host name or any other text stays as it came."""
    if address is None or not address.startswith(("/", "./", "../", "?")):
        return address
    try:
        return urljoin(base.rstrip("/") + "/", address)
    except ValueError:
        return address


def email(value: Any) -> str | None:
    """A mail address without its `mailto:`; whether it is one, `harvester.normalize` decides."""
    found = label(value)
    return found if found is None or ":" not in found else re.sub(r"(?i)^mailto:\s*", "", found) or None
