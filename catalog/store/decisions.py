"""What a person decides on a held job: release carries the removals out, reject keeps everything as it was. Both are
remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from catalog.journal import ChangeKind, Decision, HarvestJob, timestamp
from catalog.model import State
from catalog.removal import Absent, set_digest
from catalog.store import bulk, jobs
from catalog.store.known import DATASET, NEVER, absent
from catalog.store.tables import DecisionRow, JobRow, SourceRow, table_of

DECISION = table_of(DecisionRow)
JOB = table_of(JobRow)
SOURCE = table_of(SourceRow)


class NotHeldError(Exception):
    """The job can't be decided on; the message says why."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who decides what, why and when."""

    verdict: Decision
    why: str
    by: str
    at: datetime


def answered(db: Connection, source: str) -> frozenset[str]:
    """Digests of the suspicious sets of this source on which a person decided."""
    return frozenset(db.execute(select(DECISION.c.digest).where(DECISION.c.source == source)).scalars())


def decide(db: Connection, number: int, judgement: Judgement) -> HarvestJob:
    """Carry a decision out. Raises NotHeldError when the job does not wait, or its source is being harvested now."""
    job = jobs.job(db, number)
    if job is None:
        raise NotHeldError(f"there is no job {number}")
    if job.decision is not Decision.OPEN:
        was = job.decision.value if job.decision else "not held"
        raise NotHeldError(f"job {number} does not wait for a decision: it is {was}")
    jobs.sweep(db, judgement.at, job.source)  # a process that died holds nobody up
    state = jobs.source_state(db, job.source)
    if state is not None and state.running_job is not None:
        raise NotHeldError(f"{job.source} is being harvested now (job {state.running_job}); try again when it is done")
    if judgement.verdict is Decision.RELEASED:
        _release(db, job, judgement)
    _remember(db, job, judgement)
    return job


def _release(db: Connection, job: HarvestJob, judgement: Judgement) -> None:
    at = timestamp(judgement.at)
    pairs = job.evidence.get("pairs", ())
    _rename(db, job, pairs, at)
    gone = set(job.evidence.get("unseen", ())) - {pair["id"] for pair in pairs}
    _withdraw(db, job, absent(db, sorted(gone)), at)


def _rename(db: Connection, job: HarvestJob, pairs: Sequence[dict[str, Any]], at: str) -> None:
    """The datasets go on under their new identifiers; the next run reads their records anew. A new identifier that
    was stored as a dataset of its own meanwhile stays that."""
    stored = set(db.execute(select(DATASET.c.identifier).where(DATASET.c.source == job.source)).scalars())
    pairs = [pair for pair in pairs if pair["new"] not in stored]
    bulk.write(db, "rename", [(pair["id"], pair["new"], NEVER) for pair in pairs])
    rows = [
        (
            pair["id"],
            job.source,
            job.id,
            at,
            ChangeKind.UPDATED.value,
            _json({"identifier": (pair["old"], pair["new"])}),
        )
        for pair in pairs
    ]
    bulk.write(db, "change", rows)


def _withdraw(db: Connection, job: HarvestJob, items: Sequence[Absent], at: str) -> None:
    gone = [item for item in items if item.state is not State.WITHDRAWN]
    last = jobs.source_state(db, job.source)
    seen = (last.last_complete_at if last else None) or ""
    rows = [
        (
            item.id,
            State.WITHDRAWN.value,
            item.missing_since or job.started_at,
            item.missing_runs + 1,
            item.last_seen if item.missing_since else max(item.last_seen, seen),
        )
        for item in gone
    ]
    bulk.write(db, "state", rows)
    bulk.write(db, "change", [(item.id, job.source, job.id, at, ChangeKind.WITHDRAWN.value, None) for item in gone])


def _remember(db: Connection, job: HarvestJob, judgement: Judgement) -> None:
    at = timestamp(judgement.at)
    db.execute(update(JOB).where(JOB.c.id == job.id).values(decision=judgement.verdict.value))
    db.execute(
        DECISION.insert().values(
            source=job.source,
            job=job.id,
            digest=_answered(job, judgement.verdict),
            verdict=judgement.verdict.value,
            reason=judgement.why,
            by=judgement.by,
            at=at,
        )
    )
    # What follows is read at the next tick: new identifiers are matched, the counts are made right.
    db.execute(update(SOURCE).where(SOURCE.c.source == job.source).values(next_due=at))


def _answered(job: HarvestJob, verdict: Decision) -> str:
    """The digest of the set that is not to be asked about again; "" where a set like this one would be news."""
    if verdict is Decision.REJECTED:
        return str(job.evidence.get("digest", ""))
    # What was released is gone, so that only a count that stays low comes again.
    return set_digest(f"expect {job.counts.seen}", ()) if job.evidence.get("guard") == "expect" else ""


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def decisions_on(db: Connection, number: int) -> list[dict[str, Any]]:
    """Who decided what on a job, and why."""
    return [dict(row) for row in db.execute(select(DECISION).where(DECISION.c.job == number)).mappings()]
