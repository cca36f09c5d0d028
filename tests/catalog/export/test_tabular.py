"""CSV that no spreadsheet executes, and JSON in the shape of the interface."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.export import FORMATS
from catalog.export.tabular import FORMULA, HEADER, cell, csv_chunks, json_chunks
from catalog.model import CatalogRecord, Dataset, Distribution, Issue, State
from tests.catalog.strategies import datasets

BOM = b"\xef\xbb\xbf"
KEYS = {
    "id", "city", "source", "source_id", "state", "title", "description", "publisher", "license", "license_open",
    "themes", "keywords", "frequency", "issued", "modified", "landing_page", "first_seen", "last_seen", "dynamic",
    "distributions", "issues",
}  # fmt: skip
DISTRIBUTION_KEYS = {
    "id", "title", "access_url", "download_url", "format", "media_type", "byte_size", "license", "health",
}  # fmt: skip


def record(dataset: Dataset) -> CatalogRecord:
    return CatalogRecord(
        id="gent-1",
        city="gent",
        source="gent",
        state=State.PRESENT,
        first_seen="2026-01-01T00:00:00.000Z",
        last_seen="2026-01-02T00:00:00.000Z",
        dataset=dataset,
        issues=(Issue("normalize", "unknown_license", "license", "vrij"),),
    )


def table(records: list[CatalogRecord]) -> list[list[str]]:
    body = b"".join(csv_chunks(records))
    assert body.startswith(BOM)
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|calc", "%0A=1", "\n=1", "\x00=1", "\u00a0=1"]
)
def test_cell_when_a_spreadsheet_would_calculate_then_it_is_text(text: str) -> None:
    shown = cell(text)
    assert shown.startswith("'")
    assert not shown.lstrip().startswith(FORMULA)


@given(st.text())
def test_cell_when_any_text_then_no_formula_and_no_control_character(text: str) -> None:
    shown = cell(text)
    assert not shown.lstrip().startswith(FORMULA)
    assert not any(character < " " and character not in "\n\t" for character in shown)


@given(datasets)
def test_csv_when_read_back_then_one_row_each_and_no_formula(dataset: Dataset) -> None:
    head, row, again = table([record(dataset), record(dataset)])
    assert tuple(head) == HEADER
    assert row == again
    assert len(row) == len(HEADER)
    assert not any(value.lstrip().startswith(FORMULA) for value in row)


def test_csv_when_title_is_a_formula_then_the_file_holds_it_as_text() -> None:
    hostile = Dataset("=cmd|' /C calc'!A0", title={"nl": '=HYPERLINK("http://evil.example")'}, keywords=("@x", "+y"))
    found = dict(zip(*table([record(hostile)]), strict=True))
    assert found["title"] == '\'=HYPERLINK("http://evil.example")'
    assert found["source_id"].startswith("'=")
    assert found["keywords"].startswith("'@x")


def test_csv_when_empty_then_only_the_header() -> None:
    assert table([]) == [list(HEADER)]


def test_csv_when_several_values_then_joined() -> None:
    files = (Distribution("1", format="https://a.example/CSV", download_url="https://a.example/1"), Distribution("2"))
    found = dict(zip(*table([record(Dataset("x", keywords=("a", "b"), distributions=files))]), strict=True))
    assert (found["keywords"], found["formats"], found["issues"]) == ("a | b", "CSV", "unknown_license")


@given(st.lists(datasets, max_size=3))
def test_json_when_written_then_one_document_in_the_shape_of_the_interface(found: list[Dataset]) -> None:
    records = [replace(record(dataset), id=f"gent-{number}") for number, dataset in enumerate(found)]
    document = json.loads(b"".join(json_chunks(records)))
    assert list(document) == ["datasets"]
    assert [shape["id"] for shape in document["datasets"]] == [item.id for item in records]
    for shape, dataset in zip(document["datasets"], found, strict=True):
        assert shape.keys() >= KEYS
        assert shape["title"] == dataset.title
        assert shape["issues"] == [{"code": "unknown_license", "field": "license", "value": "vrij"}]
        assert all(item.keys() >= DISTRIBUTION_KEYS and item["health"] == "unknown" for item in shape["distributions"])
        assert len({item["id"] for item in shape["distributions"]}) == len(dataset.distributions)


def test_formats_when_listed_then_those_of_the_interface() -> None:
    assert {"csv", "json"} <= FORMATS.keys()
