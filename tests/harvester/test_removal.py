"""What becomes of datasets that a portal does not list any more: grace, limits, held jobs and what a person decides."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from catalog.journal import Decision, HarvestJob
from catalog.removal import Limits
from catalog.store import jobs
from catalog.store.decisions import Judgement, NotHeldError, decide
from catalog.store.past import changes_of
from harvester.demo import faults
from harvester.demo.faults import When
from harvester.demo.truth import invented
from tests.harvester.conftest import Workshop
from tests.harvester.scripted import GOOD, Stage, staged

Staged = Callable[..., Stage]


@pytest.fixture
def stage_of(workshop: Workshop) -> Iterator[Staged]:
    """Opens a portal; it was harvested once."""
    with ExitStack() as portals:

        def begin(kind: str = "ckan", count: int = 40, **values: Any) -> Stage:
            stage = portals.enter_context(staged(workshop, kind, count, **values))
            assert stage.harvest().outcome in GOOD
            return stage

        yield begin


@pytest.fixture
def stage(stage_of: Staged) -> Stage:
    """A CKAN portal of forty datasets, harvested once."""
    return stage_of()


@pytest.fixture
def both_stage(both_workshop: Workshop) -> Iterator[Stage]:
    """The same on each of the two databases."""
    with staged(both_workshop) as stage:
        assert stage.harvest().outcome in GOOD
        yield stage


def decided(stage: Stage, job: HarvestJob, verdict: Decision, why: str = "a test says so") -> None:
    assert job.id is not None
    with stage.workshop.store.write() as db:
        decide(db, job.id, Judgement(verdict, why, "a test", stage.workshop.clock()))


def removed(job: HarvestJob) -> tuple[int, int, int]:
    return job.counts.missing, job.counts.withdrawn, job.counts.restored


def stored(stage: Stage, job: HarvestJob) -> HarvestJob:
    with stage.workshop.store.read() as db:
        found = jobs.job(db, job.id or 0)
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------------------- grace


def test_unseen_when_no_grace_then_withdrawn_at_once_and_not_counted_missing(both_stage: Stage) -> None:
    both_stage.drop(3)
    job = both_stage.harvest(grace_runs=1, grace_days=0)
    assert (job.outcome, removed(job)) == ("succeeded", (0, 3, 0))
    assert both_stage.states().count("withdrawn") == 3
    with both_stage.workshop.store.read() as db:
        gone = [shape for shape in both_stage.workshop.datasets() if shape["state"] == "withdrawn"]
        assert [change.kind for change in changes_of(db, gone[0]["id"])] == ["created", "withdrawn"]


def test_unseen_when_default_grace_then_withdrawn_after_three_runs_and_seven_days(both_stage: Stage) -> None:
    both_stage.drop(2)
    found = [removed(both_stage.harvest()) for _ in range(9)]
    assert found == [(2, 0, 0), *[(0, 0, 0)] * 6, (0, 2, 0), (0, 0, 0)]


def test_unseen_when_days_are_over_but_not_the_runs_then_still_missing(stage: Stage) -> None:
    stage.drop(1)
    assert removed(stage.harvest(grace_days=0)) == (1, 0, 0)
    stage.workshop.clock.forward(days=100)
    assert removed(stage.harvest(grace_days=0)) == (0, 0, 0)
    assert removed(stage.harvest(grace_days=0)) == (0, 1, 0)


def test_unseen_when_runs_are_over_but_not_the_days_then_still_missing(stage: Stage) -> None:
    stage.drop(1)
    for _ in range(4):
        assert stage.harvest(grace_runs=1, grace_days=5.5).counts.withdrawn == 0
        assert stage.states().count("missing") == 1
    stage.workshop.clock.forward(days=2)
    assert removed(stage.harvest(grace_runs=1, grace_days=5.5)) == (0, 1, 0)


@pytest.mark.parametrize("grace", [{}, {"grace_runs": 1, "grace_days": 0}])
def test_unseen_when_it_comes_back_then_restored_with_its_identity(both_stage: Stage, grace: dict[str, Any]) -> None:
    before, whole = both_stage.inventory(), both_stage.datasets
    both_stage.drop(3)
    both_stage.harvest(**grace)
    both_stage.datasets = whole
    job = both_stage.harvest()
    assert (job.outcome, removed(job), job.counts.created, job.counts.unchanged) == ("succeeded", (0, 0, 3), 0, 37)
    assert both_stage.inventory() == before


def test_unseen_when_it_comes_back_changed_then_restored_with_the_fields(stage: Stage) -> None:
    whole = stage.datasets
    stage.drop(1)
    stage.harvest()
    stage.datasets = whole
    stage.edit(39, title="Een nieuwe naam")
    job = stage.harvest()
    assert (removed(job), job.counts.updated) == ((0, 0, 1), 0)
    with stage.workshop.store.read() as db:
        (shape,) = [shape for shape in stage.workshop.datasets() if shape["title"] == {"nl": "Een nieuwe naam"}]
        last = changes_of(db, shape["id"])[-1]
    assert last.kind == "restored"
    assert "title.nl" in last.fields


def test_missing_when_it_comes_back_unusable_then_restored_all_the_same(stage: Stage) -> None:
    whole = stage.datasets
    stage.datasets = stage.datasets[1:]
    stage.harvest()
    stage.datasets = whole
    stage.edit(0, defect="fields")
    assert stage.harvest().counts.restored == 1
    assert set(stage.states()) == {"present"}


def test_grace_when_a_partial_run_comes_between_then_it_counts_for_nothing(stage: Stage) -> None:
    stage.drop(1)
    stage.harvest(grace_days=0, grace_runs=2)
    for _ in range(3):
        job = stage.harvest(lambda app: faults.status(app, 500, When(skip=2)), grace_days=0, grace_runs=2)
        assert (job.outcome, removed(job)) == ("partial", (0, 0, 0))
        assert stage.states().count("missing") == 1
    assert removed(stage.harvest(grace_days=0, grace_runs=2)) == (0, 1, 0)


# ------------------------------------------------------------------------------------------------------------- limit


@pytest.mark.parametrize(
    ("known", "gone", "limits", "held"),
    [
        (40, 5, {}, False),
        (40, 6, {}, True),
        (80, 8, {}, False),
        (80, 9, {}, True),
        (40, 1, {"max_count": 0, "max_share": 0.0}, True),
        (40, 39, {"max_share": 1.0}, False),
    ],
)
def test_loss_when_above_the_larger_of_count_and_share_then_held(
    known: int, gone: int, limits: dict[str, Any], held: bool, stage_of: Staged
) -> None:
    stage = stage_of(count=known)
    stage.drop(gone)
    job = stage.harvest(**limits)
    assert (job.outcome == "held") is held
    assert job.complete
    assert stage.states().count("missing") == (0 if held else gone)


def test_loss_when_some_are_missing_already_then_known_counts_them(stage_of: Staged) -> None:
    stage = stage_of(count=60)
    stage.drop(6)
    assert removed(stage.harvest()) == (6, 0, 0)
    stage.drop(1)
    assert stage.harvest().outcome == "held"  # 7 of 60 unseen, the 6 missing ones among them


def test_loss_when_held_then_what_was_seen_is_applied_and_the_unseen_stay(both_stage: Stage) -> None:
    both_stage.edit(0, title="Een nieuwe naam")
    both_stage.datasets = (*both_stage.datasets[:30], *invented(2, start=100))
    job = both_stage.harvest(grace_runs=1, grace_days=0)
    assert (job.outcome, job.complete, job.error, job.decision) == ("held", True, None, "open")
    assert (removed(job), job.counts.created, job.counts.updated, job.counts.seen) == ((0, 0, 0), 2, 1, 32)
    assert job.held_reason == "10 of 40 known datasets were not seen; 5 may go at once"
    assert both_stage.states() == ["present"] * 42


def test_held_when_a_later_complete_run_is_under_the_limits_then_superseded(stage: Stage) -> None:
    whole = stage.datasets
    stage.drop(10)
    held = stage.harvest()
    stage.harvest(lambda app: faults.status(app, 500, When(skip=2)))
    assert stored(stage, held).decision == "open"  # a partial run decides nothing
    stage.datasets = whole
    assert stage.harvest().outcome == "succeeded"
    assert stored(stage, held).decision == "superseded"


def test_loss_when_released_then_withdrawn_at_once(both_stage: Stage) -> None:
    both_stage.drop(10)
    held = both_stage.harvest()
    decided(both_stage, held, Decision.RELEASED)
    assert both_stage.states().count("withdrawn") == 10
    assert stored(both_stage, held).decision == "released"
    job = both_stage.harvest()
    assert (job.outcome, removed(job), job.counts.unchanged) == ("succeeded", (0, 0, 0), 30)


def test_loss_when_released_then_the_same_loss_later_is_asked_again(stage: Stage) -> None:
    whole = stage.datasets
    stage.drop(10)
    decided(stage, stage.harvest(), Decision.RELEASED)
    stage.datasets = whole
    assert removed(stage.harvest()) == (0, 0, 10)
    stage.drop(10)
    assert stage.harvest().outcome == "held"


def test_loss_when_rejected_then_the_same_set_is_not_asked_again_until_it_changes(both_stage: Stage) -> None:
    both_stage.drop(10)
    decided(both_stage, both_stage.harvest(), Decision.REJECTED)
    for _ in range(3):
        job = both_stage.harvest(grace_runs=1, grace_days=0)
        assert (job.outcome, job.decision, removed(job)) == ("succeeded_with_issues", None, (0, 0, 0))
        assert set(both_stage.states()) == {"present"}
    both_stage.drop(1)
    assert both_stage.harvest().outcome == "held"


def test_job_when_not_waiting_then_no_decision_is_taken(stage: Stage) -> None:
    stage.drop(10)
    held = stage.harvest()
    decided(stage, held, Decision.REJECTED)
    with pytest.raises(NotHeldError, match="it is rejected"):
        decided(stage, held, Decision.RELEASED)
    with pytest.raises(NotHeldError, match="there is no job 99"):
        decided(stage, replace(held, id=99), Decision.RELEASED)
    with pytest.raises(NotHeldError, match="not held"):
        decided(stage, replace(held, id=1), Decision.RELEASED)


# ------------------------------------------------------------------------------------------------------------- empty


def test_empty_when_known_before_then_held_with_kind_empty(both_stage: Stage) -> None:
    before = both_stage.inventory()
    both_stage.datasets = ()
    job = both_stage.harvest(grace_runs=1, grace_days=0, max_share=1.0)
    assert (job.outcome, job.complete, job.declared_total, removed(job)) == ("held", True, 0, (0, 0, 0))
    assert job.error is not None
    assert job.error.kind == "empty"
    assert both_stage.inventory() == before


def test_empty_when_released_then_all_withdrawn_and_the_next_empty_run_succeeds(stage: Stage) -> None:
    stage.datasets = ()
    decided(stage, stage.harvest(), Decision.RELEASED)
    assert set(stage.states()) == {"withdrawn"}
    job = stage.harvest()
    assert (job.outcome, job.counts.seen, removed(job)) == ("succeeded", 0, (0, 0, 0))


def test_empty_when_it_is_the_first_harvest_then_succeeded(workshop: Workshop) -> None:
    with staged(workshop, count=0) as stage:
        job = stage.harvest()
        assert (job.outcome, job.complete, job.declared_total, job.counts.seen) == ("succeeded", True, 0, 0)
        stage.datasets = invented(3)
        assert stage.harvest().counts.created == 3


# ------------------------------------------------------------------------------------------------------ expectation


def test_expectation_when_below_min_then_held_and_what_was_seen_applied(stage_of: Staged) -> None:
    stage = stage_of(expect={"min": 39})
    stage.drop(2)
    stage.edit(0, title="Een nieuwe naam")
    job = stage.harvest(grace_runs=1, grace_days=0)
    assert (job.outcome, removed(job), job.counts.updated) == ("held", (0, 0, 0), 1)
    assert job.evidence["guard"] == "expect"
    assert set(stage.states()) == {"present"}


def test_expectation_when_released_then_not_asked_every_day(stage_of: Staged) -> None:
    stage = stage_of(expect={"min": 39})
    stage.drop(2)
    decided(stage, stage.harvest(), Decision.RELEASED)
    assert stage.states().count("withdrawn") == 2
    assert stage.harvest().outcome == "succeeded_with_issues"
    assert stage.harvest().outcome == "succeeded_with_issues"


def test_expectation_when_above_max_then_only_a_warning(stage_of: Staged) -> None:
    stage = stage_of(count=10, expect={"max": 15})
    stage.datasets = invented(30)
    job = stage.harvest()
    assert (job.outcome, job.counts.created) == ("succeeded_with_issues", 20)
    with stage.workshop.store.read() as db:
        codes = {issue.code for issue in jobs.issues_of(db, job.id or 0)}
    assert codes == {"above_expectation", "sudden_growth"}


# ---------------------------------------------------------------------------------------------- the guards in place


def test_limits_when_the_same_object_is_used_then_defaults_are_those_of_the_interface() -> None:
    assert Limits() == Limits(grace_runs=3, grace_days=7, max_share=0.10, max_count=5, expect_min=None)
