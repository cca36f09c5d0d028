"""How commands speak: one JSON document on stdout, or tables for people; advice, progress and faults on stderr."""

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

import orjson
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text as RichText

from catalog.journal import moment

ERRORS = Console(stderr=True, highlight=False, soft_wrap=True)
LEAST_WIDTH = 12  # characters of a column that may be cut
GAP = "  "
LARGEST_NUMBER = 2**31 - 1  # of a job


def prepare_streams() -> None:
    """Make stdout and stderr safe to write to: there, and forgiving where the terminal lacks a character."""
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _nowhere() -> TextIOWrapper:
    return Path(os.devnull).open("w", encoding="utf-8")


def write(content: bytes | str) -> None:
    """To stdout. When its reader went away (`... | head`) the rest is dropped, so that the exit code stays true."""
    try:
        if isinstance(content, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
    except BrokenPipeError:
        drop_output()


def finish() -> None:
    """Everything that was written is out."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def drop_output() -> None:
    """What is written from now on goes nowhere, and nothing is left to fail at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def emit(shape: object) -> None:
    """One JSON document on stdout, in UTF-8 whatever the terminal speaks, and nothing else."""
    write(orjson.dumps(shape, option=orjson.OPT_INDENT_2) + b"\n")


def say(text: str) -> None:
    """One line for a person, on stdout."""
    write(plain(text) + "\n")


def complain(text: str) -> None:
    """One line on stderr."""
    ERRORS.print(RichText(plain(text)))


def plain(value: object) -> str:
    """A value on one line. What a portal sent can't move the cursor, change colors or begin a line of its own."""
    text = "" if value is None else str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


class LogLines(logging.Handler):
    """Log lines on stderr, above the progress bar when there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        ERRORS.print(RichText(self.format(record)))


def table(header: Sequence[str], rows: Iterable[Sequence[object]], cut: Sequence[str] = ()) -> None:
    """A table. On a narrow terminal the columns named by `cut` give way; everything else is shown whole."""
    cells = [list(header), *([plain(value) for value in row] for row in rows)]
    widths = [max(cell_len(row[number]) for row in cells) for number in range(len(header))]
    console = Console(highlight=False)
    if sys.stdout.isatty():
        _narrow(widths, [header.index(name) for name in cut], console.width)
    for number, row in enumerate(cells):
        line = GAP.join(_fitted(text, width) for text, width in zip(row, widths, strict=True)).rstrip()
        with console.capture() as drawn:
            console.print(RichText(line, style="" if number else "bold"), soft_wrap=True)
        write(drawn.get())


def _narrow(widths: list[int], cut: Sequence[int], width: int) -> None:
    """Take what is too much from the columns that may be cut, as far as they give."""
    surplus = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for number in cut:
        taken = max(0, min(surplus, widths[number] - LEAST_WIDTH))
        widths[number] -= taken
        surplus -= taken


def _fitted(text: str, width: int) -> str:
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


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
