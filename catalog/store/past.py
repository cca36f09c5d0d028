"""The catalogue as it was known at a moment, and the life of one dataset: later changes are undone, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, select

from catalog import history
from catalog.fingerprint import flatten
from catalog.journal import Change, ChangeKind
from catalog.model import CatalogRecord, ContactPoint, State
from catalog.store.known import CHUNK, contacts_of
from catalog.store.tables import ChangeRow, table_of

CHANGE = table_of(ChangeRow)
STATE_AFTER = {
    ChangeKind.CREATED: State.PRESENT,
    ChangeKind.RESTORED: State.PRESENT,
    ChangeKind.MISSING: State.MISSING,
    ChangeKind.WITHDRAWN: State.WITHDRAWN,
}


def as_known(db: Connection, records: Sequence[CatalogRecord], at: str) -> list[CatalogRecord]:
    """The records with the state and content they had at `at`; all of them were first seen by then."""
    later, earlier = _split(db, [record.id for record in records], at)
    people = contacts_of(db, (key for changes in later.values() for key in _contact_keys(changes)))
    return [
        _rolled_back(record, later[record.id], earlier.get(record.id, Standing()), people, at)
        if record.id in later
        else replace(record, last_seen=min(record.last_seen, at))
        for record in records
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state a dataset was in at a moment; `away`: since when it was not seen."""

    state: State = State.PRESENT
    away: str | None = None

    def after(self, change: Change) -> "Standing":
        state = STATE_AFTER[change.kind]
        return Standing(state, None if state is State.PRESENT else self.away or change.at)


def _split(db: Connection, ids: Sequence[str], at: str) -> tuple[dict[str, list[Change]], dict[str, Standing]]:
    """What happened after the moment by dataset, newest first; and how each of them stood at that moment."""
    later: dict[str, list[Change]] = {}
    touched = select(CHANGE).where(CHANGE.c.at > at).order_by(CHANGE.c.id.desc())
    wanted = set(ids)
    for row in db.execute(touched).mappings():
        if row["dataset"] in wanted:
            later.setdefault(row["dataset"], []).append(change_of(dict(row)))
    earlier: dict[str, Standing] = {}
    names = sorted(later)
    kinds = [kind.value for kind in STATE_AFTER]
    for start in range(0, len(names), CHUNK):
        query = select(CHANGE).where(CHANGE.c.dataset.in_(names[start : start + CHUNK]), CHANGE.c.at <= at)
        for row in db.execute(query.where(CHANGE.c.kind.in_(kinds)).order_by(CHANGE.c.id)).mappings():
            name = row["dataset"]
            earlier[name] = earlier.get(name, Standing()).after(change_of(dict(row)))
    return later, earlier


def _rolled_back(
    record: CatalogRecord, later: Sequence[Change], then: Standing, people: Mapping[str, ContactPoint], at: str
) -> CatalogRecord:
    flat: Mapping[str, Any] = flatten(record.dataset)
    for change in later:
        flat = history.undo(flat, change.fields)
    own = history.contacts_by_key(record.dataset)
    return replace(
        record,
        state=then.state,
        dataset=history.dataset_of(flat, {**people, **own}),
        missing_since=then.away,
        last_seen=min(record.last_seen, then.away or at),
    )


def _contact_keys(changes: Sequence[Change]) -> list[str]:
    return [
        key
        for change in changes
        for values in (change.fields.get("contacts", ()),)
        for side in values
        for key in side or ()
    ]


def change_of(row: Mapping[str, Any]) -> Change:
    """A change from its row."""
    fields = {path: (old, new) for path, (old, new) in orjson.loads(row["fields"]).items()} if row["fields"] else {}
    return Change(row["dataset"], ChangeKind(row["kind"]), row["at"], row["job"], fields)


def changes_of(db: Connection, dataset: str) -> list[Change]:
    """The life of one dataset, oldest first."""
    query = select(CHANGE).where(CHANGE.c.dataset == dataset).order_by(CHANGE.c.id)
    return [change_of(dict(row)) for row in db.execute(query).mappings()]


def changes_by(db: Connection, job: int) -> list[Change]:
    """All that one job changed, in the order it was written."""
    query = select(CHANGE).where(CHANGE.c.job == job).order_by(CHANGE.c.id)
    return [change_of(dict(row)) for row in db.execute(query).mappings()]
