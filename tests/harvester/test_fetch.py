"""The door's answers, retries, validators and robots.txt, with answers written down in the test."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import certifi
import pytest
import requests
import responses

from harvester.errors import ErrorKind, FetchError
from harvester.fetch import Credentials, Door, JobFetch, Limits, Validator
from harvester.sources.base import Fetch

HOME = "https://portal.example"
LIMITS = Limits(per_host_interval_s=0, retries=2, backoff_s=0.001)


@pytest.fixture
def portal() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def door() -> Door:
    return Door(LIMITS, "Datapeil/0.1 (test)")


@pytest.fixture
def fetch(door: Door) -> Iterator[JobFetch]:
    with door.session() as session:
        yield session


def fault(session: JobFetch, url: str = HOME) -> FetchError:
    with pytest.raises(FetchError) as caught:
        session.get(url)
    return caught.value


def test_get_when_answered_then_describes_the_answer(portal: responses.RequestsMock, fetch: Fetch) -> None:
    url = f"{HOME}/api?q=caf%C3%A9&rows=10"
    portal.get(url, body=b"{}", content_type='Application/JSON; charset="UTF-8"', headers={"X-Total": "5"})
    response = fetch.get(f" {HOME}/api#top", {"q": "café", "rows": 10}, accept="application/json")
    assert (response.status, response.body, response.content_type) == (200, b"{}", "application/json")
    assert (response.charset, response.headers["x-total"]) == ("utf-8", "5")
    assert (response.url, response.asked_url) == (url, url)
    assert portal.calls[0].request.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("status", "kind", "asked"),
    [
        (400, "http", 1),
        (401, "blocked", 1),
        (403, "blocked", 1),
        (404, "http", 1),
        (304, "http", 1),
        (429, "blocked", 3),
        (500, "http", 3),
        (502, "http", 3),
        (503, "http", 3),
        (504, "http", 3),
        (599, "http", 1),
    ],
)
def test_get_when_the_status_is_a_fault_then_raises_it(
    portal: responses.RequestsMock, fetch: JobFetch, status: int, kind: ErrorKind, asked: int
) -> None:
    portal.get(HOME + "/", status=status, body=b"no")
    error = fault(fetch)
    assert (error.kind, error.status, error.url) == (kind, status, HOME + "/")
    assert str(status) in error.message
    assert fetch.requests == asked


@pytest.mark.parametrize("status", [301, 404, 429, 503])
def test_get_when_the_status_is_allowed_then_returns_it_at_once(
    portal: responses.RequestsMock, fetch: JobFetch, status: int
) -> None:
    portal.get(HOME + "/", status=status, body=b"seen", headers={"Location": "/x"})
    response = fetch.get(HOME, allow=frozenset({status}))
    assert (response.status, response.body, fetch.requests) == (status, b"seen", 1)
    assert fetch.validators == []


@pytest.mark.parametrize("broken", [requests.ConnectionError("reset"), requests.ReadTimeout("late")])
def test_get_when_a_retry_helps_then_returns_its_answer(
    portal: responses.RequestsMock, fetch: JobFetch, broken: Exception
) -> None:
    portal.get(HOME + "/", body=broken)
    portal.get(HOME + "/", status=503)
    portal.get(HOME + "/", body=b"at last")
    assert fetch.get(HOME).body == b"at last"
    assert fetch.requests == 3


def test_get_when_asked_to_wait_then_waits(portal: responses.RequestsMock, door: Door) -> None:
    portal.get(HOME + "/", status=429, headers={"Retry-After": "1"})
    portal.get(HOME + "/", body=b"ok")
    begun = time.monotonic()
    with door.session() as session:
        assert session.get(HOME).body == b"ok"
    assert 0.95 <= time.monotonic() - begun < 2


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize(("status", "kind"), [(429, "blocked"), (503, "http")])
def test_get_when_asked_to_wait_for_long_then_gives_up_and_passes_the_wish_on(
    portal: responses.RequestsMock, fetch: JobFetch, as_date: bool, status: int, kind: ErrorKind
) -> None:
    wish = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True) if as_date else "121"
    portal.get(HOME + "/", status=status, headers={"Retry-After": wish})
    error = fault(fetch)
    assert (error.kind, fetch.requests) == (kind, 1)
    assert error.retry_after_s is not None
    assert 120 < error.retry_after_s <= 7200


def test_get_when_the_wish_passes_the_deadline_then_gives_up_at_once(portal: responses.RequestsMock) -> None:
    portal.get(HOME + "/", status=429, headers={"Retry-After": "20"})
    begun = time.monotonic()
    with Door(LIMITS, "x").session(deadline_s=5) as session:
        error = fault(session)
    assert (error.kind, error.retry_after_s) == ("blocked", 20)
    assert time.monotonic() - begun < 1


def test_get_when_the_quota_is_spent_then_the_next_question_waits(portal: responses.RequestsMock) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    portal.get(HOME + "/", body=b"1", headers=reset)
    with Door(LIMITS, "x").session() as session:
        session.get(HOME)
        begun = time.monotonic()
        session.get(HOME)
        assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize(
    "url", ["", "portal.example", "ftp://portal.example/", "file:///etc/passwd", "http://", "//x/y"]
)
def test_get_when_no_web_address_then_refuses_without_a_request(fetch: JobFetch, url: str) -> None:
    assert fault(fetch, url).kind == "refused_address"
    assert fetch.requests == 0


def test_get_when_the_job_is_stopped_or_late_then_asks_nothing(door: Door) -> None:
    stop = threading.Event()
    stop.set()
    for session in (door.session(cancelled=stop), door.session(deadline_s=0)):
        assert fault(session).kind == "timeout"
        assert session.requests == 0


def test_get_when_a_url_holds_secrets_then_none_is_shown(portal: responses.RequestsMock, fetch: JobFetch) -> None:
    portal.get("https://me:hush@portal.example/api", status=404)
    error = fault(fetch, "https://me:hush@portal.example/api?apikey=hush&q=1&access_token=hush")
    assert error.url == f"{HOME}/api?apikey=...&q=1&access_token=..."
    assert "hush" not in error.message
    assert "hush" not in repr(Credentials(HOME, {"Authorization": "hush"}))


def test_get_when_credentials_are_for_another_portal_then_sends_none(
    portal: responses.RequestsMock, door: Door
) -> None:
    portal.get(HOME + "/")
    portal.get("https://elsewhere.example/")
    with door.session(credentials=Credentials(HOME + "/api", {"X-Api-Key": "hush"})) as session:
        session.get(HOME)
        session.get("https://elsewhere.example/")
    assert ["X-Api-Key" in call.request.headers for call in portal.calls] == [True, False]


def test_validators_when_pages_differ_then_each_is_kept_as_sent(
    portal: responses.RequestsMock, fetch: JobFetch
) -> None:
    portal.get(f"{HOME}/a", headers={"ETag": 'W/"1"', "Last-Modified": "Tue, 01 Jan 2019 00:00:00 GMT"})
    portal.get(f"{HOME}/b", headers={"ETag": "x" * 501})
    fetch.get(f"{HOME}/a", accept="text/turtle")
    fetch.get(f"{HOME}/b")
    fetch.get(f"{HOME}/a", headers={"X-Page": "2"})
    assert fetch.validators == [
        Validator(f"{HOME}/a", 'W/"1"', "Tue, 01 Jan 2019 00:00:00 GMT", "text/turtle"),
        Validator(f"{HOME}/b"),
        Validator(f"{HOME}/a"),
    ]


@pytest.mark.parametrize(
    "known",
    [
        pytest.param([], id="none"),
        pytest.param([Validator(HOME, '"1"'), Validator(HOME + "/2")], id="one-without"),
        pytest.param([Validator(HOME, '"1"')] * 51, id="too-many"),
    ],
)
def test_not_modified_when_it_can_not_be_proven_then_asks_nothing(fetch: JobFetch, known: list[Validator]) -> None:
    assert not fetch.not_modified(known)
    assert fetch.requests == 0


def test_not_modified_when_asked_then_in_the_same_form(portal: responses.RequestsMock, fetch: JobFetch) -> None:
    portal.get(HOME + "/", status=304)
    assert fetch.not_modified([Validator(HOME + "/", '"1"', None, "text/turtle")])
    assert portal.calls[0].request.headers["Accept"] == "text/turtle"
    assert "If-Modified-Since" not in portal.calls[0].request.headers


@pytest.mark.parametrize("status", [404, 410, 500, 429])
def test_not_modified_when_the_portal_fails_then_false_after_one_question(
    portal: responses.RequestsMock, fetch: JobFetch, status: int
) -> None:
    portal.get(HOME + "/", status=status)
    assert not fetch.not_modified([Validator(HOME + "/", '"1"')])
    assert fetch.requests == 1


@pytest.mark.parametrize("status", [200, 204, 401, 404, 429, 500])
def test_probe_when_answered_then_any_status_is_an_answer(
    portal: responses.RequestsMock, fetch: JobFetch, status: int
) -> None:
    portal.get(HOME + "/old", status=301, headers={"Location": HOME + "/new"})
    portal.get(HOME + "/new", status=status)
    probe = fetch.probe(HOME + "/old")
    assert probe.response is not None
    assert (probe.response.status, probe.response.url, probe.error) == (status, HOME + "/new", None)
    assert fetch.requests == 2


def test_probe_when_it_fails_then_the_failure_is_a_value(portal: responses.RequestsMock, fetch: JobFetch) -> None:
    portal.get(HOME + "/", body=requests.ConnectionError("reset"))
    probe = fetch.probe(HOME)
    assert (probe.response, probe.error, fetch.requests) == (None, "connection", 1)
    assert fetch.probe("file:///etc/passwd").error == "refused_address"


@pytest.mark.parametrize(
    ("status", "body", "permitted"),
    [
        (200, "User-agent: *\nDisallow: /data", False),
        (200, "User-agent: *\nDisallow: /\n\nUser-agent: Datapeil\nAllow: /data\nDisallow: /", True),
        (200, "<html>not found</html>", True),
        (200, "\ufeffUser-agent: *\nDisallow: /", False),
        (404, "", True),
        (410, "", True),
        (401, "", False),
        (403, "", False),
    ],
)
def test_permitted_when_robots_txt_answers_then_is_followed_and_asked_once(
    portal: responses.RequestsMock, fetch: Fetch, status: int, body: str, permitted: bool
) -> None:
    portal.get(f"{HOME}:443/robots.txt", status=status, body=body.encode())
    assert fetch.permitted(f"{HOME}/data/1") is permitted
    assert fetch.permitted(f"{HOME}/data/2") is permitted
    assert len(portal.calls) == 1


def test_permitted_when_robots_txt_fails_then_is_blocked(portal: responses.RequestsMock, fetch: JobFetch) -> None:
    portal.get(f"{HOME}:443/robots.txt", status=503)
    with pytest.raises(FetchError) as caught:
        fetch.permitted(HOME)
    assert (caught.value.kind, caught.value.status, fetch.requests) == ("blocked", 503, 3)


def test_door_when_many_sessions_open_then_reads_the_ca_bundle_once(
    monkeypatch: pytest.MonkeyPatch, portal: responses.RequestsMock
) -> None:
    read: list[str] = []
    bundle = certifi.where()
    monkeypatch.setattr(certifi, "where", lambda: read.append(bundle) or bundle)  # type: ignore[func-returns-value]
    portal.get(HOME + "/")
    door = Door(replace(LIMITS, retries=0), "x")
    for _ in range(5):
        with door.session() as session:
            session.get(HOME)
    assert len(read) == 1
