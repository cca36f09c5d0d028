"""What one run works with, and where it stands. Values and openers only; knows no flow."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.journal import HarvestJob, JobError, SourceState
from catalog.removal import Limits
from catalog.store.engine import Store
from config.source import HarvestSource
from harvester.fetch.session import JobFetch
from harvester.intake import Intake


def _unheard(_source: str, _seen: int, _total: int | None) -> None:
    """Nobody follows the progress."""


def _unasked(_source: HarvestSource) -> None:
    """Nothing is required."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with. `fetch` opens the door for one source; `clock` gives the moment, aware. `turn` is held
    while a job computes and let go by the door while it waits: one job at a time parses, all of them may wait.
    `stop_after`: records after which a run stops; such a run proves nothing about absence. `require` raises
    HarvestError for a source that lacks what it needs, such as its key."""

    store: Store
    fetch: Callable[[HarvestSource], JobFetch]
    limits: Limits
    clock: Callable[[], datetime]
    lease_s: float = 120
    heartbeat_s: float = 30
    raw_days: float = 90
    turn: AbstractContextManager[Any] = field(default_factory=nullcontext)
    strict: bool = False
    stop_after: int | None = None
    progress: Callable[[str, int, int | None], None] = _unheard
    require: Callable[[HarvestSource], None] = _unasked


@dataclass(slots=True)
class Run:
    """One run under way."""

    source: HarvestSource
    tools: Tools
    job: HarvestJob
    before: SourceState
    intake: Intake
    fetch: JobFetch
    started: float
    not_modified: bool = False
    error: JobError | None = None
