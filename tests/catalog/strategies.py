"""Any dataset that the normalizer could make, and what the guards weigh, for laws by hypothesis."""

from typing import Any

from hypothesis import strategies as st

from catalog.model import Agent, ContactPoint, DataService, Dataset, Distribution, Location, PeriodOfTime, State, Text
from catalog.removal import Absent, Evidence, Limits, Listing, Newcomer

# Text as it may stand in a catalogue: no surrogates, no NUL, which no database takes.
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
tricky = st.sampled_from(["a.b", "a.title.nl", "#2", "-", "distributions.x.format", "é", "\u200f", "x\ny", "0", " "])
names = words | tricky
maybe = st.none() | names
texts: st.SearchStrategy[Text] = st.dictionaries(st.sampled_from(["nl", "fr", "en", "und", "nl-BE"]), names, max_size=3)
urls = st.none() | st.sampled_from(
    ["https://a.example/1.csv", "https://a.example/x.format", "http://b.example/?q=a.b#c"]
)
several = st.lists(names, max_size=3, unique=True).map(tuple)
degrees = st.floats(-90, 90, allow_nan=False).map(lambda value: round(value, 4))

distributions = st.builds(
    Distribution,
    identifier=maybe,
    title=texts,
    description=texts,
    access_url=urls,
    download_url=urls,
    format=maybe,
    media_type=maybe,
    packaging=maybe,
    byte_size=st.none() | st.integers(1, 2**53),
    license=maybe,
    rights=maybe,
    issued=maybe,
    modified=maybe,
    checksum=maybe,
)
contacts = st.builds(ContactPoint, name=maybe, email=maybe, url=maybe)
locations = st.builds(Location, iri=maybe, label=maybe, bbox=st.none() | st.tuples(degrees, degrees, degrees, degrees))
agents = st.none() | st.builds(Agent, name=names, identifier=maybe)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "identifier": names,
    "title": texts,
    "description": texts,
    "publisher": agents,
    "creator": agents,
    "contacts": st.lists(contacts, max_size=2, unique=True).map(tuple),
    "keywords": several,
    "themes": several,
    "license": maybe,
    "license_open": st.sampled_from([None, True]),
    "access_rights": maybe,
    "rights": maybe,
    "frequency": maybe,
    "issued": maybe,
    "modified": maybe,
    "languages": several,
    "spatial": st.lists(locations, max_size=2).map(tuple),
    "temporal": st.lists(st.builds(PeriodOfTime, start=maybe, end=maybe), max_size=2).map(tuple),
    "landing_page": urls,
    "conforms_to": several,
    "version": maybe,
    "same_as": several,
    "federated": st.booleans(),
    "distributions": st.lists(distributions, max_size=3).map(tuple),
    "services": st.lists(st.builds(DataService, endpoint_url=names, title=texts, protocol=maybe), max_size=2).map(
        tuple
    ),
}
datasets = st.builds(Dataset, **FIELDS)

stamps = st.sampled_from([f"2026-01-{day:02d}T06:00:00.000Z" for day in range(1, 29)])


@st.composite
def absents(draw: st.DrawFn, number: int) -> Absent:
    """A known dataset that was not seen, present or missing."""
    missing = draw(st.booleans())
    return Absent(
        id=f"gent-{number}",
        identifier=str(number),
        state=State.MISSING if missing else State.PRESENT,
        title_key=draw(st.sampled_from(["", "a", "b", "c", f"t{number}"])),
        content_key=draw(st.sampled_from(["", "k", f"c{number}"])),
        missing_runs=draw(st.integers(1, 9)) if missing else 0,
        missing_since=draw(stamps) if missing else None,
    )


newcomers = st.builds(
    Newcomer,
    identifier=st.uuids().map(str),
    title_key=st.sampled_from(["", "a", "b", "c", "t1", "t2"]),
    content_key=st.sampled_from(["", "k", "c1", "c2"]),
)
limits = st.builds(
    Limits,
    grace_runs=st.integers(1, 4),
    grace_days=st.sampled_from([0, 1, 7, 0.5]),
    max_share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    max_count=st.integers(0, 10),
    expect_min=st.none() | st.integers(0, 20),
)
listings = st.builds(
    Listing,
    walked=st.integers(0, 30),
    seen=st.integers(0, 30),
    announced=st.none() | st.integers(0, 30),
    repeated=st.integers(0, 2),
    unidentified=st.integers(0, 2),
    ended=st.booleans(),
    whole=st.booleans(),
)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """All that a run may bring before the guards."""
    gone = [draw(absents(number)) for number in range(draw(st.integers(0, 8)))]
    return Evidence(
        listing=draw(listings),
        known=len(gone) + draw(st.integers(0, 30)),
        absent=gone,
        newcomers=draw(st.lists(newcomers, max_size=6, unique_by=lambda item: item.identifier)),
        unidentified_before=draw(st.integers(0, 2)),
    )
