"""One record while it is being normalized: whose it is, and what was wrong with it. Knows no field's rules."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from catalog.model import Issue

T = TypeVar("T")
Fault = tuple[str, str, str | None]  # code, field, value

MAX_ISSUES = 50
MAX_ISSUE_VALUE = 500
MAX_REMEMBERED = 1_000  # characters of values whose result is kept
MAX_READ = 4_000  # of a value that goes into an issue
MAX_DIGITS = 40  # of a number that is still worth writing out
PLACEHOLDERS = frozenset({"null", "none", "undefined", "nan", "(null)", "[null]"})
TEMPLATE = re.compile(r"(?:\{\{[^{}]*\}\}\s*)+")
UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
CREDENTIALS = re.compile(r"(?<=://)[^/?#\s@]*@")


class Reading:
    """Collects the issues of one record. `language`: of untagged texts; `url`: base of relative addresses."""

    __slots__ = ("_found", "identifier", "language", "url")

    def __init__(self, identifier: str, language: str, url: str) -> None:
        self.identifier = identifier
        self.language = language
        self.url = url
        self._found: dict[Fault, None] = {}

    def add(self, code: str, field: str, value: object = None) -> None:
        """The same fault of the same value in the same field counts once."""
        self._found[code, field, _written(value)] = None

    def faults(self) -> tuple[Fault, ...]:
        return tuple(self._found)

    def issues(self, before: tuple[Issue, ...] = ()) -> tuple[Issue, ...]:
        """All issues after those the source kind itself noticed; past the 49th only their number is told."""
        if not before and not self._found:
            return ()
        found = (Issue("normalize", code, field, value, self.identifier) for code, field, value in self._found)
        issues = (*before, *found)
        if len(issues) <= MAX_ISSUES:
            return issues
        rest = len(issues) - MAX_ISSUES + 1
        return (*issues[: MAX_ISSUES - 1], Issue("normalize", "more_issues", None, str(rest), self.identifier))

    def text(self, value: object, field: str) -> str | None:
        """The value as stripped text; null when absent, blank, a template's leftover or no text at all."""
        if value is None:
            return None
        text = value.strip() if isinstance(value, str) else self._number(value, field)
        if text is None or not text:
            return None
        if is_placeholder(text):
            self.add("placeholder", field, text)
            return None
        return text

    def items(self, value: object, field: str) -> list[object]:
        """The members of a list; one text counts as a list of one."""
        if isinstance(value, list | tuple):
            return list(value)
        if isinstance(value, str):
            return [value]
        if value is not None:
            self.add("wrong_type", field, value)
        return []

    def _number(self, value: object, field: str) -> str | None:
        """A number where a text was expected is its digits; anything else is not read."""
        self.add("wrong_type", field, value)
        return _digits(value)


def remembered(rule: Callable[[object, Reading], T], values: object, reading: Reading) -> T:
    """`rule(values, reading)`; for a list of short texts computed once per distinct list, faults included."""
    if not isinstance(values, (list, tuple)):  # twice as fast as by a union
        return rule(values, reading)
    key = tuple(values)
    try:
        is_short = len("".join(key)) <= MAX_REMEMBERED
    except TypeError:  # not only texts: the rule says what is wrong
        return rule(values, reading)
    if not is_short:
        return rule(values, reading)
    found: T
    found, faults = _remembered(rule, key, reading.language, reading.url)
    for fault in faults:
        reading.add(*fault)
    return found


@lru_cache(maxsize=8192)
def _remembered(
    rule: Callable[[object, Reading], T], values: tuple[str, ...], language: str, url: str
) -> tuple[T, tuple[Fault, ...]]:
    alone = Reading("", language, url)
    return rule(values, alone), alone.faults()


def is_placeholder(text: str) -> bool:
    """Whether a template or a serializer left its own word in place of a value: `{{description}}`, `null`, `None`."""
    if len(text) <= 9 and text.lower() in PLACEHOLDERS:
        return True
    return text[:2] == "{{" and TEMPLATE.fullmatch(text) is not None


def _digits(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        return None
    return str(value)


def _written(value: object) -> str | None:
    """A portal's value as an issue keeps it: text or digits, storable, cut, no password; of all else its type."""
    if value is None:
        return None
    if not isinstance(value, str):
        return _digits(value) or type(value).__name__
    return UNSTORABLE.sub("", CREDENTIALS.sub("", value[:MAX_READ])[:MAX_ISSUE_VALUE])
