"""The probe against small portals of each software, and the source files it writes."""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest

from config.source import HarvestSource
from harvester.demo.portal import Answer, App, Portal, Request
from harvester.fetch import Door, JobFetch, Limits
from harvester.probe import Finding, probe, source_file

TODAY = date(2026, 2, 24)
HTML = Answer(
    200, {"Content-Type": "text/html", "Last-Modified": "Mon, 23 Feb 2026 10:00:00 GMT"}, b"<title>Stad</title>"
)
DCAT = b"@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .\n"
TOTAL = DCAT + b'<> hydra:totalItems "57"^^<http://www.w3.org/2001/XMLSchema#integer> .'
XML_TOTAL = (
    b'<rdf:RDF xmlns:dcat="http://www.w3.org/ns/dcat#"><hydra:totalItems '
    b'rdf:datatype="http://www.w3.org/2001/XMLSchema#integer">57</hydra:totalItems></rdf:RDF>'
)


@pytest.fixture
def fetch() -> Iterator[JobFetch]:
    limits = Limits(per_host_interval_s=0, allow_private=("127.0.0.1",), retries=0, deadline_s=60)
    with Door(limits, "Datapeil/test").session() as session:
        yield session


@pytest.fixture
def serve() -> Iterator[Callable[[App], Portal]]:
    with ExitStack() as hosts:
        yield lambda app: hosts.enter_context(Portal(app))


def site(**paths: object) -> App:
    """A site with a home page and these paths: JSON values, bytes of Turtle, or answers."""

    def app(request: Request) -> Answer:
        found = paths.get(request.path.strip("/"))
        if request.path == "/":
            return HTML
        if found is None:
            return Answer(404, {"Content-Type": "text/html"}, b"<h1>404</h1>")
        if isinstance(found, Answer):
            return found
        if isinstance(found, bytes):
            return Answer(200, {"Content-Type": "text/turtle"}, found)
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(found).encode())

    return app


@pytest.mark.parametrize(
    ("paths", "kind", "software", "total", "suffix"),
    [
        (
            {"api/explore/v2.1/catalog/datasets": {"total_count": 260, "results": []}, "data.json": {"dataset": [1]}},
            "opendatasoft",
            "Opendatasoft",
            260,
            "",
        ),
        (
            {"api/search/v1": {"links": []}, "api/search/v1/collections/dataset/items": {"numberMatched": 492}},
            "arcgis_hub",
            "ArcGIS Hub",
            492,
            "",
        ),
        ({"api/feed/dcat-us/1.1.json": {"dataset": [1, 2, 3]}}, "arcgis_hub", "ArcGIS Hub", 3, ""),
        (
            {"api/3/action/package_search": {"success": True, "result": {"count": 68, "results": []}}},
            "ckan",
            "CKAN",
            68,
            "",
        ),
        ({"api/dcat": DCAT}, "datatank", "The DataTank", None, "/api/dcat"),
        ({"srv/api/site": {"system/site/name": "Catalogus"}}, "csw", "GeoNetwork", None, "/srv/eng/csw"),
        ({"catalog.ttl": DCAT}, "dcat", "DCAT", None, "/catalog.ttl"),
        ({"data.json": {"dataset": [1, 2]}}, "arcgis_hub", "DCAT-US", 2, ""),
        ({"api/3/action/package_search": {"success": False, "error": {}}}, None, None, None, ""),
        ({"api/explore/v2.1/catalog/datasets": {"total_count": True}}, None, None, None, ""),
    ],
)
def test_probe_when_a_portal_answers_names_its_kind(
    serve: Callable[[App], Portal],
    fetch: JobFetch,
    paths: dict[str, object],
    kind: str | None,
    software: str | None,
    total: int | None,
    suffix: str,
) -> None:
    portal = serve(site(**paths))
    found = probe(fetch, portal.url)

    assert (found.kind, found.software, found.total) == (kind, software, total)
    assert found.url == portal.url + suffix
    assert (found.final_host, found.last_modified) == ("127.0.0.1", "Mon, 23 Feb 2026 10:00:00 GMT")
    assert found.evidence[0] == f"{portal.url}: 200 text/html"


@pytest.mark.parametrize("body", [TOTAL, XML_TOTAL])
def test_probe_when_the_address_is_a_feed_asks_nothing_else(
    serve: Callable[[App], Portal], fetch: JobFetch, body: bytes
) -> None:
    portal = serve(site(**{"export/feed": body}))
    found = probe(fetch, portal.url + "/export/feed")

    assert (found.kind, found.url, found.total) == ("dcat", portal.url + "/export/feed", 57)
    assert len(portal.requests) == 1


def test_probe_when_the_portal_is_below_a_path_finds_its_base(serve: Callable[[App], Portal], fetch: JobFetch) -> None:
    answer = {"success": True, "result": {"count": 5}}
    portal = serve(site(**{"data": HTML, "data/api/3/action/package_search": answer}))

    assert probe(fetch, portal.url + "/data/?q=").url == portal.url + "/data"


def test_probe_when_a_page_of_the_portal_is_given_finds_its_root(
    serve: Callable[[App], Portal], fetch: JobFetch
) -> None:
    datasets = {"total_count": 5, "results": []}
    portal = serve(site(**{"explore": HTML, "api/explore/v2.1/catalog/datasets": datasets}))

    assert probe(fetch, portal.url + "/explore/").url == portal.url


def test_probe_when_nothing_answers_says_why_and_asks_once(fetch: JobFetch) -> None:
    found = probe(fetch, "http://does-not-exist.invalid/")

    assert (found.kind, found.final_host, len(found.evidence)) == (None, None, 1)
    assert "no answer (dns)" in found.evidence[0]


@pytest.mark.parametrize(
    "finding",
    [
        Finding("https://data.stad.example", "ckan", "CKAN", "https://data.stad.example", 40, "data.stad.example"),
        Finding("https://data.stad.example", "datatank", "The DataTank", "https://data.stad.example/api/dcat"),
        Finding("https://stad.example", None, None, "https://stad.example", None, "stad.example", 'x"\n\u007f\\ 2026'),
    ],
)
def test_source_file_when_written_is_valid_and_disabled(finding: Finding) -> None:
    text = source_file(finding, "gent", TODAY)
    source = HarvestSource.model_validate({"id": "gent-2"} | tomllib.loads(text))

    assert (source.kind, source.url, source.enabled) == (finding.kind or "watch", finding.url, False)
    assert source.evidence.startswith("probe of 2026-02-24: ")
    assert source.reason
    assert (source.expect.min, source.expect.max) == ((20, 80) if finding.total else (None, None))
