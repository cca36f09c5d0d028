"""Laws of change and of the guards: what an incomplete run may never do, and what is its own inverse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catalog import history, removal
from catalog.fingerprint import fingerprint, flatten
from catalog.history import (
    CALM_AFTER,
    RESTLESS_AFTER,
    apply,
    compare,
    contacts_by_key,
    dataset_of,
    restless,
    undo,
    unrest,
)
from catalog.journal import moment, timestamp
from catalog.model import Dataset, State
from catalog.removal import Absent, Evidence, Limits, Listing, judge
from tests.catalog.strategies import datasets, evidences, limits

NOW = datetime(2026, 2, 1, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------- compare and apply


@settings(max_examples=50)
@given(datasets, datasets)
def test_changes_when_applied_then_after_and_when_undone_then_before(before: Dataset, after: Dataset) -> None:
    old, new = flatten(before), flatten(after)
    changes = compare(old, new)
    assert apply(old, changes) == new
    assert undo(new, changes) == old


@given(datasets)
def test_compare_when_nothing_differs_then_empty(dataset: Dataset) -> None:
    assert compare(flatten(dataset), flatten(dataset)) == {}


@given(datasets)
def test_dataset_when_rebuilt_from_its_flat_fields_then_it_says_the_same(dataset: Dataset) -> None:
    flat = flatten(dataset)
    again = dataset_of(flat, contacts_by_key(dataset))
    assert flatten(again) == flat
    assert fingerprint(again) == fingerprint(dataset)


# ---------------------------------------------------------------------------------------------------------- guards


@given(evidences(), limits)
def test_judge_when_the_listing_is_incomplete_then_nothing_is_marked_and_nothing_held(
    evidence: Evidence, thresholds: Limits
) -> None:
    assume(not evidence.listing.complete)
    verdict = judge(evidence, thresholds, NOW)
    assert (verdict.hold, verdict.marked) == (None, 0)


@given(evidences(), limits)
def test_judge_when_anything_is_marked_then_the_listing_was_complete_and_below_all_limits(
    evidence: Evidence, thresholds: Limits
) -> None:
    verdict = judge(evidence, thresholds, NOW)
    if verdict.marked == 0:
        return
    assert evidence.listing.complete
    assert verdict.hold is None
    assert len(evidence.absent) <= max(thresholds.max_count, thresholds.max_share * evidence.known)
    assert thresholds.expect_min is None or evidence.listing.seen >= thresholds.expect_min
    assert evidence.listing.seen > 0
    marked = (*verdict.missing, *verdict.withdrawn, *verdict.still_missing)
    assert sorted(item.id for item in marked) == sorted(item.id for item in evidence.absent)


@given(evidences(), limits)
def test_judge_when_withdrawn_then_runs_and_days_are_over(evidence: Evidence, thresholds: Limits) -> None:
    for item in judge(evidence, thresholds, NOW).withdrawn:
        since = moment(item.missing_since) if item.missing_since else NOW
        assert item.missing_runs + 1 >= thresholds.grace_runs
        assert NOW - since >= timedelta(days=thresholds.grace_days)


@given(evidences(), limits)
def test_judge_when_a_person_answered_then_the_same_set_is_not_held_again(
    evidence: Evidence, thresholds: Limits
) -> None:
    hold = judge(evidence, thresholds, NOW).hold
    if hold is None:
        return
    verdict = judge(replace(evidence, answered=frozenset({hold.digest})), thresholds, NOW)
    assert (verdict.hold, verdict.answered, verdict.marked) == (None, hold, 0)


@given(evidences(), limits)
def test_pairs_when_proposed_then_each_old_and_each_new_stands_once(evidence: Evidence, thresholds: Limits) -> None:
    del thresholds
    pairs = removal.paired(evidence.absent, evidence.newcomers)
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert len({pair.new for pair in pairs}) == len(pairs)


RUNS = st.lists(
    st.tuples(
        st.sampled_from(["whole", "cut", "loop", "total", "part"]), st.sets(st.integers(0, 11)), st.integers(0, 9)
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(RUNS, limits)
def test_runs_when_in_any_order_then_no_incomplete_one_removes_and_no_removal_skips_its_grace(
    runs: list[tuple[str, set[int], int]], thresholds: Limits
) -> None:
    """A model of twelve datasets over many runs: what `judge` says is applied, and the laws are checked at each."""
    known = {
        number: Absent(str(number), str(number), State.PRESENT, f"t{number}", f"t{number}") for number in range(12)
    }
    complete_misses = dict.fromkeys(known, 0)
    now = NOW
    for kind, gone, days in runs:
        now += timedelta(days=days)
        seen = 12 - len(gone)
        listing = Listing(
            walked=seen,
            seen=seen,
            announced=seen + 1 if kind == "total" else seen,
            repeated=int(kind == "loop"),
            ended=kind != "cut",
            whole=kind != "part",
        )
        alive = {number: item for number, item in known.items() if item.state is not State.WITHDRAWN}
        absent = [item for number, item in alive.items() if number in gone]
        verdict = judge(Evidence(listing, len(alive), absent), thresholds, now)
        if kind != "whole":
            assert verdict.marked == 0
            continue
        for number in known.keys() - gone:
            known[number] = replace(known[number], state=State.PRESENT, missing_runs=0, missing_since=None)
            complete_misses[number] = 0
        for item in absent:
            complete_misses[int(item.id)] += 1
        for item in (*verdict.missing, *verdict.still_missing, *verdict.withdrawn):
            since = item.missing_since or timestamp(now)
            state = State.WITHDRAWN if item in verdict.withdrawn else State.MISSING
            known[int(item.id)] = replace(item, state=state, missing_runs=item.missing_runs + 1, missing_since=since)
        for item in verdict.withdrawn:
            assert complete_misses[int(item.id)] >= thresholds.grace_runs


# ------------------------------------------------------------------------------------------------------ restlessness


def test_field_when_it_flips_at_each_run_then_restless_after_the_cap() -> None:
    known: history.Restless = {}
    for run in range(1, RESTLESS_AFTER + 1):
        assert restless(known) == frozenset()
        known = unrest(known, ["title.nl", "title.fr", "distributions.a.modified"], run)
    assert restless(known) == {"title", "distributions.*.modified"}


def test_field_when_it_changes_every_other_run_then_never_restless() -> None:
    known: history.Restless = {}
    for run in range(1, 5 * RESTLESS_AFTER, 2):
        known = unrest(known, ["modified"], run)
    assert restless(known) == frozenset()


def test_field_when_restless_and_calm_for_long_then_it_counts_again() -> None:
    known: history.Restless = {"modified": (RESTLESS_AFTER, 100)}
    assert restless(unrest(known, [], 100 + CALM_AFTER)) == {"modified"}
    assert restless(unrest(known, [], 101 + CALM_AFTER)) == frozenset()
    assert restless(unrest(known, ["modified"], 101 + CALM_AFTER)) == frozenset()
