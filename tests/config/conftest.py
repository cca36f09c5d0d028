"""Folders of source files and a configuration file, written as a user would."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from config.cities import City, Tile
from config.portals import load_sources
from config.source import HarvestSource, Strict

GOOD = 'city = "gent"\nkind = "ckan"\nurl = "https://data.example.org"\n'


class PageOptions(Strict):
    """The options of a kind as a module of the harvester would hand them in."""

    item: str = Field(min_length=1)
    formats: tuple[str, ...] = ()
    page_size: int = Field(default=100, ge=1, le=1000)


class NoOptions(Strict):
    """A kind without options."""


OPTIONS: Mapping[str, type[BaseModel]] = {"ckan": NoOptions, "html": PageOptions}
CITIES = tuple(
    City(id=name.lower(), kind="centre_city", names={"nl": name}, tile=Tile(column=0, row=0))
    for name in ("Brugge", "Gent")
)

Written = Callable[[Mapping[str, str | bytes]], Path]
Loaded = Callable[[Mapping[str, str | bytes]], tuple[HarvestSource, ...]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes files by name into a folder of their own."""

    def write(texts: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "sources"
        folder.mkdir()
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return folder

    return write


@pytest.fixture
def loaded(written: Written) -> Loaded:
    """The sources of a folder with these files."""
    return lambda texts: load_sources(written(texts), CITIES, OPTIONS)
