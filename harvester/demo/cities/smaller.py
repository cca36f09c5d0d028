"""Kortrijk, Mechelen, Oostende and Sint-Niklaas: a portal that vanishes, a late Hub, an old page, a test page."""

from dataclasses import replace
from datetime import date

from harvester.demo import faults
from harvester.demo.authors import Style, hexadecimal, life, live_topics, number, spread, topics
from harvester.demo.dialects import arcgis_hub, dcat, html_list, oostende_page
from harvester.demo.life import Edit, Event, Life, SimPortal
from harvester.demo.portal import Answer, App, Request, Reset
from harvester.demo.truth import Datasets, Dialect, Listing, SimFile

START, END = date(2016, 1, 1), date(2026, 12, 1)
TANK_CLOSES, PAGE_CLOSES = date(2019, 10, 7), date(2021, 12, 6)
HUB_OPENS = date(2019, 6, 3)
EMPTY_DAY = date(2018, 12, 11)
PLAIN_PATHS = date(2020, 2, 3)
TEST_PAGE_CLOSES = date(2019, 3, 4)


def portals() -> list[SimPortal]:
    return [kortrijk_tank(), kortrijk_page(), mechelen(), oostende(), sint_niklaas()]


# ------------------------------------------------------------------------------------------------------------ Kortrijk
KORTRIJK = Style(
    "Stad Kortrijk", license="Gratis Open Data Licentie Vlaanderen v1.0", identify=lambda slug: f"stad/{slug}"
)


def kortrijk_tank() -> SimPortal:
    """DCAT in XML, with live parking sensors; in 2019 the server stops answering at all."""
    births = [START] * 30 + spread(date(2016, 2, 1), date(2019, 9, 1), 12)
    lives = [
        life(one, KORTRIJK, "kortrijk", born, TANK_CLOSES) for one, born in zip(topics()[40:82], births, strict=True)
    ]
    lives += [
        life(one, KORTRIJK, "kortrijk", date(2017, 4, 3), TANK_CLOSES)
        for one in (*live_topics()[:2], live_topics()[13])
    ]
    vanishing = Event(TANK_CLOSES, "portal_closes", "De server verbreekt elke verbinding.", 28, ("failed",))
    return SimPortal(
        source="kortrijk-datatank",
        city="kortrijk",
        kind="dcat",
        public="https://data.kortrijk.be",
        speak=lambda datasets: dcat(datasets, "rdf", path="/api/dcat"),
        opens=START,
        closes=TANK_CLOSES,
        forgotten=date(2019, 12, 2),
        path="/api/dcat",
        lives=tuple(lives),
        events=(vanishing,),
        gone=Answer(0, body=[Reset()]),
    )


def kortrijk_page() -> SimPortal:
    """A page of the city's own site beside it, with other datasets; it is gone after 2021."""
    style = replace(KORTRIJK, dates=False, frequencies=False)
    births = [START] * 10 + spread(date(2016, 5, 2), date(2021, 6, 1), 8)
    lives = [life(one, style, "kortrijk", born, PAGE_CLOSES) for one, born in zip(topics()[:18], births, strict=True)]
    return SimPortal(
        source="kortrijk-page",
        city="kortrijk",
        kind="html",
        public="https://www.kortrijk.be/opendata",
        speak=html_list,
        opens=START,
        closes=PAGE_CLOSES,
        forgotten=date(2022, 2, 7),
        path="/opendata",
        lives=tuple(lives),
        events=(Event(PAGE_CLOSES, "portal_closes", "De pagina is verdwenen: HTTP 404.", 14, ("failed",)),),
        options=LIST_OPTIONS,
    )


LIST_OPTIONS = {
    "entry": "div.views-row",
    "title": "h3",
    "description": "div.omschrijving",
    "license": "div.licentie",
    "files": "p.bestanden a[href]",
    "identifier": ["anchor", "title"],
}


# ------------------------------------------------------------------------------------------------------------ Mechelen
MECHELEN = Style(
    publisher="Stad Mechelen",
    license="<a href='https://creativecommons.org/licenses/by/4.0/deed.nl'>CC BY 4.0</a>",
    identify=lambda slug: hexadecimal("mechelen " + slug),
    describe=lambda topic: f"<div>{topic.text} <b>Bron:</b> stad Mechelen.</div>",
)


SHRINKS = date(2026, 11, 20)


def sixteen_less(app: App) -> App:
    """What the last days of the story leave to the operator who opens the board."""
    if not isinstance(app, Dialect):
        return app
    return faults.shown(app, lambda listing: Listing.honest(listing.items[:-16]), None)


def mechelen() -> SimPortal:
    """A new Hub in 2019 that grows slowly."""
    births = [HUB_OPENS] * 22 + spread(date(2019, 8, 5), date(2026, 10, 5), 46)
    lives = [life(one, MECHELEN, "mechelen", born, END) for one, born in zip(topics()[10:78], births, strict=True)]
    return SimPortal(
        source="mechelen-hub",
        city="mechelen",
        kind="arcgis_hub",
        public="https://portaal-mechelen.opendata.arcgis.com",
        speak=lambda datasets: arcgis_hub(datasets, owner="stadMechelen"),
        opens=HUB_OPENS,
        closes=END,
        forgotten=END,
        lives=tuple(lives),
        events=(
            Event(HUB_OPENS, "portal_opens", "Nieuw portaal."),
            Event(SHRINKS, "drop", "Zestien datasets minder; niemand weet nog waarom.", 7, ("held",), sixteen_less),
        ),
        options={"publishers": ["Stad Mechelen"]},
    )


# ------------------------------------------------------------------------------------------------------------ Oostende
OOSTENDE = Style("Stad Oostende", identify=lambda slug: str(10 + number(f"oostende {slug}", 90_000)), dates=False)


def oostende() -> SimPortal:
    """A list page in Latin-1 and a page for each dataset. Once it lists nothing for three days and looks well."""
    births = [START] * 10 + spread(date(2016, 9, 5), date(2025, 6, 2), 8)
    lives = [life(one, OOSTENDE, "oostende", born, END) for one, born in zip(topics()[50:68], births, strict=True)]
    return SimPortal(
        source="oostende-page",
        city="oostende",
        kind="html",
        public="https://www.oostende.be/opendata.aspx",
        speak=oostende_page,
        opens=START,
        closes=END,
        forgotten=END,
        path="/opendata.aspx",
        lives=tuple(with_new_files(one, index) for index, one in enumerate(lives)),
        events=(
            Event(EMPTY_DAY, "empty", "De lijst is leeg, maar de pagina klopt.", 3, ("held", "failed"), emptied),
            Event(
                PLAIN_PATHS, "address_changed", "Het adres verliest zijn .aspx.", (END - PLAIN_PATHS).days, (), moved
            ),
        ),
        options={
            "entry": "ul.dataviews li.item > a[href]",
            "follow": True,
            "title": "h1",
            "description": "div.opendata_long",
            "category": "ul.listcategorien a",
            "files": "div.odsub a.file",
            "identifier": ["query:id"],
        },
    )


def with_new_files(one: Life, index: int) -> Life:
    """A page without dates shows a change only by its files and text."""
    day = date(2017 + index % 9, 1 + index % 12, 6)
    more = SimFile("JSON", f"/files/{one.dataset.slug}.v2.json")
    edits = (Edit(day, lambda known: replace(known, files=(*known.files, more))),) if day > one.born else ()
    return replace(one, edits=edits)


def emptied(app: App) -> App:
    return faults.empty_list(app) if isinstance(app, Dialect) else app


def moved(app: App) -> App:
    """The old addresses lead to the new ones, and the pages there speak as before."""

    def answer(request: Request) -> Answer:
        if request.path.endswith(".aspx"):
            _, mark, query = request.target.partition("?")
            return Answer(301, {"Location": request.path.removesuffix(".aspx") + mark + query})
        if request.path.startswith("/opendata"):
            return app(replace(request, path=f"{request.path}.aspx", target=request.target.replace("?", ".aspx?", 1)))
        return app(request)

    return answer


# -------------------------------------------------------------------------------------------------------- Sint-Niklaas
def sint_niklaas() -> SimPortal:
    """A test page: for a year it is empty on purpose, then it lists three datasets, then it is gone."""
    style = Style("Stad Sint-Niklaas", dates=False, frequencies=False)
    births = [date(2017, 5, 8)] * 2 + [date(2018, 2, 5)]
    lives = [
        life(one, style, "sint-niklaas", born, TEST_PAGE_CLOSES) for one, born in zip(topics()[:3], births, strict=True)
    ]
    return SimPortal(
        source="sint-niklaas-page",
        city="sint-niklaas",
        kind="html",
        public="https://www.sint-niklaas.be/node/43232",
        speak=trial_page,
        opens=START,
        closes=TEST_PAGE_CLOSES,
        forgotten=date(2019, 4, 1),
        path="/node/43232",
        lives=tuple(lives),
        events=(Event(TEST_PAGE_CLOSES, "portal_closes", "De testpagina is weg: HTTP 404.", 14, ("failed",)),),
        options=LIST_OPTIONS | {"allow_empty": True, "marker": "p.leeg"},
    )


def trial_page(datasets: Datasets) -> App:
    return html_list(datasets, path="/node/43232")
