"""What runs next, and when. Pure: source files, remembered states and the moment in; a list out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from catalog.journal import Outcome, SourceState, moment
from config.source import HarvestSource

FIRST_RETRY = timedelta(minutes=15)
LONGEST_RETRY = timedelta(days=1)
BAD = frozenset({Outcome.FAILED, Outcome.PARTIAL, Outcome.ABORTED})


def due(sources: Iterable[HarvestSource], states: Mapping[str, SourceState], now: datetime) -> list[HarvestSource]:
    """Enabled sources whose time has come and that nobody works on, the longest waiting first. A requested one is
    due."""
    ready = [
        (_due_at(states.get(source.id)), source.id, source)
        for source in sources
        if source.enabled and not _busy(states.get(source.id))
    ]
    return [source for at, _, source in sorted(ready, key=lambda item: item[:2]) if at <= now]


def _busy(state: SourceState | None) -> bool:
    return state is not None and state.running_job is not None


def _due_at(state: SourceState | None) -> datetime:
    if state is None or state.requested or state.next_due is None:
        return datetime.min.replace(tzinfo=UTC)
    return moment(state.next_due)


def next_due(source: HarvestSource, before: SourceState, outcome: Outcome, now: datetime) -> datetime:
    """When the source is to be asked again after a run that ended `now`.

    A good run keeps to the grid of the source's interval, so that the hour never drifts; a bad one is retried after 15
    minutes, then twice as long each time, never later than the next regular time. After six bad
    ones in a row: once a day.
    """
    regular = _on_grid(source, now)
    if outcome not in BAD:
        return regular
    retry = FIRST_RETRY * 2 ** min(before.failures, 10)
    return min(regular, now + min(retry, LONGEST_RETRY)) if before.failures < 6 else now + LONGEST_RETRY


def _on_grid(source: HarvestSource, now: datetime) -> datetime:
    """The next point of the source's own grid, at least half an interval away; the offset spreads sources over time."""
    every = source.every
    start = datetime(2017, 1, 1, tzinfo=UTC) + every * offset(source.id)
    points = (now + every / 2 - start) // every + 1
    return start + every * points


def offset(source: str) -> float:
    """A share of the interval, from 0 to 1, that is always the same for a source."""
    return int.from_bytes(blake2b(source.encode(), digest_size=2).digest(), "big") / 65536
