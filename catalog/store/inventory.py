"""Reading the catalogue: the inventory of cities and sources, now or as it was known on a date, and its counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Select, func, select

from catalog.history import restless
from catalog.model import CatalogRecord, ContactPoint, Distribution, State
from catalog.store import past
from catalog.store.known import DATASET, contacts_of, distributions_of, restless_of
from catalog.store.mapping import dataset_from, issues_of
from catalog.store.tables import SourceRow, table_of

SOURCE = table_of(SourceRow)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which datasets: all fields are filters, null does not filter. `as_of`: a moment as stored."""

    city: str | None = None
    source: str | None = None
    state: State | None = None
    as_of: str | None = None


def datasets(db: Connection, wanted: Wanted) -> list[CatalogRecord]:
    """The inventory in order of city, source and identifier. As of a date: in the state and with the content it had
    then."""
    records = _records(db, _selected(wanted))
    if wanted.as_of is not None:
        records = past.as_known(db, records, wanted.as_of)
    if wanted.state is not None:
        records = [record for record in records if record.state is wanted.state]
    return records


def dataset(db: Connection, id_: str) -> CatalogRecord | None:
    """One dataset by our id."""
    query = _joined().where(DATASET.c.id == id_)
    return next(iter(_records(db, query)), None)


def _joined() -> Select[Any]:
    return select(DATASET, SOURCE.c.last_complete_at).outerjoin(SOURCE, SOURCE.c.source == DATASET.c.source)


def _selected(wanted: Wanted) -> Select[Any]:
    c = DATASET.c
    query = _joined().order_by(c.city, c.source, c.identifier)
    if wanted.city is not None:
        query = query.where(c.city == wanted.city)
    if wanted.source is not None:
        query = query.where(c.source == wanted.source)
    if wanted.as_of is not None:
        return query.where(c.first_seen <= wanted.as_of)
    return query.where(c.state == wanted.state.value) if wanted.state is not None else query


def _records(db: Connection, query: Select[Any]) -> list[CatalogRecord]:
    rows = [dict(row) for row in db.execute(query).mappings()]
    ids = [row["id"] for row in rows]
    distributions = distributions_of(db, ids)
    people = contacts_of(db, (key for row in rows for key in orjson.loads(row["document"]).get("contacts", ())))
    return [_record(row, distributions.get(row["id"], ()), people) for row in rows]


def _record(
    row: Mapping[str, Any], distributions: Iterable[Distribution], people: Mapping[str, ContactPoint]
) -> CatalogRecord:
    present = row["state"] == State.PRESENT.value
    return CatalogRecord(
        id=row["id"],
        city=row["city"],
        source=row["source"],
        state=State(row["state"]),
        first_seen=row["first_seen"],
        last_seen=max(row["last_seen"], row["last_complete_at"] or "") if present else row["last_seen"],
        dataset=dataset_from(row["document"], distributions, people),
        issues=issues_of(row["issues"]),
        missing_since=row["missing_since"],
        restless=tuple(sorted(restless(restless_of(row["restless"])))),
    )


def state_counts(db: Connection) -> dict[tuple[str, str, str], int]:
    """(city, source, state) -> how many datasets."""
    c = DATASET.c
    query = select(c.city, c.source, c.state, func.count()).group_by(c.city, c.source, c.state)
    return {(city, source, state): count for city, source, state, count in db.execute(query)}
