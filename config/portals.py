"""Reads the source files of a folder: one portal per file, checked alone and against each other. Asks no portal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.cities import City
from config.document import Document, read
from config.faults import ConfigError, Fault, did_you_mean, dotted, secret_faults, shown, validated
from config.source import LATER_KINDS, HarvestSource

SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
SOURCE_ID_FORM = 'a name of lower-case letters, digits and hyphens such as "gent.toml"'

Options = Mapping[str, type[BaseModel]]


def load_sources(folder: Path, cities: Sequence[City], options: Options) -> tuple[HarvestSource, ...]:
    """Every source of the folder, sorted by id. `options`: the options model of each built kind, by its name.

    Raises ConfigError with every fault of every file.
    """
    paths = _files(folder)
    known = {city.id for city in cities}
    faults: list[Fault] = []
    documents: dict[str, Document] = {}
    sources: list[HarvestSource] = []
    for path in paths:
        document, found = read(path)
        documents[path.stem] = document
        source = None
        if not found:
            source, found = _source(path, document, options)
            found += tuple(_city_and_kind_faults(path.name, document, known))
        faults += (*_name_faults(path), *found)
        sources += [source] if source else []
    faults += [*_successor_faults(documents), *_duplicate_faults(sources)]
    if faults:
        raise ConfigError(faults)
    return tuple(sources)


def _files(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        message = f"expected a readable folder with one TOML file per source at {folder}"
        raise ConfigError([Fault(folder.name, "", message)]) from None
    paths = [path for path in inside if path.suffix.lower() == ".toml" and not path.name.startswith(".")]
    if not paths:
        raise ConfigError([Fault(folder.name, "", f"expected at least one source file such as gent.toml in {folder}")])
    return paths


def _source(path: Path, document: Document, options: Options) -> tuple[HarvestSource | None, tuple[Fault, ...]]:
    if "id" in document:
        return None, (Fault(path.name, "id", "unknown key; the file name is the source id"),)
    source, faults = validated(HarvestSource, {"id": path.stem, **document}, path.name)
    given = document.get("options", {})
    model = options.get(str(document.get("kind")))
    if model is not None and isinstance(given, Mapping):
        faults += validated(model, given, path.name, ("options",))[1]
    return source, faults + secret_faults(document, path.name, "api_key_env")


def _name_faults(path: Path) -> Iterator[Fault]:
    if path.suffix != ".toml" or not SOURCE_ID.fullmatch(path.stem):
        yield Fault(path.name, "", f"the file name is the source id; expected {SOURCE_ID_FORM}")


def _city_and_kind_faults(file: str, document: Document, known: set[str]) -> Iterator[Fault]:
    city, kind = document.get("city"), document.get("kind")
    if isinstance(city, str) and city not in known:
        hint = did_you_mean(city, known) or f"; known are {', '.join(sorted(known))}"
        yield Fault(file, "city", f"unknown city {shown(city)}{hint}")
    if kind in LATER_KINDS and document.get("enabled", True) is True:
        yield Fault(file, "kind", f"{shown(kind)} is not built yet; it is valid only with enabled = false")


def _successor_faults(documents: Mapping[str, Document]) -> Iterator[Fault]:
    chains = {source_id: _predecessors(document) for source_id, document in documents.items()}
    for source_id, predecessors in chains.items():
        for index, predecessor in enumerate(predecessors):
            reason = _unfit_predecessor(source_id, predecessor, documents)
            if reason:
                yield Fault(f"{source_id}.toml", dotted(("successor_of", index)), reason)
        circle = _circle(source_id, chains)
        if circle:
            yield Fault(f"{source_id}.toml", "successor_of", f"goes in a circle: {' -> '.join(circle)}")


def _predecessors(document: Document) -> list[str]:
    given = document.get("successor_of", [])
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []


def _unfit_predecessor(source_id: str, predecessor: str, documents: Mapping[str, Document]) -> str | None:
    if predecessor == source_id:
        return "names the source itself"
    if predecessor not in documents:
        return f"unknown source {shown(predecessor)}{did_you_mean(predecessor, documents)}"
    ours, theirs = (documents[name].get("city") for name in (source_id, predecessor))
    if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
        return f"{shown(predecessor)} is a source of {theirs}, not of {ours}"
    return None


def _circle(start: str, chains: Mapping[str, Sequence[str]]) -> list[str]:
    """The way from `start` back to it over other sources, told once: by the first of its sources."""
    waiting: list[list[str]] = [[start]]
    seen = {start}
    while waiting:
        way = waiting.pop()
        for step in chains.get(way[-1], ()):
            if step == start and len(way) > 1:
                return [*way, start] if start == min(way) else []
            if step not in seen:
                seen.add(step)
                waiting.append([*way, step])
    return []


def _duplicate_faults(sources: Sequence[HarvestSource]) -> Iterator[Fault]:
    """Two enabled sources that would count the same records twice; a filter or options may tell them apart."""
    first: dict[Any, str] = {}
    for source in sources:
        if not source.enabled:
            continue
        listing = (source.kind, source.url.rstrip("/"), sorted(source.filter.publisher), dict(source.options))
        other = first.setdefault(repr(listing), source.id)
        if other != source.id:
            yield Fault(f"{source.id}.toml", "url", f"polls the same listing as {other}.toml")
