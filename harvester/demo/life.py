"""The life of simulated datasets and portals: born when, edited when, gone when. Knows no city and no dialect."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from harvester.demo.portal import Answer, App, Request
from harvester.demo.truth import Datasets, SimDataset

EventKind = Literal[
    "portal_opens",
    "portal_closes",
    "portal_moves",
    "outage",
    "blocked",
    "empty",
    "drop",
    "redesign",
    "mass_touch",
    "ids_changed",
    "slugs_renamed",
    "published",
    "withdrawn",
    "federated",
    "address_changed",
    "page_answers",
]


def at_noon(day: date, hour: int = 9) -> datetime:
    """A time on that day, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """Something the script makes happen on a portal, for a number of days.

    `expected`: the outcomes a careful harvester gives on those days, best first; empty when nothing special is due.
    `spoil`: on those days the portal does not show the truth. `city` and `source` are filled in by the portal.
    """

    day: date
    kind: EventKind
    note: str
    days: int = 1
    expected: tuple[str, ...] = ()
    spoil: Callable[[App], App] | None = None
    city: str = ""
    source: str = ""

    @property
    def until(self) -> date:
        """The first day after it."""
        return self.day + timedelta(days=self.days)

    def lasts(self, day: date) -> bool:
        return self.day <= day < self.until


@dataclass(frozen=True, slots=True)
class Edit:
    """From `day` on the dataset is changed."""

    day: date
    change: Callable[[SimDataset], SimDataset]


@dataclass(frozen=True, slots=True)
class Life:
    """One dataset on one portal. `key` is the same on every portal of the city. `live`: its data move every day."""

    key: str
    born: date
    dataset: SimDataset
    edits: tuple[Edit, ...] = ()
    died: date | None = None
    live: bool = False

    def present(self, day: date) -> bool:
        return self.born <= day and (self.died is None or day < self.died)


def touched(day: date) -> Edit:
    """The data were renewed: the modification time moves, and the number of records with it."""
    return Edit(
        day, lambda known: replace(known, modified=at_noon(day), records=known.records + bool(known.records) * 3)
    )


@dataclass(slots=True)
class SimPortal:
    """One portal with its script. It lives from `opens` until before `closes`; before and after `gone` answers.

    `forgotten`: the day the operator stops asking. `path` is added to the portal's root to make the source's url.
    `pages`: for an address that is watched, what answers at that path from a day on.
    """

    source: str
    city: str
    kind: Literal["ckan", "opendatasoft", "arcgis_hub", "dcat", "html", "watch"]
    public: str
    speak: Callable[[Datasets], App]
    opens: date
    closes: date
    forgotten: date
    path: str = ""
    lives: tuple[Life, ...] = ()
    events: tuple[Event, ...] = ()
    pages: tuple[tuple[date, Answer], ...] = ()
    gone: Answer = field(default_factory=lambda: Answer(404))
    options: Mapping[str, Any] = field(default_factory=dict)
    successor_of: tuple[str, ...] = ()
    _turns: list[date] = field(default_factory=list, repr=False)
    _versions: dict[int, tuple[int, SimDataset]] = field(default_factory=dict, repr=False)
    _snapshot: tuple[int, date, tuple[SimDataset, ...]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.events = tuple(replace(event, city=self.city, source=self.source) for event in self.events)
        turns = {life.born for life in self.lives} | {life.died for life in self.lives if life.died}
        turns |= {edit.day for life in self.lives for edit in life.edits}
        self._turns = sorted(turns)

    def at(self, day: date) -> tuple[SimDataset, ...]:
        """What the portal holds on that day, whether or not it shows it; the same object as long as nothing moves."""
        turn = bisect_right(self._turns, day)
        moves = any(life.live and life.present(day) for life in self.lives)
        known = self._snapshot
        if known is not None and known[0] == turn and (known[1] == day or not moves):
            return known[2]
        shown = tuple(self._version(number, life, day) for number, life in enumerate(self.lives) if life.present(day))
        self._snapshot = (turn, day, shown)
        return shown

    def _version(self, number: int, life: Life, day: date) -> SimDataset:
        count = bisect_right(life.edits, day, key=lambda edit: edit.day)
        done, known = self._versions.get(number, (0, life.dataset))
        if done > count:  # time went backwards
            done, known = 0, life.dataset
        for edit in life.edits[done:count]:
            known = edit.change(known)
        self._versions[number] = (count, known)
        return replace(known, modified=at_noon(day, 5)) if life.live else known

    def keys(self, day: date) -> frozenset[str]:
        """The city's own datasets that are there on that day, each by the key it has on every portal of the city."""
        if not self.opens <= day < self.closes:
            return frozenset()
        return frozenset(life.key for life in self.lives if life.present(day) and not life.dataset.federated)

    def app(self, today: Callable[[], date]) -> App:
        """The portal as an App on the simulated day."""
        usual = self.speak(lambda: self.at(today()))
        spoiled = [(event, event.spoil(usual)) for event in self.events if event.spoil]

        def answer(request: Request) -> Answer:
            day = today()
            if not self.opens <= day < self.closes:
                return self.gone
            if self.pages and request.path == self.path:
                return [page for first, page in self.pages if first <= day][-1]
            for event, broken in spoiled:
                if event.lasts(day):
                    return broken(request)
            return usual(request)

        return answer
