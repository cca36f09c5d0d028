"""Every Dutch text of the pages, and how Dutch says times and numbers. A translation replaces these tables."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from catalog.condition import Condition

CONDITIONS: Mapping[Condition, str] = {
    Condition.HELD: "wacht op beslissing",
    Condition.BLOCKED: "geblokkeerd",
    Condition.DOWN: "stuk",
    Condition.FAULTY: "gebrekkig",
    Condition.STALE: "verouderd",
    Condition.NEVER: "nog niet gemeten",
    Condition.UP: "werkt",
    Condition.DISABLED: "uitgeschakeld",
}

ADVICE: Mapping[Condition, str] = {
    Condition.HELD: "Er zou meer verdwijnen dan geloofwaardig is. Tot je release of reject zegt, blijft alles staan.",
    Condition.BLOCKED: "Het portaal weigert onze vragen. Spreek de beheerder aan, of vraag een sleutel.",
    Condition.DOWN: "Het portaal antwoordt niet. We proberen het vanzelf opnieuw en verwijderen niets.",
    Condition.FAULTY: "De laatste oogst is niet volledig gelukt. We verwijderen niets en proberen het opnieuw.",
    Condition.STALE: "De laatste volledige oogst is te lang geleden. Kijk na of de oogst nog loopt.",
}

ERRORS: Mapping[str, str] = {
    "dns": "de naam van het portaal is niet gevonden",
    "tls": "de beveiligde verbinding is niet gelukt",
    "connection": "de verbinding is geweigerd of verbroken",
    "timeout": "het portaal antwoordde niet op tijd",
    "http": "het portaal antwoordde met een fout",
    "blocked": "het portaal liet ons niet binnen",
    "too_large": "het antwoord was te groot",
    "refused_address": "het adres is niet openbaar",
    "parse": "het antwoord was niet te lezen",
    "loop": "de pagina's verwijzen naar elkaar in een kring",
    "empty": "het portaal toonde onverwacht niets",
    "config": "onze instelling voor deze bron klopt niet",
    "bug": "de fout ligt bij ons",
}

TEXTS: Mapping[str, str] = {
    "name": "Datapeil",
    "tagline": "Hoe staat het met de open data van de Vlaamse centrumsteden?",
    "skip": "Naar de inhoud",
    "demo": "Demonstratie: gesimuleerde portalen",
    "as_of": "Stand van",
    "board": "De steden in één oogopslag",
    "caption": "Per stad: de toestand van de bronnen, de datasets en wat er veranderde in dertig dagen.",
    "city": "Stad",
    "level": "Niveau",
    "level_unknown": "nog niet gemeten",
    "condition": "Toestand van de bronnen",
    "harvest": "Laatste volledige oogst",
    "no_harvest": "nog geen",
    "next_harvest": "verwacht",
    "present": "Aanwezig",
    "missing": "Vermist",
    "withdrawn": "Verdwenen",
    "recent": "In dertig dagen",
    "created": "nieuw",
    "gone": "verdwenen",
    "nothing_changed": "geen",
    "issues": "Opmerkingen",
    "no_source": "nog geen bron",
    "attention": "Wacht op een mens",
    "attention_none": "Niets wacht op jou.",
    "run": "oogst",
    "complete": "volledig geoogst",
    "never_harvested": "nog niet volledig geoogst",
    "sources_of": "bronnen van",
    "evidence": "Bewijs",
    "legend": "Wat de woorden betekenen",
    "version": "versie",
    "metrics": "Metingen voor Prometheus",
    "api": "Beschrijving van de API",
    "back": "Naar het overzicht",
}

LEGEND: Mapping[str, str] = {
    "Aanwezig": "stond op het portaal bij de laatste volledige oogst.",
    "Vermist": "stond er toen niet meer. We wachten nog even: een portaal hapert wel eens.",
    "Verdwenen": "bleef weg, en telt niet meer mee.",
    "Opmerkingen": "gegevens bij aanwezige datasets die we niet konden lezen of thuisbrengen.",
}

FAULTS: Mapping[int, tuple[str, str]] = {
    404: ("Deze pagina bestaat niet", "Het adres klopt niet, of de pagina is er nog niet."),
    405: ("Dat kan hier niet", "Deze pagina kun je alleen bekijken."),
    500: ("Er ging iets mis bij ons", "We hebben het genoteerd. Probeer het straks opnieuw."),
    503: ("De gegevens zijn even niet bereikbaar", "De database antwoordt niet. Probeer het over een minuut opnieuw."),
}
FAULT = ("Dat is niet gelukt", "Ga terug naar het overzicht en probeer het opnieuw.")

MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
    "december",
)  # fmt: skip
MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = (
    (45 * MINUTE, MINUTE, "minuut", "minuten"),
    (22 * HOUR, HOUR, "uur", "uur"),
    (26 * DAY, DAY, "dag", "dagen"),
    (320 * DAY, 30.4 * DAY, "maand", "maanden"),
)
YEAR = 365.25 * DAY


def ago(then: datetime, now: datetime) -> str:
    """`3 uur geleden`, `zonet`, `over 2 dagen`."""
    seconds = (now - then).total_seconds()
    if abs(seconds) < MINUTE:
        return "zonet" if seconds >= 0 else "dadelijk"
    return f"{span(seconds)} geleden" if seconds > 0 else f"over {span(seconds)}"


def span(seconds: float) -> str:
    """A stretch of time in the one unit that fits: `3 uur`, `1 maand`."""
    length = abs(seconds)
    for limit, unit, one, many in STEPS:
        if length < limit:
            count = max(1, round(length / unit))
            return f"{count} {one if count == 1 else many}"
    return f"{max(1, round(length / YEAR))} jaar"


def exactly(at: datetime) -> str:
    """`23 november 2026 om 22:15 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year} om {at:%H:%M} UTC"


def every(interval: timedelta) -> str:
    """`elke 6 uur`, `elke dag`."""
    text = span(interval.total_seconds())
    return f"elke {text.removeprefix('1 ')}" if not text.startswith("1 uur") else "elk uur"


def number(value: int) -> str:
    """Thousands apart by a point, as Dutch does: `12.345`."""
    return f"{value:,}".replace(",", ".")
