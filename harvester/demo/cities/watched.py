"""The organisations without a portal: pages that answer, or do not, and are worth a look now and then."""

from dataclasses import dataclass
from datetime import date

from harvester.demo.dialects.answers import HTML, NOT_FOUND
from harvester.demo.dialects.pages import document
from harvester.demo.life import Event, SimPortal
from harvester.demo.portal import Answer, App, Request
from harvester.demo.truth import Datasets

START, END = date(2016, 1, 1), date(2026, 12, 1)


@dataclass(frozen=True, slots=True)
class Watched:
    """One address of a city. From `answers_from` on it is a page with that text, before that it is not found."""

    city: str
    public: str
    text: str = ""
    answers_from: date | None = None
    opens: date = START
    closes: date = END


WATCHED = (
    Watched("aalst", "https://www.aalst.be/opendata"),
    Watched("genk", "https://www.genk.be/opendata"),
    Watched(
        "hasselt", "https://www.hasselt.be/opendata", "Cijfers over de stad staan bij de provincie.", date(2019, 10, 1)
    ),
    Watched(
        "leuven",
        "https://www.leuven.be/opendata",
        "De stad stelt haar data in een volgende stap open.",
        date(2020, 3, 6),
    ),
    Watched("roeselare", "https://www.roeselare.be/opendata"),
    Watched("turnhout", "https://www.turnhout.be/opendata", "Cijfers over de stadsregio.", date(2018, 3, 9)),
    Watched("vgc", "https://www.vgc.be/opendata"),
    Watched("mechelen", "https://www.mechelen.be/opendata", closes=date(2019, 8, 1)),
    Watched("sint-niklaas", "https://www.sint-niklaas.be/opendata", opens=date(2019, 4, 1)),
    Watched("kortrijk", "https://www.kortrijk.be/opendata", opens=date(2021, 12, 20)),
)


def portals() -> list[SimPortal]:
    return [portal(one) for one in WATCHED]


def portal(one: Watched) -> SimPortal:
    """A source of kind `watch`; it is always up, and says 404 until there is a page."""
    pages = [(one.opens, NOT_FOUND)]
    if one.answers_from:
        pages.append((one.answers_from, Answer(200, HTML, document("Open data", f"<main><p>{one.text}</p></main>"))))
    appears = [Event(one.answers_from, "page_answers", one.text)] if one.answers_from else []
    return SimPortal(
        source=f"{one.city}-watch",
        city=one.city,
        kind="watch",
        public=one.public,
        speak=silent,
        opens=one.opens,
        closes=one.closes,
        forgotten=one.closes,
        path="/opendata",
        events=tuple(appears),
        pages=tuple(pages),
    )


def silent(_: Datasets) -> App:
    """Nothing but 404."""

    def answer(_: Request) -> Answer:
        return NOT_FOUND

    return answer
