"""`demo`: lives the scripted years with the real pipeline over real HTTP, and leaves a database to look into."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path

from catalog.journal import Decision, HarvestJob, timestamp
from catalog.removal import Limits
from catalog.store import jobs
from catalog.store.decisions import Judgement, decide
from catalog.store.engine import DEMO_AS_OF, Store, open_store, remember
from config.source import HarvestSource
from harvester.demo.life import Event
from harvester.demo.scenery import write_configuration
from harvester.demo.world import World
from harvester.fetch.allowance import Limits as HttpLimits
from harvester.fetch.door import Door
from harvester.job import run
from harvester.tools import Tools

DATABASE = "datapeil.db"
GENTLE = HttpLimits(per_host_interval_s=0, allow_private=("127.0.0.1",), retries=1, backoff_s=0.01, read_s=10)
USER_AGENT = "Datapeil-demo/0 (simulated portals; opendata@example.org)"
OPERATOR = "operator van de demonstratie"
THINKS = timedelta(hours=40)  # the second night after has the answer
REAL = {
    "ids_changed": "Het platform is vernieuwd: dezelfde datasets onder een nieuw kenmerk.",
    "withdrawn": "De stad bevestigt: deze lagen zijn opgeruimd.",
}
"""What the operator answers to a held job; everything else is left to mend itself."""

SIDE_BY_SIDE = 4

Poll = tuple[datetime, str]
Progress = Callable[[int, int, datetime], None]


@dataclass
class Film:
    """The years under way: a clock that the calendar moves, the real door, the real store."""

    world: World
    store: Store
    sources: Mapping[str, HarvestSource]
    door: Door = field(default_factory=lambda: Door(GENTLE, USER_AGENT))
    turn: threading.Lock = field(default_factory=threading.Lock)
    _thinking: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def tools(self, moment: datetime) -> Tools:
        return Tools(
            store=self.store,
            fetch=lambda _: self.door.session(turn=self.turn),
            limits=Limits(),
            clock=lambda: moment,
            turn=self.turn,
            strict=True,
        )

    def night(self, polls: Sequence[Poll], pool: Executor) -> list[HarvestJob | None]:
        """The polls of one day, side by side, and what the operator of the story does about them."""
        begins = polls[0][0]
        self.world.at(begins.date())
        self._decide(begins)
        done = list(pool.map(self._poll, polls))
        for (moment, _), job in zip(polls, done, strict=True):
            if job is not None and job.decision is Decision.OPEN:
                self._consider(job, moment)
        return done

    def _poll(self, poll: Poll) -> HarvestJob | None:
        moment, source = poll
        return run(self.sources[source], self.tools(moment))

    def _consider(self, job: HarvestJob, moment: datetime) -> None:
        why = next((REAL[event.kind] for event in self._lately(job.source, moment) if event.kind in REAL), None)
        if why is not None:
            self._thinking.setdefault(job.source, (moment + THINKS, why))

    def _lately(self, source: str, moment: datetime) -> Iterator[Event]:
        day = moment.date()
        return (
            e for e in self.world.events if e.source == source and timedelta(0) <= day - e.day <= timedelta(days=10)
        )

    def _decide(self, now: datetime) -> None:
        """Each day's held job overtakes that of the day before: what waits now is decided on."""
        for source in [name for name, (until, _) in self._thinking.items() if until <= now]:
            _, why = self._thinking.pop(source)
            with self.store.write() as db:
                for job in jobs.held(db, source):
                    if job.id is not None:
                        decide(db, job.id, Judgement(Decision.RELEASED, why, OPERATOR, now))


def shoot(folder: Path, progress: Progress, world: World | None = None) -> Path:
    """Live through the world's years into `folder`, rebuilt from nothing. Returns the configuration, written last."""
    world = world or World()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with filming(folder, world) as film, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        calendar, done = list(world.schedule()), 0
        for _, night in groupby(calendar, key=lambda poll: poll[0].date()):
            polls = list(night)
            film.night(polls, pool)
            done += len(polls)
            progress(done, len(calendar), polls[-1][0])
        with film.store.write() as db:
            remember(db, DEMO_AS_OF, timestamp(last_moment(world.end)))
        return write_configuration(folder, DATABASE, world, film.sources)


@contextmanager
def filming(folder: Path, world: World) -> Iterator[Film]:
    """The portals in a process of their own, the database open."""
    store = open_store(f"sqlite:///{folder / DATABASE}")
    try:
        with world.serving() as urls:
            yield Film(world, store, {source.id: source for source in world.sources(urls)})
    finally:
        store.close()


def last_moment(day: date) -> datetime:
    """The moment as of which the demo is read: noon of its last day, after the last poll."""
    return datetime.combine(day, time(12), tzinfo=UTC)
