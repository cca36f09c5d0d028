"""Raw records as received: read back for a replay."""

from collections.abc import Iterator
from dataclasses import dataclass

import zstandard
from sqlalchemy import Connection, select

from catalog.store.known import CHUNK, DATASET, Stored, stored
from catalog.store.tables import RawRow, table_of

RAW = table_of(RawRow)
LARGEST = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The bytes from which a dataset was last read. `hash`: 16 bytes."""

    dataset: str
    identifier: str
    alias: str | None
    hash: bytes
    body: bytes


def raw_records(db: Connection, source: str) -> Iterator[tuple[RawRecord, Stored]]:
    """Every dataset of a source beside its raw record, a chunk at a time; those whose raw is gone are left out."""
    query = select(DATASET.c.id).where(DATASET.c.source == source).order_by(DATASET.c.id)
    ids = list(db.execute(query).scalars())
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        before = stored(db, chunk)
        for record in _bodies(db, chunk):
            yield record, before[record.dataset]


def _bodies(db: Connection, ids: list[str]) -> list[RawRecord]:
    c = DATASET.c
    query = select(c.id, c.identifier, c.alias, RAW.c.hash, RAW.c.body).join(RAW, RAW.c.hash == c.raw_hash)
    decompress = zstandard.ZstdDecompressor().decompress
    return [
        RawRecord(row[0], row[1], row[2], bytes(row[3]), decompress(row[4], max_output_size=LARGEST))
        for row in db.execute(query.where(c.id.in_(ids)))
    ]
