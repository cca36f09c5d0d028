"""Writes the datasets of simulated cities from `topics.toml`, the same ones each time. Knows no portal and no event."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from harvester.demo.life import Edit, Life, at_noon, touched
from harvester.demo.truth import SimDataset, SimFile

LETTERS = {"C": "CSV", "J": "JSON", "G": "GeoJSON", "X": "XLSX", "K": "KML", "S": "Shapefile", "P": "PDF", "M": "XML"}
RHYTHM_DAYS = {"jaarlijks": 365, "halfjaarlijks": 182, "maandelijks": 30, "wekelijks": 7, "onregelmatig": 1_100}


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject a city may publish about; `formats` in the letters of `topics.toml`."""

    title: str
    theme: str
    keywords: tuple[str, ...]
    frequency: str
    formats: str
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """How one portal writes: publisher, license, and its own ways with ids and descriptions."""

    publisher: str
    license: str = ""
    license_url: str = ""
    identify: Callable[[str], str] = lambda slug: slug
    describe: Callable[[Topic], str] = lambda topic: topic.text
    frequencies: bool = True
    dates: bool = True


def number(key: str, below: int) -> int:
    """A number that looks random and is always the same for the same key."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") % below


def slugged(text: str) -> str:
    """A name for addresses: plain lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@cache
def library() -> dict[str, tuple[Topic, ...]]:
    """The `topics`, `series` and `live` of the data file."""
    rows = tomllib.loads(files("harvester.demo").joinpath("topics.toml").read_text("utf-8"))
    return {
        "topics": tuple(topic(row) for row in rows["topics"]),
        "series": tuple(topic([*row[:3], "jaarlijks", *row[3:]]) for row in rows["series"]),
        "live": tuple(topic(row) for row in rows["live"]),
    }


def topic(row: Sequence[str]) -> Topic:
    title, theme, keywords, frequency, formats, text = row
    return Topic(title, theme, tuple(keywords.split(", ")), frequency, formats, text)


def topics() -> tuple[Topic, ...]:
    return library()["topics"]


def live_topics() -> tuple[Topic, ...]:
    return library()["live"]


def slices(series: int, years: range) -> Iterator[tuple[int, Topic]]:
    """The first `series` yearly series, one topic for each year."""
    for year in years:
        for one in library()["series"][:series]:
            yield year, replace(one, title=f"{one.title} {year}", text=f"{one.text}, {year}.", frequency="onregelmatig")


def by_place(places: Sequence[str], subjects: Sequence[Topic]) -> list[Topic]:
    """Each subject once for each place: districts or quarters."""
    return [
        replace(one, title=f"{one.title} {place}", text=f"{one.text.removesuffix('.')}, {place}.")
        for one in subjects
        for place in places
    ]


def draft(one: Topic, style: Style, city: str) -> SimDataset:
    """The dataset of a topic, not yet dated."""
    slug = slugged(one.title)
    formats = [LETTERS[letter] for letter in one.formats]
    sizes = [2_000 + number(f"{city} {slug} {name}", 900_000) for name in formats]
    return SimDataset(
        id=style.identify(slug),
        slug=slug,
        title=one.title,
        description=style.describe(one),
        keywords=one.keywords,
        themes=(one.theme,),
        license=style.license,
        license_url=style.license_url,
        frequency=one.frequency if style.frequencies else "",
        publisher=style.publisher,
        geo="G" in one.formats,
        records=12 + number(f"{city} {slug} records", 3_000),
        files=tuple(
            SimFile(name, f"/files/{slug}.{name.lower()}", size=size) for name, size in zip(formats, sizes, strict=True)
        ),
    )


def life(one: Topic, style: Style, city: str, born: date, until: date) -> Life:
    """A dataset that is published on `born` and renewed as often as its topic says, up to `until`."""
    dataset = draft(one, style, city)
    if style.dates:
        dataset = replace(dataset, issued=at_noon(born), modified=at_noon(born, 10))
    live = one in live_topics()
    edits = () if live or not style.dates else tuple(renewals(one, city, born, until))
    return Life(slugged(one.title), born, dataset, edits, live=live)


def renewals(one: Topic, city: str, born: date, until: date) -> Iterator[Edit]:
    """Data renewed at the topic's pace, a little irregularly; once in a while the text gets better too."""
    pace = RHYTHM_DAYS[one.frequency]
    day = born + timedelta(days=1 + number(f"{city} {one.title}", pace))
    turn = 0
    while day < until:
        yield touched(day)
        turn += 1
        if number(f"{city} {one.title} {turn}", 12) == 0:
            yield reworded(day, turn)
        day += timedelta(days=max(pace - pace // 10 + number(f"{city} {one.title} {day}", pace // 5 + 1), 1))


def reworded(day: date, turn: int) -> Edit:
    return Edit(day, lambda known: replace(known, description=f"{known.description} Bijgewerkte toelichting {turn}."))


def spread(first: date, last: date, count: int) -> list[date]:
    """`count` days from `first` on and before `last`, evenly."""
    span = (last - first).days
    return [first + timedelta(days=span * index // count) for index in range(count)]


def dying(lives: Sequence[Life], days: Sequence[date]) -> list[Life]:
    """Each life ends on the day beside it; later edits fall away."""
    return [
        replace(one, died=day, edits=tuple(edit for edit in one.edits if edit.day < day))
        for one, day in zip(lives, days, strict=True)
    ]


def hexadecimal(key: str, size: int = 16) -> str:
    """An id as platforms make them: twice `size` hexadecimal digits."""
    return blake2b(key.encode(), digest_size=size).hexdigest()
