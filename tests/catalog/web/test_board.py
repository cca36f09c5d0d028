"""The board: what it counts, what it puts on top, and that it shows hostile text as text."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from catalog.condition import Condition
from catalog.journal import JobError, Outcome
from catalog.removal import Verdict
from catalog.web import words
from catalog.web.app import Dashboard
from catalog.web.board import board
from tests.catalog.web.conftest import CITIES, configured, later
from tests.catalog.written import NOW, Ledger, datasets, ended, gone, source

ClientOf = Callable[[Dashboard], httpx.Client]
LABELS = ("Niveau", "Toestand van de bronnen", "Laatste volledige oogst", "Aanwezig", "Vermist", "Verdwenen")


def page(client: httpx.Client) -> BeautifulSoup:
    answer = client.get("/")
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def told(soup: BeautifulSoup, city: str) -> dict[str, str]:
    """What the row of a city says under each heading."""
    row = soup.find("tr", id=city)
    assert isinstance(row, Tag)
    cells = {str(cell["data-label"]): " ".join(cell.get_text(" ").split()) for cell in row.find_all("td")}
    return {"Stad": row.find("th").get_text(strip=True)} | cells  # type: ignore[union-attr]


def test_board_when_nothing_was_harvested_yet_says_so_for_every_city(client: httpx.Client) -> None:
    soup = page(client)

    assert soup.html is not None
    assert soup.html["lang"] == "nl"
    assert [row["id"] for row in soup.select("tbody tr")] == list(CITIES)
    assert told(soup, "gent")["Toestand van de bronnen"].startswith("nog niet gemeten (2)")
    assert told(soup, "gent")["Laatste volledige oogst"] == "nog geen"
    assert told(soup, "roeselare")["Toestand van de bronnen"] == "nog geen bron"
    assert "Niets wacht op jou." in soup.get_text()


@pytest.mark.usefixtures("lived")
def test_board_when_something_happened_counts_it_by_city(client: httpx.Client) -> None:
    soup = page(client)

    kortrijk = told(soup, "kortrijk")
    assert [kortrijk[name] for name in LABELS[3:]] == ["3", "1", "1"]
    assert kortrijk["In dertig dagen"] == "+2 nieuw −1 verdwenen"
    assert kortrijk["Opmerkingen"] == "3"
    assert told(soup, "mechelen")["Aanwezig"] == "1.234"
    assert told(soup, "antwerpen")["In dertig dagen"] == "geen"
    assert told(soup, "kortrijk")["Niveau"] == "nog niet gemeten"


@pytest.mark.usefixtures("lived")
def test_board_when_it_tells_a_time_gives_it_in_three_forms(client: httpx.Client) -> None:
    cell = page(client).select_one("#gent td[data-label='Laatste volledige oogst'] time")

    assert cell is not None
    assert cell.get_text() == "2 uur geleden"
    assert cell["title"] == "10 maart 2026 om 10:00 UTC"
    assert cell["datetime"] == "2026-03-10T10:00:00.000Z"


@pytest.mark.usefixtures("lived")
def test_board_when_sources_need_a_person_names_them_on_top_worst_first(client: httpx.Client) -> None:
    soup = page(client)
    top = soup.select_one(".attention")
    table = soup.find("table")

    assert top is not None
    assert isinstance(table, Tag)
    assert top in list(table.find_all_previous("section"))
    words_on_top = [heading.get_text(strip=True) for heading in top.find_all("h3")]
    assert words_on_top == ["wacht op beslissing", "geblokkeerd", "stuk", "gebrekkig", "verouderd"]
    text = " ".join(top.get_text(" ").split())
    assert "Brugge : het portaal liet ons niet binnen (HTTP 403)" in text
    assert "Antwerpen : het portaal antwoordde niet op tijd" in text
    assert "Gent" not in text


@pytest.mark.usefixtures("lived")
def test_board_when_a_city_is_opened_shows_each_source_with_its_evidence(client: httpx.Client) -> None:
    soup = page(client)

    gent = [item.b.get_text() for item in soup.select("#gent details li") if item.b]
    leuven = soup.select_one("#leuven details")
    genk = soup.select_one("#genk details")
    assert gent == ["gent", "gent-swing"]
    assert leuven is not None
    assert "27 of 31 known datasets" in leuven.get_text()
    assert genk is not None
    assert "the portal of 2017 is gone" in genk.get_text()


def test_board_when_a_first_harvest_is_planned_says_when(
    ledger: Ledger, client: httpx.Client, dashboard: Dashboard
) -> None:
    error = JobError("dns", "no such name")
    ledger.run(configured("vgc"), ended(Outcome.FAILED, complete=False, error=error), hours_ago=1)

    assert told(page(client), "vgc")["Laatste volledige oogst"] == "verwacht over 5 uur"
    assert board(later(dashboard, days=1)).rows[-1].next_due == NOW + timedelta(hours=5)


def test_board_when_a_change_is_older_than_thirty_days_does_not_count_it(ledger: Ledger, dashboard: Dashboard) -> None:
    ledger.run(configured("gent"), ended(), 24 * 30 - 1, datasets("a"))

    assert board(dashboard).rows[4].created == 1
    assert board(later(dashboard, hours=2)).rows[4].created == 0


def test_board_when_a_dataset_is_gone_leaves_its_issues_out(ledger: Ledger, dashboard: Dashboard) -> None:
    known = datasets("a", "b")
    ledger.run(configured("gent"), ended(), 48, known)
    ledger.run(configured("gent"), ended(), 1, verdict=Verdict(withdrawn=(gone(configured("gent"), known[0]),)))

    row = board(dashboard).rows[4]

    assert (row.report.present, row.report.withdrawn, row.issues, row.withdrawn) == (1, 1, 1, 1)


def test_board_when_a_source_is_not_asked_any_more_leaves_all_of_it_out(ledger: Ledger, dashboard: Dashboard) -> None:
    ledger.run(source("gent"), ended(), new=datasets("a"))
    ledger.run(source("gent-swing", "gent"), ended(), new=datasets("b", "c"))
    sources = (source("gent"), source("gent-swing", "gent", enabled=False))

    row = board(replace(dashboard, sources=sources)).rows[4]

    assert (row.report.present, row.created, row.issues) == (1, 1, 1)


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\x1b[31m"


def test_board_when_texts_are_hostile_shows_them_as_harmless_text(
    ledger: Ledger, dashboard: Dashboard, client_of: ClientOf
) -> None:
    portal = source("gent", reason=HOSTILE)
    closed = source("genk", reason=HOSTILE, enabled=False)
    error = JobError("http", HOSTILE, "https://gent.example", 500)
    ledger.run(portal, ended(Outcome.FAILED, complete=False, error=error))

    answer = client_of(replace(dashboard, sources=(portal, closed), cities={**CITIES, "gent": HOSTILE})).get("/")
    soup = BeautifulSoup(answer.text, "html.parser")

    assert soup.find_all(["script", "img"]) == []
    assert soup.get_text().count("<script>alert(1)</script>") >= 3
    assert not any(mark in answer.text for mark in "\N{RIGHT-TO-LEFT OVERRIDE}\x1b")
    assert not any(name.startswith("on") or name == "style" for tag in soup.find_all(True) for name in tag.attrs)


@pytest.mark.usefixtures("lived")
def test_page_when_read_loads_nothing_from_elsewhere_and_holds_no_script_or_style(client: httpx.Client) -> None:
    soup = page(client)

    loaded = [tag.get("href") or tag.get("src") for tag in soup.find_all(["link", "img", "script", "iframe", "use"])]
    assert soup.find_all(["script", "style"]) == []
    assert [tag for tag in soup.find_all(True) if "style" in tag.attrs] == []
    assert all(str(address).startswith(("/static/", "#")) for address in loaded)
    assert all(client.get(str(address)).status_code == 200 for address in loaded if str(address).startswith("/"))


@pytest.mark.usefixtures("lived")
def test_board_when_read_aloud_has_a_caption_scopes_and_a_skip_link(client: httpx.Client) -> None:
    soup = page(client)

    skip = soup.select_one("a.skip")
    assert skip is not None
    assert soup.find(id=str(skip["href"])[1:]) is not None
    assert soup.select_one("table caption") is not None
    assert {str(head.get("scope")) for head in soup.select("thead th")} == {"col"}
    assert {str(head.get("scope")) for head in soup.select("tbody th")} == {"row"}
    assert [level.name for level in soup.find_all(["h1"])] == ["h1"]


@pytest.mark.parametrize(("demo", "ribbons"), [(True, 1), (False, 0)])
@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_page_when_the_data_are_simulated_says_so(
    dashboard: Dashboard, client_of: ClientOf, path: str, demo: bool, ribbons: int
) -> None:
    answer = client_of(replace(dashboard, demo=demo)).get(path)

    assert answer.text.count("Demonstratie: gesimuleerde portalen") == ribbons


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (timedelta(seconds=20), "zonet"),
        (timedelta(minutes=1), "1 minuut geleden"),
        (timedelta(hours=3), "3 uur geleden"),
        (timedelta(hours=25), "1 dag geleden"),
        (timedelta(days=9), "9 dagen geleden"),
        (timedelta(days=61), "2 maanden geleden"),
        (timedelta(days=400), "1 jaar geleden"),
        (-timedelta(seconds=20), "dadelijk"),
        (-timedelta(hours=2), "over 2 uur"),
    ],
)
def test_time_when_told_in_dutch_is_said_as_people_say_it(step: timedelta, text: str) -> None:
    assert words.ago(NOW - step, NOW) == text


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ({"hours": 1}, "elk uur"),
        ({"hours": 6}, "elke 6 uur"),
        ({"days": 1}, "elke dag"),
        ({"weeks": 1}, "elke 7 dagen"),
    ],
)
def test_interval_when_told_in_dutch_is_said_as_people_say_it(interval: dict[str, int], text: str) -> None:
    assert words.every(timedelta(**interval)) == text


def test_words_when_compared_with_the_conditions_have_one_for_each() -> None:
    assert set(words.CONDITIONS) == set(Condition)
