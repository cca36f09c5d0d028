"""What goes into the store comes out again, field by field, on both databases."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from catalog.fingerprint import digest, fingerprint, flatten, keyed
from catalog.model import Agent, ContactPoint, DataService, Dataset, Distribution, Issue, Location, PeriodOfTime
from catalog.store import inventory
from catalog.store.engine import Store
from catalog.store.inventory import Wanted
from catalog.store.known import stored
from catalog.store.mapping import dataset_id, distribution_rows, shown
from catalog.store.staging import Observation, Staging, Stamp
from tests.catalog.strategies import datasets

STAMP = Stamp("gent", "gent", 1, "2026-01-05T06:00:00.000Z", "mapper")
FAULTS = (Issue("normalize", "unknown_license", "license", "vrij", None), Issue("map", "x"))

TITLE = {"nl": "Titel", "fr": "Titre"}
FULL: dict[str, Any] = {
    "title": TITLE,
    "description": {"nl": "Tekst"},
    "publisher": Agent("Stad", "https://example.org/stad"),
    "creator": Agent("Dienst"),
    "contacts": (ContactPoint("A", "a@example.org", None), ContactPoint(None, None, "https://example.org/")),
    "keywords": ("b", "a"),
    "themes": ("https://example.org/t",),
    "license": "https://example.org/l",
    "license_open": True,
    "access_rights": "https://example.org/public",
    "rights": "Vrij",
    "frequency": "https://example.org/f",
    "issued": "2017-01-01",
    "modified": "2017-06-30T12:00:00Z",
    "languages": ("https://example.org/nl",),
    "spatial": (Location("https://example.org/s", "Gent", (3.5, 50.9, 3.9, 51.2)), Location(label="Gent")),
    "temporal": (PeriodOfTime("2017", None),),
    "landing_page": "https://example.org/",
    "conforms_to": ("https://example.org/c",),
    "version": "1",
    "same_as": ("https://example.org/x",),
    "federated": True,
    "distributions": (
        Distribution("1", TITLE, TITLE, "https://a", "https://b", "f", "m", "p", 7, "l", "r", "2017", "2018", "c"),
        Distribution(),
    ),
    "services": (DataService("https://example.org/wfs", TITLE, "WFS"),),
}


def write(store: Store, found: list[Dataset]) -> list[str]:
    """Stores the datasets as a first run would; their ids."""
    ids = [dataset_id("gent", "gent", dataset.identifier) for dataset in found]
    with Staging(STAMP) as staging:
        for id_, dataset in zip(ids, found, strict=True):
            raw = repr(dataset).encode("utf-8", "replace")
            staging.create(
                id_, Observation(dataset.identifier, None, raw, digest(raw), fingerprint(dataset), dataset, FAULTS)
            )
        with store.write() as db:
            staging.write(db)
    return ids


def empty(store: Store) -> None:
    with store.write() as db:
        for table in ("dataset", "distribution", "contact", "raw", "change"):
            db.execute(text(f"DELETE FROM {table}"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(datasets, min_size=1, max_size=3, unique_by=lambda dataset: dataset.identifier))
def test_dataset_when_stored_then_read_back_equal(store: Store, found: list[Dataset]) -> None:
    empty(store)
    ids = write(store, found)
    with store.read() as db:
        again = stored(db, ids)
        records = {record.id: record for record in inventory.datasets(db, Wanted())}
    for id_, dataset in zip(ids, found, strict=True):
        for read in (again[id_].dataset, records[id_].dataset):
            assert flatten(read) == flatten(dataset)
            assert fingerprint(read) == fingerprint(dataset)
            assert [*keyed(read.distributions)] == [*keyed(dataset.distributions)]
            assert read.contacts == dataset.contacts
        assert records[id_].issues == FAULTS


def test_dataset_when_every_field_is_filled_then_read_back_identical(store: Store) -> None:
    values = {name: strategy for name, strategy in FULL.items() if name != "identifier"}
    whole = Dataset("x", **values)
    assert not [item.name for item in fields(Dataset) if not getattr(whole, item.name)]
    (id_,) = write(store, [whole])
    with store.read() as db:
        assert stored(db, [id_])[id_].dataset == whole


def test_distribution_when_its_place_changes_then_its_id_stays() -> None:
    one, other = Distribution(identifier="1"), Distribution(download_url="https://a.example/x.csv")
    ids = {row[1] for row in distribution_rows("gent-1", [one, other])}
    assert {row[1] for row in distribution_rows("gent-1", [other, one])} == ids


@pytest.mark.parametrize(
    ("texts", "expected"), [({"fr": "b", "nl": "a"}, "a"), ({"xx": "c"}, "c"), ({}, ""), ({"de": "d", "en": "e"}, "e")]
)
def test_shown_text_when_several_languages_then_dutch_first(texts: dict[str, str], expected: str) -> None:
    assert shown(texts) == expected
