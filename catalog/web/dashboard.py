"""What the web is handed to show: the store, cities and sources, a clock. It reads no configuration itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.store.engine import Store
from config.source import HarvestSource


@dataclass(frozen=True)
class Dashboard:
    """`cities`: id -> Dutch name, in the order of the board; `clock`: the moment as of which is read; `tick_s`: null
    when this process runs no schedule; `metrics` gives Prometheus' text."""

    store: Store
    cities: Mapping[str, str]
    sources: Sequence[HarvestSource]
    clock: Callable[[], datetime]
    metrics: Callable[[], str]
    demo: bool
    tick_s: float | None
    version: str
