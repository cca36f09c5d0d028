"""Fourteen simulated organisations and their portals from 2016 on: the script, its truth, and who acts it out.

Knows no harvester: it offers sources, addresses and a calendar of polls to whoever drives one.
"""

import multiprocessing
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from ctypes import c_int32
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from config.source import HarvestSource
from harvester.demo.authors import number
from harvester.demo.cities import antwerpen, brugge, gent, smaller, watched
from harvester.demo.life import Event, SimPortal
from harvester.demo.portal import Portal

FIRST_DAY, LAST_DAY = date(2016, 1, 4), date(2026, 11, 23)
WEEKLY, MONTHLY, RARELY = timedelta(days=7), timedelta(days=28), timedelta(days=56)
SELDOM = frozenset({"oostende-page"})  # a page for each dataset, and hardly any news
BEFORE, AFTER = timedelta(days=3), timedelta(days=7)
QUIET = timedelta(days=60)  # of a longer event only both ends are looked at daily
START_SECONDS = 30.0
NIGHTS = (0, 3)  # Monday, Thursday


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so in one city on one day, whatever its portals show.

    `own`: distinct datasets that the city publishes. `listed`: for each source what its portal would list if nothing
    were wrong, federated entries included. `portals`: the real addresses that the open portals stand for. `events`:
    what happens on that day.
    """

    city: str
    day: date
    own: int
    listed: Mapping[str, int]
    portals: Mapping[str, str]
    events: tuple[Event, ...]


class World:
    """The script from `start` to `end`, both days included. The same each time; nothing in it is random.

    `day`: the shared clock (an ordinal) of another process, None for one of its own.
    """

    def __init__(self, start: date = FIRST_DAY, end: date = LAST_DAY, day: Any = None) -> None:
        self.start = start
        self.end = end
        acted = [gent.portal(), *antwerpen.portals(), *brugge.portals(), *smaller.portals(), *watched.portals()]
        self.portals: dict[str, SimPortal] = {portal.source: portal for portal in acted}
        self.cities: tuple[str, ...] = tuple(sorted({portal.city for portal in acted}))
        self._day = day or multiprocessing.get_context("spawn").Value(c_int32, start.toordinal())

    @property
    def day(self) -> date:
        """The simulated day."""
        return date.fromordinal(self._day.value)

    def at(self, day: date) -> None:
        """Moves every portal to that day, in whatever process it runs."""
        self._day.value = day.toordinal()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything the script makes happen between `start` and `end`, in order."""
        found = [event for portal in self.portals.values() for event in portal.events]
        return tuple(sorted((e for e in found if self.start <= e.day <= self.end), key=lambda e: (e.day, e.source)))

    def truth(self, city: str, day: date) -> Truth:
        """How things stand in a city on a day."""
        mine = [portal for portal in self.portals.values() if portal.city == city]
        alive = [portal for portal in mine if portal.opens <= day < portal.closes]
        own = frozenset[str]().union(*(portal.keys(day) for portal in mine))
        listed = {portal.source: len(portal.at(day)) for portal in alive if portal.kind != "watch"}
        happening = tuple(event for portal in mine for event in portal.events if event.lasts(day))
        return Truth(city, day, len(own), listed, {portal.source: portal.public for portal in alive}, happening)

    def life(self, source: str) -> tuple[date, date]:
        """The first day a source is polled, and the first day on which it is not any more."""
        portal = self.portals[source]
        return max(portal.opens, self.start), min(portal.forgotten, self.end + timedelta(days=1))

    def sources(self, urls: Mapping[str, str]) -> list[HarvestSource]:
        """The sources as a source file would give them, with the addresses of `serving`."""
        return [self._source(portal, urls[name]) for name, portal in self.portals.items() if name in urls]

    def _source(self, portal: SimPortal, url: str) -> HarvestSource:
        return HarvestSource(
            id=portal.source,
            city=portal.city,
            kind=portal.kind,
            url=url + portal.path,
            every=pace(portal),
            evidence=f"Simulated: {portal.public}",
            successor_of=portal.successor_of,
            options=dict(portal.options),
        )

    def schedule(self) -> Iterator[tuple[datetime, str]]:
        """Every poll, in the order of time: weekly, monthly where little happens, and daily around events."""
        polls = [(moment(day, name), name) for name in self.portals for day in self._days(name)]
        return iter(sorted(polls))

    def _days(self, source: str) -> set[date]:
        portal = self.portals[source]
        first, after_last = self.life(source)
        step = pace(portal)
        # On one of two nights in the week: what falls on the same night is polled side by side.
        start = first + timedelta(days=(NIGHTS[number(source, len(NIGHTS))] - first.weekday()) % 7)
        usual = {start + step * turn for turn in range((after_last - start) // step + 1)}
        special = {day for event in portal.events for day in around(event)} if portal.kind != "watch" else set()
        return {day for day in usual | special | {first} if first <= day < after_last}

    @contextmanager
    def serving(self) -> Iterator[dict[str, str]]:
        """All portals, in a process of their own while the context is open: source id -> base address.

        Starts a fresh interpreter: a script that calls it needs the usual `if __name__ == "__main__"`.
        """
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        stage = context.Process(target=act, args=(self.start, self.end, self._day, theirs), daemon=True)
        stage.start()
        theirs.close()
        try:
            if not ours.poll(START_SECONDS):
                raise TimeoutError(f"the simulated portals did not start within {START_SECONDS:.0f} seconds")
            yield ours.recv()
        finally:
            ours.close()
            stage.join(timeout=5)
            if stage.is_alive():
                stage.terminate()
                stage.join()

    @contextmanager
    def serving_here(self, *, record: bool = False) -> Iterator[dict[str, Portal]]:
        """All portals as threads of this process, for tests that look at what was asked."""
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(Portal(portal.app(lambda: self.day), record=record))
                for name, portal in self.portals.items()
            }


def act(start: date, end: date, day: Any, stage: Connection) -> None:
    """The process of the portals: it tells their addresses and lives until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is meant for that other side
    with World(start, end, day).serving_here() as portals:
        stage.send({name: portal.url for name, portal in portals.items()})
        try:
            stage.recv()
        except EOFError:
            return


def pace(portal: SimPortal) -> timedelta:
    """How often a source is polled when nothing happens."""
    if portal.kind == "watch":
        return RARELY
    return MONTHLY if portal.source in SELDOM else WEEKLY


def around(event: Event) -> Iterator[date]:
    """The days on which an event deserves a look: a few before, while it lasts, and a week after."""
    last = event.until if event.until - event.day <= QUIET else event.day
    span = (last + AFTER) - (event.day - BEFORE)
    return (event.day - BEFORE + timedelta(days=offset) for offset in range(span.days))


def moment(day: date, source: str) -> datetime:
    """The minute of the night at which a source is polled."""
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC) + timedelta(minutes=number(f"minute {source}", 240))
