"""When a source is due: on its own grid without drift, later after bad runs, at once when asked for, never twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.journal import Outcome, SourceState, timestamp
from config.source import HarvestSource
from harvester.plan import BAD, FIRST_RETRY, LONGEST_RETRY, due, next_due, offset

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
moments = st.floats(0, 3650).map(lambda days: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=days))
everies = st.sampled_from(["30m", "1h", "6h", "1d", "7d", "2w"])
names = st.sampled_from(["gent", "antwerpen", "brugge", "leuven"])
good = st.sampled_from(sorted(set(Outcome) - BAD))
bad = st.sampled_from(sorted(BAD))


def source(name: str = "gent", every: str = "6h", **values: object) -> HarvestSource:
    return HarvestSource.model_validate(
        {"id": name, "city": "gent", "kind": "ckan", "url": "https://a.example", "every": every, **values}
    )


def state(name: str = "gent", **values: object) -> SourceState:
    return SourceState(name, "gent", **values)  # type: ignore[arg-type]


@given(names, everies, good, moments)
def test_next_time_when_the_run_was_good_then_on_the_grid_and_half_to_one_and_a_half_intervals_away(
    name: str, every: str, outcome: Outcome, now: datetime
) -> None:
    of = source(name, every)
    found = next_due(of, state(name), outcome, now)
    assert of.every / 2 <= found - now <= of.every * 1.5
    start = datetime(2017, 1, 1, tzinfo=UTC) + of.every * offset(name)
    assert (found - start) % of.every == timedelta(0)


@given(names, everies, good, moments, st.lists(st.floats(0, 0.4), min_size=10, max_size=10))
def test_grid_when_runs_take_their_time_then_the_hour_never_drifts(
    name: str, every: str, outcome: Outcome, now: datetime, shares: list[float]
) -> None:
    of = source(name, every)
    first = at = next_due(of, state(name), outcome, now)
    for turn, share in enumerate(shares, start=1):
        at = next_due(of, state(name), outcome, at + of.every * share)
        assert at == first + turn * of.every


@given(names, everies, bad, moments, st.integers(0, 50))
def test_next_time_when_the_run_was_bad_then_soon_and_never_later_than_a_day(
    name: str, every: str, outcome: Outcome, now: datetime, failures: int
) -> None:
    found = next_due(source(name, every), state(name, failures=failures), outcome, now)
    assert now < found <= now + LONGEST_RETRY


def test_back_off_when_runs_fail_again_and_again_then_each_wait_is_twice_the_one_before() -> None:
    of = source(every="2w")
    waits = [next_due(of, state(failures=number), Outcome.FAILED, NOW) - NOW for number in range(6)]
    assert waits == [FIRST_RETRY * 2**number for number in range(6)]


@given(st.dictionaries(names, st.tuples(moments, st.booleans(), st.booleans(), st.booleans())), moments)
def test_due_when_asked_then_only_enabled_idle_sources_whose_time_has_come(
    given_states: dict[str, tuple[datetime, bool, bool, bool]], now: datetime
) -> None:
    sources = [source(name, enabled=enabled) for name, (_, enabled, _, _) in given_states.items()]
    states = {
        name: state(name, next_due=timestamp(at), running_job=7 if busy else None, requested=requested)
        for name, (at, _, busy, requested) in given_states.items()
    }
    found = [item.id for item in due(sources, states, now)]
    assert len(set(found)) == len(found)
    for name, (at, enabled, busy, requested) in given_states.items():
        whole_ms = at.replace(microsecond=at.microsecond // 1000 * 1000)
        assert (name in found) is (enabled and not busy and (requested or whole_ms <= now))


def test_due_when_several_then_requested_first_and_the_longest_waiting_next() -> None:
    states = {
        "gent": state("gent", next_due=timestamp(NOW - timedelta(hours=1))),
        "brugge": state("brugge", next_due=timestamp(NOW - timedelta(hours=3))),
        "leuven": state("leuven", next_due=timestamp(NOW + timedelta(days=9)), requested=True),
    }
    found = [item.id for item in due([source(name) for name in states], states, NOW)]
    assert found == ["leuven", "brugge", "gent"]


def test_due_when_a_source_never_ran_then_at_once() -> None:
    assert [item.id for item in due([source()], {}, NOW)] == ["gent"]


def test_grid_when_there_are_many_sources_then_they_spread_over_the_interval() -> None:
    shares = [offset(f"source-{number}") for number in range(200)]
    assert all(0 <= share < 1 for share in shares)
    assert {int(share * 10) for share in shares} == set(range(10))


@pytest.mark.parametrize("outcome", sorted(BAD))
def test_next_time_when_the_interval_is_short_then_a_bad_run_waits_no_longer_than_a_good_one(outcome: Outcome) -> None:
    of = source(every="30m")
    assert next_due(of, state(failures=3), outcome, NOW) == next_due(of, state(), Outcome.SUCCEEDED, NOW)
