"""kill -9 at random moments of a run: the database opens, no half job is visible, the next run ends as if nothing had
happened."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from catalog.journal import ChangeKind
from catalog.store import jobs
from catalog.store.engine import Store, open_store
from catalog.store.past import changes_by
from harvester.demo.truth import SimDataset, invented
from tests.harvester.conftest import LOOPBACK, Workshop
from tests.harvester.scripted import Stage, staged

COUNTED = {kind: str(kind.value) for kind in ChangeKind}


@dataclass
class Victim:
    """The process whose children harvest into one database until they are killed."""

    process: "subprocess.Popen[str]"

    def harvest(self, moment: str, seconds: float) -> tuple[str, float]:
        """One run at a moment, killed after so many seconds: how it ended, and when."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{moment} {seconds}\n")
        self.process.stdin.flush()
        how, after = self.process.stdout.readline().split()
        return how, float(after)


@contextmanager
def victim_of(database: str, stage: Stage, root: Path) -> Iterator[Victim]:
    command = [sys.executable, "-m", "tests.harvester.killable", database, source_json(stage)]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Victim(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)


def source_json(stage: Stage) -> str:
    source = stage.source
    values = source.model_dump(mode="json", exclude={"every"})
    return json.dumps({**values, "options": dict(source.options)})


def lived_on(datasets: tuple[SimDataset, ...], dice: random.Random, turn: int) -> tuple[SimDataset, ...]:
    """The portal a while later: some datasets edited, perhaps one gone, a few new."""
    items = [replace(item, title=f"{item.title} (versie {turn})") if dice.random() < 0.3 else item for item in datasets]
    if dice.random() < 0.2:
        items.pop(dice.randrange(len(items)))
    return (*items, *invented(dice.randint(0, 2), start=1000 + 10 * turn))


def half_jobs(store: Store, newest: int = 4) -> list[str]:
    """What does not fit together: effects without their job, jobs without their effects, parts without their whole."""
    found = []
    with store.read() as db:
        for job in jobs.jobs(db, limit=newest):
            kinds = [change.kind for change in changes_by(db, job.id or 0)]
            told = {kind: kinds.count(kind) for kind in COUNTED}
            own = {kind: getattr(job.counts, name) for kind, name in COUNTED.items()}
            if told != own or (job.outcome in (None, "aborted") and kinds):
                found.append(f"job {job.id} {job.outcome}: {told} but {own}")
        for question in ORPHANS:
            found += [f"{question}: {row}" for row in db.execute(text(question))]
        if store.engine.dialect.name == "sqlite":
            assert db.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    return found


ORPHANS = (
    "SELECT id FROM dataset WHERE raw_hash NOT IN (SELECT hash FROM raw)",
    "SELECT id FROM dataset WHERE id NOT IN (SELECT dataset FROM change WHERE kind = 'created')",
    "SELECT dataset FROM change WHERE dataset NOT IN (SELECT id FROM dataset)",
    "SELECT dataset FROM distribution WHERE dataset NOT IN (SELECT id FROM dataset)",
    "SELECT id FROM dataset WHERE id NOT IN (SELECT dataset FROM distribution)",
    "SELECT source FROM source WHERE last_job IS NOT NULL AND last_job NOT IN (SELECT id FROM job)",
)


@dataclass
class Ordeal:
    """A database under attack beside its twin that nobody kills; both harvest the same portal at the same moments."""

    stage: Stage
    attacked: Workshop
    twin: Workshop
    dice: random.Random
    takes_s: float
    killed: int = 0

    def turn(self, number: int, victim: Victim) -> None:
        stage, before = self.stage, self.attacked.datasets()
        stage.datasets = lived_on(stage.datasets, self.dice, number)
        wanted = self.twin.harvest(stage.source)
        self.attacked.clock.moment = self.twin.clock.moment
        after: list[dict[str, Any]] = self.twin.datasets()
        seconds = self.dice.uniform(0, 1.1 * self.takes_s)
        how, after_s = victim.harvest(self.twin.clock.moment.isoformat(), seconds)
        self.takes_s = after_s if how == "ended" else max(self.takes_s, after_s)
        assert half_jobs(self.attacked.store) == []
        found = self.attacked.datasets()
        committed = found == after
        assert committed or (how == "killed" and found == before)
        if not committed:
            self.killed += 1
            self.attacked.clock.forward(days=-1)  # the next run comes at the same moment as the twin's
            job = self.attacked.harvest(stage.source)
            assert (job.outcome, job.counts.missing) == (wanted.outcome, wanted.counts.missing)
            assert half_jobs(self.attacked.store) == []
            assert self.attacked.datasets() == after


def survive(times: int, database: str, folder: Path, root: Path) -> None:
    dice = random.Random(f"{times} {database[:6]}")
    attacked, twin = open_store(database), open_store(f"sqlite:///{folder / 'twin.db'}")
    patient = replace(LOOPBACK, read_s=60, deadline_s=120)
    workshops = Workshop(attacked, http=patient), Workshop(twin, http=patient)
    try:
        with staged(workshops[1], count=30) as stage:
            stage.portal.latency_s = 0.002
            with victim_of(database, stage, root) as victim:
                twin_job = workshops[1].harvest(stage.source)
                assert twin_job.counts.created == 30
                how, takes_s = victim.harvest(workshops[1].clock.moment.isoformat(), 60)
                assert (how, workshops[0].datasets()) == ("ended", workshops[1].datasets())
                ordeal = Ordeal(stage, *workshops, dice, takes_s)
                for number in range(times):
                    ordeal.turn(number, victim)
        assert ordeal.killed >= times // 4
        assert half_jobs(attacked, newest=1000) == []
        with attacked.read() as db:
            aborted = [job for job in jobs.jobs(db, limit=1000) if job.outcome == "aborted"]
        assert all(job.error is not None and job.counts.seen == 0 for job in aborted)
        assert aborted or times < 50  # a few may all be killed before they began
    finally:
        attacked.close()
        twin.close()


@pytest.mark.slow
def test_run_when_killed_fifty_times_then_the_next_run_ends_as_if_nothing_had_happened(
    tmp_path: Path, repository: Path
) -> None:
    survive(50, f"sqlite:///{tmp_path / 'datapeil.db'}", tmp_path, repository)


@pytest.mark.postgres
def test_run_when_killed_on_postgres_then_the_next_run_ends_as_if_nothing_had_happened(
    postgres_url: str, tmp_path: Path, repository: Path
) -> None:
    survive(8, postgres_url, tmp_path, repository)
