"""Brugge: a page filled at hackathons until 2025, then an Opendatasoft portal."""

from dataclasses import replace
from datetime import date, timedelta

from harvester.demo.authors import Style, by_place, hexadecimal, life, live_topics, spread, topics
from harvester.demo.dialects import brugge_page, opendatasoft
from harvester.demo.life import Edit, Event, EventKind, Life, SimPortal, Trouble
from harvester.demo.portal import Answer, App, Request

START, END = date(2016, 1, 1), date(2026, 12, 1)
PORTAL_OPENS, PAGE_CLOSES = date(2025, 3, 10), date(2025, 5, 12)
PAGE_STYLE = Style("Stad Brugge", dates=False, frequencies=False)
PORTAL_STYLE = Style(
    publisher="Stad Brugge",
    license="Creative Commons Zero v1.0",
    license_url="https://creativecommons.org/publicdomain/zero/1.0/",
    identify=lambda slug: f"da_{hexadecimal('brugge ' + slug, 3)}",
)
PAGE_OPTIONS = {
    "mode": "headings",
    "entry": "div.user-content h4",
    "lists": "div.user-content a[href*='open-data-']",
    "labels": ["Omschrijving", "Bestandsformaten"],
    "description": "p:has(em)",
    "files": "p:has(span) a[href]",
}


def portals() -> tuple[SimPortal, SimPortal]:
    return page(), portal()


def subjects_and_births() -> list[tuple[str, date]]:
    """98 titles: 40 at the start, the others at three hackathons."""
    births = [START] * 40 + [date(2016, 3, 7)] * 15 + [date(2017, 10, 16)] * 20 + [date(2018, 11, 12)] * 23
    return list(zip([one.title for one in topics()], births, strict=False))


def page() -> SimPortal:
    """Headings, paragraphs and links; no dates, no license. For two weeks in 2021 a redesign breaks every selector."""
    lives = [life(topics()[index], PAGE_STYLE, "brugge", born, PAGE_CLOSES) for index, (_, born) in enumerate(subjects_and_births())]
    lives[:5] = [replace(one, edits=(*one.edits, RETITLED)) for one in lives[:5]]
    redesign = event(date(2021, 5, 3), 14, "redesign", "De opmaak verandert: koppen zijn h3 in plaats van h4.", ("failed",))
    events = (
        event(date(2016, 3, 7), 1, "published", "Hackathon: vijftien datasets."),
        event(date(2017, 10, 16), 1, "published", "Hackathon: twintig datasets."),
        event(date(2018, 11, 12), 1, "published", "Hackathon: drieëntwintig datasets."),
        redesign,
        event(PORTAL_OPENS, 7, "portal_moves", "Een nieuw portaal naast de pagina."),
        event(PAGE_CLOSES, 14, "portal_closes", "De pagina antwoordt 404.", ("failed",)),
    )
    return SimPortal(
        source="brugge-page",
        city="brugge",
        kind="html",
        public="https://www.brugge.be/opendata",
        speak=brugge_page,
        opens=START,
        closes=PAGE_CLOSES,
        forgotten=date(2025, 7, 14),
        path="/opendata",
        lives=tuple(lives),
        events=events,
        troubles=(Trouble(redesign, redesigned),),
        options=PAGE_OPTIONS,
    )


RETITLED = Edit(date(2019, 9, 2), lambda known: replace(known, title=f"{known.title} (adressen)"))


def redesigned(app: App) -> App:
    """Every heading gets another level, so that a selector for h4 finds nothing."""

    def answer(request: Request) -> Answer:
        good = app(request)
        body = good.body if isinstance(good.body, bytes) else b""
        headers = {name: value for name, value in good.headers.items() if name != "ETag"}
        return Answer(200, headers, body.replace(b"h4>", b"h3>").replace(b"user-content", b"inhoud")) if body else good

    return answer


def portal() -> SimPortal:
    """The 98 of the page under new identifiers, 14 more at once, then one a month and three live ones."""
    births = [PORTAL_OPENS] * len(topics()) + spread(date(2025, 4, 7), date(2026, 11, 1), 20)
    subjects = [*topics(), *by_place(["in de deelgemeenten"], topics()[:20])]
    lives: list[Life] = [life(one, PORTAL_STYLE, "brugge", born, END) for one, born in zip(subjects, births, strict=True)]
    lives += [life(one, PORTAL_STYLE, "brugge", date(2025, 9, 1), END) for one in live_topics()[:3]]
    return SimPortal(
        source="brugge",
        city="brugge",
        kind="opendatasoft",
        public="https://data.brugge.be",
        speak=opendatasoft,
        opens=PORTAL_OPENS,
        closes=END,
        forgotten=END,
        lives=tuple(lives),
        events=(event(PORTAL_OPENS, 1, "portal_opens", "Nieuw portaal.", source="brugge"),),
        successor_of=("brugge-page",),
    )


def event(
    day: date, days: int, kind: EventKind, note: str, expected: tuple[str, ...] = (), source: str = "brugge-page"
) -> Event:  # noqa: PLR0913
    return Event(day, day + timedelta(days=days), "brugge", source, kind, note, expected)
