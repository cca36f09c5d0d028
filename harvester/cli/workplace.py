"""What a command works with, opened when it is needed: settings, cities, sources, store, the HTTP door. Closed at its
end."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from catalog.journal import moment
from catalog.removal import Limits as RemovalLimits
from catalog.store.engine import DEMO_AS_OF, Store, open_store, recall
from config.cities import City, load_cities
from config.document import read
from config.faults import ConfigError, Fault, did_you_mean
from config.portals import load_sources
from config.settings import PACKAGED, Settings, load
from config.source import HarvestSource
from harvester.errors import HarvestError
from harvester.fetch.allowance import Limits
from harvester.fetch.door import Door, user_agent
from harvester.fetch.question import Credentials
from harvester.fetch.session import JobFetch
from harvester.sources import OPTIONS
from harvester.tools import Tools


def program_version() -> str:
    """The version of this program; `0` when it runs uninstalled."""
    try:
        return version("datapeil")
    except PackageNotFoundError:
        return "0"


def known_name(option: str, name: str, known: list[str]) -> str:
    """The name, if it is among those that are known. Raises ConfigError for any other."""
    if name not in known:
        raise ConfigError([Fault(option, name, f"is unknown{did_you_mean(name, known)}; one of {', '.join(known)}")])
    return name


def sources_folder(config: Path | None) -> Path:
    """Where the sources are, by a file whose other settings may be faulty."""
    given = read(config)[0].get("datapeil", {}) if config else {}
    named = given.get("sources") if isinstance(given, Mapping) else None
    if config is None or not isinstance(named, str) or "\0" in named:
        return PACKAGED / "sources"
    return config.resolve().parent / named


@dataclass
class Workplace:
    """Opened from one configuration file, or the packaged defaults; everything in it is made at first use."""

    config: Path | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def settings(self) -> Settings:
        return load(self.config, os.environ)

    @cached_property
    def cities(self) -> tuple[City, ...]:
        return load_cities()

    @cached_property
    def sources(self) -> tuple[HarvestSource, ...]:
        return load_sources(self.settings.datapeil.sources, self.cities, OPTIONS)

    def check(self) -> None:
        """Raises ConfigError with every fault of the settings and of the sources: one does not hide the other."""
        faults: list[Fault] = []
        try:
            folder = self.settings.datapeil.sources
        except ConfigError as error:
            faults += error.faults
            folder = sources_folder(self.config)
        try:
            load_sources(folder, self.cities, OPTIONS)
        except ConfigError as error:
            faults += error.faults
        if faults:
            raise ConfigError(faults)

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings.datapeil.database_url)

    @cached_property
    def door(self) -> Door:
        http = self.settings.http
        limits = Limits(
            connect_s=http.timeout_connect_s,
            read_s=http.timeout_read_s,
            deadline_s=http.deadline_s,
            max_bytes=http.max_bytes,
            per_host_interval_s=http.per_host_interval_s,
            allow_private=http.allow_private,
        )
        place = self.settings.datapeil
        return Door(limits, user_agent(program_version(), place.public_url, place.contact))

    @cached_property
    def demo_as_of(self) -> datetime | None:
        """The last day of a demo's world; null for a real database."""
        with self.store.read() as db:
            found = recall(db, DEMO_AS_OF)
        return moment(found) if found else None

    def now(self) -> datetime:
        """The moment as of which the database is read: a demo stands still at its world's last day."""
        return self.demo_as_of or datetime.now(UTC)

    def fetch(self, source: HarvestSource) -> JobFetch:
        """The door for one job of this source, with its key where the environment holds one."""
        return self.door.session(credentials=self._credentials(source), turn=self.turn)

    def _credentials(self, source: HarvestSource) -> Credentials | None:
        key = os.environ.get(source.api_key_env or "")
        if not key:
            return None
        value = f"Apikey {key}" if source.kind == "opendatasoft" else key
        return Credentials(source.url, {"Authorization": value})

    def _require_key(self, source: HarvestSource) -> None:
        if source.api_key_env is not None and not os.environ.get(source.api_key_env):
            message = f"the environment variable {source.api_key_env}, which holds this portal's key, is not set"
            raise HarvestError(message, kind="config", url=source.url)

    def tools(self) -> Tools:
        """What a run needs."""
        removal = self.settings.removal
        return Tools(
            store=self.store,
            fetch=self.fetch,
            limits=RemovalLimits(removal.grace_runs, removal.grace_days, removal.max_share, removal.max_count),
            clock=self.now,
            lease_s=self.settings.schedule.lease_s,
            heartbeat_s=self.settings.schedule.heartbeat_s,
            raw_days=self.settings.retention.raw_days,
            turn=self.turn,
            require=self._require_key,
        )

    def chosen(self, names: list[str]) -> list[HarvestSource]:
        """The named sources, in that order; all enabled ones when none is named. Raises ConfigError for unknown
        names."""
        if not names:
            return [source for source in self.sources if source.enabled]
        by_id = {source.id: source for source in self.sources}
        unknown = [name for name in names if name not in by_id]
        if unknown:
            message = "there is no such source"
            hints = {name: did_you_mean(name, by_id) or "; `sources` lists them" for name in unknown}
            raise ConfigError([Fault("sources", name, message + hint) for name, hint in hints.items()])
        return [by_id[name] for name in dict.fromkeys(names)]

    def city(self, name: str | None) -> str | None:
        """The name as it came, if there is such a city. Raises ConfigError for an unknown one."""
        return name if name is None else known_name("--city", name, [city.id for city in self.cities])

    def source(self, name: str | None) -> str | None:
        """The name as it came, if there is such a source. Raises ConfigError for an unknown one."""
        return name if name is None else known_name("--source", name, [source.id for source in self.sources])

    def close(self) -> None:
        if "store" in self.__dict__:
            self.store.close()
