"""Kind `html` against pages in the styles of 2017, served over HTTP, and against markup nobody should write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from catalog.model import Issue
from config.source import HarvestSource
from harvester.demo.portal import Answer, App, Portal, Request
from harvester.errors import FetchError, HarvestError, ParseError, RecordError
from harvester.fetch import Door, JobFetch, Limits
from harvester.sources.base import HarvestRecord, Page, RawDataset
from harvester.sources.html import Html, Options, datasets, list_pages

DATA = Path(__file__).resolve().parents[2] / "data" / "html"
HTML = {"Content-Type": "text/html"}
LIMITS = Limits(per_host_interval_s=0, allow_private=("127.0.0.1",), retries=0, deadline_s=60)

THEMES: dict[str, object] = {
    "lists": '.tekst a[href*="open-data-"]',
    "mode": "headings",
    "entry": ".tekst h4",
    "until": ".tekst h3",
    "description": 'p:-soup-contains("Omschrijving")',
    "labels": ["Omschrijving"],
    "page_license": "a[rel=license]",
}
ENTRIES: dict[str, object] = {
    "entry": "ul.overzicht li",
    "follow": True,
    "detail": "#inhoud",
    "title": "h1",
    "description": ".lang",
    "files": "a.bestand",
    "category": ".rubrieken a",
    "modified": ".bijgewerkt time",
    "file_templates": ["/opendataset/view/{id}/json"],
}
NODES: dict[str, object] = {
    "entry": ".views-row",
    "link": "h3 a",
    "next": ".pager .next a",
    "title": "h3",
    "description": ".lead",
    "files": "a.file",
    "license": ".lic a",
}

Answers = Mapping[str, str | bytes | Answer]
Walk = tuple[list[Page[bytes]], list[HarvestRecord], list[Issue]]


def site(answers: Answers) -> App:
    """A site of these targets (path and query); robots.txt and all else is missing."""

    def app(request: Request) -> Answer:
        found = answers.get(request.target, Answer(404, HTML, b"<h1>Niet gevonden</h1>"))
        body = found.encode() if isinstance(found, str) else found
        return body if isinstance(body, Answer) else Answer(200, HTML, body)

    return app


def case(name: str) -> bytes:
    return (DATA / f"{name}.html").read_bytes()


def source(portal: Portal, path: str, options: Mapping[str, object]) -> HarvestSource:
    return HarvestSource(id="test", city="brugge", kind="html", url=portal.url + path, options=options)


@pytest.fixture
def fetch() -> Iterator[JobFetch]:
    with Door(LIMITS, "Datapeil/test").session() as session:
        yield session


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], Portal]]:
    """Starts a site of the given answers."""
    with ExitStack() as sites:
        yield lambda answers: sites.enter_context(Portal(site(answers)))


def walk(source: HarvestSource, fetch: JobFetch) -> Walk:
    """All pages, the records, and the issues of both."""
    pages = list(Html().pages(source, fetch, None))
    found = [item for page in pages for item in Html().records(source, page)]
    noted = [issue for page in pages for issue in page.issues] + [it for it in found if isinstance(it, Issue)]
    return pages, [item for item in found if isinstance(item, HarvestRecord)], noted


def read(source: HarvestSource, records: list[HarvestRecord]) -> dict[str, RawDataset]:
    return {record.identifier: Html().dataset(source, record) for record in records}


# --- the styles of 2017 ---------------------------------------------------------------------------------------------


@pytest.fixture
def themes(serve: Callable[[Answers], Portal]) -> HarvestSource:
    pages = {"/open-data-verkeer": case("themes_traffic"), "/open-data-groen": case("themes_green")}
    return source(serve({"/opendata": case("themes_index"), **pages}), "/opendata", THEMES)


@pytest.fixture
def dataset_list(serve: Callable[[Answers], Portal]) -> Portal:
    return serve(
        {
            "/robots.txt": Answer(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /geheim/\n"),
            "/OpenData.aspx": case("entries_list"),
            "/OpenDataDetail.aspx?id=7": case("entry_7"),
            "/OpenDataDetail.aspx?id=8&utm_source=lijst": case("entry_8"),
        }
    )


def test_walk_when_themes_have_headings_gives_one_record_for_each(themes: HarvestSource, fetch: JobFetch) -> None:
    pages, records, issues = walk(themes, fetch)

    assert [page.url.rpartition("/")[2] for page in pages] == ["open-data-verkeer", "open-data-groen"]
    assert [record.identifier for record in records] == [
        "open-data-verkeer#fietsrek",
        "open-data-verkeer#laadpaal",
        "open-data-verkeer#werken",
        "open-data-groen#fietsrek",
        "open-data-groen#park~open-data-groen#parken",
        "open-data-groen#park~open-data-groen#banken",
    ]
    assert issues == []
    assert all(page.total is None and page.whole for page in pages)


def test_dataset_when_headings_lead_paragraphs_reads_texts_and_files(themes: HarvestSource, fetch: JobFetch) -> None:
    found = read(themes, walk(themes, fetch)[1])
    home = themes.url.removesuffix("/opendata")

    racks = found["open-data-verkeer#fietsrek"]
    assert racks.title == "Fietsenrekken & stallingen"
    assert racks.description == "Ligging van de <b>fietsenrekken</b> op <i>openbaar</i> domein."
    assert racks.landing_page == f"{home}/open-data-verkeer#fietsrek"
    assert racks.licenses == ["https://example.org/gratis-hergebruik", "Gratis hergebruik"]
    assert [(file.download_url, file.format, file.title) for file in racks.distributions] == [
        (f"{home}/bestanden/rekken.csv", "csv", "CSV"),
        (f"{home}/bestanden/rekken.geojson", "geojson", "GeoJSON"),
    ]


def test_dataset_when_a_paragraph_is_not_closed_ends_where_html_says(themes: HarvestSource, fetch: JobFetch) -> None:
    poles = read(themes, walk(themes, fetch)[1])["open-data-verkeer#laadpaal"]

    assert poles.description == "Openbare laadpunten."
    assert [(file.access_url, file.download_url, file.format) for file in poles.distributions] == [
        (f"{themes.url.removesuffix('/opendata')}/laadpalen.zip",) * 2 + ("CSV",),
        ("https://kaart.stad.example/laadpalen", None, None),
    ]


def test_dataset_when_the_next_section_is_another_heading_stops_there(themes: HarvestSource, fetch: JobFetch) -> None:
    works = read(themes, walk(themes, fetch)[1])["open-data-verkeer#werken"]

    assert works.distributions == []


def test_walk_when_entries_have_pages_reads_them(dataset_list: Portal, fetch: JobFetch) -> None:
    origin = source(dataset_list, "/OpenData.aspx", ENTRIES)
    _, records, issues = walk(origin, fetch)
    by_id = {record.identifier: record for record in records}

    assert list(by_id) == ["id=7", "id=8", "id=9", "id=10"]
    cafes = Html().dataset(origin, by_id["id=7"])
    assert cafes.title == "Cafés en terrassen"
    assert cafes.description == "Vergunde terrassen.<br/>Coördinaten in Lambert 72."
    assert cafes.themes == ["Bezoeken", "Ondernemen"]
    assert cafes.modified == "2018-05-02"
    assert cafes.landing_page == f"{dataset_list.url}/OpenDataDetail.aspx?id=7"
    assert [(file.access_url, file.format) for file in cafes.distributions] == [
        (f"{dataset_list.url}/uploads/terrassen.xml", "xml"),
        (f"{dataset_list.url}/uploads/terrassen.csv", "csv"),
        (f"{dataset_list.url}/opendataset/view/7/json", "JSON"),
    ]
    assert "entry_page_disallowed" in [issue.code for issue in issues]


def test_walk_when_an_entry_page_is_gone_keeps_the_record_present(dataset_list: Portal, fetch: JobFetch) -> None:
    origin = source(dataset_list, "/OpenData.aspx", ENTRIES)
    pages, records, _ = walk(origin, fetch)
    gone = next(record for record in records if record.identifier == "id=9")

    assert all(page.whole for page in pages)
    with pytest.raises(RecordError) as fault:
        Html().dataset(origin, gone)
    assert fault.value.code == "entry_page_gone"


def test_walk_when_robots_forbids_an_entry_page_uses_the_list_alone(dataset_list: Portal, fetch: JobFetch) -> None:
    origin = source(dataset_list, "/OpenData.aspx", ENTRIES)
    _, records, issues = walk(origin, fetch)

    assert read(origin, [record for record in records if record.identifier == "id=10"])["id=10"].title == "Afgeschermd"
    assert [issue.record for issue in issues if issue.code == "entry_page_disallowed"] == ["id=10"]
    assert not any(request.path.startswith("/geheim") for request in dataset_list.requests)


def test_walk_when_an_entry_page_fails_keeps_what_was_read_before(dataset_list: Portal, fetch: JobFetch) -> None:
    pages = {"/OpenData.aspx": case("entries_list"), "/OpenDataDetail.aspx?id=7": case("entry_7")}
    dataset_list.app = site({**pages, "/OpenDataDetail.aspx?id=8&utm_source=lijst": Answer(500, HTML, b"stuk")})
    walked = Html().pages(source(dataset_list, "/OpenData.aspx", ENTRIES), fetch, None)

    assert [len(next(walked).items) for _ in range(2)] == [0, 1]
    with pytest.raises(FetchError) as fault:
        next(walked)
    assert fault.value.status == 500


def test_walk_when_list_pages_are_paged_follows_them_to_the_end(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    portal = serve({"/opendata": case("nodes_1"), "/opendata?page=1": case("nodes_2")})
    origin = source(portal, "/opendata", NODES)
    pages, records, issues = walk(origin, fetch)

    assert [len(page.items) for page in pages] == [2, 1]
    assert [record.identifier for record in records] == ["/node/1716418", "/node/1716420", "/node/1716433"]
    assert issues == []
    sensors = read(origin, records)["/node/1716418"]
    assert sensors.licenses == ["http://creativecommons.org/publicdomain/zero/1.0/", "CC0"]
    assert sensors.landing_page == f"{portal.url}/node/1716418"


# --- emptiness, robots, loops ---------------------------------------------------------------------------------------


def test_walk_when_a_test_page_lists_nothing_is_a_good_run_with_its_marker(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    portal = serve({"/node/43232": case("testpage")})
    options = {"entry": "ul.datasets li", "allow_empty": True, "marker": "ul.datasets"}
    pages, records, issues = walk(source(portal, "/node/43232", options), fetch)

    assert (len(pages), records, issues) == (1, [], [])


@pytest.mark.parametrize(
    "options",
    [
        {"entry": "ul.datasets li"},
        {"entry": "ul.datasets li", "allow_empty": True, "marker": "ul.other"},
        {"entry": "li", "lists": "ul.datasets a"},
    ],
    ids=["no marker", "marker is missing too", "no list is linked"],
)
def test_walk_when_a_selector_finds_nothing_is_a_fault(
    serve: Callable[[Answers], Portal], fetch: JobFetch, options: dict[str, object]
) -> None:
    portal = serve({"/node/43232": case("testpage")})

    with pytest.raises(ParseError) as fault:
        walk(source(portal, "/node/43232", options), fetch)
    assert (fault.value.kind, fault.value.url) == ("empty", f"{portal.url}/node/43232")


def test_walk_when_robots_forbids_the_list_is_blocked_without_asking(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    portal = serve({"/robots.txt": "User-agent: *\nDisallow: /", "/opendata": case("nodes_1")})

    with pytest.raises(HarvestError) as fault:
        walk(source(portal, "/opendata", NODES), fetch)
    assert fault.value.kind == "blocked"
    assert [request.path for request in portal.requests] == ["/robots.txt"]


@pytest.mark.parametrize("target", ["/opendata", "/opendata?page=9"], ids=["itself", "the same list elsewhere"])
def test_walk_when_next_leads_in_a_circle_is_a_loop(
    serve: Callable[[Answers], Portal], fetch: JobFetch, target: str
) -> None:
    again = case("nodes_1").replace(b"/opendata?page=1", target.encode())
    portal = serve({"/opendata": again, "/opendata?page=9": case("nodes_1")})

    with pytest.raises(ParseError) as fault:
        walk(source(portal, "/opendata", NODES), fetch)
    assert fault.value.kind == "loop"


def test_walk_when_the_list_never_ends_stops_at_the_cap_and_is_not_whole(
    serve: Callable[[Answers], Portal], fetch: JobFetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvester.sources.html.MAX_LIST_PAGES", 3)
    portal = serve({})

    def endless(request: Request) -> Answer:
        number = int(request.value("page", "0"))
        body = f'<div class="e"><a href="/d/{number}">D</a></div><a class="next" href="?page={number + 1}">v</a>'
        return Answer(404) if request.path == "/robots.txt" else Answer(200, HTML, body.encode())

    portal.app = endless
    pages, records, issues = walk(source(portal, "/", {"entry": ".e", "link": "a", "next": "a.next"}), fetch)

    assert len(records) == 3
    assert [page.whole for page in pages] == [True, True, True, False]
    assert [issue.code for issue in issues] == ["listing_too_long"]


def test_walk_when_one_entry_stands_in_two_lists_gives_it_once(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    portal = serve(
        {
            "/a": '<ul><li><a href="/d/1">Een</a></li><li><a href="/d/2">Twee</a></li></ul>',
            "/b": '<ul><li><a href="/d/2/">Twee</a></li><li><a href="/d/3">Drie</a></li></ul>',
        }
    )
    options: dict[str, object] = {"entry": "li", "link": "a", "pages": [f"{portal.url}/b"]}
    _, records, _ = walk(source(portal, "/a", options), fetch)

    assert [record.identifier for record in records] == ["/d/1", "/d/2", "/d/3"]


def test_walk_when_one_entry_stands_on_two_pages_of_a_list_shows_the_repetition(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    """Something moved while we paged: the job has to see it, since another entry may have been lost."""
    first = '<ul><li><a href="/d/1">Een</a></li><li><a href="/d/2">Twee</a></li></ul><a class="next" href="/b">v</a>'
    portal = serve({"/a": first, "/b": '<ul><li><a href="/d/2">Twee</a></li><li><a href="/d/3">Drie</a></li></ul>'})
    _, records, _ = walk(source(portal, "/a", {"entry": "li", "link": "a", "next": "a.next"}), fetch)

    assert [record.identifier for record in records] == ["/d/1", "/d/2", "/d/2", "/d/3"]


# --- identity and raw -----------------------------------------------------------------------------------------------


def test_records_when_nothing_names_an_entry_gives_an_issue(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    portal = serve({"/opendata": "<ul><li data-id=1>Een</li><li>Twee</li><li> </li></ul>"})
    _, records, issues = walk(source(portal, "/opendata", {"entry": "li", "identifier": ["attribute:data-id"]}), fetch)

    assert [record.identifier for record in records] == ["1"]
    assert [(issue.stage, issue.code) for issue in issues] == [("record", "no_identifier")] * 2
    assert [issue.value for issue in issues][:1] == ["Twee"]


def test_raw_when_the_layout_around_an_entry_changes_stays_the_same(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    before = case("nodes_1")
    after = before.replace(b"<body>", b'<body class="x"><header><h1>Nieuw</h1></header>').replace(
        b'"lead"', b'"lead x9"'
    )
    portal = serve({"/opendata": before, "/opendata?page=1": case("nodes_2")})
    origin = source(portal, "/opendata", NODES)
    first = walk(origin, fetch)[1]
    portal.app = site({"/opendata": after, "/opendata?page=1": case("nodes_2")})

    assert [record.raw for record in walk(origin, fetch)[1]] == [record.raw for record in first]
    assert list(orjson.loads(first[0].raw)) == sorted(orjson.loads(first[0].raw))


# --- odd and real pages ---------------------------------------------------------------------------------------------


def test_walk_when_the_charset_is_declared_wrongly_reads_it_and_notes_an_issue(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    body = "<ul><li id=a>Cafés en crèches, één voor één, zoals het stond</li></ul>".encode("cp1252")
    portal = serve({"/d": Answer(200, {"Content-Type": "text/html; charset=utf-8"}, body)})
    origin = source(portal, "/d", {"entry": "li"})
    _, records, issues = walk(origin, fetch)

    assert read(origin, records)["a"].title == "Cafés en crèches, één voor één, zoals het stond"
    assert [issue.code for issue in issues] == ["wrong_charset"]


def test_walk_when_corpus_pages_are_the_list_never_crashes(shared: Path, fetch: JobFetch) -> None:
    broad = Options(entry="a, li, h1, h2, h3, h4, div", mode="headings", description="p", category="span", license="a")
    read_pages = 0
    for path in sorted(shared.glob("corpora/html/*/*.*")):
        with Portal(site({"/": path.read_bytes()})) as portal, suppress(ParseError):  # not every file is a page
            origin = source(portal, "/", broad.model_dump(exclude_none=True))
            _, records, _ = walk(origin, fetch)
            assert len(read(origin, records)) == len({record.identifier for record in records})
            read_pages += 1
    assert read_pages >= 7


@pytest.mark.parametrize(
    ("style", "start", "options", "titles"),
    [
        (
            "brugge-style",
            "open-data-cultuur-vrije-tijd.html",
            {"mode": "headings", "entry": ".user-content h4"},
            {"bib": "Bibliotheken", "sporthal": "Sport hallen", "musea": "Musea"},
        ),
        (
            "oostende-style",
            "OpenData.html",
            {"entry": "ul.dataviews a"},
            {"id=14": "Cafés en terrassen", "id=15": "Openbaar sanitair", "id=16": "link zonder span"},
        ),
    ],
)
def test_walk_when_the_page_is_that_of_an_old_portal_finds_its_datasets(
    shared: Path, fetch: JobFetch, style: str, start: str, options: dict[str, object], titles: dict[str, str]
) -> None:
    with Portal(site({"/opendata": (shared / "corpora/html" / style / start).read_bytes()})) as portal:
        origin = source(portal, "/opendata", options)
        found = read(origin, walk(origin, fetch)[1])

    assert {key: dataset.title for key, dataset in found.items()} == titles


# --- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"entry": "div >"}, "expected a CSS selector"),
        ({"entry": ""}, "expected a CSS selector"),
        ({"entry": "li", "allow_empty": True}, "allow_empty needs marker"),
        ({"entry": "li", "selector": "a"}, "Extra inputs are not permitted"),
        ({"entry": "li", "identifier": ["titel"]}, "should match pattern"),
        ({"entry": "li", "pages": ["ftp://x"]}, "should match pattern"),
        ({"entry": "li", "file_templates": ["/json"]}, "should match pattern"),
        ({}, "Field required"),
    ],
)
def test_options_when_wrong_say_what_was_expected(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options.model_validate(options)


def test_list_pages_when_asked_leaves_the_listing_to_the_options(
    serve: Callable[[Answers], Portal], fetch: JobFetch
) -> None:
    portal = serve({"/opendata": case("nodes_2")})
    options = Options.model_validate(NODES)
    (sheet,) = list_pages(source(portal, "/opendata", NODES), fetch, options)

    assert sheet.next is None
    assert [entry.key for entry in datasets(sheet, options, portal.url)] == ["/node/1716433"]
