"""Kind `watch` against addresses that answer, refuse, or do not answer at all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config.source import HarvestSource
from harvester.demo.portal import Answer, App, Portal, Request
from harvester.errors import HarvestError
from harvester.fetch import Door, JobFetch, Limits
from harvester.sources.base import HarvestRecord, Page
from harvester.sources.watch import Options, Watch

DATA = Path(__file__).resolve().parents[2] / "data" / "watch"
HTML = {"Content-Type": "text/html; charset=utf-8"}
NOWHERE = "http://does-not-exist.invalid/opendata"


@pytest.fixture
def fetch() -> Iterator[JobFetch]:
    limits = Limits(per_host_interval_s=0, allow_private=("127.0.0.1",), retries=0, deadline_s=60)
    with Door(limits, "Datapeil/test").session() as session:
        yield session


@pytest.fixture
def serve() -> Iterator[Callable[[App], Portal]]:
    with ExitStack() as hosts:
        yield lambda app: hosts.enter_context(Portal(app))


def answering(answer: Answer, robots: Answer | None = None) -> App:
    """A host that answers everything alike, but for its robots.txt."""

    def app(request: Request) -> Answer:
        return (robots or Answer(404)) if request.path == "/robots.txt" else answer

    return app


def page(name: str) -> Answer:
    return Answer(200, HTML, (DATA / f"{name}.html").read_bytes())


def watched(fetch: JobFetch, url: str, **options: object) -> tuple[list[dict[str, Any]], HarvestError | None]:
    """The evidence of a run, and the fault it ended with."""
    source = HarvestSource(id="test", city="genk", kind="watch", url=url, options=options)
    walk = Watch().pages(source, fetch, None)
    first = next(walk)
    assert first.items == ()
    assert list(Watch().records(source, first)) == []
    try:
        assert list(walk) == []
    except HarvestError as fault:
        return [dict(it) for it in first.evidence], fault
    return [dict(it) for it in first.evidence], None


def json_answer(body: bytes) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize(
    ("answer", "verdict", "software"),
    [
        (page("opendata_page"), "page", None),
        (page("files_page"), "catalogue", None),
        (page("home_page"), "no_catalogue", None),
        (Answer(200, HTML, b"<title>404 - Pagina niet gevonden</title><h1>Open data</h1>"), "no_catalogue", None),
        (Answer(200, HTML, b'<script src="https://x/ods-widgets.js"></script>'), "catalogue", "opendatasoft"),
        (Answer(200, HTML, b'<meta name="generator" content="ckan 2.9.5"><p>x'), "catalogue", "ckan"),
        (Answer(200, HTML, b"<p>Vroeger met ods-widgets en ckan.</p>"), "no_catalogue", None),
        (Answer(200, HTML, b'<link href="/JiveServices/x.css">'), "no_catalogue", "swing"),
        (json_answer(b'{"success": true, "result": {"count": 3}}'), "catalogue", "ckan"),
        (json_answer(b'{"total_count": 3, "results": []}'), "catalogue", "opendatasoft"),
        (json_answer(b'{"dataset": []}'), "catalogue", "data_json"),
        (json_answer(b'{"message": "hello"}'), "no_catalogue", None),
        (
            Answer(200, {"Content-Type": "text/turtle"}, b"@prefix d: <http://www.w3.org/ns/dcat#> ."),
            "catalogue",
            "dcat",
        ),
        (Answer(200, {"Content-Type": "application/pdf"}, b"%PDF-1.4 <<>>"), "no_catalogue", None),
        (Answer(200, HTML, b"<div>" * 50_000), "no_catalogue", None),
        (Answer(200, HTML, b""), "no_catalogue", None),
        (Answer(404, HTML, b"<h1>Open data</h1>"), "no_catalogue", None),
        (Answer(410, HTML), "closed", None),
    ],
)
def test_pages_when_an_address_answers_says_what_it_is(
    serve: Callable[[App], Portal], fetch: JobFetch, answer: Answer, verdict: str, software: str | None
) -> None:
    portal = serve(answering(answer))
    (seen,), fault = watched(fetch, portal.url + "/opendata")

    assert fault is None
    assert (seen["verdict"], seen["software"], seen["status"]) == (verdict, software, answer.status)
    assert seen["url"] == seen["final_url"] == portal.url + "/opendata"


@pytest.mark.parametrize(
    ("answer", "robots", "verdict", "kind"),
    [
        (Answer(401), None, "blocked", "blocked"),
        (Answer(403), None, "blocked", "blocked"),
        (Answer(429), None, "blocked", "blocked"),
        (Answer(503), None, "unreachable", "http"),
        (Answer(400), None, "unreachable", "http"),
        (page("opendata_page"), Answer(200, {}, b"User-agent: *\nDisallow: /"), "blocked", "blocked"),
        (page("opendata_page"), Answer(500), "unreachable", "http"),
    ],
)
def test_pages_when_the_only_address_refuses_or_fails_keeps_evidence_and_raises(
    serve: Callable[[App], Portal], fetch: JobFetch, answer: Answer, robots: Answer | None, verdict: str, kind: str
) -> None:
    portal = serve(answering(answer, robots))
    (seen,), fault = watched(fetch, portal.url + "/opendata")

    assert seen["verdict"] == verdict
    assert fault is not None
    assert (fault.kind, fault.url) == (kind, portal.url + "/opendata")


def test_pages_when_robots_forbids_asks_nothing_else(serve: Callable[[App], Portal], fetch: JobFetch) -> None:
    portal = serve(answering(page("opendata_page"), Answer(200, {}, b"User-agent: Datapeil\nDisallow: /opendata")))
    seen, _ = watched(fetch, portal.url + "/opendata", addresses=[portal.url + "/nieuws"])

    assert [it["verdict"] for it in seen] == ["blocked", "page"]
    assert [request.path for request in portal.requests] == ["/robots.txt", "/nieuws"]


def test_pages_when_one_address_is_down_reports_the_others(serve: Callable[[App], Portal], fetch: JobFetch) -> None:
    portal = serve(answering(page("opendata_page")))
    seen, fault = watched(fetch, NOWHERE, addresses=[portal.url + "/opendata"])

    assert fault is None
    assert [(it["verdict"], it["error"]) for it in seen] == [("unreachable", "dns"), ("page", None)]
    assert seen[1]["title"] == "Open data | Stad"
    assert seen[1]["mentions"] == ["datasets", "open data"]
    assert seen[1]["leads"] == ["https://opendata.stad.example/"]


def test_pages_when_a_guessed_host_does_not_exist_is_no_outage(serve: Callable[[App], Portal], fetch: JobFetch) -> None:
    portal = serve(answering(page("home_page")))
    seen, fault = watched(fetch, portal.url, guesses=[NOWHERE])

    assert fault is None
    assert [(it["guess"], it["verdict"]) for it in seen] == [(False, "no_catalogue"), (True, "no_catalogue")]


def test_pages_when_nothing_answers_a_guess_proves_nothing_either(fetch: JobFetch) -> None:
    seen, fault = watched(fetch, NOWHERE, guesses=["http://opendata.does-not-exist.invalid"])

    assert [it["verdict"] for it in seen] == ["unreachable", "unreachable"]
    assert fault is not None
    assert fault.kind == "dns"


def test_pages_when_the_address_has_moved_keeps_where_it_led(serve: Callable[[App], Portal], fetch: JobFetch) -> None:
    portal = serve(lambda _: Answer(404))

    def app(request: Request) -> Answer:
        moved = Answer(301, {"Location": "/nieuw"})
        return {"/oud": moved, "/nieuw": page("opendata_page")}.get(request.path, Answer(404))

    portal.app = app
    (seen,), _ = watched(fetch, portal.url + "/oud")

    assert (seen["final_url"], seen["verdict"]) == (portal.url + "/nieuw", "page")


def test_records_when_given_any_page_are_none() -> None:
    source = HarvestSource(id="test", city="genk", kind="watch", url="https://stad.example")

    assert list(Watch().records(source, Page("https://stad.example", (b"{}",)))) == []
    assert Watch().dataset(source, HarvestRecord("x", b"{}")).distributions == []


@pytest.mark.parametrize("options", [{"addresses": ["stad.example"]}, {"guesses": ["ftp://x"]}, {"address": []}])
def test_options_when_wrong_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
