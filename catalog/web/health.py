"""Whether this process is alive, and whether it can do its work."""

from datetime import timedelta

from catalog.store.engine import StoreError
from catalog.store.reading import check, last_tick, reading
from catalog.web.dashboard import Dashboard

TICKS = 3
AT_LEAST = timedelta(seconds=60)


def not_ready(dashboard: Dashboard) -> str | None:
    """Why not, in one plain sentence; null when all is well."""
    try:
        check(dashboard.store)
        return _schedule_stands_still(dashboard)
    except StoreError as error:
        return str(error)


def _schedule_stands_still(dashboard: Dashboard) -> str | None:
    if dashboard.tick_s is None:
        return None
    with reading(dashboard.store) as db:
        tick = last_tick(db)
    if tick is None:
        return "the schedule has not ticked yet"
    age = dashboard.clock() - tick
    if age <= max(timedelta(seconds=TICKS * dashboard.tick_s), AT_LEAST):
        return None
    return f"the schedule has not ticked for {int(age.total_seconds())} seconds"
