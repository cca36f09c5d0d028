"""One run of one source: lease, walk, judge, settle. The job boundary: the one place where harvest faults become an
outcome."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from catalog.journal import HarvestJob, JobError, SourceState, moment, timestamp
from catalog.store import jobs
from catalog.store.known import aliases, known_index, stored, taken_ids
from catalog.store.settle import page_validators, settle
from catalog.store.staging import Staging, Stamp
from config.source import HarvestSource
from harvester.conclusion import conclude
from harvester.errors import HarvestError
from harvester.fetch.question import Validator
from harvester.fetch.session import JobFetch
from harvester.intake import Intake
from harvester.mapper import mapper_version
from harvester.sources import KINDS
from harvester.tools import Run, Tools

log = logging.getLogger("datapeil.job")

WHOLE_EVERY = 7  # of the runs of an incremental source, every seventh reads everything


def run(source: HarvestSource, tools: Tools) -> HarvestJob | None:
    """Harvest `source` now and store the result; null when another process is at it. Never raises for what a portal
    does."""
    now = tools.clock()
    with tools.store.write() as db:
        number = jobs.start(db, source.id, source.city, now, tools.lease_s)
    if number is None:
        return None
    with tools.turn, _staging(source, number, now) as staging, tools.fetch(source) as fetch:
        current = _prepare(source, tools, staging, fetch)
        _walk(current, tools.stop_after)
        settlement = conclude(current)
        staging.note(current.intake.walk.notes)
        with tools.store.write() as db:
            settle(db, staging, settlement)
    _report(settlement.job)
    return settlement.job


def rehearse(source: HarvestSource, tools: Tools, limit: int | None = None) -> HarvestJob:
    """The same run without its last step: nothing is stored. `limit` stops after so many records."""
    with tools.turn, _staging(source, 0, tools.clock()) as staging, tools.fetch(source) as fetch:
        current = _prepare(source, tools, staging, fetch)
        _walk(current, limit)
        return replace(conclude(current).job, id=None, decision=None, dry_run=True)


def _staging(source: HarvestSource, number: int, now: datetime) -> Staging:
    return Staging(Stamp(source.id, source.city, number, timestamp(now), mapper_version(source)))


def _prepare(source: HarvestSource, tools: Tools, staging: Staging, fetch: JobFetch) -> Run:
    store = tools.store
    with store.read() as db:
        index = known_index(db, source.id, staging.stamp.mapper)
        before = jobs.source_state(db, source.id) or SourceState(source.id, source.city)

    def load(ids: Sequence[str]) -> Any:
        with store.read() as db:
            return stored(db, ids)

    def taken() -> frozenset[str]:
        with store.read() as db:
            return taken_ids(db, source.id)

    intake = Intake(source, KINDS[source.kind], index, staging, load, taken, before.runs + 1)
    job = HarvestJob(staging.stamp.job or None, source.id, source.city, staging.stamp.at)
    return Run(source, tools, job, before, intake, fetch, time.monotonic())


def _walk(run: Run, limit: int | None) -> None:
    """Everything that a portal can spoil. What was read before a fault stays staged."""
    try:
        run.tools.require(run.source)
        if limit is None and _unmodified(run):
            run.not_modified = True
            return
        _pages(run, limit)
    except HarvestError as error:
        run.error = JobError(error.kind, error.message, error.url, error.status)
    except Exception as error:
        if run.tools.strict:
            raise
        log.exception("bug while harvesting %s", run.source.id)
        run.error = JobError(
            "bug", f"the program failed on this portal's answer: {type(error).__name__}: {error}"[:500]
        )


def _unmodified(run: Run) -> bool:
    """Whether every page says that it is as it was. Not asked while something is missing, or after a change of
    mapping."""
    known = run.intake.known
    if known.stale or known.missing or not known.ids:
        return False
    with run.tools.store.read() as db:
        kept = page_validators(db, run.source.id)
    return run.fetch.not_modified([Validator(v.url, v.etag, v.last_modified, v.accept) for v in kept])


def _pages(run: Run, limit: int | None) -> None:
    intake = run.intake
    for page in intake.kind.pages(run.source, run.fetch, _since(run)):
        goes_on = intake.page(page, limit)
        run.tools.progress(run.source.id, intake.walk.seen, intake.walk.announced)
        if not goes_on:
            break
    else:
        intake.walk.ended = True
    for issue in run.fetch.issues:
        intake.walk.note(issue)
    if intake.walk.swept is not None:
        with run.tools.store.read() as db:
            intake.sweep(aliases(db, run.source.id))


def _since(run: Run) -> datetime | None:
    """From when an incremental source is asked for changes; null asks for everything."""
    incremental = run.source.options.get("incremental") is True
    fresh = run.intake.known.stale or not run.before.last_complete_at or run.before.runs % WHOLE_EVERY == 0
    if not incremental or fresh or run.before.last_complete_at is None:
        return None
    return moment(run.before.last_complete_at)


def _report(job: HarvestJob) -> None:
    counts = job.counts
    log.info(
        "%s: %s, %d seen, +%d ~%d -%d, %d issues, %.1f s%s",
        job.source,
        job.outcome.value if job.outcome else "?",
        counts.seen,
        counts.created + counts.restored,
        counts.updated,
        counts.missing + counts.withdrawn,
        counts.issues,
        job.duration_s,
        f" ({job.error.kind}: {job.error.message})" if job.error else "",
    )
