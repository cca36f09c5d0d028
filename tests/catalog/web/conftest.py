"""A dashboard over a real store: the fourteen organizations, in every condition a source can be in."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from catalog.journal import Counts, JobError, Outcome
from catalog.removal import Verdict
from catalog.store.engine import Store, open_store
from catalog.web.app import Dashboard, create_app
from config.source import HarvestSource
from tests.catalog.written import NOW, Ledger, datasets, ended, gone, source

CITIES = {
    "aalst": "Aalst", "antwerpen": "Antwerpen", "brugge": "Brugge", "genk": "Genk", "gent": "Gent",
    "hasselt": "Hasselt", "kortrijk": "Kortrijk", "leuven": "Leuven", "mechelen": "Mechelen", "oostende": "Oostende",
    "roeselare": "Roeselare", "sint-niklaas": "Sint-Niklaas", "turnhout": "Turnhout",
    "vgc": "Vlaamse Gemeenschapscommissie",
}  # fmt: skip
SOURCES = (
    source("aalst"),
    source("antwerpen"),
    source("brugge"),
    source("genk", enabled=False, reason="the portal of 2017 is gone"),
    source("gent"),
    source("gent-swing", "gent"),
    source("hasselt"),
    source("kortrijk"),
    source("leuven"),
    source("mechelen", every="7d"),
    source("oostende"),
    source("sint-niklaas"),
    source("turnhout"),
    source("vgc"),
)
HELD = "27 of 31 known datasets are unseen at once, more than max(5, 10 %)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite store."""
    with closing(open_store(f"sqlite:///{tmp_path / 'datapeil.db'}")) as opened:
        yield opened


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """What writes runs into the store."""
    return Ledger(store)


@pytest.fixture
def dashboard(store: Store) -> Dashboard:
    """All fourteen cities over the store, without a schedule."""
    return Dashboard(
        store, CITIES, SOURCES, lambda: NOW, lambda: "# metrics\n", demo=False, tick_s=None, version="1.2.3"
    )


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a port of its own, over real HTTP. Yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 15
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=15)


@pytest.fixture
def client_of() -> Iterator[Callable[[Dashboard], httpx.Client]]:
    """Serves a dashboard and gives its client."""
    with ExitStack() as stack:

        def client(dashboard: Dashboard) -> httpx.Client:
            address = stack.enter_context(served(create_app(dashboard)))
            return stack.enter_context(httpx.Client(base_url=address, trust_env=False, timeout=20))

        yield client


@pytest.fixture
def client(dashboard: Dashboard, client_of: Callable[[Dashboard], httpx.Client]) -> httpx.Client:
    """A client of the usual dashboard."""
    return client_of(dashboard)


def configured(id_: str) -> HarvestSource:
    """The source of this id."""
    return next(one for one in SOURCES if one.id == id_)


@pytest.fixture
def lived(ledger: Ledger) -> Ledger:
    """A store in which something happened everywhere: each condition that the board knows stands in it."""
    failed = ended(Outcome.FAILED, complete=False)
    for id_, count, days in (("gent", 240, 40), ("antwerpen", 60, 200), ("leuven", 31, 90), ("oostende", 12, 50)):
        ledger.run(configured(id_), ended(), 24 * days, datasets(*map(str, range(count))))
    known = datasets("a", "b", "c")
    ledger.run(configured("kortrijk"), ended(), 24 * 60, known)
    withdrawn = Verdict(withdrawn=(gone(configured("kortrijk"), known[0]),))
    ledger.run(configured("kortrijk"), ended(Outcome.SUCCEEDED_WITH_ISSUES), 24 * 5, verdict=withdrawn)
    missing = Verdict(missing=(gone(configured("kortrijk"), known[1]),))
    ledger.run(configured("kortrijk"), ended(counts=Counts(seen=3, issues=3)), 1, datasets("d", "e"), missing)
    ledger.run(configured("gent"), ended(), 2, datasets("new 1", "new 2"))
    ledger.run(configured("gent-swing"), ended(), 5, datasets("one"))
    ledger.run(configured("aalst"), ended(Outcome.NOT_MODIFIED), 0.4, datasets("x"))
    ledger.run(configured("leuven"), ended(Outcome.HELD, held_reason=HELD), 4)
    blocked = JobError("blocked", "the portal answered 403 Forbidden", "https://brugge.example/api", 403)
    ledger.run(configured("brugge"), replace(failed, error=blocked), 4)
    down = JobError("timeout", "no answer within 60 s", "https://antwerpen.example/api")
    ledger.run(configured("antwerpen"), replace(failed, error=down), 1)
    partial = JobError("http", "page 3 answered 500", "https://hasselt.example/api?start=200", 500)
    ledger.run(configured("hasselt"), ended(Outcome.PARTIAL, complete=False, error=partial), 2)
    for id_ in ("mechelen", "turnhout", "sint-niklaas"):
        ledger.run(configured(id_), ended(), 7, datasets(*map(str, range(1234 if id_ == "mechelen" else 7))))
    return ledger


def later(dashboard: Dashboard, **step: float) -> Dashboard:
    """The dashboard read at a later moment."""
    return replace(dashboard, clock=lambda: NOW + timedelta(**step))
