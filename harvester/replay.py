"""Reading the stored raw records again with today's code: what a mapping fix would change, and storing it when
asked."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from catalog.fingerprint import fingerprint, flatten
from catalog.history import changes, restless
from catalog.journal import Counts, Fields, HarvestJob, Outcome, timestamp
from catalog.store import jobs
from catalog.store.engine import Store
from catalog.store.known import Stored
from catalog.store.raw import RawRecord, raw_records
from catalog.store.staging import Observation, Staging, Stamp
from config.source import HarvestSource
from harvester.errors import RecordError
from harvester.intake import belongs
from harvester.mapper import mapper_version
from harvester.normalize import normalize
from harvester.sources import KINDS
from harvester.sources.base import HarvestRecord


@dataclass(frozen=True, slots=True)
class Difference:
    """What today's reading makes of one stored record. `fault`: why it can't be read any more, or is not the city's."""

    dataset: str
    fields: Fields
    fault: str | None = None


def differences(source: HarvestSource, store: Store) -> Iterator[Difference]:
    """Every dataset whose raw record reads otherwise today. Nothing is stored."""
    with store.read() as db:
        for raw, before in raw_records(db, source.id):
            found, _ = _again(source, raw, before)
            if found is not None:
                yield found


def replay(
    source: HarvestSource, store: Store, clock: Callable[[], datetime], lease_s: float = 120
) -> HarvestJob | None:
    """Store today's reading of every raw record, as a job of its own; null when the source is being harvested."""
    now, started = clock(), time.monotonic()
    with store.write() as db:
        number = jobs.start(db, source.id, source.city, now, lease_s)
    if number is None:
        return None
    stamp = Stamp(source.id, source.city, number, timestamp(now), mapper_version(source))
    with Staging(stamp) as staging:
        tally = _stage(source, store, staging)
        job = HarvestJob(
            id=number,
            source=source.id,
            city=source.city,
            started_at=stamp.at,
            finished_at=timestamp(clock()),
            outcome=Outcome.SUCCEEDED_WITH_ISSUES if tally["issues"] else Outcome.SUCCEEDED,
            counts=Counts(**tally),
            duration_s=round(time.monotonic() - started, 3),
            evidence={"replay": True},
        )
        with store.write() as db:
            staging.write(db)
            jobs.store_job(db, job)
            jobs.free(db, source.id)
    return job


def _stage(source: HarvestSource, store: Store, staging: Staging) -> dict[str, int]:
    tally = {"seen": 0, "updated": 0, "unchanged": 0, "issues": 0}
    with store.read() as db:
        for raw, before in raw_records(db, source.id):
            found, seen = _again(source, raw, before)
            tally["seen"] += 1
            tally["updated" if found and found.fields else "unchanged"] += 1
            if seen is None:
                tally["issues"] += 1
                continue
            tally["issues"] += len(seen.issues)
            staging.update(raw.dataset, seen, found.fields if found else {}, before.restless, restored=False)
    return tally


def _again(source: HarvestSource, raw: RawRecord, before: Stored) -> tuple[Difference | None, Observation | None]:
    """The difference, if any, and the new reading, if it can be read."""
    record = HarvestRecord(raw.identifier, raw.body, raw.alias)
    try:
        read = KINDS[source.kind].dataset(source, record)
    except RecordError as error:
        return Difference(raw.dataset, {}, error.message), None
    if not belongs(read, source):
        return Difference(raw.dataset, {}, "its publisher is not among those of [filter]"), None
    dataset, issues = normalize(read, source)
    seen = Observation(raw.identifier, raw.alias, raw.body, raw.hash, fingerprint(dataset), dataset, tuple(issues))
    fields = changes(flatten(before.dataset), flatten(dataset), restless(before.restless))
    return (Difference(raw.dataset, fields) if fields else None), seen
