"""Spatial coverage: boxes, GeoJSON, WKT, IRIs and names of places, to Location. Knows no projection but WGS 84."""

import re
from collections.abc import Iterator
from functools import lru_cache

import orjson

from catalog.model import Location
from harvester.normalize.reading import Reading
from harvester.normalize.text import plain_text
from harvester.normalize.urls import web_address

MAX_LOCATIONS = 100
MAX_GEOMETRY = 2_000_000  # characters
Box = tuple[float, float, float, float]

NUMBER = r"[+-]?\d{1,20}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,4})?"  # bounded: no text makes it slow
BOX = re.compile(rf"\[?\s*({NUMBER})[\s,;]+({NUMBER})[\s,;]+({NUMBER})[\s,;]+({NUMBER})\s*\]?")
NUMBERS_ONLY = re.compile(r"[\d\s.,;:+\-\[\]()eE]+")
TWO_NUMBERS = re.compile(r"\d[\s,;]+[-+.\d]")  # one alone may be a postal code
WKT = re.compile(
    r"(?:SRID=4326;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*Z?\s*(\([\d\s.,+\-eE()]*\))", re.IGNORECASE
)
WKT_POSITION = re.compile(rf"({NUMBER})\s+({NUMBER})[^,()]*")
WKT_START = re.compile(r"(?:SRID=|<http|(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*Z?\s*\()", re.IGNORECASE)


def locations(value: object, reading: Reading) -> tuple[Location, ...]:
    """One Location for each thing the portal named, in its order; a box in degrees, null where it is none."""
    found: dict[Location, None] = {}
    for item in reading.items(value, "spatial")[:MAX_LOCATIONS]:
        location = _location(item, reading)
        if location:
            found[location] = None
    return tuple(found)


def _location(item: object, reading: Reading) -> Location | None:
    text = reading.text(item, "spatial")
    if text is None:
        return None
    if text.startswith(("http://", "https://")):
        address = web_address(text, "spatial", reading)
        return Location(iri=address) if address else None
    if text[0] in "{[" or WKT_START.match(text) or (NUMBERS_ONLY.fullmatch(text) and TWO_NUMBERS.search(text)):
        box = _box(text) if len(text) <= 1000 else _box_of_long(text)
        if box is None:
            reading.add("bad_spatial", "spatial", text)
        return Location(bbox=box) if box else None
    label = plain_text(text, "spatial", reading)
    return Location(label=label) if label else None


@lru_cache(maxsize=2048)
def _box(text: str) -> Box | None:
    return _box_of_long(text)


def _box_of_long(text: str) -> Box | None:
    if len(text) > MAX_GEOMETRY:
        return None
    found = BOX.fullmatch(text) if len(text) <= 500 else None
    if found:
        return _checked(float(found[1]), float(found[2]), float(found[3]), float(found[4]))
    wkt = WKT.fullmatch(text)
    if wkt:
        return _around((float(west), float(south)) for west, south in WKT_POSITION.findall(wkt[1]))
    return _around(_positions(_json(text)))


def _json(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # also for what is nested too deep
        return None


def _positions(geometry: object) -> Iterator[tuple[float, float]]:
    """Every position in GeoJSON of any depth, without recursion."""
    waiting = [geometry]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.get(key) for key in ("coordinates", "geometry", "geometries", "features"))
        elif isinstance(part, list):
            if len(part) >= 2 and all(_is_number(number) for number in part[:2]):
                yield float(part[0]), float(part[1])
            else:
                waiting.extend(part)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _around(positions: Iterator[tuple[float, float]]) -> Box | None:
    points = list(positions)
    if not points:
        return None
    longitudes, latitudes = zip(*points, strict=True)
    return _checked(min(longitudes), min(latitudes), max(longitudes), max(latitudes))


def _checked(west: float, south: float, east: float, north: float) -> Box | None:
    """A box on the globe; other numbers are another projection or another order, and not guessed at."""
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        return west, south, east, north
    return None
