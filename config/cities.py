"""The organizations whose data we watch: names, identifiers with validity, place on the map. Knows no portal."""

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from config.document import read
from config.faults import ConfigError, Fault, dotted, shown, validated
from config.source import LanguageTag, Strict, fault_at

PACKAGED_CITIES = Path(str(files("config"))) / "cities.toml"
SCHEMES = {
    "cbe": "https://org.belgif.be/id/CbeRegisteredEntity/{}",
    "ovo": "https://data.vlaanderen.be/id/organisatie/{}",
}
SHAPES = {"cbe": 10, "ovo": 9}

Name = Annotated[str, Field(min_length=1)]


class Validity(Strict):
    """From the first day to the day after the last; null where the evidence does not say, or it still holds."""

    valid_from: date | None = None
    valid_until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Validity":
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise fault_at(
                "valid_until", f"expected a day after valid_from ({self.valid_from}), got {self.valid_until}"
            )
        return self

    def holds(self, day: date) -> bool:
        """Whether it held on that day; an unknown end is open."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day < self.valid_until)


class Identifier(Validity):
    """A number in a public register: `cbe` (enterprises, 10 digits) or `ovo` (Flemish organizations)."""

    scheme: Literal["cbe", "ovo"]
    value: Annotated[str, Field(pattern=r"^(\d{10}|OVO\d{6})$")]
    evidence: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _value_fits_scheme(self) -> "Identifier":
        if len(self.value) != SHAPES[self.scheme]:
            raise fault_at("value", f'"{self.value}" is no {self.scheme} number')
        return self

    @property
    def iri(self) -> str:
        """The identifier as registers write it in linked data."""
        return SCHEMES[self.scheme].format(self.value)


class Territory(Validity):
    """A change of the area the organization speaks for."""

    gained: Name
    note: str = ""


class Tile(Strict):
    """A place on the tile map of Flanders: columns from west to east, rows from north to south, both from 0."""

    column: int = Field(ge=0)
    row: int = Field(ge=0)


class City(Strict):
    """One organization. `names` by language; `aliases` are the names it publishes under."""

    id: SkipJsonSchema[str]
    kind: Literal["centre_city", "community_commission"]
    names: dict[LanguageTag, Name]
    aliases: tuple[Name, ...] = ()
    tile: Tile
    identifiers: tuple[Identifier, ...] = ()
    territory: tuple[Territory, ...] = ()

    def name(self, language: str) -> str:
        """The name in that language, else the Dutch one."""
        return self.names.get(language) or self.names["nl"]

    @model_validator(mode="after")
    def _has_a_dutch_name(self) -> "City":
        if "nl" not in self.names:
            raise fault_at("names", "expected at least the Dutch name (nl)")
        return self


def load_cities(path: Path = PACKAGED_CITIES) -> tuple[City, ...]:
    """The organizations, sorted by id: one section each, named by the id. Raises ConfigError with every fault."""
    document, faults = read(path)
    cities: list[City] = []
    for city_id, entry in document.items():
        if not isinstance(entry, Mapping):
            faults += (Fault(path.name, dotted((city_id,)), f"expected a section, got {shown(entry)}"),)
            continue
        city, found = validated(City, {"id": city_id, **entry}, path.name, (city_id,))
        faults += found
        cities += [city] if city else []
    if faults:
        raise ConfigError(faults)
    return tuple(sorted(cities, key=lambda city: city.id))
