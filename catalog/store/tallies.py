"""Counts by city that the board shows beside the states: issues of what is listed, and what came and went of late."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from catalog.journal import ChangeKind, timestamp
from catalog.model import State
from catalog.store.tables import ChangeRow, DatasetRow, SourceRow, table_of

CHANGE = table_of(ChangeRow)
DATASET = table_of(DatasetRow)
SOURCE = table_of(SourceRow)


def issue_counts(db: Connection) -> dict[str, int]:
    """City -> how many issues its present datasets have together."""
    c = DATASET.c
    query = select(c.city, func.sum(c.issue_count)).where(c.state == State.PRESENT.value).group_by(c.city)
    return {city: int(count) for city, count in db.execute(query)}


def changes_since(db: Connection, since: datetime) -> dict[tuple[str, ChangeKind], int]:
    """(city, kind of change) -> how many we observed from that moment on."""
    query = (
        select(SOURCE.c.city, CHANGE.c.kind, func.count())
        .join(SOURCE, SOURCE.c.source == CHANGE.c.source)
        .where(CHANGE.c.at >= timestamp(since))
        .group_by(SOURCE.c.city, CHANGE.c.kind)
    )
    return {(city, ChangeKind(kind)): count for city, kind, count in db.execute(query)}
