"""One run of one source: lease, walk, judge, settle. The job boundary: the one place where harvest faults become an
outcome."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from catalog import removal
from catalog.journal import Counts, Decision, HarvestJob, JobError, Outcome, SourceState, moment, timestamp
from catalog.removal import Evidence, Limits, Verdict, judge
from catalog.store import jobs
from catalog.store.decisions import answered
from catalog.store.engine import Store
from catalog.store.known import absent, aliases, known_index, stored, taken_ids
from catalog.store.settle import PageValidator, Settlement, page_validators, settle
from catalog.store.staging import Staging, Stamp
from config.source import HarvestSource
from harvester.errors import HarvestError
from harvester.fetch.question import Validator
from harvester.fetch.session import JobFetch
from harvester.intake import Intake
from harvester.mapper import mapper_version
from harvester.plan import next_due
from harvester.sources import KINDS

log = logging.getLogger("datapeil.job")

WHOLE_EVERY = 7  # of the runs of an incremental source, every seventh reads everything
GROWTH = 10  # known datasets from which on a sudden growth is remarked
EVIDENCE_IDS = 200_000  # ids and pairs kept as evidence of one held job; a release works from them


def _unheard(_source: str, _seen: int, _total: int | None) -> None:
    """Nobody follows the progress."""


def _unasked(_source: HarvestSource) -> None:
    """Nothing is required."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with. `fetch` opens the door for one source; `clock` gives the moment, aware. `turn` is held
    while a job computes and let go by the door while it waits: one job at a time parses, all of them may wait.
    `require` raises HarvestError for a source that lacks what it needs, such as its key."""

    store: Store
    fetch: Callable[[HarvestSource], JobFetch]
    limits: Limits
    clock: Callable[[], datetime]
    lease_s: float = 120
    heartbeat_s: float = 30
    raw_days: float = 90
    turn: AbstractContextManager[Any] = field(default_factory=nullcontext)
    strict: bool = False
    progress: Callable[[str, int, int | None], None] = _unheard
    require: Callable[[HarvestSource], None] = _unasked


@dataclass(slots=True)
class Run:
    """One run under way."""

    source: HarvestSource
    tools: Tools
    job: HarvestJob
    before: SourceState
    intake: Intake
    fetch: JobFetch
    started: float
    not_modified: bool = False
    error: JobError | None = None


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
        _walk(current, None)
        settlement = _conclude(current)
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
        return replace(_conclude(current).job, id=None, decision=None, dry_run=True)


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


# --- the end of a run -----------------------------------------------------------------------------------------------


def _conclude(run: Run) -> Settlement:
    """Outcome, counts and consequences of what was walked."""
    verdict, evidence = _judged(run)
    hold = verdict.hold
    outcome = _outcome(run, verdict)
    # After churn or an empty answer the listing itself is in doubt; so it is when a person rejected this very set.
    doubted = hold or verdict.answered or verdict.doubt
    apply_seen = outcome is not Outcome.FAILED and (doubted is None or doubted.apply_seen)
    now = run.tools.clock()
    job = replace(
        run.job,
        outcome=outcome,
        complete=run.not_modified or _proven(run),
        finished_at=timestamp(now),
        duration_s=round(time.monotonic() - run.started, 3),
        declared_total=run.intake.walk.announced,
        counts=_counts(run, verdict, apply_seen),
        held_reason=hold.message if hold else None,
        decision=Decision.OPEN if hold else None,
        error=run.error
        or (JobError("empty", hold.message, run.source.url) if hold and hold.reason == "empty" else None),
        evidence=evidence,
    )
    # A listing in which known datasets are in doubt must be read again, even when it does not change.
    settled = verdict.answered is None and verdict.marked == evidence.get("unseen_count", 0)
    clean = settled and outcome in (Outcome.SUCCEEDED, Outcome.SUCCEEDED_WITH_ISSUES)
    return Settlement(
        job=job,
        verdict=verdict,
        before=run.before,
        apply_seen=apply_seen,
        next_due=timestamp(next_due(run.source, run.before, outcome, now)),
        unidentified=run.intake.walk.unidentified,
        validators=_validators(run.fetch) if clean else None,
    )


def _judged(run: Run) -> tuple[Verdict, dict[str, Any]]:
    intake, walk = run.intake, run.intake.walk
    facts: dict[str, Any] = {
        "pages": walk.pages,
        "walked": walk.walked,
        "known": intake.known.listed,
        "filtered": intake.tally.filtered,
    }
    if walk.observations:
        facts["observations"] = list(walk.observations)
    if run.not_modified:
        return Verdict(), facts
    if _proven(run):
        weighed = _weighed(run)
        verdict = judge(weighed, _limits(run), moment(run.job.started_at))
        _remark(run)
        return verdict, facts | _guard_facts(verdict, weighed)
    facts["incomplete"] = walk.shortfall() or (run.error.message if run.error else None)
    if not intake.newcomers:
        return Verdict(), facts
    verdict = judge(_weighed(run), _limits(run), moment(run.job.started_at))
    if verdict.doubt:
        facts["doubt"] = verdict.doubt.message
    return verdict, facts


def _proven(run: Run) -> bool:
    """Whether the run read a whole listing."""
    return run.error is None and run.intake.walk.listing().complete


def _weighed(run: Run) -> Evidence:
    intake = run.intake
    listing = replace(intake.walk.listing(), ended=intake.walk.ended and run.error is None)
    with run.tools.store.read() as db:
        unseen = absent(db, intake.known.absent())
        decided = answered(db, run.source.id)
    return Evidence(listing, intake.known.listed, unseen, intake.newcomers, decided, run.before.unidentified)


def _limits(run: Run) -> Limits:
    return replace(run.tools.limits, expect_min=run.source.expect.min)


def _remark(run: Run) -> None:
    """Growth only warns, and so does a count above what is expected."""
    intake, most = run.intake, run.source.expect.max
    note, known = intake.walk.note, intake.known.listed
    seen = intake.walk.seen
    if most is not None and seen > most:
        note(removal.remark("above_expectation", f"{seen} records; at most {most} are expected ([expect] max)"))
    if known >= GROWTH and intake.tally.created > known:
        note(removal.remark("sudden_growth", f"{intake.tally.created} new datasets; {known} were known"))


def _guard_facts(verdict: Verdict, weighed: Evidence) -> dict[str, Any]:
    hold = verdict.hold or verdict.answered
    facts: dict[str, Any] = {"unseen_count": len(weighed.absent)}
    if hold is None:
        return facts
    facts |= {"guard": hold.reason, "digest": hold.digest, "answered": verdict.answered is not None}
    facts["unseen"] = [item.id for item in weighed.absent][:EVIDENCE_IDS]
    facts["pairs"] = [asdict(pair) for pair in hold.pairs][:EVIDENCE_IDS]
    return facts


def _outcome(run: Run, verdict: Verdict) -> Outcome:
    walk = run.intake.walk
    if run.not_modified:
        return Outcome.NOT_MODIFIED
    if run.error is not None:
        return Outcome.PARTIAL if walk.seen and run.error.kind != "bug" else Outcome.FAILED
    if not walk.listing().complete:
        return Outcome.PARTIAL
    if verdict.hold is not None:
        return Outcome.HELD
    issues = run.intake.tally.issues + walk.faults
    return Outcome.SUCCEEDED_WITH_ISSUES if issues or verdict.answered else Outcome.SUCCEEDED


def _counts(run: Run, verdict: Verdict, apply_seen: bool) -> Counts:
    tally, walk = run.intake.tally, run.intake.walk
    common = Counts(
        seen=walk.seen,
        issues=tally.issues + walk.faults,
        requests=run.fetch.requests,
        bytes=run.fetch.bytes,
    )
    if run.not_modified:
        return replace(common, unchanged=run.intake.known.listed, issues=run.intake.known.issues_left())
    if not apply_seen:
        return common
    return replace(
        common,
        created=tally.created,
        updated=tally.updated,
        unchanged=tally.unchanged,
        restored=tally.restored,
        missing=len(verdict.missing),
        withdrawn=len(verdict.withdrawn),
    )


def _validators(fetch: JobFetch) -> list[PageValidator]:
    return [PageValidator(item.url, item.etag, item.last_modified, item.accept) for item in fetch.validators]


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
