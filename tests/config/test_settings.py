"""The settings file: defaults, overlay, paths, secrets by name, and the exact words about every fault."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.faults import ConfigError, validated
from config.settings import DEFAULTS, Settings, load

CONTACT = 'a mail address or a web address such as "opendata@example.org"'
DATABASE = "sqlite:///<file> or postgresql+psycopg://<user>@<host>/<database>"
HOST = 'a host or a network such as "127.0.0.1", "10.1.0.0/16" or "portal.intern"'
PUBLIC_URL = 'a web address such as "https://datapeil.example.org"'
NO_SECRET = "a secret never stands in a file; name an environment variable that holds it with database_url_env"

# text of datapeil.toml -> every fault, as the user reads it
BAD_FILES: Mapping[str, tuple[str, ...]] = {
    "[http": ("datapeil.toml: not valid TOML at the end of the file: expected ']' at the end of a table declaration",),
    '[http]\nmax_bytes = "much"': ('datapeil.toml: http.max_bytes: expected a whole number above 0, got "much"',),
    "[http]\nmax_bytes = 1e9": ("datapeil.toml: http.max_bytes: expected a whole number above 0, got 1000000000.0",),
    "[http]\nmax_bytes = 0": ("datapeil.toml: http.max_bytes: expected a whole number above 0, got 0",),
    "[http]\nmax_byte = 1": ('datapeil.toml: http.max_byte: unknown key; did you mean "max_bytes"?',),
    "[htpp]\nmax_bytes = 1": ('datapeil.toml: htpp: unknown section; did you mean "http"?',),
    "[xyz]": ("datapeil.toml: xyz: unknown section; known here: datapeil, http, removal, retention, schedule",),
    "max_bytes = 1": (
        "datapeil.toml: max_bytes: unknown key; known here: datapeil, http, removal, retention, schedule",
    ),
    "http = 5": ("datapeil.toml: http: expected a section, got 5",),
    "[[http]]\nmax_bytes = 1": ("datapeil.toml: http: expected a section, got a list",),
    "[http]\ntimeout_read_s = 0": ("datapeil.toml: http.timeout_read_s: expected a number above 0, got 0",),
    "[http]\ntimeout_read_s = inf": ("datapeil.toml: http.timeout_read_s: expected a number, got inf",),
    "[http]\ndeadline_s = true": ("datapeil.toml: http.deadline_s: expected a number above 0, got true",),
    "[http]\nper_host_interval_s = -1": (
        "datapeil.toml: http.per_host_interval_s: expected a number of at least 0, got -1",
    ),
    '[http]\nallow_private = "127.0.0.1"': (
        f'datapeil.toml: http.allow_private: expected a list, each item {HOST}, got "127.0.0.1"',
    ),
    '[http]\nallow_private = ["http://portal", "10.0.0.300", "10.0.0.1/8", "a b", ""]': (
        f'datapeil.toml: http.allow_private[1]: expected {HOST}, got "http://portal"',
        f'datapeil.toml: http.allow_private[2]: expected {HOST}, got "10.0.0.300"',
        f'datapeil.toml: http.allow_private[3]: expected {HOST}, got "10.0.0.1/8"',
        f'datapeil.toml: http.allow_private[4]: expected {HOST}, got "a b"',
        f'datapeil.toml: http.allow_private[5]: expected {HOST}, got ""',
    ),
    "[removal]\ngrace_days = -1": ("datapeil.toml: removal.grace_days: expected a whole number of at least 0, got -1",),
    "[removal]\ngrace_runs = 0": ("datapeil.toml: removal.grace_runs: expected a whole number of at least 1, got 0",),
    "[removal]\nmax_share = 1.5": ("datapeil.toml: removal.max_share: expected a number from 0 to 1, got 1.5",),
    '[removal]\nmax_count = "5"': ('datapeil.toml: removal.max_count: expected a whole number of at least 0, got "5"',),
    "[schedule]\nworkers = 1000": ("datapeil.toml: schedule.workers: expected a whole number from 1 to 256, got 1000",),
    "[schedule]\nheartbeat_s = 300": (
        "datapeil.toml: schedule.heartbeat_s: expected less than lease_s (120), got 300",
    ),
    "[retention]\nraw_days = 0": ("datapeil.toml: retention.raw_days: expected a whole number of at least 1, got 0",),
    '[datapeil]\ncontact = "us"': (f'datapeil.toml: datapeil.contact: expected {CONTACT}, got "us"',),
    '[datapeil]\npublic_url = "datapeil.org"': (
        f'datapeil.toml: datapeil.public_url: expected {PUBLIC_URL}, got "datapeil.org"',
    ),
    '[datapeil]\npublic_url = "ftp://datapeil.org"': (
        f'datapeil.toml: datapeil.public_url: expected {PUBLIC_URL}, got "ftp://datapeil.org"',
    ),
    "[datapeil]\nsources = 5": ("datapeil.toml: datapeil.sources: expected the path of a folder, got 5",),
    '[datapeil]\nsources = ""': ('datapeil.toml: datapeil.sources: expected the path of a folder, got ""',),
    '[datapeil]\nsources = "a\\u0000b"': (
        'datapeil.toml: datapeil.sources: expected the path of a folder, got "a\\u0000b"',
    ),
    '[datapeil]\ndatabase_url = "mysql://me:pw@host/db"': (
        f'datapeil.toml: datapeil.database_url: expected {DATABASE}, got "mysql://***@host/db"',
    ),
    '[datapeil]\ndatabase_url = "var/datapeil.db"': (
        f'datapeil.toml: datapeil.database_url: expected {DATABASE}, got "var/datapeil.db"',
    ),
    '[datapeil]\ndatabase_url = "sqlite://"': (
        f'datapeil.toml: datapeil.database_url: expected {DATABASE}, got "sqlite://"',
    ),
    '[datapeil]\ndatabase_url = "sqlite:///:memory:"': (
        f'datapeil.toml: datapeil.database_url: expected {DATABASE}, got "sqlite:///:memory:"',
    ),
    '[datapeil]\npassword = "s3cr3t"': (f"datapeil.toml: datapeil.password: {NO_SECRET}",),
    '[datapeil]\ndatabase_url = "sqlite:///a"\ndatabase_url_env = "DATABASE"': (
        "datapeil.toml: datapeil.database_url_env: stands beside database_url; keep one of the two",
    ),
    '[datapeil]\ndatabase_url_env = "NOWHERE"': (
        f"datapeil.toml: datapeil.database_url_env: the environment variable NOWHERE is not set to {DATABASE}",
    ),
    '[http]\nx = 1\n[removal]\nmax_share = "all"\n[datapeil]\ntoken = ""\ncontact = ""': (
        f'datapeil.toml: datapeil.contact: expected {CONTACT}, got ""',
        f"datapeil.toml: datapeil.token: {NO_SECRET}",
        "datapeil.toml: http.x: unknown key; known here: allow_private, deadline_s, max_bytes, per_host_interval_s, "
        "timeout_connect_s, timeout_read_s",
        'datapeil.toml: removal.max_share: expected a number from 0 to 1, got "all"',
    ),
}


def in_file(folder: Path, text: str) -> Path:
    path = folder / "datapeil.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("text", "messages"), BAD_FILES.items())
def test_load_when_a_file_is_bad_then_says_so_in_these_words(
    tmp_path: Path, text: str, messages: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as error:
        load(in_file(tmp_path, text), {"DATABASE": "sqlite:///b"})
    assert tuple(map(str, error.value.faults)) == messages
    assert "s3cr3t" not in str(error.value)


def test_load_when_the_file_is_missing_then_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path / "datapeil.toml", {})
    assert str(error.value) == f"datapeil.toml: not found: expected a TOML file at {tmp_path}/datapeil.toml"


def test_load_when_there_is_no_file_then_packaged_sources_and_a_database_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = load(None, {}).datapeil
    assert place.database_url == f"sqlite:///{tmp_path}/var/datapeil.db"
    assert place.sources == DEFAULTS.parent / "sources"


def test_load_when_there_is_no_file_then_every_setting_is_the_commented_default() -> None:
    defaults = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    settings = load(None, {}).model_dump(mode="json")
    for section in ("http", "removal", "schedule", "retention"):
        assert settings[section] == defaults[section]


def test_load_when_the_file_names_relative_paths_then_they_are_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    place = load(
        in_file(tmp_path, '[datapeil]\nsources = "../s"\ndatabase_url = "sqlite:///d/x.db?timeout=5"'), {}
    ).datapeil
    assert place.database_url == f"sqlite:///{tmp_path}/d/x.db?timeout=5"
    assert place.sources.resolve() == tmp_path.parent / "s"


def test_load_when_the_file_says_nothing_of_paths_then_database_beside_it_and_packaged_sources(tmp_path: Path) -> None:
    place = load(in_file(tmp_path, ""), {}).datapeil
    assert place.database_url == f"sqlite:///{tmp_path}/var/datapeil.db"
    assert place.sources == DEFAULTS.parent / "sources"


def test_load_when_paths_are_absolute_then_they_stay(tmp_path: Path) -> None:
    place = load(in_file(tmp_path, '[datapeil]\nsources = "/s"\ndatabase_url = "sqlite:////d/x.db"'), {}).datapeil
    assert (place.database_url, place.sources) == ("sqlite:////d/x.db", Path("/s"))


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_load_when_the_database_is_postgresql_then_the_driver_is_named(tmp_path: Path, scheme: str) -> None:
    place = load(in_file(tmp_path, f'[datapeil]\ndatabase_url = "{scheme}://me:pw@host:5432/db"'), {}).datapeil
    assert place.database_url == "postgresql+psycopg://me:pw@host:5432/db"


def test_load_when_the_database_is_named_by_a_variable_then_it_comes_from_the_environment(tmp_path: Path) -> None:
    path = in_file(tmp_path, '[datapeil]\ndatabase_url_env = "DATABASE"')
    place = load(path, {"DATABASE": "postgresql://me:pw@host/db"}).datapeil
    assert place.database_url == "postgresql+psycopg://me:pw@host/db"


def test_load_when_zero_is_valid_then_it_is_taken(tmp_path: Path) -> None:
    text = "[http]\nper_host_interval_s = 0\n[removal]\ngrace_days = 0\nmax_share = 0\nmax_count = 0"
    settings = load(in_file(tmp_path, text), {})
    assert settings.http.per_host_interval_s == 0
    assert (settings.removal.grace_days, settings.removal.max_share, settings.removal.max_count) == (0, 0, 0)
    assert settings.removal.grace_runs == 3


@pytest.mark.parametrize("entry", ["127.0.0.1", "::1", "10.1.0.0/16", "fd00::/8", "localhost", "portal.intern"])
def test_load_when_hosts_and_networks_may_be_private_then_they_are_kept(tmp_path: Path, entry: str) -> None:
    settings = load(in_file(tmp_path, f'[http]\nallow_private = ["{entry}"]'), {})
    assert settings.http.allow_private == (entry,)


plain = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=9)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
sections = st.sampled_from([*Settings.model_fields, "x"])
keys = st.sampled_from([*Settings.model_json_schema()["$defs"]["Http"]["properties"], "password", "x"]) | st.text()


@given(st.dictionaries(sections, st.dictionaries(keys, values) | values))
def test_validated_when_the_settings_are_anything_then_they_are_settings_or_faults(document: dict[str, Any]) -> None:
    settings, faults = validated(Settings, document, "any.toml")
    assert settings is None
    assert all(fault.key and "Input should" not in fault.message for fault in faults)
