"""Leases and runs: who works on a source, since when, and how each run ended. The database is the schedule."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from catalog.journal import (
    Counts,
    Decision,
    HarvestJob,
    JobError,
    Outcome,
    SourceState,
    timestamp,
)
from catalog.model import Issue
from catalog.store.tables import JobIssueRow, JobRow, SourceRow, table_of

JOB = table_of(JobRow)
SOURCE = table_of(SourceRow)
JOB_ISSUE = table_of(JobIssueRow)
COUNTS = tuple(asdict(Counts()))
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(days=1)


def owner_name() -> str:
    """This process, in a form by which another one on the same machine can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}"


def alive(owner: str) -> bool:
    """False only when the owner was a process of this machine that is gone; another machine's is believed to live."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def register(db: Connection, source: str, city: str, next_due: str | None) -> None:
    """Make sure a source has its row; one that exists keeps what it has."""
    insert = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
    values = {"source": source, "city": city, "next_due": next_due, "runs": 0, "failures": 0, "unidentified": 0}
    db.execute(insert(SOURCE).values(**values, requested=False).on_conflict_do_nothing())


def start(db: Connection, source: str, city: str, now: datetime, lease_s: float) -> int | None:
    """A new job of this source, leased to this process; null when another one works on it. Dead owners lose their
    lease."""
    register(db, source, city, None)
    sweep(db, now, source)
    job = db.execute(
        JOB.insert().values(source=source, city=city, started_at=timestamp(now), **_blank()).returning(JOB.c.id)
    ).scalar_one()
    taken = db.execute(
        update(SOURCE)
        .where(SOURCE.c.source == source, SOURCE.c.lease_owner.is_(None))
        .values(
            lease_owner=owner_name(),
            lease_until=timestamp(now + timedelta(seconds=lease_s)),
            running_job=job,
            last_started_at=timestamp(now),
            requested=False,
        )
    )
    if taken.rowcount == 1:
        return int(job)
    db.execute(JOB.delete().where(JOB.c.id == job))
    return None


def _blank() -> dict[str, Any]:
    return {"duration_s": 0.0, "complete": False, "evidence": "{}", **dict.fromkeys(COUNTS, 0)}


def heartbeat(db: Connection, sources: Sequence[str], now: datetime, lease_s: float) -> None:
    """These sources are still worked on by this process: their leases go on."""
    until = timestamp(now + timedelta(seconds=lease_s))
    ours = and_(SOURCE.c.source.in_(sources), SOURCE.c.lease_owner == owner_name())
    db.execute(update(SOURCE).where(ours).values(lease_until=until))


def sweep(db: Connection, now: datetime, source: str | None = None) -> list[int]:
    """End the jobs whose process died or whose lease ran out: they are `aborted`, and their source is free again."""
    query = select(SOURCE).where(SOURCE.c.lease_owner.is_not(None))
    if source is not None:
        query = query.where(SOURCE.c.source == source)
    dead = [
        row
        for row in db.execute(query).mappings()
        if row["lease_until"] < timestamp(now) or not alive(row["lease_owner"])
    ]
    for row in dead:
        error = JobError("bug", "the process that ran this job ended before it was done; nothing was stored")
        db.execute(
            update(JOB)
            .where(JOB.c.id == row["running_job"], JOB.c.outcome.is_(None))
            .values(
                outcome=Outcome.ABORTED.value, finished_at=timestamp(now), error=orjson.dumps(asdict(error)).decode()
            )
        )
        free(db, row["source"], **_after_abort(dict(row), now))
    return [row["running_job"] for row in dead]


def _after_abort(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Once is an accident and tried again at once; a source that keeps killing its process is asked less and less."""
    failures = row["failures"] + 1
    values = {"last_outcome": Outcome.ABORTED.value, "last_job": row["running_job"], "failures": failures}
    if failures > 1:
        pause = min(FIRST_PAUSE * 2 ** min(failures - 2, 10), LONGEST_PAUSE)
        values["next_due"] = timestamp(now + pause)
    return values


def free(db: Connection, source: str, **values: object) -> None:
    """Give the lease back, and write down what the source's state became."""
    blank = {"lease_owner": None, "lease_until": None, "running_job": None}
    db.execute(update(SOURCE).where(SOURCE.c.source == source).values(**blank, **values))


def holds_lease(db: Connection, job: int) -> bool:
    """Whether this process still owns the job. A job that lost its lease must not commit."""
    query = select(SOURCE.c.lease_owner).where(SOURCE.c.running_job == job)
    return db.execute(query).scalar() == owner_name()


def store_job(db: Connection, job: HarvestJob) -> None:
    """The job's end: outcome, counts, error, evidence."""
    values = {
        "outcome": job.outcome.value if job.outcome else None,
        "finished_at": job.finished_at,
        "duration_s": job.duration_s,
        "complete": job.complete,
        "declared_total": job.declared_total,
        "held_reason": job.held_reason,
        "decision": job.decision.value if job.decision else None,
        "error": orjson.dumps(asdict(job.error)).decode() if job.error else None,
        "evidence": orjson.dumps(job.evidence).decode(),
        **asdict(job.counts),
    }
    db.execute(update(JOB).where(JOB.c.id == job.id).values(**values))


def job_of(row: Mapping[str, Any]) -> HarvestJob:
    """A job from its row."""
    return HarvestJob(
        id=row["id"],
        source=row["source"],
        city=row["city"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        complete=row["complete"],
        declared_total=row["declared_total"],
        counts=Counts(**{name: row[name] for name in COUNTS}),
        duration_s=row["duration_s"],
        held_reason=row["held_reason"],
        decision=Decision(row["decision"]) if row["decision"] else None,
        error=JobError(**orjson.loads(row["error"])) if row["error"] else None,
        evidence=orjson.loads(row["evidence"]),
    )


def state_of(row: Mapping[str, Any]) -> SourceState:
    """What we remember of a source, from its row."""
    names = ("source", "city", "runs", "failures", "unidentified", "next_due", "last_job")
    more = ("last_started_at", "last_complete_at", "running_job", "requested")
    outcome = Outcome(row["last_outcome"]) if row["last_outcome"] else None
    return SourceState(**{name: row[name] for name in (*names, *more)}, last_outcome=outcome)


def source_state(db: Connection, source: str) -> SourceState | None:
    row = db.execute(select(SOURCE).where(SOURCE.c.source == source)).mappings().first()
    return state_of(dict(row)) if row else None


def source_states(db: Connection) -> dict[str, SourceState]:
    """Every source that ever ran or was registered."""
    rows = db.execute(select(SOURCE).order_by(SOURCE.c.source)).mappings()
    return {row["source"]: state_of(dict(row)) for row in rows}


def request_run(db: Connection, source: str, city: str) -> None:
    """Ask for a run at the next tick, whatever is due: how a page or a person starts one."""
    register(db, source, city, None)
    db.execute(update(SOURCE).where(SOURCE.c.source == source).values(requested=True))


def jobs(db: Connection, source: str | None = None, limit: int = 50, before: int | None = None) -> list[HarvestJob]:
    """The newest runs first. `before`: only jobs with a smaller number, for paging."""
    query = select(JOB).order_by(JOB.c.id.desc()).limit(limit)
    if source is not None:
        query = query.where(JOB.c.source == source)
    if before is not None:
        query = query.where(JOB.c.id < before)
    return [job_of(dict(row)) for row in db.execute(query).mappings()]


def job(db: Connection, number: int) -> HarvestJob | None:
    row = db.execute(select(JOB).where(JOB.c.id == number)).mappings().first()
    return job_of(dict(row)) if row else None


def held(db: Connection, source: str | None = None) -> list[HarvestJob]:
    """Held jobs that wait for a person, oldest first."""
    query = select(JOB).where(JOB.c.decision == Decision.OPEN.value).order_by(JOB.c.id)
    if source is not None:
        query = query.where(JOB.c.source == source)
    return [job_of(dict(row)) for row in db.execute(query).mappings()]


def issues_of(db: Connection, number: int) -> list[Issue]:
    """The faults of a run that belong to no stored dataset, in the order they were met."""
    query = select(JOB_ISSUE).where(JOB_ISSUE.c.job == number).order_by(JOB_ISSUE.c.id)
    return [
        Issue(row["stage"], row["code"], row["field"], row["value"], row["record"])
        for row in db.execute(query).mappings()
    ]


def last_jobs(db: Connection) -> dict[str, HarvestJob]:
    """Source -> its newest ended run."""
    newest = select(func.max(JOB.c.id)).where(JOB.c.outcome.is_not(None)).group_by(JOB.c.source)
    return {row["source"]: job_of(dict(row)) for row in db.execute(select(JOB).where(JOB.c.id.in_(newest))).mappings()}


def outcome_counts(db: Connection) -> dict[tuple[str, str, str], int]:
    """(city, source, outcome) -> how many runs ever ended so."""
    query = select(JOB.c.city, JOB.c.source, JOB.c.outcome, func.count()).where(JOB.c.outcome.is_not(None))
    rows = db.execute(query.group_by(JOB.c.city, JOB.c.source, JOB.c.outcome))
    return {(city, source, outcome): count for city, source, outcome, count in rows}


def supersede(db: Connection, source: str, but: int | None = None) -> None:
    """A later complete listing overtook what waited for a person."""
    waiting = and_(JOB.c.source == source, JOB.c.decision == Decision.OPEN.value)
    query = update(JOB).where(waiting)
    if but is not None:
        query = query.where(JOB.c.id != but)
    db.execute(query.values(decision=Decision.SUPERSEDED.value))
