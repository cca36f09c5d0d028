"""The schedule: a restart loses nothing and repeats nothing, raw records are let go."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import text

from catalog.journal import HarvestJob
from catalog.store import jobs, retention
from catalog.store.engine import recall
from catalog.store.reading import TICK_KEY
from config.source import HarvestSource
from harvester.demo.portal import Answer, Portal
from harvester.demo.truth import invented
from harvester.service import Schedule, run_all
from tests.harvester.conftest import Workshop
from tests.harvester.scripted import QUICK, SPEAKERS, staged


@pytest.fixture
def portals(both_workshop: Workshop) -> Iterator[Callable[[int], list[HarvestSource]]]:
    """Opens so many portals of three datasets each, one source for each of them."""
    both_workshop.http = QUICK
    with ExitStack() as stack:

        def opened(count: int) -> list[HarvestSource]:
            found = [stack.enter_context(Portal(SPEAKERS["ckan"](lambda: invented(3)))) for _ in range(count)]
            return [
                HarvestSource.model_validate(
                    {"id": f"portal-{number}", "city": "gent", "kind": "ckan", "url": portal.url, "every": "6h"}
                )
                for number, portal in enumerate(found)
            ]

        yield opened


def tick(workshop: Workshop, sources: Sequence[HarvestSource], ticks: int = 1) -> None:
    """A schedule of its own ticks and waits for what it started."""
    schedule = Schedule(sources, workshop.tools(), workers=4, tick_s=60)
    for _ in range(ticks):
        with ThreadPoolExecutor(max_workers=4) as pool:
            schedule.tick(pool)


def runs(workshop: Workshop) -> dict[str, int]:
    with workshop.store.read() as db:
        found = jobs.jobs(db, limit=1000)
    assert all(job.outcome == "succeeded" for job in found)
    return {name: [job.source for job in found].count(name) for name in {job.source for job in found}}


def test_schedule_when_ticking_often_then_each_source_runs_once_per_interval(
    portals: Callable[[int], list[HarvestSource]], both_workshop: Workshop
) -> None:
    sources = portals(3)
    tick(both_workshop, sources, ticks=5)
    assert set(runs(both_workshop).values()) == {1}
    for _ in range(24):
        both_workshop.clock.forward(hours=1)
        tick(both_workshop, sources)
    assert set(runs(both_workshop).values()) == {1 + 4}


def test_schedule_when_restarted_then_nothing_is_lost_and_nothing_repeated(
    portals: Callable[[int], list[HarvestSource]], both_workshop: Workshop
) -> None:
    sources = portals(2)
    tick(both_workshop, sources)
    tick(both_workshop, sources)  # another Schedule on the same database: all is done already
    assert runs(both_workshop) == {"portal-0": 1, "portal-1": 1}
    both_workshop.clock.forward(days=3)  # nobody was there for long: what is overdue runs once, not twelve times
    tick(both_workshop, sources, ticks=3)
    assert runs(both_workshop) == {"portal-0": 2, "portal-1": 2}


def test_schedule_when_a_run_is_requested_then_it_runs_at_the_next_tick_and_once(
    portals: Callable[[int], list[HarvestSource]], both_workshop: Workshop
) -> None:
    sources = portals(2)
    tick(both_workshop, sources)
    with both_workshop.store.write() as db:
        jobs.request_run(db, "portal-1", "gent")
    tick(both_workshop, sources, ticks=3)
    assert runs(both_workshop) == {"portal-0": 1, "portal-1": 2}


def test_schedule_when_the_process_died_in_a_run_then_the_next_one_takes_it_over(
    portals: Callable[[int], list[HarvestSource]], both_workshop: Workshop
) -> None:
    (source,) = portals(1)
    with both_workshop.store.write() as db:
        number = jobs.start(db, source.id, source.city, both_workshop.clock(), 120)
        db.execute(text("UPDATE source SET lease_owner = 'another-machine:7'"))
    tick(both_workshop, [source])
    with both_workshop.store.read() as db:
        assert [job.outcome for job in jobs.jobs(db)] == [None]  # it may live on
    both_workshop.clock.forward(seconds=121)
    tick(both_workshop, [source])
    with both_workshop.store.read() as db:
        found = {job.id: job.outcome for job in jobs.jobs(db)}
    assert found.pop(number) == "aborted"
    assert list(found.values()) == ["succeeded"]


def test_schedule_when_it_ticks_then_its_sign_of_life_is_stored(both_workshop: Workshop) -> None:
    tick(both_workshop, [])
    with both_workshop.store.read() as db:
        assert recall(db, TICK_KEY) == "2026-01-05T06:00:00.000Z"


def test_schedule_when_serving_then_the_clock_starts_it_and_leaving_waits_for_the_jobs(
    portals: Callable[[int], list[HarvestSource]], both_workshop: Workshop
) -> None:
    sources = portals(3)
    with Schedule(sources, both_workshop.tools(), workers=2, tick_s=0.1).ticking():
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and len(both_workshop.datasets()) < 9:
            time.sleep(0.05)
    assert runs(both_workshop) == {"portal-0": 1, "portal-1": 1, "portal-2": 1}


def test_portals_when_run_all_at_once_then_every_job_is_told_once(
    portals: Callable[[int], list[HarvestSource]], both_workshop: Workshop
) -> None:
    sources = portals(5)
    found: list[tuple[HarvestSource, HarvestJob | None]] = list(run_all(sources, both_workshop.tools(), workers=2))
    assert sorted(source.id for source, _ in found) == sorted(source.id for source in sources)
    assert all(job is not None and job.counts.created == 3 for _, job in found)


def test_heart_when_a_run_is_longer_than_its_lease_then_the_lease_is_kept(workshop: Workshop) -> None:
    """Real seconds: the clock of the workshop stands, so the lease is read as it was renewed."""
    with staged(workshop, count=3) as stage:
        turn = threading.Event()

        def slow(request: object) -> Answer:
            turn.wait(0.5)
            return stage.dialect(request)  # type: ignore[arg-type]

        stage.portal.app = slow
        tools = replace(workshop.tools(), lease_s=0.2, heartbeat_s=0.05)
        began = workshop.clock.moment

        def moving() -> None:
            while not turn.wait(0.02):
                workshop.clock.forward(seconds=0.02)

        mover = threading.Thread(target=moving)
        mover.start()
        ((_, job),) = run_all([stage.source], tools, workers=1)
        turn.set()
        mover.join()
    assert job is not None
    assert job.outcome == "succeeded"
    assert (workshop.clock.moment - began).total_seconds() > 0.2


def test_raw_records_when_past_their_retention_then_only_those_in_use_stay(both_workshop: Workshop) -> None:
    with staged(both_workshop, count=12) as stage:
        stage.harvest()
        stage.edit(0, title="Een nieuwe titel")
        stage.harvest()
        store = both_workshop.store
        with store.write() as db:
            assert retention.forget_raw(db, both_workshop.clock(), 90) == 0
        both_workshop.clock.forward(days=91)
        with store.write() as db:
            assert retention.forget_raw(db, both_workshop.clock(), 90) == 1
            assert db.execute(text("SELECT count(*) FROM raw")).scalar() == 12
        assert stage.harvest().counts.unchanged == 12
