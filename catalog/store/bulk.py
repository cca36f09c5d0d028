"""Many rows at once: statements that SQLAlchemy Core compiles once per dialect and the driver runs with plain tuples.

Core's own executemany costs 1.7 times the driver's, the ORM 20 times (ADR 0007); the hot path of a harvest is here.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlmodel import SQLModel

from catalog.store.mapping import CONTENT_COLUMNS
from catalog.store.tables import (
    ChangeRow,
    ContactRow,
    DatasetRow,
    DistributionRow,
    JobIssueRow,
    RawRow,
    table_of,
)

Rows = Sequence[tuple[Any, ...]]

DATASET_COLUMNS = (
    "id",
    "source",
    "city",
    "identifier",
    "alias",
    "state",
    "first_seen",
    "last_seen",
    "missing_runs",
    "raw_hash",
    "mapper",
    "fingerprint",
    *CONTENT_COLUMNS,
)
UPDATED_COLUMNS = ("alias", "raw_hash", "mapper", "fingerprint", "restless", *CONTENT_COLUMNS)
REFRESHED_COLUMNS = ("alias", "raw_hash", "mapper", "restless", "issue_count", "issues")


def _columns(row: type[SQLModel]) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(row).columns)


INSERTS: dict[str, tuple[type[SQLModel], tuple[str, ...]]] = {
    "dataset": (DatasetRow, DATASET_COLUMNS),
    "distribution": (DistributionRow, _columns(DistributionRow)),
    "contact": (ContactRow, _columns(ContactRow)),
    "raw": (RawRow, _columns(RawRow)),
    "change": (ChangeRow, ("dataset", "source", "job", "at", "kind", "fields")),
    "job_issue": (JobIssueRow, ("job", "stage", "code", "field", "value", "record")),
}
ONCE = frozenset({"contact", "raw"})  # the same content may come again: the first stays
UPDATES: dict[str, tuple[str, ...]] = {
    "update": UPDATED_COLUMNS,
    "refresh": REFRESHED_COLUMNS,
    "restore": ("state", "missing_since", "missing_runs"),
    "state": ("state", "missing_since", "missing_runs", "last_seen"),
    "rename": ("identifier", "raw_hash"),
}
ORDER = ("contact", "raw", "dataset", "update", "refresh", "restore", "clear", "distribution", "change", "job_issue")
"""In which order the parts of a job are written; `clear` empties a dataset's distributions before the new ones come."""


def write(db: Connection, name: str, rows: Rows) -> None:
    """Run the named statement for every row. An update's rows start with the id of the dataset."""
    if not rows:
        return
    sql, order = _statement(name, db.dialect)
    if db.dialect.positional:
        db.exec_driver_sql(sql, list(_ordered(rows, order, _parameters(name))))
    else:
        names = _parameters(name)
        db.exec_driver_sql(sql, [dict(zip(names, row, strict=True)) for row in rows])


def _parameters(name: str) -> tuple[str, ...]:
    if name in INSERTS:
        return INSERTS[name][1]
    return ("row_id", *UPDATES.get(name, ()))


def _ordered(rows: Rows, order: tuple[str, ...], names: tuple[str, ...]) -> Iterable[tuple[Any, ...]]:
    if order == names:
        return rows
    places = [names.index(name) for name in order]
    return (tuple(row[place] for place in places) for row in rows)


_compiled: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}


def _statement(name: str, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    key = (name, dialect.name)
    if key not in _compiled:
        compiled = _clause(name, dialect.name).compile(dialect=dialect)  # type: ignore[attr-defined]
        _compiled[key] = str(compiled), tuple(compiled.positiontup or ())
    return _compiled[key]


@cache
def _clause(name: str, dialect: str) -> Executable:
    if name in INSERTS:
        row, names = INSERTS[name]
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        statement = insert(table_of(row)).values({column: bindparam(column) for column in names})
        return statement.on_conflict_do_nothing() if name in ONCE else statement
    if name == "clear":
        distribution = table_of(DistributionRow)
        return delete(distribution).where(distribution.c.dataset == bindparam("row_id"))
    dataset = table_of(DatasetRow)
    values: dict[str, Any] = {column: bindparam(column) for column in UPDATES[name]}
    return update(dataset).where(dataset.c.id == bindparam("row_id")).values(values)
