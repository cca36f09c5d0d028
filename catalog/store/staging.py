"""What a running job wants written, kept in a temporary file until it commits in one transaction.

So no lock is held while a portal is slow, memory does not grow with the catalogue, and a killed job leaves nothing
behind."""

import marshal
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

import orjson
import zstandard
from sqlalchemy import Connection

from catalog.history import Restless
from catalog.journal import ChangeKind, Fields
from catalog.model import Dataset, Issue, State
from catalog.store import bulk, mapping

IN_MEMORY = 16 * 1024 * 1024
BATCH = 500


@dataclass(frozen=True, slots=True)
class Observation:
    """One record of this run, read and normalized. `raw_hash`, `fingerprint`: 16 bytes each."""

    identifier: str
    alias: str | None
    raw: bytes
    raw_hash: bytes
    fingerprint: bytes
    dataset: Dataset
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who writes and when: source, city, job, moment as text, version of the mapping code and its configuration."""

    source: str
    city: str
    job: int
    at: str
    mapper: str


class Staging:
    """Collects rows by statement; spools them to disk batch by batch. Use as a context manager."""

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp
        self._rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._pending = 0
        self._sizes: list[int] = []
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by __exit__
        self._compress = zstandard.ZstdCompressor(level=1).compress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def create(self, id_: str, seen: Observation) -> None:
        """A dataset seen for the first time."""
        stamp, rows = self.stamp, self._rows
        rows["dataset"].append(
            (
                id_,
                stamp.source,
                stamp.city,
                seen.identifier,
                seen.alias,
                State.PRESENT.value,
                stamp.at,
                stamp.at,
                0,
                seen.raw_hash,
                stamp.mapper,
                seen.fingerprint,
                *mapping.columns(seen.dataset, seen.issues),
            )
        )
        self._parts(id_, seen)
        self._change(id_, ChangeKind.CREATED)
        self._done()

    def update(self, id_: str, seen: Observation, fields: Fields, restless: Restless, *, restored: bool) -> None:
        """A known dataset with other content; `fields` may be empty when only restless fields moved."""
        rows = self._rows
        content = mapping.columns(seen.dataset, seen.issues)
        rows["update"].append(
            (id_, seen.alias, seen.raw_hash, self.stamp.mapper, seen.fingerprint, _json(restless), *content)
        )
        rows["clear"].append((id_,))
        self._parts(id_, seen)
        if restored:
            self._restored(id_)
        if restored or fields:
            self._change(id_, ChangeKind.RESTORED if restored else ChangeKind.UPDATED, fields)
        self._done()

    def refresh(self, id_: str, seen: Observation, restless: Restless, *, restored: bool) -> None:
        """Other bytes, same content: the new raw is kept, nothing has changed."""
        issues = mapping.issues_json(seen.issues)
        row = (id_, seen.alias, seen.raw_hash, self.stamp.mapper, _json(restless), len(seen.issues), issues)
        self._rows["refresh"].append(row)
        self._raw(seen)
        if restored:
            self.restore(id_)
        self._done()

    def restore(self, id_: str) -> None:
        """A missing or withdrawn dataset came back as it was."""
        self._restored(id_)
        self._change(id_, ChangeKind.RESTORED)
        self._done()

    def note(self, issues: Iterable[Issue]) -> None:
        """Faults of the run that belong to no stored dataset."""
        self._rows["job_issue"] += [
            (self.stamp.job, issue.stage, issue.code, issue.field, issue.value, issue.record) for issue in issues
        ]
        self._done()

    def write(self, db: Connection, *, only_notes: bool = False) -> None:
        """Everything staged, in the transaction of `db`; `only_notes` leaves the catalogue as it is."""
        self._flush()
        for batch in self._batches():
            for name in ("job_issue",) if only_notes else bulk.ORDER:
                bulk.write(db, name, batch.get(name, ()))

    def _batches(self) -> Iterator[Mapping[str, list[tuple[Any, ...]]]]:
        self._file.seek(0)
        for size in self._sizes:
            yield marshal.loads(self._file.read(size))

    def _parts(self, id_: str, seen: Observation) -> None:
        self._rows["distribution"] += mapping.distribution_rows(id_, seen.dataset.distributions)
        if seen.dataset.contacts:
            self._rows["contact"] += mapping.contact_rows(seen.dataset.contacts)
        self._raw(seen)

    def _raw(self, seen: Observation) -> None:
        stamp = self.stamp
        self._rows["raw"].append((seen.raw_hash, stamp.source, seen.identifier, stamp.at, self._compress(seen.raw)))

    def _restored(self, id_: str) -> None:
        self._rows["restore"].append((id_, State.PRESENT.value, None, 0))

    def _change(self, id_: str, kind: ChangeKind, fields: Fields | None = None) -> None:
        stamp = self.stamp
        text = orjson.dumps(fields).decode() if fields else None
        self._rows["change"].append((id_, stamp.source, stamp.job, stamp.at, kind.value, text))

    def _done(self) -> None:
        self._pending += 1
        if self._pending >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            # Plain values, which marshal writes in half of pickle's time; only this process reads them.
            self._sizes.append(self._file.write(marshal.dumps(dict(self._rows))))
            self._rows.clear()
        self._pending = 0


def _json(restless: Restless) -> str | None:
    return orjson.dumps(restless).decode() if restless else None
