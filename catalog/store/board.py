"""What the board, the status command and the metrics show: every source and city with its state, read in a few
queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from catalog.condition import CityReport, SourceReport, condition, newest
from catalog.model import State
from catalog.store import jobs
from catalog.store.inventory import state_counts
from config.source import HarvestSource


def source_reports(db: Connection, sources: Iterable[HarvestSource]) -> list[SourceReport]:
    """Every configured source with what the database knows of it."""
    states, last = jobs.source_states(db), jobs.last_jobs(db)
    waiting: dict[str, tuple[int, ...]] = {}
    for job in jobs.held(db):
        waiting[job.source] = (*waiting.get(job.source, ()), job.id or 0)
    return [
        SourceReport(
            source=source.id,
            city=source.city,
            kind=source.kind,
            url=source.url,
            enabled=source.enabled,
            every=source.every,
            state=states.get(source.id),
            last=last.get(source.id),
            held=waiting.get(source.id, ()),
            reason=source.reason,
        )
        for source in sources
    ]


def city_reports(
    db: Connection, cities: Mapping[str, str], sources: Sequence[HarvestSource], now: datetime
) -> list[CityReport]:
    """One row per city (id -> name), in the order given; a city without sources has a row too."""
    reports = source_reports(db, sources)
    counts = state_counts(db)
    return [_city(city, name, [r for r in reports if r.city == city], counts, now) for city, name in cities.items()]


def _city(
    city: str, name: str, reports: Sequence[SourceReport], counts: Mapping[tuple[str, str, str], int], now: datetime
) -> CityReport:
    # What a source that nobody asks any more once listed is history: its successor lists what there is.
    asked = {report.source for report in reports if report.enabled}

    def total(state: State) -> int:
        return sum(count for (_, source, which), count in counts.items() if source in asked and which == state.value)

    return CityReport(
        city=city,
        name=name,
        sources=tuple((report, condition(report, now)) for report in reports),
        present=total(State.PRESENT),
        missing=total(State.MISSING),
        withdrawn=total(State.WITHDRAWN),
        complete_at=newest(report.state.last_complete_at for report in reports if report.state),
    )
