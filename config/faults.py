"""Faults in plain words: file, dotted key, the expected form, what stood there. Knows no setting and reads no file."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.forms import form, schema_at

M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]

LONGEST_SHOWN = 60
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
SECRET_KEY = re.compile(r"(^|[_-])(api[_-]?key|token|password|passwd|pwd|secret|authorization)s?$", re.IGNORECASE)
PASSWORD_IN_ADDRESS = re.compile(r"//[^/\s]*@")
NO_SECRETS = "a secret never stands in a file; name an environment variable that holds it with {}"


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """One thing to mend. `key` is dotted, items of lists count from 1; it is empty when the whole file is meant."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.message) if part)


class ConfigError(Exception):
    """Every fault found, sorted by file, then key."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


def dotted(place: Place) -> str:
    """`("filter", "publisher", 0)` as `filter.publisher[1]`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + (part if BARE_KEY.fullmatch(part) else _quoted(part))
    return text


def shown(value: object) -> str:
    """A value as it may stand in a message: short, on one line, texts in quotes, passwords of addresses covered."""
    if isinstance(value, str):
        value = PASSWORD_IN_ADDRESS.sub("//***@", value)
        return _quoted(value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "...")
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, Sequence):
        return "a list" if value else "an empty list"
    return json.dumps(value, default=str)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean "max_bytes"?`, or nothing when no known word is close."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def secret_faults(document: Mapping[str, Any], file: str, instead: str) -> tuple[Fault, ...]:
    """A fault for every key that names a secret; the secret itself is never repeated."""
    return tuple(
        Fault(file, dotted(place), NO_SECRETS.format(instead))
        for place in _places(document)
        if isinstance(place[-1], str) and SECRET_KEY.search(place[-1])
    )


def validated(
    model: type[M], document: Mapping[str, Any], file: str, under: Place = ()
) -> tuple[M | None, tuple[Fault, ...]]:
    """The document as a model, or the faults that keep it from being one. `document`: plain TOML values without dates.

    `under` is where the document stands in its file. Values are taken as they are: "5" is not a number, 1 is not true.
    """
    try:
        return model.model_validate_json(json.dumps(document), strict=True), ()
    except ValidationError as error:
        schema = model.model_json_schema()
        details = [dict(detail) for detail in error.errors() if not _names_secret(dict(detail))]
        return None, tuple({_fault(detail, document, schema, file, under) for detail in details})


def _names_secret(detail: dict[str, Any]) -> bool:
    """Whether this is an unknown key that `secret_faults` tells of, in better words."""
    return detail["type"] == "extra_forbidden" and bool(SECRET_KEY.search(str(detail["loc"][-1])))


def _fault(
    detail: dict[str, Any], document: Mapping[str, Any], schema: Mapping[str, Any], file: str, under: Place
) -> Fault:
    context = detail.get("ctx", {})
    place, value = _found(detail["loc"], document)
    if detail["type"] == "missing":
        place = (*place, detail["loc"][-1])
        return Fault(file, dotted(under + place), f"missing; expected {form(schema, schema_at(schema, place))}")
    if detail["type"] == "extra_forbidden":
        return Fault(file, dotted(under + place), _unknown(place, value, schema, under))
    if detail["type"] == "at_key":
        return Fault(file, dotted((*under, *place, context["key"])), context["text"])
    if detail["type"] == "value_error":
        text = str(context["error"])
        return Fault(
            file, dotted(under + place), f"{text}, got {shown(value)}" if text.startswith("expected") else text
        )
    return Fault(file, dotted(under + place), _unfit(value, schema, place))


def _unfit(value: object, schema: Mapping[str, Any], place: Place) -> str:
    part = schema_at(schema, place)
    choices = [choice for choice in part.get("enum", ()) if isinstance(choice, str)]
    return f"expected {form(schema, part)}, got {shown(value)}{did_you_mean(value, choices)}"


def _unknown(place: Place, value: object, schema: Mapping[str, Any], under: Place) -> str:
    known = sorted(schema_at(schema, place[:-1]).get("properties", ()))
    noun = "section" if isinstance(value, Mapping) and not under + place[:-1] else "key"
    here = f"known here: {', '.join(known)}" if known else "none is known here"
    return f"unknown {noun}" + (did_you_mean(place[-1], known) or f"; {here}")


def _found(location: Place, document: Any) -> tuple[Place, Any]:
    """The part of `location` that stands in the document, and its value: the rest is the validator's own talk."""
    place: Place = ()
    for part in location:
        inside = (isinstance(document, Mapping) and part in document) or (
            isinstance(document, list) and isinstance(part, int) and part < len(document)
        )
        if not inside:
            break
        document = document[part]
        place = (*place, part)
    return place, document


def _places(value: object, place: Place = ()) -> Iterable[Place]:
    pairs: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        yield (*place, key)
        yield from _places(inner, (*place, key))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
