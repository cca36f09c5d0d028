"""How a source is doing, in one word, from its last run and how long ago its last complete one was. Pure; the clock is
handed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.journal import GOOD, HarvestJob, Outcome, SourceState, moment

UNREACHABLE = frozenset({"dns", "tls", "connection", "timeout", "http"})
UNCLEAR = frozenset({"blocked", "refused_address", "config", "bug"})
STALE_AT_LEAST = timedelta(hours=48)


class Condition(StrEnum):
    """Worst first: what needs a person stands on top."""

    HELD = "held"
    BLOCKED = "blocked"
    DOWN = "down"
    FAULTY = "faulty"
    STALE = "stale"
    NEVER = "never"
    UP = "up"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source on the board. `every`: its interval; `last`: its newest ended run; `held`: numbers of the waiting
    jobs."""

    source: str
    city: str
    kind: str
    url: str
    enabled: bool
    every: timedelta
    state: SourceState | None = None
    last: HarvestJob | None = None
    held: tuple[int, ...] = ()
    reason: str = ""


def condition(report: SourceReport, now: datetime) -> Condition:
    """The one word for a source."""
    if not report.enabled:
        return Condition.DISABLED
    if report.held:
        return Condition.HELD
    if report.last is None or report.last.outcome is None:
        return Condition.NEVER
    if report.last.outcome in GOOD:
        return Condition.STALE if stale(report, now) else Condition.UP
    return _troubled(report.last)


def _troubled(last: HarvestJob) -> Condition:
    if last.error is not None and last.error.kind == "blocked":
        return Condition.BLOCKED
    if last.outcome is Outcome.FAILED and last.error is not None and last.error.kind in UNREACHABLE:
        return Condition.DOWN
    return Condition.FAULTY


def stale(report: SourceReport, now: datetime) -> bool:
    """No complete run within two intervals, or two days where that is longer."""
    complete = report.state.last_complete_at if report.state else None
    return complete is None or now - moment(complete) > max(2 * report.every, STALE_AT_LEAST)


def up(last: HarvestJob | None) -> bool | None:
    """Whether the portal answered at its last run; null when that run can't tell."""
    if last is None or last.outcome is None or last.outcome is Outcome.ABORTED:
        return None
    if last.outcome is Outcome.FAILED and last.error is not None:
        return None if last.error.kind in UNCLEAR else last.error.kind not in UNREACHABLE
    return True


@dataclass(frozen=True, slots=True)
class CityReport:
    """One row of the board. Counts are of the enabled sources' datasets by state; `complete_at`: their newest complete
    run."""

    city: str
    name: str
    sources: tuple[tuple[SourceReport, Condition], ...] = ()
    present: int = 0
    missing: int = 0
    withdrawn: int = 0
    complete_at: str | None = None

    @property
    def worst(self) -> Condition:
        """The condition that needs attention first; disabled sources count only when there is no other."""
        order = list(Condition)
        return min((found for _, found in self.sources), key=order.index, default=Condition.DISABLED)


def newest(stamps: Iterable[str | None]) -> str | None:
    """The latest of some moments; null when there is none."""
    return max((stamp for stamp in stamps if stamp), default=None)
