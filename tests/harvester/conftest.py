"""A workshop to harvest in: a real store, a clock in the test's hand, and the real HTTP door that may ask loopback."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from catalog.export.shapes import Shape, dataset_shape
from catalog.journal import HarvestJob
from catalog.removal import Limits
from catalog.store import inventory
from catalog.store.engine import Store, open_store
from catalog.store.inventory import Wanted
from config.source import HarvestSource
from harvester.fetch.allowance import Limits as HttpLimits
from harvester.fetch.door import Door
from harvester.fetch.wire import trusting_context
from harvester.job import rehearse, run
from harvester.tools import Tools


@dataclass
class Clock:
    """A clock that stands still until the test moves it."""

    moment: datetime = datetime(2026, 1, 5, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **step: float) -> None:
        self.moment += timedelta(**step)


@cache
def trust() -> ssl.SSLContext:
    """The certificates that every door trusts, read once: that takes longer than a small harvest."""
    return trusting_context()


LOOPBACK = HttpLimits(per_host_interval_s=0, allow_private=("127.0.0.1",), backoff_s=0.01, read_s=5, deadline_s=20)


@dataclass
class Workshop:
    """Runs sources against portals and tells what became of them. A day passes before each run but the first."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    removal: Limits = field(default_factory=Limits)
    http: HttpLimits = LOOPBACK
    strict: bool = True

    def tools(self) -> Tools:
        door = Door(self.http, "Datapeil-test/0", tls=trust())
        return Tools(self.store, lambda _: door.session(), self.removal, self.clock, strict=self.strict)

    def harvest(self, source: HarvestSource, **limits: float) -> HarvestJob:
        """One real run, a day after the one before. `limits` replace fields of the removal guards."""
        self.clock.forward(days=1)
        tools = self.tools()
        job = run(source, replace(tools, limits=replace(self.removal, **limits)))  # type: ignore[arg-type]
        assert job is not None
        return job

    def rehearse(self, source: HarvestSource, limit: int | None = None) -> HarvestJob:
        """A dry run."""
        return rehearse(source, self.tools(), limit)

    def datasets(self, as_of: str | None = None) -> list[Shape]:
        """The whole inventory in its JSON shape."""
        with self.store.read() as db:
            return [dataset_shape(record) for record in inventory.datasets(db, Wanted(as_of=as_of))]

    def states(self) -> dict[str, str]:
        """Identifier -> state."""
        return {shape["source_id"]: shape["state"] for shape in self.datasets()}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store; a test that asks for it runs on both databases."""
    opened = open_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite alone, for tests that are about something else than the database."""
    opened = open_store(f"sqlite:///{tmp_path / 'datapeil.db'}")
    yield opened
    opened.close()


@pytest.fixture
def workshop(sqlite_store: Store) -> Workshop:
    """A workshop on SQLite."""
    return Workshop(sqlite_store)


@pytest.fixture
def both_workshop(store: Store) -> Workshop:
    """A workshop on each of the two databases."""
    return Workshop(store)


@pytest.fixture
def source_at() -> Callable[..., HarvestSource]:
    """Makes a source of the city of Gent at an address."""

    def make(url: str, kind: str = "ckan", **values: object) -> HarvestSource:
        return HarvestSource.model_validate({"id": "gent", "city": "gent", "kind": kind, "url": url, **values})

    return make
