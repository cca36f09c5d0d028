"""What a setting should look like, in words, from its model's JSON schema. For messages and the reference page."""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

PLAIN = {"string": "text", "boolean": "true or false", "object": "a section", "null": "nothing"}
NUMBERS = {"integer": "a whole number", "number": "a number"}
PLURALS = {"text": "texts", "text that is not empty": "texts", "a whole number": "whole numbers", "a number": "numbers"}


def form(root: Schema, part: Schema) -> str:
    """The expected form of `part`, such as `a whole number above 0`. A schema may say its own as `expected`."""
    part = _resolved(root, part)
    if "expected" in part:
        return str(part["expected"])
    if "enum" in part:
        return "one of " + ", ".join(map(str, part["enum"]))
    if "const" in part:
        return f'"{part["const"]}"'
    if "anyOf" in part:
        forms = (form(root, choice) for choice in part["anyOf"] if not _means_absent(choice))
        return " or ".join(dict.fromkeys(forms))
    return _typed(root, part)


def schema_at(root: Schema, place: Sequence[str | int]) -> Schema:
    """The part of the schema that a place in the document answers to; empty where the schema does not tell."""
    part = _resolved(root, root)
    for step in place:
        part = _resolved(root, _inside(root, part, step))
    return part


def _means_absent(choice: Schema) -> bool:
    return choice.get("type") == "null" or choice.get("const") == ""


def _typed(root: Schema, part: Schema) -> str:
    kind = str(part.get("type", ""))
    if kind in NUMBERS:
        return NUMBERS[kind] + _bounds(part)
    if kind == "array":
        item = form(root, part.get("items", {}))
        return f"a list of {PLURALS[item]}" if item in PLURALS else f"a list, each item {item}"
    if part.get("format") == "date":
        return 'a date such as "2025-01-01"'
    if kind == "string" and "pattern" in part:
        return f"text that matches {part['pattern']}"
    if kind == "string" and part.get("minLength", 0) > 0:
        return "text that is not empty"
    return PLAIN.get(kind, "a value")


def _bounds(part: Schema) -> str:
    least, most = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    if least is not None and most is not None:
        return f" from {_number(least)} to {_number(most)}"
    words = (
        (above, "above"),
        (least, "of at least"),
        (below, "below"),
        (most, "of at most"),
    )
    told = [f" {word} {_number(bound)}" for bound, word in words if bound is not None]
    return " and".join(told)


def _number(bound: float) -> str:
    return f"{bound:g}" if abs(bound) < 1e6 else f"{bound:.0f}"


def _resolved(root: Schema, part: Schema) -> Schema:
    """`part` with its reference followed; what stands beside a reference wins."""
    reference = part.get("$ref")
    if reference is None:
        return part
    target = root.get("$defs", {}).get(str(reference).rsplit("/", 1)[-1], {})
    return {**target, **{key: value for key, value in part.items() if key != "$ref"}}


def _inside(root: Schema, part: Schema, step: str | int) -> Schema:
    if "anyOf" in part:
        inner = (_inside(root, _resolved(root, choice), step) for choice in part["anyOf"])
        return next((found for found in inner if found), {})
    if isinstance(step, int):
        found = part.get("items", {})
    else:
        found = part.get("properties", {}).get(step) or part.get("additionalProperties", {})
    return found if isinstance(found, Mapping) else {}
