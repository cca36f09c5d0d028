"""The end of a job, in one transaction: what was seen, what became of the unseen, the job itself, the state of its
source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from catalog.journal import GOOD, ChangeKind, Decision, HarvestJob, SourceState
from catalog.model import State
from catalog.removal import Absent, Verdict
from catalog.store import bulk, jobs
from catalog.store.engine import StoreError
from catalog.store.staging import Staging
from catalog.store.tables import ValidatorRow, table_of

VALIDATOR = table_of(ValidatorRow)


@dataclass(frozen=True, slots=True)
class PageValidator:
    """What a page may be asked with next time. `url` is whole, query included; each
    `accept` has its own versions."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    accept: str = "*/*"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A job that ended and what follows from it. `apply_seen`: store what was read; `validators`: null leaves the old
    ones."""

    job: HarvestJob
    verdict: Verdict
    before: SourceState
    apply_seen: bool
    next_due: str | None
    unidentified: int = 0
    validators: Sequence[PageValidator] | None = None


def settle(db: Connection, staging: Staging, settlement: Settlement) -> None:
    """Write all of it. Raises StoreError when another process took the source over meanwhile: then nothing is
    written."""
    job = settlement.job
    assert job.id is not None
    if not jobs.holds_lease(db, job.id):
        raise StoreError(f"job {job.id} lost its lease on {job.source}; its result is dropped")
    staging.write(db, only_notes=not settlement.apply_seen)
    mark(db, staging, settlement)
    if job.complete:
        jobs.supersede(db, job.source, but=job.id)
    jobs.store_job(db, job)
    if settlement.validators is not None:
        keep_validators(db, job.source, settlement.validators)
    jobs.free(db, job.source, **_state_after(settlement))


def _state_after(settlement: Settlement) -> dict[str, Any]:
    job, before = settlement.job, settlement.before
    good = job.outcome in GOOD
    values: dict[str, Any] = {
        "last_outcome": job.outcome,
        "last_job": job.id,
        "next_due": settlement.next_due,
        "failures": 0 if good or job.decision is Decision.OPEN else before.failures + 1,
    }
    if good and job.complete:
        values |= {"runs": before.runs + 1, "last_complete_at": job.finished_at}
        values["unidentified"] = settlement.unidentified
    return values


def mark(db: Connection, staging: Staging, settlement: Settlement) -> None:
    """Missing, withdrawn, or one run longer missing; each newly so with its change."""
    verdict, at = settlement.verdict, staging.stamp.at
    last = settlement.before.last_complete_at or ""
    counted = [(item, State.MISSING) for item in (*verdict.missing, *verdict.still_missing)]
    counted += [(item, State.WITHDRAWN) for item in verdict.withdrawn]
    rows = [
        (
            item.id,
            state.value,
            item.missing_since or at,
            item.missing_runs + 1,
            item.last_seen if item.missing_since else max(item.last_seen, last),
        )
        for item, state in counted
    ]
    bulk.write(db, "state", rows)
    _changed(db, staging, verdict.missing, ChangeKind.MISSING)
    _changed(db, staging, verdict.withdrawn, ChangeKind.WITHDRAWN)


def _changed(db: Connection, staging: Staging, items: Iterable[Absent], kind: ChangeKind) -> None:
    stamp = staging.stamp
    bulk.write(db, "change", [(item.id, stamp.source, stamp.job, stamp.at, kind.value, None) for item in items])


def keep_validators(db: Connection, source: str, validators: Sequence[PageValidator]) -> None:
    """Replace what the pages of a source may be asked with."""
    db.execute(VALIDATOR.delete().where(VALIDATOR.c.source == source))
    rows = [
        {
            "source": source,
            "position": position,
            "url": v.url,
            "etag": v.etag,
            "last_modified": v.last_modified,
            "accept": v.accept,
        }
        for position, v in enumerate(validators)
    ]
    if rows:
        db.execute(VALIDATOR.insert(), rows)


def page_validators(db: Connection, source: str) -> tuple[PageValidator, ...]:
    """What the pages of the last complete listing may be asked with, in order."""
    query = VALIDATOR.select().where(VALIDATOR.c.source == source).order_by(VALIDATOR.c.position)
    return tuple(
        PageValidator(row["url"], row["etag"], row["last_modified"], row["accept"])
        for row in db.execute(query).mappings()
    )
