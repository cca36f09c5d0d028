"""The demo: a short world is lived with the real pipeline, and what it leaves behind can be looked into."""

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

from catalog.journal import Decision, HarvestJob, moment
from catalog.store import jobs
from catalog.store.decisions import decisions_on
from harvester.cli.serving import dashboard
from harvester.cli.workplace import Workplace
from harvester.demo.film import OPERATOR, shoot
from harvester.demo.life import Event
from harvester.demo.world import World
from tests.harvester.cli.conftest import Desk

LAST_WEEKS = (date(2026, 11, 9), date(2026, 11, 23))
CHURN = (date(2022, 1, 10), date(2022, 1, 31))


@dataclass(frozen=True)
class Shot:
    """A world that was lived, where its configuration is, and what was told meanwhile."""

    world: World
    config: Path
    told: list[tuple[int, int, datetime]]

    def jobs(self, source: str) -> list[HarvestJob]:
        """All runs of a source, oldest first."""
        place = Workplace(self.config)
        with place.store.read() as db:
            found = jobs.jobs(db, source, limit=10_000)
        place.close()
        return found[::-1]


def lived(folder: Path, start: date, end: date, *sources: str) -> Shot:
    """Lives a world from `start` to `end`, of which only some sources are polled."""
    world, told = World(start, end), []
    if sources:
        world.portals = {name: world.portals[name] for name in sources}
    config = shoot(folder, lambda number, total, moment: told.append((number, total, moment)), world)
    return Shot(world, config, told)


@pytest.fixture(scope="module")
def last_weeks(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    """The end of the story, in which sixteen datasets of Mechelen vanish."""
    return lived(tmp_path_factory.mktemp("demo") / "var" / "demo", *LAST_WEEKS)


@pytest.fixture
def desk(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Desk:
    """A terminal, without portals."""
    return Desk(tmp_path, capsys)


# --------------------------------------------------------------------------------------------------------------- story
def test_film_when_lived_then_every_poll_of_the_calendar_is_a_job_at_its_moment(last_weeks: Shot) -> None:
    calendar = list(last_weeks.world.schedule())
    numbers = [number for number, _, _ in last_weeks.told]
    assert numbers == sorted(numbers)
    assert last_weeks.told[-1] == (len(calendar), len(calendar), calendar[-1][0])
    done = [job for name in last_weeks.world.portals for job in last_weeks.jobs(name)]
    found = sorted((moment(job.started_at), job.source) for job in done)
    assert found == calendar


def test_film_when_a_removal_is_doubtful_on_the_last_days_then_it_waits_for_the_operator(
    last_weeks: Shot, desk: Desk
) -> None:
    (waiting,) = desk.with_config(last_weeks.config, "held", "--json").json["held"]
    assert (waiting["source"], waiting["decision"], len(waiting["evidence"]["unseen"])) == ("mechelen-hub", "open", 16)
    assert waiting["started_at"].startswith("2026-11-23")
    cities = {one["city"]: one for one in desk.with_config(last_weeks.config, "status", "--json").json["cities"]}
    assert (cities["mechelen"]["condition"], cities["mechelen"]["alerts"]) == ("held", 1)
    assert cities["mechelen"]["datasets"]["present"] == last_weeks.world.truth("mechelen", LAST_WEEKS[1]).own
    assert cities["mechelen"]["datasets"]["missing"] == 0


def test_film_when_every_identifier_changes_then_the_operator_releases_it_two_days_later(tmp_path: Path) -> None:
    shot = lived(tmp_path / "demo", *CHURN, "antwerpen-hub")
    found = {job.started_at[:10]: job for job in shot.jobs("antwerpen-hub")}
    assert found["2022-01-17"].complete
    held = [day for day, job in found.items() if job.outcome == "held"]
    assert held == ["2022-01-18", "2022-01-19"]
    assert [found[day].decision for day in held] == [Decision.SUPERSEDED, Decision.RELEASED]
    place = Workplace(shot.config)
    with place.store.read() as db:
        (decision,) = decisions_on(db, found["2022-01-19"].id or 0)
    place.close()
    assert (decision["by"], decision["at"][:10]) == (OPERATOR, "2022-01-20")
    after = found["2022-01-20"]
    assert (after.outcome in ("succeeded", "succeeded_with_issues"), after.complete) == (True, True)
    assert after.counts.created < 385 < after.counts.updated + after.counts.unchanged


EVENTS = [
    ("antwerpen-datatank", date(2018, 2, 20), date(2018, 3, 12)),
    ("oostende-page", date(2018, 12, 3), date(2018, 12, 16)),
    ("gent", date(2020, 7, 8), date(2020, 8, 10)),
    ("gent", date(2022, 10, 5), date(2022, 10, 20)),
    ("brugge-page", date(2021, 4, 28), date(2021, 5, 24)),
    ("kortrijk-datatank", date(2019, 10, 1), date(2019, 11, 10)),
]


@pytest.mark.parametrize(("source", "start", "end"), EVENTS, ids=lambda value: str(value))
def test_film_when_an_event_comes_then_each_run_ends_as_the_script_expects(
    tmp_path: Path, source: str, start: date, end: date
) -> None:
    shot = lived(tmp_path / "demo", start, end, source)
    events = [event for event in shot.world.events if event.expected]
    assert events
    for job in shot.jobs(source):
        day = moment(job.started_at).date()
        told = [event for event in events if event.lasts(day)]
        assert all(job.outcome in event.expected for event in told), (day, job)
        if not told and not any(closed(event, day) for event in events):
            assert job.outcome in ("succeeded", "succeeded_with_issues", "not_modified"), (day, job)
        assert (job.counts.withdrawn, job.counts.missing) == (0, 0), (day, job)


def closed(event: Event, day: date) -> bool:
    """Whether the event took the portal away for good."""
    return event.kind == "portal_closes" and day >= event.until


# ---------------------------------------------------------------------------------------------------- what it leaves
def test_demo_when_looked_into_then_it_says_what_it_is_and_stands_still(last_weeks: Shot, desk: Desk) -> None:
    status = desk.with_config(last_weeks.config, "status", "--json").json
    assert (status["demo"], status["as_of"]) == (True, "2026-11-23T12:00:00.000Z")
    assert desk.with_config(last_weeks.config, "status").out.startswith("Demonstration: simulated portals.\n")
    place = Workplace(last_weeks.config)
    shown = dashboard(place, scheduled=False)
    assert (shown.demo, shown.clock(), shown.tick_s) == (True, datetime.fromisoformat("2026-11-23T12:00:00Z"), None)
    place.close()


@pytest.mark.parametrize(
    "words",
    ["sources", "sources check", "status", "datasets --city gent", "datasets --as-of 2026-11-15 --csv", "jobs",
     "jobs show 1", "held", "replay gent", "export csv", "export json --city brugge", "migrate"],
)  # fmt: skip
def test_demo_when_any_command_looks_into_it_then_it_answers(last_weeks: Shot, desk: Desk, words: str) -> None:
    reply = desk.with_config(last_weeks.config, *words.split())
    assert (reply.code, reply.err) == (0, "")
    assert reply.out


def test_demo_when_its_portals_are_asked_again_then_nobody_is_at_home(last_weeks: Shot, desk: Desk) -> None:
    reply = desk.with_config(last_weeks.config, "run", "gent", "--dry-run", "--json")
    assert (reply.code, reply.json["jobs"][0]["error"]["kind"]) == (1, "connection")


def test_configuration_when_a_portal_is_history_then_disabled_with_the_reason(last_weeks: Shot) -> None:
    folder = last_weeks.config.parent / "sources"
    assert {path.stem for path in folder.iterdir()} >= {"gent", "brugge", "mechelen-hub"}
    assert all(tomllib.loads(path.read_text(encoding="utf-8"))["enabled"] for path in folder.iterdir()
               if last_weeks.world.life(path.stem)[1] > LAST_WEEKS[1])  # fmt: skip
    gone = tomllib.loads((folder / "brugge-page.toml").read_text(encoding="utf-8"))
    assert (gone["enabled"], "2025-07-14" in gone["reason"]) == (False, True)


def test_demo_when_made_again_then_nothing_of_the_first_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = lived(folder, date(2016, 1, 4), date(2016, 1, 20), "gent")
    (folder / "rommel").write_text("van vroeger", encoding="utf-8")
    again = lived(folder, date(2016, 1, 4), date(2016, 1, 12), "gent", "brugge-page")
    assert first.config == again.config
    assert not (folder / "rommel").exists()
    assert len(again.jobs("gent")) == len([1 for _, name in again.world.schedule() if name == "gent"])


def test_demo_when_it_ends_early_then_there_is_no_configuration(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    lived(folder, date(2016, 1, 4), date(2016, 1, 12), "gent")

    class Enough(Exception):
        """The audience leaves."""

    def leaving(_number: int, _total: int, _moment: datetime) -> None:
        raise Enough

    with pytest.raises(Enough):
        shoot(folder, leaving, World(date(2016, 1, 4), date(2016, 1, 12)))
    assert (folder / "datapeil.db").exists()
    assert not (folder / "datapeil.toml").exists()


# --------------------------------------------------------------------------------------------------------- the program
@pytest.fixture
def demo(tmp_path: Path, repository: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `demo` in a folder and a process group of its own, as a shell would."""

    def start(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "harvester", "demo", *words],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(repository)}, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip

    return start


def test_demo_when_interrupted_then_it_ends_quietly_and_leaves_no_process(
    demo: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    with demo("--no-serve") as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("2016: ")
        os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C does: the portals' process gets it too
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (130, "", "stopped\n")
    assert not (tmp_path / "var" / "demo" / "datapeil.toml").exists()
    deadline = time.monotonic() + 10
    while group_lives(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not group_lives(running.pid)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_demo_when_its_port_is_taken_then_told_before_the_years_begin(
    demo: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo("--port", str(port)) as running:
            out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (2, "")
    assert err == f"demo: 127.0.0.1:{port}: is in use by another program; choose another --port\n"
    assert not (tmp_path / "var").exists()


def test_calendar_when_walked_then_no_year_is_without_polls() -> None:
    years = {at.year for at, _ in World().schedule()}
    assert years == set(range(2016, 2027))
