"""All settings: frozen values read from TOML, or every fault at once. Opens no database and asks no portal."""

import re
from collections.abc import Mapping
from importlib.resources import files
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from config.document import Document, read
from config.faults import ConfigError, Fault, secret_faults, validated
from config.source import EnvironmentName, Strict, fault_at, http_url

PACKAGED = Path(str(files("config")))
DEFAULTS = PACKAGED / "defaults.toml"

DATABASE_FORM = "sqlite:///<file> or postgresql+psycopg://<user>@<host>/<database>"
CONTACT_FORM = 'a mail address or a web address such as "opendata@example.org"'
PUBLIC_URL_FORM = 'a web address such as "https://datapeil.example.org"'
FOLDER_FORM = "the path of a folder"
HOST_FORM = 'a host or a network such as "127.0.0.1", "10.1.0.0/16" or "portal.intern"'

SQLITE = "sqlite:///"
POSTGRESQL = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://(?=[^/])")
MAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+")
HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)


def _database_url(value: str) -> str:
    if POSTGRESQL.match(value):
        return POSTGRESQL.sub("postgresql+psycopg://", value, count=1)
    file = value.removeprefix(SQLITE)
    if file == value or file.split("?")[0] in ("", "/", ":memory:") or "\0" in file:
        raise ValueError(f"expected {DATABASE_FORM}")
    return value


def _folder(value: object) -> object:
    if isinstance(value, str) and (not value or "\0" in value):
        raise ValueError(f"expected {FOLDER_FORM}")
    return value


def _contact(value: str) -> str:
    if MAIL.fullmatch(value):
        return value
    try:
        return http_url(value)
    except ValueError:
        raise ValueError(f"expected {CONTACT_FORM}") from None


def _public_url(value: str) -> str:
    try:
        return http_url(value).rstrip("/")
    except ValueError:
        raise ValueError(f"expected {PUBLIC_URL_FORM}") from None


def _host_or_network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        if not HOST.fullmatch(value) or re.fullmatch(r"[0-9.]+", value):
            raise ValueError(f"expected {HOST_FORM}") from None
    return value


def _text(form: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "expected": form})


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url), _text(DATABASE_FORM)]
Contact = Annotated[str, AfterValidator(_contact), _text(CONTACT_FORM)]
PublicUrl = Annotated[str, AfterValidator(_public_url), _text(PUBLIC_URL_FORM)]
HostOrNetwork = Annotated[str, AfterValidator(_host_or_network), _text(HOST_FORM)]
Folder = Annotated[Path, BeforeValidator(_folder), _text(FOLDER_FORM)]


class Datapeil(Strict):
    """Where things are, and who we are. `sources` and the SQLite file are absolute once loaded."""

    database_url: DatabaseUrl
    database_url_env: EnvironmentName | Literal[""]
    sources: Folder
    contact: Contact
    public_url: PublicUrl


class Http(Strict):
    """How gently and how long we ask."""

    timeout_connect_s: Seconds
    timeout_read_s: Seconds
    deadline_s: Seconds
    max_bytes: int = Field(gt=0)
    per_host_interval_s: float = Field(ge=0)
    allow_private: tuple[HostOrNetwork, ...]


class Removal(Strict):
    """When a dataset that is no longer listed counts as withdrawn, and when a person must look first."""

    grace_runs: int = Field(ge=1)
    grace_days: int = Field(ge=0)
    max_share: float = Field(ge=0, le=1)
    max_count: int = Field(ge=0)


class Schedule(Strict):
    """The clock and the jobs it starts."""

    tick_s: Seconds
    workers: int = Field(ge=1, le=256)
    lease_s: Seconds
    heartbeat_s: Seconds

    @model_validator(mode="after")
    def _heartbeat_within_lease(self) -> "Schedule":
        if self.heartbeat_s >= self.lease_s:
            raise fault_at("heartbeat_s", f"expected less than lease_s ({self.lease_s:g}), got {self.heartbeat_s:g}")
        return self


class Retention(Strict):
    """What is not kept for ever."""

    raw_days: int = Field(ge=1)


class Settings(Strict):
    """All settings, complete: what the file does not say comes from `defaults.toml`."""

    datapeil: Datapeil
    http: Http
    removal: Removal
    schedule: Schedule
    retention: Retention


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of the file over the defaults; without a file, the defaults with the database in `./var/`.

    Relative paths are relative to the file. Raises ConfigError with every fault.
    """
    given: Document = {}
    faults: tuple[Fault, ...] = ()
    if path is not None:
        given, faults = read(path)
    if faults:
        raise ConfigError(faults)
    name = DEFAULTS.name if path is None else path.name
    settings, faults = validated(Settings, _overlaid(read(DEFAULTS)[0], given), name)
    faults += secret_faults(given, name, "database_url_env")
    if settings is None or faults:
        raise ConfigError(faults)
    return _placed(settings, given, Path.cwd() if path is None else path.resolve().parent, (name, environ))


def _overlaid(defaults: Document, given: Document) -> dict[str, Any]:
    merged = {**defaults, **given}
    for section, settings in defaults.items():
        inner = given.get(section, {})
        merged[section] = {**settings, **inner} if isinstance(inner, Mapping) else inner
    return merged


def _placed(settings: Settings, given: Document, base: Path, origin: tuple[str, Mapping[str, str]]) -> Settings:
    """The settings with the secret address put in and every path absolute. `origin`: file name and environment."""
    place = settings.datapeil
    folder = base / place.sources if "sources" in given.get("datapeil", {}) else PACKAGED / place.sources
    address = _database_address(place, given, origin)
    if address.startswith(SQLITE):
        address = SQLITE + str(base / address.removeprefix(SQLITE))
    placed = place.model_copy(update={"sources": folder, "database_url": address})
    return settings.model_copy(update={"datapeil": placed})


def _database_address(place: Datapeil, given: Document, origin: tuple[str, Mapping[str, str]]) -> str:
    name, environ = origin
    if not place.database_url_env:
        return place.database_url
    key = "datapeil.database_url_env"
    if "database_url" in given.get("datapeil", {}):
        raise ConfigError([Fault(name, key, "stands beside database_url; keep one of the two")])
    try:
        return _database_url(environ.get(place.database_url_env, ""))
    except ValueError:
        message = f"the environment variable {place.database_url_env} is not set to {DATABASE_FORM}"
        raise ConfigError([Fault(name, key, message)]) from None
