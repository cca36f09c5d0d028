"""How commands speak: one JSON document on stdout, or tables for people; advice, progress and faults on stderr."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from catalog.journal import moment

ERRORS = Console(stderr=True, highlight=False, soft_wrap=True)


def emit(shape: object) -> None:
    """One JSON document on stdout, nothing else."""
    sys.stdout.write(orjson.dumps(shape, option=orjson.OPT_INDENT_2).decode() + "\n")


def say(text: str) -> None:
    """One line for a person, on stdout."""
    typer.echo(text)


def complain(text: str) -> None:
    """One line on stderr."""
    ERRORS.print(RichText(text))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table as wide as it needs; portal texts can't style it."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in header:
        shown.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in rows:
        shown.add_row(*[RichText("" if value is None else str(value)) for value in row])
    Console(highlight=False, width=None if sys.stdout.isatty() else 240).print(shown)


def day(stamp: str | None) -> str:
    """A stored moment as a person reads it: to the minute, in UTC."""
    return moment(stamp).strftime("%Y-%m-%d %H:%M") if stamp else "-"


def ago(stamp: str | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if not stamp:
        return "never"
    seconds = max(0, (now - moment(stamp)).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"
