"""The dialects: paging, clamps, envelopes and error documents as the real software has them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store

from harvester.demo import dialects
from harvester.demo.portal import App, Portal
from harvester.demo.truth import Defect, SimDataset, invented

DATASETS = invented(230)
GUEST = replace(DATASETS[0], id="gast", slug="gast@elders", home="data.elders.example", publisher="Elders")
ODS = "/api/explore/v2.1/catalog/datasets"
CKAN = "/api/3/action"
HUB_SEARCH = "/api/search/v1/collections/dataset/items"
DCAT = "http://www.w3.org/ns/dcat#"
Ask = Callable[..., Any]


@pytest.fixture
def serve() -> Iterator[Callable[[App], Portal]]:
    opened: list[Portal] = []

    def start(app: App) -> Portal:
        opened.append(Portal(app).__enter__())
        return opened[-1]

    yield start
    for portal in opened:
        portal.close()


Serve = Callable[[App], Portal]


# -------------------------------------------------------------------------------------------------------- Opendatasoft
def test_opendatasoft_when_paged_by_a_hundred_then_lists_each_dataset_once(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.opendatasoft(lambda: DATASETS))
    pages = [ask(portal, f"{ODS}?limit=100&offset={offset}&order_by=dataset_id").json for offset in (0, 100, 200, 300)]
    assert [len(page["results"]) for page in pages] == [100, 100, 30, 0]
    assert {page["total_count"] for page in pages} == {230}
    assert [item["dataset_id"] for page in pages for item in page["results"]] == [dataset.slug for dataset in DATASETS]


@pytest.mark.parametrize(
    "query", ["limit=101", "limit=100&offset=9901", "offset=-1", "limit=veel", "order_by=geen", "where=a=b"]
)
def test_opendatasoft_when_asked_beyond_its_limits_then_answers_400_with_a_code(
    ask: Ask, serve: Serve, query: str
) -> None:
    reply = ask(serve(dialects.opendatasoft(lambda: DATASETS)), f"{ODS}?{query}")
    assert reply.status == 400
    assert reply.json["error_code"] in ("InvalidRESTParameterError", "ODSQLError")
    assert reply.json["message"]


def test_opendatasoft_when_nothing_is_said_then_gives_ten(ask: Ask, serve: Serve) -> None:
    assert len(ask(serve(dialects.opendatasoft(lambda: DATASETS)), ODS).json["results"]) == 10


def test_opendatasoft_when_the_catalog_is_beyond_the_window_then_export_and_where_reach_the_rest(
    ask: Ask, serve: Serve
) -> None:
    many = invented(10_150)
    portal = serve(dialects.opendatasoft(lambda: many))
    assert ask(portal, f"{ODS}?limit=100&offset=9900").json["total_count"] == 10_150
    assert len(ask(portal, "/api/explore/v2.1/catalog/exports/json").json) == 10_150
    rest = ask(portal, f"{ODS}?limit=100&order_by=dataset_id&where=dataset_id%3E%22{many[10_099].slug}%22").json
    assert rest["total_count"] == 50
    assert rest["results"][0]["dataset_id"] == many[10_100].slug


def test_opendatasoft_when_an_entry_is_federated_then_says_where_it_comes_from(ask: Ask, serve: Serve) -> None:
    item = ask(serve(dialects.opendatasoft(lambda: (GUEST,))), ODS).json["results"][0]
    metas = item["metas"]["default"]
    assert (metas["federated"], metas["source_domain_address"], metas["source_dataset"]) == (
        True,
        "data.elders.example",
        "gast",
    )


def test_opendatasoft_when_there_are_no_records_then_files_are_attachments(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.opendatasoft(lambda: (replace(DATASETS[3], records=0),)))
    item = ask(portal, ODS).json["results"][0]
    assert item["has_records"] is False
    assert [attachment["url"] for attachment in item["attachments"]] == [
        portal.url + file.url for file in DATASETS[3].files
    ]


# ---------------------------------------------------------------------------------------------------------------- CKAN
def test_ckan_when_more_rows_are_asked_than_allowed_then_clamps_without_a_word(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.ckan(lambda: DATASETS, rows_max=50))
    seen: list[str] = []
    for start in range(0, 250, 50):
        reply = ask(portal, f"{CKAN}/package_search?rows=1000&start={start}&sort=id+asc").json
        assert (reply["success"], reply["result"]["count"]) == (True, 230)
        seen += [package["id"] for package in reply["result"]["results"]]
    assert seen == [dataset.id for dataset in DATASETS]


def test_ckan_when_filtered_by_modification_then_gives_the_later_ones(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.ckan(lambda: DATASETS))
    query = "fq=metadata_modified:%5B2020-01-01T00:00:00Z+TO+*%5D&rows=1000"
    found = ask(portal, f"{CKAN}/package_search?{query}").json["result"]
    since = datetime(2020, 1, 1, tzinfo=UTC)
    expected = {d.id for d in DATASETS if isinstance(d.modified, datetime) and d.modified >= since}
    assert {package["id"] for package in found["results"]} == expected
    assert 0 < found["count"] == len(expected) < len(DATASETS)


def test_ckan_when_names_are_listed_then_gives_all_of_them_in_order(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.ckan(lambda: DATASETS))
    assert ask(portal, f"{CKAN}/package_list").json["result"] == [dataset.slug for dataset in DATASETS]
    assert ask(portal, f"{CKAN}/package_list?limit=2&offset=1").json["result"] == [d.slug for d in DATASETS[1:3]]


def test_ckan_when_fields_are_named_then_gives_those_alone(ask: Ask, serve: Serve) -> None:
    found = ask(serve(dialects.ckan(lambda: DATASETS)), f"{CKAN}/package_search?fl=id,name&rows=1").json["result"][
        "results"
    ]
    assert found == [{"id": DATASETS[0].id, "name": DATASETS[0].slug}]


def test_ckan_when_a_package_is_shown_then_has_its_resources(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.ckan(lambda: DATASETS))
    package = ask(portal, f"{CKAN}/package_show?id={DATASETS[7].slug}").json["result"]
    assert [resource["format"] for resource in package["resources"]] == [file.format for file in DATASETS[7].files]
    assert package["metadata_modified"].count("+") == 0


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("package_show?id=weg", 404, "Not Found Error"),
        ("package_search?rows=veel", 409, "Validation Error"),
        ("package_search?sort=geen+asc", 400, "Search Query Error"),
    ],
)
def test_ckan_when_a_call_fails_then_the_envelope_says_so(
    ask: Ask, serve: Serve, query: str, status: int, kind: str
) -> None:
    reply = ask(serve(dialects.ckan(lambda: DATASETS)), f"{CKAN}/{query}")
    assert (reply.status, reply.json["success"], reply.json["error"]["__type"]) == (status, False, kind)


def test_ckan_when_the_action_is_unknown_then_answers_a_bare_string(ask: Ask, serve: Serve) -> None:
    reply = ask(serve(dialects.ckan(lambda: DATASETS)), f"{CKAN}/doe_iets")
    assert reply.status == 400
    assert isinstance(reply.json, str)


# ---------------------------------------------------------------------------------------------------------- ArcGIS Hub
def test_hub_when_the_feed_is_asked_then_lists_everything_without_a_total(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.arcgis_hub(lambda: DATASETS))
    feed = ask(portal, "/api/feed/dcat-us/1.1.json").json
    assert len(feed["dataset"]) == 230
    assert "total" not in feed
    assert feed["dataset"][0]["identifier"] == f"{portal.url}/datasets/stadVoorbeeld::{DATASETS[0].slug}"
    assert ask(portal, "/data.json").json["dataset"] == feed["dataset"]


def test_hub_when_a_feed_is_not_offered_then_it_is_not_found(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.arcgis_hub(lambda: DATASETS, feeds=frozenset({"/data.json"})))
    assert ask(portal, "/api/feed/dcat-us/1.1.json").status == 404
    assert ask(portal, "/data.json").status == 200


def test_hub_when_searched_then_next_links_lead_through_everything(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.arcgis_hub(lambda: DATASETS))
    path: str | None = f"{HUB_SEARCH}?limit=100"
    seen: list[str] = []
    while path:
        page = ask(portal, path).json
        assert (page["numberMatched"], page["numberReturned"]) == (230, len(page["features"]))
        seen += [feature["id"] for feature in page["features"]]
        path = next((link["href"].removeprefix(portal.url) for link in page["links"] if link["rel"] == "next"), None)
    assert seen == [dataset.id for dataset in DATASETS]


def test_hub_when_a_feature_is_dated_then_in_milliseconds(ask: Ask, serve: Serve) -> None:
    feature = ask(serve(dialects.arcgis_hub(lambda: DATASETS)), HUB_SEARCH).json["features"][0]
    moment = DATASETS[0].modified
    assert isinstance(moment, datetime)
    assert feature["properties"]["modified"] == int(moment.timestamp()) * 1000


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "startindex=0"])
def test_hub_when_asked_beyond_its_limits_then_says_so(ask: Ask, serve: Serve, query: str) -> None:
    reply = ask(serve(dialects.arcgis_hub(lambda: DATASETS)), f"{HUB_SEARCH}?{query}")
    assert (reply.status, reply.json["statusCode"]) == (400, 400)


# ---------------------------------------------------------------------------------------------------------------- DCAT
def value(quad: Quad) -> str:
    """The text of a literal or an IRI."""
    assert isinstance(quad.object, Literal | NamedNode)
    return quad.object.value


@pytest.mark.parametrize(
    ("syntax", "rdf_format"),
    [("ttl", RdfFormat.TURTLE), ("rdf", RdfFormat.RDF_XML), ("jsonld", RdfFormat.JSON_LD), ("nt", RdfFormat.N_TRIPLES)],
)
def test_dcat_when_written_in_any_syntax_then_describes_the_same_datasets(
    ask: Ask, serve: Serve, syntax: Any, rdf_format: RdfFormat
) -> None:
    reply = ask(serve(dialects.dcat(lambda: DATASETS, syntax)), f"/catalog.{syntax}")
    store = Store()
    store.load(reply.body, format=rdf_format)
    titles = {
        value(quad)
        for dataset in store.quads_for_pattern(None, None, NamedNode(DCAT + "Dataset"))
        for quad in store.quads_for_pattern(dataset.subject, NamedNode("http://purl.org/dc/terms/title"), None)
    }
    assert titles == {dataset.title for dataset in DATASETS}
    distributions = list(store.quads_for_pattern(None, None, NamedNode(DCAT + "Distribution")))
    assert len(distributions) == sum(len(dataset.files) for dataset in DATASETS)


@pytest.mark.parametrize(("form", "predicate"), [("literal", "nextPage"), ("iri", "next")])
def test_dcat_when_paged_then_hydra_leads_through_everything(ask: Ask, serve: Serve, form: Any, predicate: str) -> None:
    portal = serve(dialects.dcat(lambda: DATASETS, "nt", 100, form))
    path: str | None = "/catalog.nt"
    store, pages = Store(), 0
    while path:
        page = Store()
        page.load(ask(portal, path).body, format=RdfFormat.N_TRIPLES)
        store.extend(page)
        pages += 1
        onward = NamedNode(f"http://www.w3.org/ns/hydra/core#{predicate}")
        path = next((value(q).removeprefix(portal.url) for q in page.quads_for_pattern(None, onward, None)), None)
    assert pages == 3
    assert len({q.subject for q in store.quads_for_pattern(None, None, NamedNode(DCAT + "Dataset"))}) == 230


def test_dcat_when_a_known_validator_is_sent_then_the_document_is_not_sent_again(ask: Ask, serve: Serve) -> None:
    shown = [DATASETS[:3]]
    portal = serve(dialects.dcat(lambda: shown[0]))
    first = ask(portal, "/catalog.ttl")
    again = ask(portal, "/catalog.ttl", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    shown[0] = DATASETS[:4]
    changed = ask(portal, "/catalog.ttl", {"If-None-Match": first.headers["etag"]})
    assert (changed.status, changed.headers["etag"] != first.headers["etag"]) == (200, True)


@pytest.mark.parametrize(
    ("app", "path"),
    [
        (dialects.opendatasoft(lambda: DATASETS), ODS),
        (dialects.ckan(lambda: DATASETS), f"{CKAN}/package_search"),
        (dialects.arcgis_hub(lambda: DATASETS), "/data.json"),
        (dialects.dcat(lambda: DATASETS, page_size=10), "/catalog.ttl"),
    ],
)
def test_dialect_when_the_software_gives_no_validator_then_there_is_none(
    ask: Ask, serve: Serve, app: App, path: str
) -> None:
    headers = ask(serve(app), path).headers
    assert not {"etag", "last-modified"} & set(headers)


# ---------------------------------------------------------------------------------------------------------------- HTML
def test_brugge_page_when_read_by_theme_then_headings_and_files_are_there(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.brugge_page(lambda: DATASETS[:5]))
    links = BeautifulSoup(ask(portal, "/opendata").body, "html.parser").select("div.user-content a")
    theme = BeautifulSoup(ask(portal, str(links[0]["href"])).body, "html.parser")
    assert [heading.get_text() for heading in theme.select("h4")] == [dataset.title for dataset in DATASETS[:5]]
    assert len(theme.select("p a[href]")) == sum(len(dataset.files) for dataset in DATASETS[:5])


def test_oostende_page_when_read_then_is_latin_1_and_leads_to_entries(ask: Ask, serve: Serve) -> None:
    portal = serve(dialects.oostende_page(lambda: DATASETS[:2]))
    reply = ask(portal, "/opendata.aspx")
    assert reply.headers["content-type"].endswith("iso-8859-1")
    assert "café 0".encode("latin-1") in reply.body
    links = BeautifulSoup(reply.body, "html.parser").select("li.item a")
    entry = BeautifulSoup(ask(portal, str(links[1]["href"])).body, "html.parser", from_encoding="latin-1")
    assert entry.h1 is not None
    assert entry.h1.get_text(strip=True) == DATASETS[1].title
    assert ask(portal, "/opendatadetail.aspx?id=weg").status == 404


def test_html_list_when_empty_then_says_so(ask: Ask, serve: Serve) -> None:
    body = ask(serve(dialects.html_list(tuple)), "/opendata").body
    assert b'class="leeg"' in body
    assert b"views-row" not in body


# --------------------------------------------------------------------------------------------------------- all of them
SPOKEN = [
    pytest.param(dialects.opendatasoft, ODS, "utf-8", id="opendatasoft"),
    pytest.param(dialects.ckan, f"{CKAN}/package_search", "utf-8", id="ckan"),
    pytest.param(dialects.arcgis_hub, "/data.json", "utf-8", id="hub"),
    pytest.param(dialects.dcat, "/catalog.ttl", "utf-8", id="dcat"),
    pytest.param(dialects.brugge_page, "/open-data-bestuur", "utf-8", id="brugge"),
    pytest.param(dialects.oostende_page, "/opendata.aspx", "latin-1", id="oostende"),
    pytest.param(dialects.html_list, "/opendata", "utf-8", id="list"),
]
Speak = Callable[[Callable[[], tuple[SimDataset, ...]]], App]


@pytest.mark.parametrize(("speak", "path", "encoding"), SPOKEN)
def test_dialect_when_the_world_changes_then_the_next_answer_shows_it(
    ask: Ask, serve: Serve, speak: Speak, path: str, encoding: str
) -> None:
    shown = [DATASETS[:2]]
    portal = serve(speak(lambda: shown[0]))
    before = ask(portal, path).body
    assert DATASETS[1].title.encode(encoding) in before
    assert ask(portal, path).body == before
    shown[0] = DATASETS[:1]
    after = ask(portal, path).body
    assert DATASETS[0].title.encode(encoding) in after
    assert DATASETS[1].title.encode(encoding) not in after


@pytest.mark.parametrize("speak", [spoken.values[0] for spoken in SPOKEN])
def test_dialect_when_asked_for_robots_and_nonsense_then_answers_like_a_web_server(
    ask: Ask, serve: Serve, speak: Speak
) -> None:
    portal = serve(speak(lambda: DATASETS))
    assert b"User-agent" in ask(portal, "/robots.txt").body
    assert ask(portal, "/geen/pad").status == 404


@pytest.mark.parametrize("defect", ["fields", "identity", "shape"])
@pytest.mark.parametrize(("speak", "path", "encoding"), SPOKEN)
def test_dialect_when_one_record_is_broken_then_the_others_are_still_written(
    ask: Ask, serve: Serve, speak: Speak, path: str, encoding: str, defect: Defect
) -> None:
    broken = (replace(DATASETS[0], defect=defect), DATASETS[1])
    reply = ask(serve(speak(lambda: broken)), path)
    assert reply.status == 200
    assert DATASETS[1].title.encode(encoding) in reply.body
