"""Runs over time: twice changes nothing, the past can be read, restless fields fall silent."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, text

from catalog.history import RESTLESS_AFTER
from catalog.journal import HarvestJob
from catalog.store.engine import open_store
from catalog.store.past import changes_of
from config.source import HarvestSource
from harvester.demo import faults
from harvester.demo.faults import When
from harvester.demo.portal import Answer, App, Portal, Request
from harvester.demo.truth import Dialect, SimDataset, SimFile, invented
from harvester.job import run
from harvester.service import run_all
from tests.harvester.conftest import Clock, Workshop
from tests.harvester.scripted import GOOD, QUICK, SPEAKERS, Stage, staged

KINDS = ("ckan", "opendatasoft", "arcgis_hub", "dcat", "html")
CONTENT_TABLES = ("dataset", "distribution", "contact", "raw", "change")


@pytest.fixture
def stage_of(workshop: Workshop) -> Iterator[Callable[..., Stage]]:
    """Opens a portal that nobody has harvested yet."""
    with ExitStack() as portals:
        yield lambda *args, **values: portals.enter_context(staged(workshop, *args, **values))


@pytest.fixture
def stage(stage_of: Callable[..., Stage]) -> Stage:
    """A CKAN portal of forty datasets."""
    return stage_of()


@pytest.fixture
def both_stage(both_workshop: Workshop) -> Iterator[Stage]:
    """A small CKAN portal and each of the two databases."""
    with staged(both_workshop, count=12) as stage:
        yield stage


def rows(engine: Engine, tables: tuple[str, ...] = CONTENT_TABLES) -> dict[str, list[str]]:
    """Every row of some tables."""
    with engine.connect() as db:
        return {
            table: sorted(repr(tuple(row)) for row in db.execute(text(f"SELECT * FROM {table}"))) for table in tables
        }


def counted(job: HarvestJob) -> tuple[int, ...]:
    counts = job.counts
    return counts.created, counts.updated, counts.unchanged, counts.missing, counts.withdrawn, counts.restored


# ---------------------------------------------------------------------------------------------------------- repetition


@pytest.mark.parametrize("kind", KINDS)
def test_harvest_when_repeated_then_no_row_is_written(kind: str, stage_of: Callable[..., Stage]) -> None:
    stage = stage_of(kind)
    stage.harvest()
    before = rows(stage.workshop.store.engine)
    job = stage.harvest()
    assert job.outcome in GOOD
    assert counted(job) == (0, 0, 40, 0, 0, 0)
    assert rows(stage.workshop.store.engine) == before


def test_harvest_when_all_is_read_again_then_nothing_has_changed(both_stage: Stage) -> None:
    """Every record is normalized anew, as after a change of the mapping code: the same content comes out."""
    both_stage.harvest()
    before = both_stage.inventory()
    with both_stage.workshop.store.write() as db:
        db.execute(text("UPDATE dataset SET mapper = 'another'"))
    job = both_stage.harvest()
    assert counted(job) == (0, 0, 12, 0, 0, 0)
    assert both_stage.inventory() == before


def test_harvest_when_order_differs_then_nothing_has_changed(stage: Stage) -> None:
    stage.edit(0, keywords=("a", "b", "c"))
    stage.harvest()
    stage.edit(0, keywords=("c", "a", "b"))
    stage.datasets = tuple(reversed(stage.datasets))
    assert counted(stage.harvest()) == (0, 0, 40, 0, 0, 0)


def test_identity_when_the_database_is_lost_then_the_same_ids_again(stage: Stage, tmp_path: Path) -> None:
    stage.harvest()
    again = Workshop(open_store(f"sqlite:///{tmp_path / 'again.db'}"), http=QUICK)
    again.harvest(stage.source)
    assert {shape["id"] for shape in again.datasets()} == {shape["id"] for shape in stage.workshop.datasets()}
    again.store.close()


# ----------------------------------------------------------------------------------------------------------- the past


def seen_then(stage: Stage, as_of: str | None = None) -> list[dict[str, Any]]:
    """The inventory in a form in which order says nothing, without what is not kept for the past."""
    return [
        {
            **shape,
            "last_seen": None,
            "issues": None,
            "keywords": sorted(shape["keywords"]),
            "languages": sorted(shape["languages"]),
            "distributions": sorted(shape["distributions"], key=lambda item: item["id"]),
        }
        for shape in stage.workshop.datasets(as_of)
    ]


def edited(dataset: SimDataset, dice: random.Random) -> SimDataset:
    """One random edit."""
    edits: list[dict[str, Any]] = [
        {"title": f"Titel {dice.random()}"},
        {"description": dice.choice(["", f"Tekst {dice.random()}"])},
        {"keywords": tuple(dice.sample(["a", "b", "c", "d"], dice.randint(0, 4)))},
        {"license": "", "license_url": dice.choice(["", "https://creativecommons.org/publicdomain/zero/1.0/"])},
        {"files": tuple(dice.sample(FILES, dice.randint(0, 3)))},
        {"modified": "niet bekend"},
    ]
    return replace(dataset, **dice.choice(edits))


FILES = [SimFile(name, f"/files/x.{name.lower()}", size=7) for name in ("CSV", "JSON", "GeoJSON", "XML")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_past_when_read_as_of_a_run_then_it_is_what_was_seen_then(seed: int, both_stage: Stage) -> None:
    dice, stage, whole = random.Random(seed), both_stage, both_stage.datasets
    live: list[tuple[str, list[dict[str, Any]]]] = []
    for _ in range(9):
        whole = tuple(edited(dataset, dice) if dice.random() < 0.4 else dataset for dataset in whole)
        stage.datasets = tuple(dataset for dataset in whole if dice.random() < 0.85)
        job = stage.harvest(grace_runs=2, grace_days=1, max_share=1.0)
        assert job.outcome in GOOD
        assert job.finished_at is not None
        live.append((job.finished_at, seen_then(stage)))
        for moment, then in live:
            for old, new in zip(then, seen_then(stage, moment), strict=True):
                assert new == old
    assert seen_then(stage, "2020-01-01T00:00:00.000Z") == []


# --------------------------------------------------------------------------------------------- any runs whatever


EPISODES = st.lists(
    st.tuples(
        st.sampled_from(["good", "500", "cut", "html", "loop", "high", "low", "first", "twice", "empty", "ids"]),
        st.sets(st.integers(0, 11), max_size=12),
    ),
    min_size=1,
    max_size=6,
)
UNPROVEN: dict[str, Callable[[Dialect], App]] = {
    "500": lambda app: faults.status(app, 500, When(skip=1)),
    "cut": lambda app: faults.truncated_body(app, when=When(skip=1)),
    "html": faults.html_instead,
    "loop": faults.page_loop,
    "high": lambda app: faults.total_lies(app, 3),
    "low": lambda app: faults.total_lies(app, -1),
    "first": lambda app: faults.first_page_only(app, 4),
    "twice": lambda app: faults.duplicate_ids(app, 2),
    "empty": faults.empty_list,
    "ids": faults.changed_ids,
}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EPISODES)
def test_runs_when_in_any_order_then_only_a_proven_listing_removes(
    tmp_path_factory: pytest.TempPathFactory, episodes: list[tuple[str, set[int]]]
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('runs') / 'datapeil.db'}")
    with staged(Workshop(store), count=12, options={"page_size": 4}) as stage:
        stage.workshop.http = replace(QUICK, retries=0)
        whole = stage.datasets
        stage.harvest()
        for kind, gone in episodes:
            stage.datasets = tuple(dataset for number, dataset in enumerate(whole) if number not in gone)
            before = stage.workshop.states()
            job = stage.harvest(UNPROVEN.get(kind), grace_runs=1, grace_days=0)
            after = stage.workshop.states()
            newly = {name for name, state in after.items() if state != "present" and before.get(name) != state}
            if not job.complete or job.outcome == "held":
                assert newly == set(), (kind, job)
            assert newly <= {whole[number].id for number in gone}
            assert before.keys() <= after.keys()
    store.close()


# ------------------------------------------------------------------------------------------------------ restlessness


def test_field_when_it_flips_at_each_run_then_it_falls_silent_and_later_counts_again(
    stage_of: Callable[..., Stage],
) -> None:
    stage = stage_of(count=2)

    def updated(**values: Any) -> int:
        stage.edit(0, **values)
        return stage.harvest().counts.updated

    stage.harvest()
    found = [updated(frequency=("maandelijks", "jaarlijks")[turn % 2]) for turn in range(30)]
    assert found == [1] * RESTLESS_AFTER + [0] * (30 - RESTLESS_AFTER)
    (shape, _) = stage.workshop.datasets()
    assert "restless_field" in {issue["code"] for issue in shape["issues"]}
    assert updated(title="Een nieuwe titel") == 1  # the others are still heard
    with stage.workshop.store.write() as db:
        db.execute(text("UPDATE source SET runs = runs + 100"))
    assert updated(frequency="dagelijks") == 1
    with stage.workshop.store.read() as db:
        assert {"frequency"} <= set(changes_of(db, shape["id"])[-1].fields)


# ------------------------------------------------------------------------------------------------------------ dry run


def test_dry_run_when_done_then_no_byte_of_the_database_changes_and_the_counts_are_those_of_the_run(
    stage: Stage, tmp_path: Path
) -> None:
    stage.harvest()
    stage.drop(2)
    stage.edit(0, title="Een nieuwe titel")
    stage.workshop.store.close()
    before = {path.name: sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    tried = stage.workshop.rehearse(stage.source)
    stage.workshop.store.close()
    assert {path.name: sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()} == before
    assert (tried.id, tried.dry_run, tried.outcome) == (None, True, "succeeded")
    assert counted(tried) == counted(stage.harvest())


def test_dry_run_when_done_on_any_database_then_no_row_changes(both_stage: Stage) -> None:
    both_stage.harvest()
    engine = both_stage.workshop.store.engine
    tables = tuple(inspect(engine).get_table_names())
    both_stage.drop(1)
    before = rows(engine, tables)
    both_stage.workshop.rehearse(both_stage.source)
    assert rows(engine, tables) == before


def test_dry_run_when_limited_then_it_stops_and_proves_nothing(stage: Stage) -> None:
    job = stage.workshop.rehearse(stage.source, limit=15)
    assert (job.outcome, job.complete, job.counts.seen, job.counts.created) == ("partial", False, 15, 15)
    assert len(stage.portal.requests) == 2


# ------------------------------------------------------------------------------------------------ hostile and crowded


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud800", "\\u202e", "' OR 1=1 --", "../../x", "%00", "x" * 5000])
def test_identifier_when_hostile_then_harvested_and_kept(odd: str, both_stage: Stage) -> None:
    def odder(app: Dialect) -> App:
        def answer(request: Request) -> Answer:
            good = app(request)
            assert isinstance(good.body, bytes)
            return replace(good, body=good.body.replace(b'"id":"00000000-0000', b'"id":"' + odd.encode()))

        return answer

    for _ in range(2):
        job = both_stage.harvest(odder)
        assert job.outcome in GOOD, job
        assert (job.complete, job.counts.seen) == (True, 12)
    assert job.counts.unchanged + job.counts.issues >= 12


def test_jobs_when_many_commit_at_once_then_none_finds_the_database_locked(workshop: Workshop) -> None:
    workshop.http = QUICK
    with Portal(SPEAKERS["ckan"](lambda: invented(200))) as portal:
        sources = [
            HarvestSource(id=f"portal-{number}", city="gent", kind="ckan", url=portal.url) for number in range(10)
        ]
        found = [job for _, job in run_all(sources, workshop.tools(), workers=10)]
    assert [job.counts.created for job in found if job] == [200] * 10
    assert len(workshop.datasets()) == 2000


def test_source_when_two_harvest_it_at_once_then_one_gets_nothing(both_workshop: Workshop) -> None:
    with staged(both_workshop, count=12) as stage:
        stage.portal.latency_s = 0.3
        found: list[HarvestJob | None] = []

        def harvest() -> None:
            found.append(run(stage.source, stage.workshop.tools()))

        threads = [threading.Thread(target=harvest) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found.count(None) == 2
        assert len(stage.workshop.datasets()) == 12


def test_clock_when_it_stands_in_another_zone_then_times_are_stored_in_utc(workshop: Workshop) -> None:
    workshop.clock = Clock(datetime(2026, 7, 1, 8, tzinfo=timezone(timedelta(hours=2))))
    with staged(workshop, count=1) as stage:
        job = stage.harvest()
    assert (job.started_at, job.finished_at) == ("2026-07-02T06:00:00.000Z", "2026-07-02T06:00:00.000Z")
