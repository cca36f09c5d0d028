"""Brugge: a page filled at hackathons until 2025, then an Opendatasoft portal."""

from dataclasses import replace
from datetime import date

from harvester.demo.authors import Style, by_place, hexadecimal, life, live_topics, spread, topics
from harvester.demo.dialects import brugge_page, opendatasoft
from harvester.demo.life import Edit, Event, Life, SimPortal
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


SECTIONS = {
    "Mobiliteit": "Mobiliteit",
    "Milieu en natuur": "Milieu en natuur",
    "Energie": "Milieu en natuur",
    "Cultuur": "Cultuur en vrije tijd",
    "Vrije tijd": "Cultuur en vrije tijd",
    "Sport": "Cultuur en vrije tijd",
    "Toerisme": "Cultuur en vrije tijd",
    "Onderwijs": "Mensen",
    "Welzijn": "Mensen",
    "Gezondheid": "Mensen",
    "Wonen": "Mensen",
}


def births() -> list[date]:
    """98 titles: 40 at the start, the others at three hackathons."""
    return [START] * 40 + [date(2016, 3, 7)] * 15 + [date(2017, 10, 16)] * 20 + [date(2018, 11, 12)] * 23


def page() -> SimPortal:
    """Headings, paragraphs and links; no dates, no license. For two weeks in 2021 a redesign breaks every selector."""
    lives = [life(one, PAGE_STYLE, "brugge", born, PAGE_CLOSES) for one, born in zip(topics(), births(), strict=False)]
    lives = [replace(one, dataset=replace(one.dataset, themes=(section(one),))) for one in lives]
    lives[:5] = [replace(one, edits=(*one.edits, RETITLED)) for one in lives[:5]]
    events = (
        Event(date(2016, 3, 7), "published", "Hackathon: vijftien datasets."),
        Event(date(2017, 10, 16), "published", "Hackathon: twintig datasets."),
        Event(date(2018, 11, 12), "published", "Hackathon: drieëntwintig datasets."),
        Event(date(2021, 5, 3), "redesign", "Een nieuwe opmaak: geen kop heet nog h4.", 14, ("failed",), redesigned),
        Event(PORTAL_OPENS, "portal_moves", "Een nieuw portaal naast de pagina.", 7),
        Event(PAGE_CLOSES, "portal_closes", "De pagina antwoordt 404.", 14, ("failed",)),
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
        options=PAGE_OPTIONS,
    )


def section(one: Life) -> str:
    """The page has fewer themes than others."""
    return SECTIONS.get(one.dataset.themes[0], "Stad en bestuur")


RETITLED = Edit(date(2019, 9, 2), lambda known: replace(known, title=f"{known.title} (adressen)"))


def redesigned(app: App) -> App:
    """Every heading gets another level, so that a selector for h4 finds nothing."""

    def answer(request: Request) -> Answer:
        # Nobody is told that nothing changed: what is broken has another ETag.
        known = {name: value for name, value in request.headers.items() if name != "if-none-match"}
        good = app(replace(request, headers=known))
        body = good.body if isinstance(good.body, bytes) else b""
        headers = {name: value for name, value in good.headers.items() if name != "ETag"}
        return Answer(200, headers, body.replace(b"h4>", b"h3>").replace(b"user-content", b"inhoud")) if body else good

    return answer


def portal() -> SimPortal:
    """The 98 of the page under new identifiers, 14 more at once, then one a month and three live ones."""
    opened = [PORTAL_OPENS] * len(topics()) + spread(date(2025, 4, 7), date(2026, 11, 1), 20)
    subjects = [*topics(), *by_place(["in de deelgemeenten"], topics()[:20])]
    lives: list[Life] = [
        life(one, PORTAL_STYLE, "brugge", born, END) for one, born in zip(subjects, opened, strict=True)
    ]
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
        events=(Event(PORTAL_OPENS, "portal_opens", "Nieuw portaal."),),
        successor_of=("brugge-page",),
    )
