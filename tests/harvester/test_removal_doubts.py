"""Listings that are complete and yet doubtful: new identifiers for old content, items without identity, filters,
listings that did not change. See `test_removal` for the plain cases."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text

from catalog.journal import Decision, HarvestJob
from catalog.store import jobs
from catalog.store.decisions import Judgement, NotHeldError, decide
from catalog.store.past import changes_of
from harvester.demo import faults
from harvester.demo.dialects.answers import static
from harvester.demo.faults import When, renamed
from harvester.demo.portal import Answer, App, Request
from harvester.demo.truth import invented
from tests.harvester.conftest import Workshop
from tests.harvester.scripted import GOOD, Stage, staged, unconditional

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


def decided(stage: Stage, job: HarvestJob, verdict: Decision) -> None:
    assert job.id is not None
    with stage.workshop.store.write() as db:
        decide(db, job.id, Judgement(verdict, "a test says so", "a test", stage.workshop.clock()))


def removed(job: HarvestJob) -> tuple[int, int, int]:
    return job.counts.missing, job.counts.withdrawn, job.counts.restored


# ------------------------------------------------------------------------------------------------------------- churn


def test_churn_when_held_then_nothing_at_all_is_applied(both_stage: Stage) -> None:
    before = both_stage.inventory()
    both_stage.datasets = (*(renamed(dataset) for dataset in both_stage.datasets[:30]), *invented(5, start=200))
    both_stage.edit(0, keywords=("iets anders",))
    job = both_stage.harvest(grace_runs=1, grace_days=0)
    assert (job.outcome, job.complete, job.evidence["guard"]) == ("held", True, "churn")
    assert (removed(job), job.counts.created, job.counts.updated) == ((0, 0, 0), 0, 0)
    assert {pair["basis"] for pair in job.evidence["pairs"]} == {"content", "title"}
    assert len(job.evidence["pairs"]) == 30
    assert both_stage.inventory() == before


def test_churn_when_released_then_identity_and_history_go_on(both_stage: Stage) -> None:
    before = {shape["title"]["nl"]: shape for shape in both_stage.workshop.datasets()}
    both_stage.datasets = tuple(renamed(dataset) for dataset in both_stage.datasets[:37])
    decided(both_stage, both_stage.harvest(), Decision.RELEASED)
    job = both_stage.harvest()
    assert (job.outcome, removed(job), job.counts.created) == ("succeeded", (0, 0, 0), 0)
    after = {shape["title"]["nl"]: shape for shape in both_stage.workshop.datasets()}
    for title, shape in after.items():
        assert shape["id"] == before[title]["id"]
        assert shape["first_seen"] == before[title]["first_seen"]
        assert (shape["source_id"] == before[title]["source_id"]) is (shape["state"] == "withdrawn")
    assert sorted(shape["state"] for shape in after.values()) == ["present"] * 37 + ["withdrawn"] * 3
    with both_stage.workshop.store.read() as db:
        kinds = [change.kind for change in changes_of(db, after["Gegevens over café 0"]["id"])]
    assert kinds[:2] == ["created", "updated"]


def test_churn_when_released_then_the_same_migration_back_is_asked_again(stage: Stage) -> None:
    old = stage.datasets
    stage.datasets = tuple(renamed(dataset) for dataset in old)
    decided(stage, stage.harvest(), Decision.RELEASED)
    assert stage.harvest().outcome in GOOD
    stage.datasets = old
    assert stage.harvest().evidence["guard"] == "churn"


def test_churn_when_rejected_then_not_asked_again_and_nothing_applied(stage: Stage) -> None:
    before = stage.inventory()
    stage.datasets = tuple(renamed(dataset) for dataset in stage.datasets)
    decided(stage, stage.harvest(), Decision.REJECTED)
    job = stage.harvest(grace_runs=1, grace_days=0)
    assert (job.outcome, job.counts.created, removed(job)) == ("succeeded_with_issues", 0, (0, 0, 0))
    assert stage.inventory() == before


@pytest.mark.parametrize("pages", [1, 3])
def test_churn_when_the_run_is_partial_then_no_dataset_gets_a_second_identity(pages: int, stage: Stage) -> None:
    before = stage.inventory()
    stage.datasets = tuple(renamed(dataset) for dataset in stage.datasets)
    job = stage.harvest(lambda app: faults.status(app, 500, When(skip=pages)))
    assert (job.outcome, job.counts.seen, job.counts.created) == ("partial", 10 * pages, 0)
    assert stage.inventory() == before
    held = stage.harvest()
    assert (held.outcome, len(held.evidence["pairs"])) == ("held", 40)


def test_partial_run_when_a_few_are_new_then_they_are_kept(stage: Stage) -> None:
    stage.datasets = (*invented(5, start=9_000_000), *stage.datasets)
    stage.edit(0, id="00000000-0000-4000-8000-0")
    job = stage.harvest(lambda app: faults.status(app, 500, When(skip=2)))
    assert (job.outcome, job.counts.seen, job.counts.created) == ("partial", 20, 1)


def test_churn_when_a_new_identifier_was_stored_meanwhile_then_release_leaves_that_pair_alone(stage: Stage) -> None:
    old = stage.datasets
    stage.datasets = tuple(renamed(dataset) for dataset in old)
    held = stage.harvest()
    stage.datasets = (*stage.datasets[:1], *old[1:])  # too few for churn: the first one is new, its old self unseen
    stage.harvest(lambda app: faults.total_lies(app, 3))
    assert len(stage.states()) == 41
    decided(stage, held, Decision.RELEASED)
    assert len(stage.states()) == 41
    assert len(set(stage.workshop.states())) == 41


# -------------------------------------------------------------------------------------------- items without identity


def test_item_when_it_loses_its_identity_then_nobody_is_marked_for_one_run(stage: Stage) -> None:
    whole = stage.datasets
    stage.edit(0, defect="identity")
    assert removed(stage.harvest()) == (0, 0, 0)
    assert set(stage.states()) == {"present"}
    assert removed(stage.harvest()) == (1, 0, 0)  # one as before: it can't hide a dataset that was there with it
    stage.datasets = whole
    assert removed(stage.harvest()) == (0, 0, 1)


def test_item_without_identity_when_harvested_then_a_named_issue(stage: Stage) -> None:
    stage.edit(3, defect="identity")
    job = stage.harvest()
    with stage.workshop.store.read() as db:
        (issue,) = jobs.issues_of(db, job.id or 0)
    assert (issue.stage, issue.code) == ("record", "no_identifier")
    assert job.counts.issues == 1


NAMELESS = b"\n[] a <http://www.w3.org/ns/dcat#Dataset> .\n"


def test_unmarked_dataset_when_the_next_listing_is_not_modified_then_it_is_still_looked_for(stage_of: Staged) -> None:
    """A 304 says that the listing is as it was, not that all we know is in it."""
    stage = stage_of("dcat")
    stage.drop(1)

    def nameless(app: App) -> App:
        def answer(request: Request) -> Answer:
            good = app(request)
            assert isinstance(good.body, bytes)
            return static(good.body + NAMELESS, {"Content-Type": "text/turtle"}, request)

        return answer

    assert removed(stage.harvest(nameless)) == (0, 0, 0)
    stage.portal.app = nameless(unconditional(stage.dialect))
    job = stage.workshop.harvest(stage.source)
    assert (job.outcome, removed(job)) == ("succeeded_with_issues", (1, 0, 0))


# ------------------------------------------------------------------------------------------------------------ filter


def test_filter_when_a_record_no_longer_matches_then_it_goes_as_any_unseen(stage_of: Staged) -> None:
    stage = stage_of(filter={"publisher": ["stad voorbeeld"]})
    stage.edit(0, publisher="Iemand anders")
    job = stage.harvest()
    assert (job.outcome, job.counts.seen, removed(job)) == ("succeeded", 40, (1, 0, 0))
    stage.edit(0, publisher="Stad Voorbeeld")
    assert removed(stage.harvest()) == (0, 0, 1)


def test_filter_when_no_record_matches_any_more_then_held_and_not_empty(stage_of: Staged) -> None:
    stage = stage_of(filter={"publisher": ["Stad Voorbeeld"]})
    for index in range(40):
        stage.edit(index, publisher="Iemand anders")
    job = stage.harvest()
    assert (job.outcome, job.counts.seen, job.error, job.evidence["guard"]) == ("held", 40, None, "loss")


# ------------------------------------------------------------------------------------------------------- not modified


@pytest.mark.parametrize("kind", ["dcat", "html"])
def test_listing_when_not_modified_then_all_unchanged_and_held_jobs_superseded(kind: str, stage_of: Staged) -> None:
    stage = stage_of(kind)
    before, whole = stage.inventory(), stage.datasets
    stage.drop(10)
    held = stage.harvest()
    assert held.outcome == "held"
    stage.datasets = whole
    job = stage.harvest()
    assert (job.outcome, job.complete, job.counts.seen, job.counts.unchanged) == ("not_modified", True, 0, 40)
    assert stage.inventory() == before
    with stage.workshop.store.read() as db:
        assert not jobs.held(db)


@pytest.mark.parametrize("kind", ["dcat", "html"])
def test_listing_when_something_is_missing_then_read_again_though_not_modified(kind: str, stage_of: Staged) -> None:
    stage = stage_of(kind)
    stage.drop(1)
    assert removed(stage.harvest()) == (1, 0, 0)
    assert stage.harvest().outcome in ("succeeded", "succeeded_with_issues")
    stage.workshop.clock.forward(days=6)
    assert removed(stage.harvest()) == (0, 1, 0)
    assert stage.harvest().outcome == "not_modified"


# -------------------------------------------------------------------------------------------------- a dead neighbour


def test_decision_when_the_process_that_harvested_died_then_it_is_taken(stage: Stage) -> None:
    stage.drop(10)
    held = stage.harvest()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    store = stage.workshop.store
    with store.write() as db:
        jobs.start(db, "gent", "gent", stage.workshop.clock(), 3600)
    with pytest.raises(NotHeldError, match="is being harvested now"):
        decided(stage, held, Decision.RELEASED)
    with store.write() as db:
        owner = jobs.owner_name().replace(f":{os.getpid()}", f":{ended.pid}")
        db.execute(text("UPDATE source SET lease_owner = :owner"), {"owner": owner})
    decided(stage, held, Decision.RELEASED)
    assert stage.states().count("withdrawn") == 10
