"""The scripted world: the same each time, true to the evidence it follows, and served as its truth says."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from bs4 import BeautifulSoup
from pyoxigraph import NamedNode, RdfFormat, Store

from harvester.demo.life import SimPortal
from harvester.demo.portal import Portal
from harvester.demo.truth import SimDataset
from harvester.demo.world import World
from harvester.sources import OPTIONS

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def portals(world: World) -> Iterator[Mapping[str, Portal]]:
    with world.serving_here(record=True) as opened:
        yield opened


def own(portal: SimPortal, day: date) -> list[SimDataset]:
    return [dataset for dataset in portal.at(day) if not dataset.federated]


# --------------------------------------------------------------------------------------------------------- determinism
def test_world_when_built_twice_then_is_the_same() -> None:
    one, other = World(), World()
    assert list(one.schedule()) == list(other.schedule())
    for day in (date(2016, 5, 2), date(2021, 6, 1), date(2026, 11, 23)):
        assert [p.at(day) for p in one.portals.values()] == [p.at(day) for p in other.portals.values()]


def test_portal_when_time_goes_back_then_shows_what_it_showed(world: World) -> None:
    portal = world.portals["gent"]
    before = portal.at(date(2018, 3, 5))
    portal.at(date(2024, 3, 5))
    assert portal.at(date(2018, 3, 5)) == before


def test_portal_when_nothing_moves_then_gives_the_very_same_listing(world: World) -> None:
    portal = world.portals["brugge-page"]
    assert portal.at(date(2022, 3, 7)) is portal.at(date(2022, 3, 14))


# ------------------------------------------------------------------------------------------------------------ evidence
def test_world_when_listed_then_has_the_fourteen_organisations(world: World) -> None:
    assert len(world.cities) == 14


def test_world_when_seen_in_december_2017_then_six_have_a_portal(world: World) -> None:
    open_then = {city for city in world.cities if world.truth(city, date(2017, 12, 1)).listed}
    assert open_then == {"antwerpen", "brugge", "gent", "kortrijk", "oostende", "sint-niklaas"}


def test_gent_when_counted_then_has_the_sizes_of_the_evidence(world: World) -> None:
    gent = world.portals["gent"]
    then, now = own(gent, date(2023, 9, 20)), own(gent, date(2025, 2, 12))
    assert (len(then), len(now)) == (247, 260)
    assert sum(bool(re.search(r" 20\d\d$", dataset.title)) for dataset in now) == 100
    gone, new = {d.id for d in then} - {d.id for d in now}, {d.id for d in now} - {d.id for d in then}
    assert (len(gone), len(new)) == (35, 48)


def test_antwerpen_when_counted_then_has_the_sizes_of_the_evidence(world: World) -> None:
    hub = world.portals["antwerpen-hub"]
    days = (date(2021, 1, 12), date(2022, 3, 30), date(2023, 9, 20), date(2025, 2, 12))
    assert [len(own(hub, day)) for day in days] == [489, 491, 522, 492]
    names = [{(d.id, d.slug) for d in own(hub, day)} for day in days]
    assert (len(names[2] - names[3]), len(names[3] - names[2])) == (103, 73)


def test_antwerpen_when_identifiers_change_then_385_titles_stay_and_no_identifier_does(world: World) -> None:
    hub = world.portals["antwerpen-hub"]
    before, after = own(hub, date(2021, 1, 12)), own(hub, date(2022, 3, 30))
    assert len({d.title for d in before} & {d.title for d in after}) == 385
    assert not {d.id for d in before} & {d.id for d in after}


def test_antwerpen_when_dated_then_has_the_mass_touches_and_the_frozen_dates(world: World) -> None:
    listed = own(world.portals["antwerpen-hub"], date(2025, 2, 12))
    days = Counter(d.modified.date() for d in listed if isinstance(d.modified, datetime))
    assert [(str(day), count) for day, count in days.most_common(3)] == [
        ("2024-02-15", 136), ("2023-01-01", 128), ("2024-01-15", 58),
    ]  # fmt: skip
    assert max(days) == date(2024, 2, 15)
    issued = Counter(d.issued.date() for d in listed if isinstance(d.issued, datetime))
    assert (issued[date(2018, 1, 1)], issued[date(2023, 1, 31)], issued[date(2023, 1, 30)]) == (93, 64, 28)
    assert 0 < sum(bool(d.license) for d in listed) < 20


def test_brugge_when_it_moves_then_nothing_drops_to_zero(world: World) -> None:
    days = [date(2025, 1, 6) + timedelta(days=offset) for offset in range(300)]
    counts = [world.truth("brugge", day).own for day in days]
    assert counts[0] == 98
    assert all(later >= earlier for earlier, later in pairwise(counts))


@pytest.mark.parametrize("source", ["gent", "antwerpen-hub", "brugge", "mechelen-hub"])
def test_portal_when_listed_on_any_day_then_ids_and_slugs_are_unique(world: World, source: str) -> None:
    portal = world.portals[source]
    for month in range(0, 130, 5):
        listed = portal.at(date(2016 + month // 12, 1 + month % 12, 20))
        assert len({d.id for d in listed}) == len({d.slug for d in listed}) == len(listed)


def test_world_when_nothing_is_meant_to_be_held_then_few_vanish_at_once(world: World) -> None:
    meant = {(event.source, event.day) for event in world.events if event.kind in ("withdrawn", "ids_changed")}
    for portal in world.portals.values():
        deaths = Counter(life.died for life in portal.lives if life.died)
        for day, count in deaths.items():
            limit = max(5, len(portal.at(day - timedelta(days=1))) // 10)
            assert count <= limit or (portal.source, day) in meant


# ------------------------------------------------------------------------------------------------------------ schedule
def test_schedule_when_walked_then_is_ordered_modest_and_within_each_life(world: World) -> None:
    polls = list(world.schedule())
    assert polls == sorted(polls)
    assert 3_000 < len(polls) < 8_000
    for moment, source in polls:
        first, after_last = world.life(source)
        assert first <= moment.date() < after_last


def test_schedule_when_an_event_comes_then_polls_daily_around_it(world: World) -> None:
    days = {moment.date() for moment, source in world.schedule() if source == "oostende-page"}
    assert {date(2018, 12, 8) + timedelta(days=offset) for offset in range(12)} <= days


def test_sources_when_made_then_every_option_is_known_to_its_kind(world: World) -> None:
    sources = world.sources(dict.fromkeys(world.portals, "http://127.0.0.1:9"))
    assert len(sources) == len(world.portals)
    for source in sources:
        OPTIONS[source.kind](**source.options)
    assert next(source for source in sources if source.id == "brugge").successor_of == ("brugge-page",)


# ------------------------------------------------------------------------------------------------------------- serving
def described(body: bytes, content_type: str) -> int:
    """The datasets an RDF document describes."""
    store = Store()
    store.load(body, format=RdfFormat.from_media_type(content_type.partition(";")[0]))
    return len(list(store.quads_for_pattern(None, None, NamedNode("http://www.w3.org/ns/dcat#Dataset"))))


def listed(ask: Ask, portal: Portal, script: SimPortal) -> tuple[int, int]:
    """What a portal answers: its status, and how many datasets it shows."""
    if script.kind == "opendatasoft":
        reply = ask(portal, "/api/explore/v2.1/catalog/exports/json")
        return reply.status, len(reply.json) if reply.status == 200 else 0
    if script.kind == "arcgis_hub":
        reply = ask(portal, "/api/feed/dcat-us/1.1.json")
        return reply.status, len(reply.json["dataset"]) if reply.status == 200 else 0
    reply = ask(portal, script.path)
    if script.kind == "dcat":
        return reply.status, described(reply.body, reply.headers["content-type"]) if reply.status == 200 else 0
    soup = BeautifulSoup(reply.body, "html.parser")
    themes = [ask(portal, str(link["href"])).body for link in soup.select("div.user-content a")]
    headings = sum(len(BeautifulSoup(theme, "html.parser").select("h4")) for theme in themes)
    return reply.status, headings + len(soup.select("li.item, div.views-row"))


@pytest.mark.parametrize(
    "day", [date(2016, 1, 4), date(2018, 1, 15), date(2020, 1, 6), date(2025, 4, 1), date(2026, 11, 9)]
)
def test_portals_when_served_on_a_quiet_day_then_show_the_truth(
    ask: Ask, world: World, portals: Mapping[str, Portal], day: date
) -> None:
    world.at(day)
    for city in world.cities:
        truth = world.truth(city, day)
        for source, count in truth.listed.items():
            path = world.portals[source]
            if source == "oostende-page" and day >= date(2020, 2, 3):
                continue  # its old address redirects: a test of its own
            assert (source, *listed(ask, portals[source], path)) == (source, 200, count)


@pytest.mark.parametrize(
    ("source", "day", "status", "count"),
    [
        ("gent", date(2020, 7, 20), 503, 0),
        ("gent", date(2022, 10, 12), 200, 110),
        ("antwerpen-hub", date(2019, 9, 10), 403, 0),
        ("oostende-page", date(2018, 12, 11), 200, 0),
        ("brugge-page", date(2021, 5, 10), 200, 0),
        ("brugge-page", date(2025, 5, 13), 404, 0),
        ("antwerpen-datatank", date(2018, 3, 5), 404, 0),
    ],
)
def test_portal_when_in_trouble_then_does_not_show_the_truth(
    ask: Ask, world: World, portals: Mapping[str, Portal], source: str, day: date, status: int, count: int
) -> None:
    world.at(day)
    assert listed(ask, portals[source], world.portals[source]) == (status, count)
    assert any(event.source == source for event in world.truth(world.portals[source].city, day).events)


def test_kortrijk_when_it_has_vanished_then_every_connection_breaks(
    ask: Ask, world: World, portals: Mapping[str, Portal]
) -> None:
    world.at(date(2019, 10, 8))
    with pytest.raises(ConnectionError):
        ask(portals["kortrijk-datatank"], "/api/dcat")


def test_oostende_when_its_address_has_changed_then_the_old_one_leads_there(
    ask: Ask, world: World, portals: Mapping[str, Portal]
) -> None:
    day = date(2020, 3, 2)
    world.at(day)
    moved = ask(portals["oostende-page"], "/opendata.aspx")
    assert (moved.status, moved.headers["location"]) == (301, "/opendata")
    soup = BeautifulSoup(ask(portals["oostende-page"], "/opendata").body, "html.parser")
    links = [str(link["href"]) for link in soup.select("li.item a")]
    assert len(links) == world.truth("oostende", day).own
    entry = ask(portals["oostende-page"], links[0])
    assert entry.status == 301
    assert ask(portals["oostende-page"], entry.headers["location"]).status == 200


def test_leuven_when_its_page_appears_then_the_watched_address_answers(
    ask: Ask, world: World, portals: Mapping[str, Portal]
) -> None:
    answers = []
    for day in (date(2020, 3, 5), date(2020, 3, 6)):
        world.at(day)
        answers.append(ask(portals["leuven-watch"], "/opendata").status)
    assert answers == [404, 200]


def test_world_when_served_by_another_process_then_follows_our_clock(ask: Ask) -> None:
    world = World(date(2025, 1, 1), date(2025, 12, 31))
    with world.serving() as urls:
        assert set(urls) == set(world.portals)
        port = int(urls["gent"].rpartition(":")[2])
        for day in (date(2025, 2, 12), date(2025, 6, 2)):
            world.at(day)
            answer = ask(Elsewhere(port), "/api/explore/v2.1/catalog/datasets?limit=1").json
            assert answer["total_count"] == world.truth("gent", day).listed["gent"]
    with pytest.raises(ConnectionRefusedError):
        ask(Elsewhere(port), "/")


class Elsewhere:
    """A portal of which only the port is known here."""

    def __init__(self, port: int) -> None:
        self.port = port
