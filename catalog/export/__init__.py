"""The catalogue in the formats others read; each a function from records to chunks of bytes."""

from collections.abc import Callable, Iterable, Iterator

from catalog.export.tabular import csv_chunks, json_chunks
from catalog.model import CatalogRecord

Writer = Callable[[Iterable[CatalogRecord]], Iterator[bytes]]

FORMATS: dict[str, Writer] = {"csv": csv_chunks, "json": json_chunks}
LATER = ("dcat-ap", "xlsx")
