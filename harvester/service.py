"""The schedule at work: APScheduler is only the clock; each tick asks `plan` what is due and hands it to a pool of
threads."""

import gc
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from catalog.journal import HarvestJob, timestamp
from catalog.store import jobs, retention
from catalog.store.engine import remember
from catalog.store.reading import TICK_KEY
from config.source import HarvestSource
from harvester.job import run
from harvester.plan import due
from harvester.tools import Tools

log = logging.getLogger("datapeil.service")

LAST_SECONDS = 3.0  # for jobs under way when the schedule ends; a service manager kills after ten


def calm_collector() -> None:
    """Let the garbage collector look less often: a harvest makes millions of short-lived values and few cycles, and the
    default thresholds cost a seventh of its CPU. For the whole process, so only a program calls it, never a library."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class Heart:
    """Renews the leases of the jobs this process runs, from a thread of its own, so that a long page does not lose
    them."""

    def __init__(self, tools: Tools) -> None:
        self._store, self._clock, self._lease_s = tools.store, tools.clock, tools.lease_s
        self._beat_s = tools.heartbeat_s
        self._sources: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @contextmanager
    def beating(self) -> Iterator["Heart"]:
        thread = threading.Thread(target=self._beat, name="heart", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            thread.join(timeout=10)

    @contextmanager
    def work(self, source: str) -> Iterator[None]:
        """While the block runs, the source's lease is kept."""
        with self._lock:
            self._sources.add(source)
        try:
            yield
        finally:
            with self._lock:
                self._sources.discard(source)

    def abandon(self) -> None:
        """Let go of what is still under way: those jobs are `aborted` and their sources free. A thread that a portal
        keeps waiting can't be ended, but without its lease it stores nothing any more."""
        with self._lock:
            sources = sorted(self._sources)
        if sources:
            now = self._clock()
            with self._store.write() as db:
                jobs.heartbeat(db, sources, now - timedelta(seconds=1), 0)
                jobs.sweep(db, now)

    def _beat(self) -> None:
        while not self._stopped.wait(self._beat_s):
            with self._lock:
                sources = sorted(self._sources)
            if sources:
                self._renew(sources)

    def _renew(self, sources: list[str]) -> None:
        """A beat that fails, on a busy database, must not be the last one: the next may come in time."""
        try:
            with self._store.write() as db:
                jobs.heartbeat(db, sources, self._clock(), self._lease_s)
        except Exception:
            log.exception("the leases of %s could not be renewed", ", ".join(sources))


def run_all(
    sources: Sequence[HarvestSource], tools: Tools, workers: int
) -> Iterator[tuple[HarvestSource, HarvestJob | None]]:
    """Harvest all of them at once, each in its own thread; yields each job as it ends, null where another process is
    at it."""
    heart = Heart(tools)
    with heart.beating(), _crew(workers, heart) as pool:
        running: dict[Future[HarvestJob | None], HarvestSource] = {
            pool.submit(_work, source, tools, heart): source for source in sources
        }
        for future in as_completed(running):
            yield running[future], future.result()


@contextmanager
def _crew(workers: int, heart: Heart) -> Iterator[ThreadPoolExecutor]:
    """Threads to work in. Who is interrupted does not wait for a portal that hangs: what is under way is let go."""
    pool = ThreadPoolExecutor(max_workers=max(1, workers))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        heart.abandon()


def _work(source: HarvestSource, tools: Tools, heart: Heart) -> HarvestJob | None:
    with heart.work(source.id):
        return run(source, tools)


class Schedule:
    """The clock, the pool and the sources of one `serve`. The database alone knows what is due: a restart loses
    nothing."""

    def __init__(self, sources: Iterable[HarvestSource], tools: Tools, workers: int, tick_s: float) -> None:
        self._sources, self._tools, self._tick_s = tuple(sources), tools, tick_s
        self._workers = max(1, workers)
        self._heart = Heart(tools)
        self._running: dict[str, Future[HarvestJob | None]] = {}

    @contextmanager
    def ticking(self) -> Iterator["Schedule"]:
        """Tick until the block ends; then jobs under way get `LAST_SECONDS` to end, and are let go."""
        scheduler = BackgroundScheduler(timezone=UTC)
        with self._heart.beating(), _crew(self._workers, self._heart) as pool:
            scheduler.add_job(
                self.tick,
                "interval",
                args=[pool],
                seconds=self._tick_s,
                next_run_time=datetime.now(UTC),
                max_instances=1,
                coalesce=True,
            )
            scheduler.add_job(self.tidy, "interval", hours=24, next_run_time=datetime.now(UTC) + timedelta(minutes=5))
            scheduler.start()
            try:
                yield self
            finally:
                scheduler.shutdown(wait=True)
                wait(self._running.values(), LAST_SECONDS)

    def tick(self, pool: ThreadPoolExecutor) -> None:
        """Start what is due and not yet under way; leave the sign that the schedule lives."""
        tools, now = self._tools, self._tools.clock()
        with tools.store.write() as db:
            jobs.sweep(db, now)
            remember(db, TICK_KEY, timestamp(now))
            states = jobs.source_states(db)
        self._running = {name: future for name, future in self._running.items() if not future.done()}
        for source in due(self._sources, states, now):
            if source.id not in self._running:
                self._running[source.id] = pool.submit(self._guarded, source)

    def _guarded(self, source: HarvestSource) -> HarvestJob | None:
        """A job that fails on the store must not take the schedule with it; the next tick tries again."""
        try:
            return _work(source, self._tools, self._heart)
        except Exception:
            log.exception("job of %s could not be stored", source.id)
            return None

    def tidy(self) -> None:
        """Let go of raw records past their retention."""
        with self._tools.store.write() as db:
            retention.forget_raw(db, self._tools.clock(), self._tools.raw_days)
