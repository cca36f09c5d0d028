"""Wrong configuration and unusable databases: exit code 2, one line per fault, nothing on stdout, never a traceback."""

import sqlite3
from pathlib import Path

import pytest

from tests.harvester.cli.conftest import Desk, Reply

COMMANDS = ["status", "migrate", "run gent"]


def refused(reply: Reply) -> str:
    """The one line of a refusal."""
    assert (reply.code, reply.out) == (2, ""), reply
    assert len(reply.faults) == 1, reply.err
    assert "Traceback" not in reply.err
    return reply.faults[0]


def database(desk: Desk, url: str) -> None:
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace("sqlite:///datapeil.db", url), encoding="utf-8")


# ------------------------------------------------------------------------------------------------------- configuration
def test_configuration_when_absent_or_a_folder_then_told(desk: Desk) -> None:
    missing = desk.folder / "nergens.toml"
    assert refused(desk.with_config(missing, "status")) == f"nergens.toml: not found: expected a TOML file at {missing}"
    assert "expected a TOML file" in refused(desk.with_config(desk.folder, "status"))


def test_configuration_when_unreadable_then_told(desk: Desk) -> None:
    desk.config.write_bytes(b'[datapeil]\ncontact = "caf\xe9"\n')
    assert "not UTF-8 at line 2" in refused(desk("status"))


def test_configuration_when_named_by_the_environment_then_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAPEIL_CONFIG", str(desk.folder / "nergens.toml"))
    assert desk("sources", "check").code == 0  # the option goes before the variable


@pytest.mark.parametrize("words", ["status --json", "run --json", "sources --json", "datasets --json", "held --json"])
def test_configuration_when_faulty_then_each_fault_has_a_line_and_stdout_is_empty(desk: Desk, words: str) -> None:
    desk.config.write_text('[http]\nmax_bytes = "veel"\ntimeout = 3\n[removal]\nmax_share = 2\n', encoding="utf-8")
    reply = desk(*words.split())
    assert (reply.code, reply.out, len(reply.faults)) == (2, "", 3)


# ------------------------------------------------------------------------------------------------------------ database
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "url",
    [
        "mysql://me@localhost/x",
        "sqlite://",
        "postgresql://me:geheim@127.0.0.1:poort/x",
        "postgresql://me:geheim@127.0.0.1:1/x",
    ],
    ids=["another kind", "in memory", "port no number", "server down"],
)
def test_database_when_its_address_is_of_no_use_then_told_without_the_password(
    desk: Desk, url: str, command: str
) -> None:
    database(desk, url)
    assert "geheim" not in refused(desk(*command.split()))


@pytest.mark.parametrize("command", COMMANDS)
def test_database_when_the_file_is_none_of_ours_then_told(desk: Desk, command: str) -> None:
    file = desk.folder / "datapeil.db"
    file.write_bytes(b"Dit is geen databank, maar wel lang genoeg om er een te kunnen zijn. " * 20)
    assert "file is not a database" in refused(desk(*command.split()))
    file.unlink()
    desk.sql("CREATE TABLE klanten (naam TEXT)")
    assert "tables that are not ours: klanten" in refused(desk(*command.split()))
    desk.sql("CREATE TABLE alembic_version (version_num TEXT)")
    assert "does not say which version it has" in refused(desk(*command.split()))


@pytest.mark.parametrize("command", COMMANDS)
def test_database_when_it_cannot_be_made_there_then_told(desk: Desk, command: str) -> None:
    (desk.folder / "bestand").write_text("geen map", encoding="utf-8")
    database(desk, "sqlite:///bestand/datapeil.db")
    assert "can't be made" in refused(desk(*command.split()))
    database(desk, "sqlite:///bestand/datapeil.db")
    (desk.folder / "map").mkdir()
    desk.config.write_text('[datapeil]\nsources = "sources"\ndatabase_url = "sqlite:///map"\n', encoding="utf-8")
    assert "unable to open database file" in refused(desk(*command.split()))


def test_database_when_damaged_inside_then_told(desk: Desk) -> None:
    desk("run", "gent")
    damage(desk.folder / "datapeil.db")
    for words in ("datasets", "export json", "run gent", "jobs"):
        reply = desk(*words.split())
        assert (reply.code, len(reply.faults)) == (2, 1), (words, reply)
        assert "malformed" in reply.err or "database" in reply.err


def damage(file: Path) -> None:
    """Every page but the first is overwritten."""
    db = sqlite3.connect(file)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:size] + b"\xff" * (len(whole) - size))


# --------------------------------------------------------------------------------------------------------------- words
MISSPELT = [
    "", "bogus", "status --bogus", "jobs show", "jobs show x", "datasets --state weg", "serve --port 99999",
    "run --limit 0 --dry-run", "export", "release 1",
]  # fmt: skip


@pytest.mark.parametrize("words", MISSPELT)
def test_command_when_misspelt_then_the_usage_is_told_on_stderr(desk: Desk, words: str) -> None:
    reply = desk(*words.split())
    assert (reply.code, reply.out if words else "") == (2, "")
    assert "Usage: " in reply.err + reply.out
    assert "Traceback" not in reply.err


def test_argument_when_it_is_not_utf8_then_told(desk: Desk) -> None:
    assert refused(desk("history", "a\udcff")) == "command line: argument 4: is not UTF-8 text"


def test_help_when_asked_then_every_command_is_there(desk: Desk) -> None:
    reply = desk("--help")
    assert reply.code == 0
    for name in ("run", "replay", "serve", "demo", "status", "datasets", "history", "jobs", "export", "migrate", "held",
                 "release", "reject", "sources"):  # fmt: skip
        assert f"\n  {name} " in reply.out
