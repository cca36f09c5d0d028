"""Counts by source that the board shows beside the states: issues of what is listed, and what came and went of late."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from catalog.journal import ChangeKind, timestamp
from catalog.model import State
from catalog.store.tables import ChangeRow, DatasetRow, table_of

CHANGE = table_of(ChangeRow)
DATASET = table_of(DatasetRow)


def issue_counts(db: Connection) -> dict[str, int]:
    """Source -> how many issues its present datasets have together."""
    c = DATASET.c
    query = select(c.source, func.sum(c.issue_count)).where(c.state == State.PRESENT.value).group_by(c.source)
    return {source: int(count) for source, count in db.execute(query)}


def changes_since(db: Connection, since: datetime) -> dict[tuple[str, ChangeKind], int]:
    """(source, kind of change) -> how many we observed from that moment on."""
    c = CHANGE.c
    query = select(c.source, c.kind, func.count()).where(c.at >= timestamp(since)).group_by(c.source, c.kind)
    return {(source, ChangeKind(kind)): count for source, kind, count in db.execute(query)}
