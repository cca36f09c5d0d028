"""The store for those who only look: board, API, metrics. One exception for whatever keeps it silent."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from catalog.journal import moment
from catalog.store.engine import Store, StoreError, recall, schema_version
from catalog.store.tables import SCHEMA_VERSION

log = logging.getLogger("datapeil.store")

TICK_KEY = "last_tick"


@contextmanager
def reading(store: Store) -> Iterator[Connection]:
    """A connection to read by. Raises StoreError when the database is busy, gone or not ours any more."""
    try:
        with store.read() as db:
            yield db
    except (DBAPIError, PoolTimeoutError) as error:
        log.warning("the database did not answer", exc_info=error)
        raise StoreError("the database does not answer") from error


def check(store: Store) -> None:
    """Raises StoreError, fit to be shown to anybody, unless the database answers and has this program's tables."""
    try:
        version = schema_version(store.engine)
    except (DBAPIError, PoolTimeoutError) as error:
        raise StoreError("the database does not answer") from error
    if version != SCHEMA_VERSION:
        raise StoreError(f"the database has schema version {version or 'none'}, this program needs {SCHEMA_VERSION}")


def last_tick(db: Connection) -> datetime | None:
    """When a schedule last gave a sign of life; null when none ever did."""
    stamp = recall(db, TICK_KEY)
    return moment(stamp) if stamp else None
