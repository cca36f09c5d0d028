"""A scripted portal over real HTTP and the real door to it, for the kinds that page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from catalog.model import Issue
from config.source import HarvestSource, Kind
from harvester.fetch import Door, Limits
from harvester.sources.base import Fetch, HarvestRecord, Page, RawDataset, SourceKind

Answer = tuple[int, bytes]
Script = Callable[[str, dict[str, str]], Answer]


@dataclass
class Portal:
    """Answers as its script says (path, query -> status, body) and remembers what it was asked."""

    script: Script
    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, target: str) -> Answer:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        self.asked.append((parts.path, query))
        return self.script(parts.path, query)


@dataclass
class Walked:
    """What one walk through a listing gave."""

    pages: list[Page[Any]]
    records: list[HarvestRecord]
    issues: list[Issue]

    @property
    def ids(self) -> list[str]:
        return [record.identifier for record in self.records]

    @property
    def seen(self) -> int:
        unnamed = sum(issue.record is None for issue in self.issues)
        return len({*self.ids, *(issue.record for issue in self.issues if issue.record)}) + unnamed


@pytest.fixture
def portal() -> Iterator[Callable[[Script], Portal]]:
    """Starts a portal that follows a script."""
    with ExitStack() as servers:

        def start(script: Script) -> Portal:
            started = Portal(script)

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    status, body = started.answer(self.path)
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_: object) -> None:
                    """Silent."""

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            servers.callback(server.server_close)
            servers.callback(server.shutdown)
            Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            started.url = f"http://127.0.0.1:{server.server_port}"
            return started

        yield start


@pytest.fixture
def fetch() -> Iterator[Fetch]:
    """The real door, which knocks once and may enter loopback."""
    limits = Limits(per_host_interval_s=0, allow_private=("127.0.0.1",), retries=0, deadline_s=60)
    with Door(limits, "Datapeil/test").session() as session:
        yield session


@pytest.fixture
def source_of() -> Callable[..., HarvestSource]:
    """A source of a kind at an address, with options by name."""

    def source(kind: Kind, url: str, **options: object) -> HarvestSource:
        return HarvestSource(id="test", city="gent", kind=kind, url=url, options=options)

    return source


@pytest.fixture
def walk(fetch: Fetch) -> Callable[[SourceKind[Any], HarvestSource], Walked]:
    """Walks a whole listing and reads its records."""

    def walked(kind: SourceKind[Any], source: HarvestSource) -> Walked:
        pages = list(kind.pages(source, fetch, None))
        found = [item for page in pages for item in kind.records(source, page)]
        return Walked(
            pages,
            [item for item in found if isinstance(item, HarvestRecord)],
            [item for page in pages for item in page.issues] + [item for item in found if isinstance(item, Issue)],
        )

    return walked


@pytest.fixture
def read_item() -> Callable[[SourceKind[Any], HarvestSource, bytes], RawDataset]:
    """One item alone, read by `records` and `dataset`."""

    def read(kind: SourceKind[Any], source: HarvestSource, item: bytes) -> RawDataset:
        (record,) = kind.records(source, Page("https://portal.example/", (msgspec.Raw(item),)))
        assert isinstance(record, HarvestRecord), record
        return kind.dataset(source, record)

    return read
