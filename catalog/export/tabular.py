"""The inventory as CSV and as JSON, in chunks of bytes. A cell that a spreadsheet would take for a formula is made
text."""

import csv
import io
from collections.abc import Iterable, Iterator

import orjson

from catalog.export.shapes import dataset_shape
from catalog.model import CatalogRecord, Text

HEADER = (
    "id",
    "city",
    "source",
    "source_id",
    "state",
    "title",
    "description",
    "publisher",
    "license",
    "license_open",
    "themes",
    "keywords",
    "frequency",
    "issued",
    "modified",
    "landing_page",
    "first_seen",
    "last_seen",
    "federated",
    "formats",
    "download_urls",
    "issues",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")
LISTED = " | "


def csv_chunks(records: Iterable[CatalogRecord]) -> Iterator[bytes]:
    """RFC 4180 with a header, UTF-8 with BOM (so that spreadsheets read it right); lists joined by ` | `."""
    yield b"\xef\xbb\xbf" + _line(HEADER)
    for record in records:
        yield _line(cell(value) for value in _row(record))


def json_chunks(records: Iterable[CatalogRecord]) -> Iterator[bytes]:
    """`{"datasets": [...]}`, one dataset a chunk."""
    yield b'{"datasets": ['
    for number, record in enumerate(records):
        yield (b",\n" if number else b"\n") + orjson.dumps(dataset_shape(record))
    yield b"\n]}\n"


def cell(value: object) -> str:
    """A value as a cell: never a formula, never a control character."""
    text = "" if value is None else str(value)
    text = "".join(c if c >= " " or c in "\n\t" else " " for c in text)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def _row(record: CatalogRecord) -> Iterator[object]:
    shape = dataset_shape(record)
    distributions = record.dataset.distributions
    joined = {
        "title": _text(record.dataset.title),
        "description": _text(record.dataset.description),
        "themes": LISTED.join(shape["themes"]),
        "keywords": LISTED.join(shape["keywords"]),
        "formats": LISTED.join(sorted({(item.format or "").rpartition("/")[2] for item in distributions} - {""})),
        "download_urls": LISTED.join(url for item in distributions if (url := item.download_url or item.access_url)),
        "issues": LISTED.join(sorted({issue.code for issue in record.issues})),
    }
    for name in HEADER:
        yield joined.get(name, shape.get(name))


def _text(text: Text) -> str:
    return text.get("nl") or next(iter(text.values()), "")


def _line(values: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue().encode("utf-8", "replace")
