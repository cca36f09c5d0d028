"""Reads one TOML file into plain values, or says why it can't. Knows nothing of what the file should hold."""

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from config.faults import Fault, Place, dotted

LARGEST_FILE = 1_000_000  # bytes; a source file has a few hundred
DEEPEST = 16  # levels; ours have three
INTEGERS = range(-(2**63), 2**63)  # what TOML promises to carry

Document = Mapping[str, Any]


def read(path: Path) -> tuple[Document, tuple[Fault, ...]]:
    """The file's values and its faults; with a fault that spoils the whole file the values are empty."""
    text, fault = _text(path)
    if fault is not None:
        return {}, (Fault(path.name, "", fault),)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, (Fault(path.name, "", _syntax(error)),)
    faults = tuple(Fault(path.name, dotted(place), message) for place, message in _unplain(document))
    return ({} if faults else document), faults


def _text(path: Path) -> tuple[str, str | None]:
    try:
        if not path.is_file():
            return "", f"not found: expected a TOML file at {path}"
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        return _decoded(raw)
    except OSError as error:
        return "", f"can't be read: {error.strerror or 'the system refused'}"


def _decoded(raw: bytes) -> tuple[str, str | None]:
    if len(raw) > LARGEST_FILE:
        return "", "too large: expected at most 1 MB"
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n"), None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return "", f"not UTF-8 at line {line}: save the file with the encoding UTF-8"


def _syntax(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not valid TOML: nested too deep"
    if not isinstance(error, tomllib.TOMLDecodeError):
        return "not valid TOML: a number is too long"
    reason, _, place = str(error).rpartition(" (at ")
    spot = re.fullmatch(r"line (\d+), column (\d+)\)", place)
    where = f"at line {spot[1]}, column {spot[2]}" if spot else "at the end of the file"
    return f"not valid TOML {where}: {reason[:1].lower()}{reason[1:]}"


def _unplain(document: Document) -> list[tuple[Place, str]]:
    """Values no setting can have, each with the reason."""
    found: list[tuple[Place, str]] = []
    waiting: list[tuple[Place, object]] = [((), document)]
    while waiting:
        place, value = waiting.pop()
        reason = _not_plain(value) if len(place) <= DEEPEST else "nested too deep"
        if reason:
            found.append((place[:DEEPEST], reason))
        elif isinstance(value, Mapping):
            waiting += [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, index), inner) for index, inner in enumerate(value)]
    return found


def _not_plain(value: object) -> str | None:
    if isinstance(value, (datetime, date, time)):
        return f'expected text in quotes, got a date or time without; write "{value}"'
    if isinstance(value, float) and not math.isfinite(value):
        return f"expected a number, got {value}"
    if isinstance(value, int) and value not in INTEGERS:
        return "expected a number of at most 19 digits"
    return None
