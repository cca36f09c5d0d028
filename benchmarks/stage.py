"""Where a benchmark plays: a portal in a process of its own, a fresh store, and the harvester's tools on a moving
clock."""

import multiprocessing
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.catalog import pages, sweep
from catalog.journal import HarvestJob
from catalog.removal import Limits
from catalog.store.engine import Store, open_store
from config.source import HarvestSource
from harvester.demo.portal import Answer, Portal, Request
from harvester.fetch.allowance import Limits as HttpLimits
from harvester.fetch.door import Door
from harvester.job import run
from harvester.tools import Tools

PAGE = 500
HANGS = 3600.0


@dataclass(frozen=True)
class Show:
    """What a simulated CKAN shows. `hangs`: it never answers."""

    datasets: int
    page: int = PAGE
    latency_s: float = 0.0
    hangs: bool = False


def perform(shows: Sequence[Show], pipe: Connection) -> None:
    """The process of the portals."""
    with _opened(shows) as urls:
        pipe.send(urls)
        pipe.recv()


@contextmanager
def _opened(shows: Sequence[Show]) -> Iterator[list[str]]:
    portals = [Portal(_app(show), latency_s=HANGS if show.hangs else show.latency_s, record=False) for show in shows]
    for portal in portals:
        portal.__enter__()
    try:
        yield [portal.url for portal in portals]
    finally:
        for portal in portals:
            portal.__exit__(None, None, None)


def _app(show: Show) -> "Script":
    kept = list(pages(show.datasets, show.page))
    return Script(show, kept, sweep(show.datasets))


@dataclass(frozen=True)
class Script:
    """`package_search` by page, nothing modified since, and `package_list`."""

    show: Show
    kept: list[bytes]
    names: bytes

    def __call__(self, request: Request) -> Answer:
        if request.path.endswith("package_list"):
            return Answer(body=self.names)
        if not request.path.endswith("package_search"):
            return Answer(404)
        if request.query.get("fq"):
            return Answer(body=b'{"success": true, "result": {"count": 0, "results": []}}')
        start = int(request.query.get("start", ["0"])[0])
        if start >= self.show.datasets:
            return Answer(body=b'{"success": true, "result": {"count": %d, "results": []}}' % self.show.datasets)
        return Answer(body=self.kept[start // self.show.page])


@contextmanager
def portals(*shows: Show) -> Iterator[list[str]]:
    """Addresses of simulated portals whose work does not count as ours."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=perform, args=(shows, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(5)
        process.kill()


@dataclass
class Stage:
    """A store and the tools of a run; every run is a day later."""

    folder: Path
    deadline_s: float = 600
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def door(self) -> Door:
        """One for all runs, as in a program: reading the list of certificates is no part of a harvest."""
        limits = HttpLimits(per_host_interval_s=0, allow_private=("127.0.0.1",), deadline_s=self.deadline_s)
        return Door(limits, "Datapeil-bench/0")

    @property
    def database(self) -> Path:
        return self.folder / "bench.db"

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.database}")

    def tools(self, store: Store) -> Tools:
        door = self.door
        clock = lambda: self.moment  # noqa: E731
        fetch = lambda _: door.session(turn=self.turn)  # noqa: E731
        return Tools(store, fetch, Limits(), clock, turn=self.turn, strict=True, lease_s=3600)

    def harvest(self, store: Store, source: HarvestSource) -> tuple[HarvestJob, float, float]:
        """One run: the job, its CPU and its wall time in seconds."""
        self.moment += timedelta(days=1)
        tools = self.tools(store)  # opens the door, the first time
        cpu, wall = time.process_time(), time.perf_counter()
        job = run(source, tools)
        assert job is not None
        return job, time.process_time() - cpu, time.perf_counter() - wall


def source(url: str, number: int = 0, **options: object) -> HarvestSource:
    """A CKAN source at an address."""
    return HarvestSource.model_validate(
        {"id": f"bench-{number}", "city": "gent", "kind": "ckan", "url": url, "options": {"page_size": PAGE, **options}}
    )


def peak_mb() -> float:
    """The most memory this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
