"""`demo`: lives the scripted years with the real pipeline over real HTTP, and leaves a database to look into."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
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
THINKS = timedelta(days=2)
REAL = {
    "ids_changed": "Het platform is vernieuwd: dezelfde datasets onder een nieuw kenmerk.",
    "withdrawn": "De stad bevestigt: deze lagen zijn opgeruimd.",
}
"""What the operator answers to a held job; everything else is left to mend itself."""

Progress = Callable[[int, int, datetime], None]


@dataclass
class Film:
    """The years under way: a clock that the calendar moves, the real door, the real store."""

    world: World
    store: Store
    sources: Mapping[str, HarvestSource]
    moment: datetime = datetime(2016, 1, 1, tzinfo=UTC)
    door: Door = field(default_factory=lambda: Door(GENTLE, USER_AGENT))
    turn: threading.Lock = field(default_factory=threading.Lock)
    _thinking: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def tools(self) -> Tools:
        return Tools(
            store=self.store,
            fetch=lambda _: self.door.session(turn=self.turn),
            limits=Limits(),
            clock=lambda: self.moment,
            turn=self.turn,
            strict=True,
        )

    def poll(self, moment: datetime, source: str) -> HarvestJob | None:
        """One poll of the calendar, and what the operator of the story does about it."""
        self.moment = moment
        self.world.at(moment.date())
        self._decide()
        job = run(self.sources[source], self.tools())
        if job is not None and job.decision is Decision.OPEN:
            self._consider(job)
        return job

    def _consider(self, job: HarvestJob) -> None:
        why = next((REAL[event.kind] for event in self._lately(job.source) if event.kind in REAL), None)
        if why is not None:
            self._thinking.setdefault(job.source, (self.moment + THINKS, why))

    def _lately(self, source: str) -> Iterator[Event]:
        day = self.moment.date()
        return (
            e for e in self.world.events if e.source == source and timedelta(0) <= day - e.day <= timedelta(days=10)
        )

    def _decide(self) -> None:
        """Each day's held job overtakes that of the day before: what waits now is decided on."""
        for source in [name for name, (until, _) in self._thinking.items() if until <= self.moment]:
            _, why = self._thinking.pop(source)
            with self.store.write() as db:
                for job in jobs.held(db, source):
                    if job.id is not None:
                        decide(db, job.id, Judgement(Decision.RELEASED, why, OPERATOR, self.moment))


def shoot(folder: Path, progress: Progress, world: World | None = None) -> Path:
    """Live through the world's years into `folder`, rebuilt from nothing. Returns the configuration, written last."""
    world = world or World()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with filming(folder, world) as film:
        calendar = list(world.schedule())
        for number, (moment, source) in enumerate(calendar):
            film.poll(moment, source)
            progress(number + 1, len(calendar), moment)
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
