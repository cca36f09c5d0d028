"""The end of a run: what the walk has proven, what the guards say to it, outcome, counts, evidence. Stores nothing."""

import time
from dataclasses import asdict, replace
from typing import Any

from catalog import removal
from catalog.journal import Counts, Decision, JobError, Outcome, moment, timestamp
from catalog.removal import Evidence, Limits, Verdict, judge
from catalog.store.decisions import answered
from catalog.store.known import absent
from catalog.store.settle import PageValidator, Settlement
from harvester.fetch.session import JobFetch
from harvester.plan import next_due
from harvester.tools import Run

GROWTH = 10  # known datasets from which on a sudden growth is remarked
EVIDENCE_IDS = 200_000  # ids and pairs kept as evidence of one held job; a release works from them


def conclude(run: Run) -> Settlement:
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
