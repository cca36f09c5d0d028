"""The fourteen organizations, and a file of cities with faults."""

from datetime import date
from pathlib import Path

import pytest

from config.cities import load_cities
from config.faults import ConfigError

TILE = "tile = { column = 0, row = 0 }\n"
GOOD = '[gent]\nkind = "centre_city"\nnames = { nl = "Gent" }\n' + TILE


def test_load_cities_when_packaged_then_they_are_the_thirteen_centre_cities_and_the_vgc() -> None:
    cities = load_cities()
    assert " ".join(city.id for city in cities) == (
        "aalst antwerpen brugge genk gent hasselt kortrijk leuven mechelen oostende roeselare sint-niklaas turnhout vgc"
    )
    assert [city.id for city in cities if city.kind == "community_commission"] == ["vgc"]
    assert len({(city.tile.column, city.tile.row) for city in cities}) == 14


def test_load_cities_when_packaged_then_identifiers_are_unique_and_have_evidence() -> None:
    identifiers = [identifier for city in load_cities() for identifier in city.identifiers]
    assert len({identifier.value for identifier in identifiers}) == len(identifiers) == 12
    assert all(identifier.evidence for identifier in identifiers)
    assert "https://data.vlaanderen.be/id/organisatie/OVO002067" in {identifier.iri for identifier in identifiers}


@pytest.mark.parametrize(("city_id", "gained"), [("antwerpen", "Borsbeek"), ("hasselt", "Kortessem")])
def test_territory_when_cities_merged_then_it_holds_from_2025_on(city_id: str, gained: str) -> None:
    (change,) = next(city.territory for city in load_cities() if city.id == city_id)
    assert change.gained == gained
    assert [change.holds(date(2024, 12, 31)), change.holds(date(2025, 1, 1))] == [False, True]


def test_name_when_a_language_has_none_then_it_is_the_dutch_one() -> None:
    gent, genk = (next(city for city in load_cities() if city.id == city_id) for city_id in ("gent", "genk"))
    assert [gent.name("fr"), gent.name("de"), genk.name("fr")] == ["Gand", "Gent", "Genk"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gent = 5", "cities.toml: gent: expected a section, got 5"),
        (GOOD.replace("nl =", "fr ="), "cities.toml: gent.names: expected at least the Dutch name (nl)"),
        (
            GOOD.replace("centre_city", "center_city"),
            "cities.toml: gent.kind: expected one of centre_city, community_commission, "
            'got "center_city"; did you mean "centre_city"?',
        ),
        (GOOD.replace(TILE, ""), "cities.toml: gent.tile: missing; expected a section"),
        (
            GOOD.replace("column = 0", "column = -1"),
            "cities.toml: gent.tile.column: expected a whole number of at least 0, got -1",
        ),
        (
            GOOD + '[[gent.identifiers]]\nscheme = "ovo"\nvalue = "0207451227"',
            'cities.toml: gent.identifiers[1].value: "0207451227" is no ovo number',
        ),
        (
            GOOD + '[[gent.identifiers]]\nscheme = "ovo"\nvalue = "2067"',
            "cities.toml: gent.identifiers[1].value: expected text that matches "
            r'^(\d{10}|OVO\d{6})$, got "2067"',
        ),
        (
            GOOD + '[[gent.territory]]\ngained = "x"\nvalid_from = "soon"',
            'cities.toml: gent.territory[1].valid_from: expected a date such as "2025-01-01", got "soon"',
        ),
        (
            GOOD + '[[gent.territory]]\ngained = "x"\nvalid_from = "2025-01-01"\nvalid_until = "2024-01-01"',
            "cities.toml: gent.territory[1].valid_until: expected a day after valid_from (2025-01-01), got 2024-01-01",
        ),
    ],
)
def test_load_cities_when_the_file_is_bad_then_says_so_in_these_words(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "cities.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_cities(path)
    assert str(error.value) == message
