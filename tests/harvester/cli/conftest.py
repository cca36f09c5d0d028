"""A desk with a terminal: a configuration of its own, three small portals on loopback, and the whole command line."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harvester.cli.app import outcome
from harvester.demo.portal import App, Portal
from harvester.demo.truth import SimDataset, invented
from tests.harvester.scripted import SPEAKERS

CONFIGURATION = """
[datapeil]
database_url = "sqlite:///datapeil.db"
sources = "sources"
contact = "test@example.org"
[http]
per_host_interval_s = 0
timeout_read_s = 30
allow_private = ["127.0.0.1"]
"""
SOURCES = {"gent": ("ckan", "", ""), "antwerpen": ("opendatasoft", "", ""), "brugge": ("dcat", "/catalog.ttl", "wacht")}
"""Source and city -> kind, where below the portal's root it looks, and why it is disabled if it is."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout; anything else there is an error."""
        return json.loads(self.out)

    @property
    def faults(self) -> list[str]:
        return self.err.splitlines()


@dataclass
class Desk:
    """`desk("run", "gent")` is `python -m harvester --config ... run gent`, in this process."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    portals: dict[str, Portal] = field(default_factory=dict)
    held: dict[str, tuple[SimDataset, ...]] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "datapeil.toml"

    def arguments(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "harvester", "--config", str(self.config), *words]

    def __call__(self, *words: str) -> Reply:
        return self.with_config(self.config, *words)

    def with_config(self, config: Path, *words: str) -> Reply:
        """The same with another configuration file."""
        self.capture.readouterr()
        before = sys.argv
        sys.argv = ["harvester", "--config", str(config), *words]
        try:
            code = outcome()
        finally:
            sys.argv = before
        return Reply(code, *self.capture.readouterr())

    def shows(self, source: str, count: int) -> None:
        """From now on the portal holds so many datasets."""
        self.held[source] = invented(count)

    def spoil(self, source: str, app: App) -> None:
        self.portals[source].app = app

    def mend(self, source: str) -> None:
        self.portals[source].app = self.apps[source]

    def write_source(self, name: str, kind: str, url: str, reason: str = "") -> None:
        enabled = f'enabled = false\nreason = "{reason}"\n' if reason else ""
        text = f'city = "{name}"\nkind = "{kind}"\nurl = "{url}"\nevery = "6h"\n{enabled}'
        (self.folder / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")

    def sql(self, statement: str) -> None:
        with sqlite3.connect(self.folder / "datapeil.db") as db:
            db.execute(statement)
        db.close()


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, repository: Path
) -> Iterator[Desk]:
    """A desk whose portals hold forty datasets each; nothing was harvested yet."""
    monkeypatch.delenv("DATAPEIL_CONFIG", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(repository))
    (tmp_path / "sources").mkdir()
    (tmp_path / "datapeil.toml").write_text(CONFIGURATION, encoding="utf-8")
    with ExitStack() as stack:
        desk = Desk(tmp_path, capsys)
        for name, (kind, path, reason) in SOURCES.items():
            desk.held[name] = invented(40)
            desk.apps[name] = SPEAKERS[kind](partial(desk.held.__getitem__, name))
            desk.portals[name] = stack.enter_context(Portal(desk.apps[name]))
            desk.write_source(name, kind, desk.portals[name].url + path, reason)
        yield desk


@dataclass(frozen=True, slots=True)
class Shell:
    """Starts the real program."""

    desk: Desk

    def __call__(self, *words: str, pipe: str = "", **environment: str) -> Reply:
        """Runs a command to its end; `pipe` is what a shell appends to it."""
        command: str | Sequence[str] = self.desk.arguments(*words)
        if pipe:
            command = f"set -o pipefail; {subprocess.list2cmdline(command)} {pipe}"
        done = subprocess.run(
            ["bash", "-c", command] if isinstance(command, str) else command,
            cwd=self.desk.folder, env=os.environ | environment, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return Reply(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command and leaves it running."""
        return subprocess.Popen(
            self.desk.arguments(*words),
            cwd=self.desk.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip


@pytest.fixture
def shell(desk: Desk) -> Shell:
    """The program in a process of its own, in the desk's folder."""
    return Shell(desk)


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found
