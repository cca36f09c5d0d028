"""The configuration that a finished demo leaves behind, so that every other command can look into its database."""

import json
from collections.abc import Mapping
from pathlib import Path

from config.source import HarvestSource
from harvester.demo.world import World

CONFIGURATION = "datapeil.toml"
SOURCES = "sources"
HEAD = """# Written by `demo`: simulated portals, and a database that is read as of the last day of their world.
# A second `demo` rebuilds all of it.

[datapeil]
database_url = "sqlite:///{database}"
sources = "{sources}"
contact = "opendata@example.org"
public_url = "http://127.0.0.1:8000"

[http]
per_host_interval_s = 0
allow_private = ["127.0.0.1"]
"""


def write_configuration(folder: Path, database: str, world: World, sources: Mapping[str, HarvestSource]) -> Path:
    """One file per source, then the settings. Sources whose portal is history are disabled, with the reason."""
    (folder / SOURCES).mkdir()
    for name, source in sources.items():
        _, until = world.life(name)
        text = source_text(source, ended=None if until > world.end else until.isoformat())
        (folder / SOURCES / f"{name}.toml").write_text(text, encoding="utf-8")
    path = folder / CONFIGURATION
    path.write_text(HEAD.format(database=database, sources=SOURCES), encoding="utf-8")
    return path


def source_text(source: HarvestSource, ended: str | None) -> str:
    """A source file. `ended`: the day since which nobody asks it any more."""
    lines = ["# Simulated portal of the demonstration."]
    values: dict[str, object] = {
        "city": source.city,
        "kind": source.kind,
        "url": source.url,
        "every": f"{source.every.days}d",
        "enabled": ended is None,
        "language": source.language,
        "reason": f"Het portaal bestaat niet meer; niet meer bevraagd sinds {ended}." if ended else "",
        "evidence": source.evidence,
        "successor_of": list(source.successor_of),
    }
    lines += [f"{key} = {toml(value)}" for key, value in values.items() if value not in ("", [])]
    if source.options:
        lines += ["", "[options]", *(f"{key} = {toml(value)}" for key, value in source.options.items())]
    return "\n".join(lines) + "\n"


def toml(value: object) -> str:
    """A text, truth value, number or list of texts as TOML, whose basic strings are those of JSON."""
    return json.dumps(value, ensure_ascii=False)
