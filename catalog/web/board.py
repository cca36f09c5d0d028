"""The board as values, ready to be shown: one row per city, and what waits for a person. Knows no HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.condition import CityReport, Condition, SourceReport
from catalog.export.shapes import ALERTING
from catalog.journal import ChangeKind, moment
from catalog.store.board import city_reports
from catalog.store.reading import reading
from catalog.store.tallies import changes_since, issue_counts
from catalog.web.dashboard import Dashboard

RECENT = timedelta(days=30)
ORDER = tuple(Condition)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source of a city. `complete_at`: its last complete harvest."""

    report: SourceReport
    condition: Condition
    complete_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One city. `conditions`: how many of its sources are how; `next_due`: while nothing was harvested yet."""

    report: CityReport
    conditions: tuple[tuple[Condition, int], ...]
    lines: tuple[SourceLine, ...]
    complete_at: datetime | None
    next_due: datetime | None
    created: int
    withdrawn: int
    issues: int


@dataclass(frozen=True, slots=True)
class Attention:
    """The sources in one condition that a person should look at, each with the name of its city."""

    condition: Condition
    lines: tuple[tuple[str, SourceLine], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """All cities as of a moment."""

    as_of: datetime
    rows: tuple[Row, ...]

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What needs a person, worst first; each condition once."""
        found = [(row.report.name, line) for row in self.rows for line in row.lines]
        wanted = [condition for condition in ORDER if condition in ALERTING]
        grouped = (Attention(one, tuple(pair for pair in found if pair[1].condition is one)) for one in wanted)
        return tuple(group for group in grouped if group.lines)


def board(dashboard: Dashboard) -> Board:
    """Read the board. Raises StoreError when the database does not answer."""
    now = dashboard.clock()
    with reading(dashboard.store) as db:
        reports = city_reports(db, dashboard.cities, dashboard.sources, now)
        changes = changes_since(db, now - RECENT)
        issues = issue_counts(db)
    return Board(now, tuple(_row(report, changes, issues) for report in reports))


def _row(report: CityReport, changes: Mapping[tuple[str, ChangeKind], int], issues: Mapping[str, int]) -> Row:
    # As in the counts of the report: what nobody asks any more is history.
    asked = [source.source for source, _ in report.sources if source.enabled]
    lines = tuple(SourceLine(source, found, _complete_at(source)) for source, found in report.sources)
    return Row(
        report=report,
        conditions=_conditions([line.condition for line in lines]),
        lines=tuple(sorted(lines, key=lambda line: ORDER.index(line.condition))),
        complete_at=_moment(report.complete_at),
        next_due=None if report.complete_at else _next_due(lines),
        created=sum(changes.get((source, ChangeKind.CREATED), 0) for source in asked),
        withdrawn=sum(changes.get((source, ChangeKind.WITHDRAWN), 0) for source in asked),
        issues=sum(issues.get(source, 0) for source in asked),
    )


def _conditions(found: Sequence[Condition]) -> tuple[tuple[Condition, int], ...]:
    """Disabled sources are told only where there is nothing else to tell."""
    counted = tuple((one, found.count(one)) for one in ORDER if one in found)
    return tuple(pair for pair in counted if pair[0] is not Condition.DISABLED) or counted


def _next_due(lines: Sequence[SourceLine]) -> datetime | None:
    planned = (line.report.state.next_due for line in lines if line.report.enabled and line.report.state)
    return min((moment(stamp) for stamp in planned if stamp), default=None)


def _complete_at(report: SourceReport) -> datetime | None:
    return _moment(report.state.last_complete_at if report.state else None)


def _moment(stamp: str | None) -> datetime | None:
    return moment(stamp) if stamp else None
