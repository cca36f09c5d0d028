"""What is let go after its time: raw records that no dataset was last read from. Changes and jobs are kept for ever."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from catalog.journal import timestamp
from catalog.store.tables import ContactRow, DatasetRow, RawRow, table_of

RAW = table_of(RawRow)
DATASET = table_of(DatasetRow)
CONTACT = table_of(ContactRow)


def forget_raw(db: Connection, now: datetime, days: float) -> int:
    """Delete raw records older than `days` that are not in use; how many went."""
    before = timestamp(now - timedelta(days=days))
    used = select(DATASET.c.raw_hash)
    return db.execute(delete(RAW).where(RAW.c.stored_at < before, RAW.c.hash.not_in(used))).rowcount


def forget_contact(db: Connection, key: str) -> bool:
    """Forget one contact person everywhere but in raw records; documents keep a key that leads nowhere."""
    return db.execute(delete(CONTACT).where(CONTACT.c.key == key)).rowcount == 1
