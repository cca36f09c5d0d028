"""Antwerpen: a DataTank until 2018, then an ArcGIS Hub that changes all its identifiers and is touched in masses."""

from dataclasses import replace
from datetime import date, timedelta

from harvester.demo import faults
from harvester.demo.authors import Style, Topic, by_place, dying, hexadecimal, life, number, slices, spread, topics
from harvester.demo.dialects import arcgis_hub, dcat
from harvester.demo.life import Edit, Event, Life, SimPortal, at_noon
from harvester.demo.portal import App
from harvester.demo.truth import SimDataset

START, END = date(2016, 1, 1), date(2026, 12, 1)
HUB_OPENS, TANK_CLOSES = date(2018, 1, 1), date(2018, 3, 1)
NEW_IDS = date(2022, 1, 18)
FROZEN = date(2024, 2, 15)  # nothing is dated later until a year after
RENUMBERED = date(2024, 9, 10)
DISTRICTS = (
    "Antwerpen", "Berchem", "Berendrecht-Zandvliet-Lillo", "Borgerhout", "Deurne", "Ekeren", "Hoboken", "Merksem",
    "Wilrijk",
)  # fmt: skip
OWNER = "stadAntwerpen"
MODEL_LICENSE = "<a href='https://data.vlaanderen.be/id/licentie/modellicentie-gratis-hergebruik/v1.0'>Model</a>"
# One more layer happens to be renewed on the second of these days.
MASS_TOUCHES = ((date(2023, 1, 1), 128), (date(2024, 1, 15), 57), (FROZEN, 136))


def described(topic: Topic) -> str:
    """As the city's map service writes it: nothing at all for a third, else HTML that alone tells the frequency."""
    if number(f"antwerpen {topic.title}", 3) == 0:
        return "&nbsp;<div></div>&nbsp;"
    return (
        f"<div style='text-align:Left;'><p><b>Samenvatting:</b></p><p>{topic.text}</p></div>"
        f"\n<br />&nbsp;Beheer: GIS-beheer\n<br />&nbsp;Frequentie: {topic.frequency}"
    )


TANK_STYLE = Style(
    "Stad Antwerpen", license="Open Data Licentie", identify=lambda slug: f"data/{slug}", frequencies=False
)
HUB_STYLE = Style(
    publisher="Stad Antwerpen",
    identify=lambda slug: f"{hexadecimal('antwerpen ' + slug)}_{number(slug, 900)}",
    describe=described,
    frequencies=False,
)


def portals() -> tuple[SimPortal, SimPortal]:
    return data_tank(), hub()


def data_tank() -> SimPortal:
    """One Turtle document; the portal moves to the Hub, and both answer for two months."""
    births = [START] * 100 + spread(date(2016, 3, 1), date(2017, 11, 1), 25)
    lives = [
        life(one, TANK_STYLE, "antwerpen", born, TANK_CLOSES)
        for one, born in zip(subjects()[:125], births, strict=True)
    ]
    moving = Event(HUB_OPENS, "portal_moves", "Het portaal verhuist naar een Hub.", 7)
    closing = Event(TANK_CLOSES, "portal_closes", "De oude DataTank antwoordt 404.", 7, ("failed",))
    return SimPortal(
        source="antwerpen-datatank",
        city="antwerpen",
        kind="dcat",
        public="https://datasets.antwerpen.example",
        speak=lambda datasets: dcat(datasets, "ttl", path="/api/dcat"),
        opens=START,
        closes=TANK_CLOSES,
        forgotten=TANK_CLOSES + timedelta(days=28),
        path="/api/dcat",
        lives=tuple(lives),
        events=(moving, closing),
    )


def hub() -> SimPortal:
    """489 on 2021-01-12, 522 in 2023-09, 492 on 2025-02-12; 385 titles outlive the change of identifiers."""
    events = (
        Event(HUB_OPENS, "portal_opens", "Nieuw portaal met 93 datasets van dezelfde dag."),
        Event(date(2019, 9, 2), "blocked", "De Hub weigert onbekende clients: HTTP 403.", 21, ("failed",), forbidden),
        Event(date(2020, 3, 2), "federated", "Tien lagen van de provincie worden mee getoond."),
        Event(NEW_IDS, "ids_changed", "Elk kenmerk verandert; 385 van de 489 titels blijven.", 1, ("held",)),
        Event(date(2023, 1, 1), "mass_touch", "128 datasets krijgen dezelfde wijzigingsdatum."),
        Event(date(2023, 1, 30), "published", "92 nieuwe lagen in twee dagen.", 2),
        Event(FROZEN, "mass_touch", "136 datasets krijgen dezelfde wijzigingsdatum."),
        Event(date(2024, 5, 28), "withdrawn", "63 lagen verdwijnen samen: een echte opruiming.", 1, ("held",)),
        Event(RENUMBERED, "slugs_renamed", "Twintig adressen krijgen een volgnummer."),
    )
    return SimPortal(
        source="antwerpen-hub",
        city="antwerpen",
        kind="arcgis_hub",
        public="https://portaal-stadantwerpen.opendata.arcgis.com",
        speak=lambda datasets: arcgis_hub(datasets, owner=OWNER),
        opens=HUB_OPENS,
        closes=END,
        forgotten=END,
        lives=(*hub_lives(), *guests()),
        events=events,
        options={"publishers": ["Stad Antwerpen"]},
        successor_of=("antwerpen-datatank",),
    )


def forbidden(app: App) -> App:
    return faults.status(app, 403)


def subjects() -> list[Topic]:
    """More than 690 subjects: the general ones, those by district, yearly statistics and air maps."""
    air = [
        Topic(
            f"{year} {name}",
            "Milieu en natuur",
            ("lucht",),
            "onregelmatig",
            "G",
            f"Gemodelleerde jaargemiddelden, {year}.",
        )
        for year in range(2012, 2022)
        for name in ("elementair koolstof", "fijn stof PM10", "fijn stof PM2.5", "stikstofdioxide", "ozon")
    ]
    yearly = [one for _, one in slices(11, range(2009, 2017))]
    return [*topics(), *by_place(DISTRICTS, topics()[:50]), *air, *yearly]


def hub_lives() -> list[Life]:
    """The cohorts of the script, in the order of their births."""
    births = [HUB_OPENS] * 93 + spread(date(2018, 1, 15), TANK_CLOSES, 32)
    births += spread(date(2018, 3, 5), date(2021, 1, 10), 364)
    births += [NEW_IDS] * 34 + [date(2022, 3, 7)] * 2
    births += [date(2023, 1, 30)] * 28 + [date(2023, 1, 31)] * 64
    births += spread(date(2023, 10, 3), FROZEN, 53) + spread(date(2025, 3, 3), date(2026, 11, 1), 20)
    lives = [hub_life(one, born) for one, born in zip(subjects(), births, strict=False)]
    # Those that end: 34 at the change of identifiers, 61 in 2023, then 20 and, in one go, 63.
    ends = [NEW_IDS] * 34 + [date(2023, 3, 14)] * 20 + [date(2023, 5, 16)] * 20 + [date(2023, 7, 11)] * 21
    ends += [date(2023, 11, 14)] * 20 + [date(2024, 5, 28)] * 63
    doomed = slice(150, 150 + len(ends))
    lives[doomed] = dying(lives[doomed], ends)
    return mass_touched([scripted(one, index) for index, one in enumerate(lives)])


def hub_life(one: Topic, born: date) -> Life:
    """A layer: moved by republishing until the dates freeze; only 15 have a license."""
    made = life(one, HUB_STYLE, "antwerpen", born, min(END, FROZEN))
    if number(f"license {one.title}", 33) == 0:
        made = replace(made, dataset=replace(made.dataset, license=MODEL_LICENSE))
    return made if born < NEW_IDS else replace(made, dataset=named_anew(made.dataset))


def scripted(one: Life, index: int) -> Life:
    """What happens to all: new identifiers in 2022, with a new title for 70 of them; a number suffix for 20 in 2024."""
    edits = list(one.edits)
    if one.born < NEW_IDS:
        edits.append(Edit(NEW_IDS, named_anew))
        if (index % 7 == 0 and index < 490) or index < 6:
            edits.append(Edit(NEW_IDS, lambda known: replace(known, title=f"{known.title} (publiek)")))
    if 10 <= index < 30:
        edits.append(Edit(RENUMBERED, lambda known: replace(known, slug=f"{known.slug}-1", id=f"{known.id}b")))
    kept = [edit for edit in edits if one.died is None or edit.day < one.died]
    return replace(one, edits=tuple(sorted(kept, key=lambda edit: edit.day)))


def named_anew(known: SimDataset) -> SimDataset:
    """Without a layer number the address is made of owner and slug."""
    return replace(known, id=hexadecimal(f"opnieuw {known.slug}"))


def mass_touched(lives: list[Life]) -> list[Life]:
    """On three days many layers get one and the same date, and it is their last for long."""
    alive = [index for index, one in enumerate(lives) if one.born < date(2023, 1, 1) and one.died is None]
    for day, count in MASS_TOUCHES:
        for index in alive[:count]:
            edits = [edit for edit in lives[index].edits if edit.day < day or edit.day == RENUMBERED]
            moved = Edit(day, lambda known, day=day: replace(known, modified=at_noon(day, 0)))  # type: ignore[misc]
            lives[index] = replace(lives[index], edits=tuple(sorted([*edits, moved], key=lambda edit: edit.day)))
        alive = alive[count:]
    return lives


def guests() -> list[Life]:
    """Layers of the province, shown since 2020."""
    made = [
        life(one, HUB_STYLE, "provincie", date(2020, 3, 2), FROZEN) for one in by_place(["provincie"], topics()[60:70])
    ]
    return [
        replace(one, dataset=replace(one.dataset, home="geo.provincie.example", publisher="Provincie")) for one in made
    ]
