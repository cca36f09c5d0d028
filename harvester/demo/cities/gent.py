"""Gent: one Opendatasoft portal all the time, growing, with yearly slices, live data and federated entries."""

from dataclasses import replace
from datetime import date, timedelta

from harvester.demo import faults
from harvester.demo.authors import Style, Topic, by_place, dying, hexadecimal, life, live_topics, slices, spread, topics
from harvester.demo.dialects import opendatasoft
from harvester.demo.life import Edit, Event, Life, SimPortal
from harvester.demo.portal import App
from harvester.demo.truth import Dialect, Listing

START, END = date(2016, 1, 1), date(2026, 12, 1)
SERIES = 10
RENAMING = date(2022, 6, 14)
FEDERATION = date(2019, 5, 6)
STYLE = Style(
    publisher="Stad Gent",
    license="Modellicentie Gratis Hergebruik",
    license_url="https://data.vlaanderen.be/id/licentie/modellicentie-gratis-hergebruik/v1.0",
    identify=lambda slug: f"da_{hexadecimal('gent ' + slug, 3)}",
    describe=lambda topic: (
        f"<p>{topic.text}</p><p>Meer op <a href='https://stad.gent.example/open-data'>de site</a>.</p>"
    ),
)


def portal() -> SimPortal:
    """260 own datasets on 2025-02-12, 100 of them yearly slices; 35 gone and 48 new since 2023-09."""
    events = (
        Event(FEDERATION, "federated", "Twaalf datasets van andere organisaties worden mee getoond."),
        Event(date(2020, 7, 13), "outage", "Storing bij de leverancier: HTTP 503.", 21, ("failed",), unavailable),
        Event(RENAMING, "slugs_renamed", "Acht adressen kregen een andere naam; het kenmerk bleef."),
        Event(date(2022, 10, 11), "drop", "De zoekindex toont en telt maar 110 datasets.", 3, ("held",), half_an_index),
    )
    return SimPortal(
        source="gent",
        city="gent",
        kind="opendatasoft",
        public="https://data.stad.gent",
        speak=opendatasoft,
        opens=START,
        closes=END,
        forgotten=END,
        lives=(*regular(), *yearly(), *live(), *federated()),
        events=events,
    )


def unavailable(app: App) -> App:
    return faults.status(app, 503)


def half_an_index(app: App) -> App:
    return (
        faults.shown(app, lambda listing: Listing.honest(listing.items[:110]), None)
        if isinstance(app, Dialect)
        else app
    )


def regular() -> list[Life]:
    """115 until 2023-09 (five of them gone in 2024), 35 more until 2025-02, then one a month."""
    births = [START] * 50 + spread(START, date(2023, 9, 1), 65)
    births += spread(date(2023, 10, 2), date(2025, 2, 1), 35) + spread(date(2025, 3, 3), date(2026, 11, 1), 20)
    subjects = [*topics(), *by_place(["per wijk"], topics())][: len(births)]
    lives = [life(one, STYLE, "gent", born, END) for one, born in zip(subjects, births, strict=True)]
    doomed = slice(110, 115)
    lives[doomed] = dying(lives[doomed], [date(2024, 6, 4)] * 5)
    lives[:8] = [replace(one, edits=(*one.edits, RENAMED)) for one in lives[:8]]
    return [replace(one, edits=tuple(sorted(one.edits, key=lambda edit: edit.day))) for one in lives]


RENAMED = Edit(RENAMING, lambda known: replace(known, slug=f"{known.slug}-gent"))


def yearly() -> list[Life]:
    """Ten slices a year, in the spring after it; those of 2011 to 2013 go in 2024, five at a time."""
    lives = [life(one, STYLE, "gent", published(year, one), END) for year, one in slices(SERIES, range(2011, 2026))]
    lives[:30] = dying(lives[:30], [date(2023, 11, 7) + timedelta(weeks=8 * (index // 5)) for index in range(30)])
    return lives


def published(year: int, one: Topic) -> date:
    return max(START, date(year + 1, 3, 1) + timedelta(days=len(one.title) % 40))


def live() -> list[Life]:
    births = (
        [START] * 4 + spread(date(2016, 9, 1), date(2023, 1, 1), 8) + spread(date(2023, 12, 1), date(2025, 1, 1), 3)
    )
    return [life(one, STYLE, "gent", born, END) for one, born in zip(live_topics(), births, strict=True)]


def federated() -> list[Life]:
    """Entries of other organisations, shown since 2019."""
    homes = ("opendata.vlaanderen.example", "data.fluvia.example", "opendata.rail.example")
    lives = [
        life(one, STYLE, "gent-federated", FEDERATION, END) for one in by_place(["in Vlaanderen"], topics()[40:52])
    ]
    return [guest(one, homes[index % 3]) for index, one in enumerate(lives)]


def guest(one: Life, home: str) -> Life:
    owner = home.partition(".")[2].partition(".")[0].capitalize()
    dataset = replace(one.dataset, home=home, slug=f"{one.dataset.slug}@{owner.lower()}", publisher=owner)
    return replace(one, dataset=dataset)
