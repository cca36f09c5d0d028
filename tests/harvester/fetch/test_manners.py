"""The door as a guest: pace, turns, robots.txt, and pages that say they are as they were."""

import socket
import threading
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

from harvester.errors import FetchError
from harvester.fetch import Door, JobFetch, Validator
from tests.harvester.fetch.scripted import AGENT, LIMITS, ScriptedPortal, answer, fault, fetching, reset, silence

# ------------------------------------------------------------------------------------------------- politeness and turns


def test_get_when_asked_by_several_jobs_then_the_host_is_paced(portal: ScriptedPortal) -> None:
    door = Door(replace(LIMITS, per_host_interval_s=0.15), AGENT)

    def job() -> None:
        with door.session() as session:
            session.get(portal.url)
            session.get(portal.url)

    threads = [threading.Thread(target=job) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(portal.times)
    assert len(times) == 6
    assert times[-1] - times[0] >= 5 * 0.15 - 0.05
    assert all(later - earlier > 0.10 for earlier, later in pairwise(times))


def test_get_when_one_portal_hangs_then_another_job_has_the_turn(
    portal: ScriptedPortal, other_portal: ScriptedPortal
) -> None:
    portal.scripts = [silence]
    turn, door = threading.Lock(), Door(replace(LIMITS, read_s=1.0), AGENT)
    faults: list[FetchError] = []

    def hanging_job() -> None:
        with turn, door.session(turn=turn) as session:
            faults.append(fault(session, portal.url))

    thread = threading.Thread(target=hanging_job)
    thread.start()
    while not portal.requests:
        time.sleep(0.01)
    with turn, door.session(turn=turn) as session:
        begun = time.monotonic()
        assert session.get(other_portal.url).body == b"ok"
        assert turn.locked()
        assert time.monotonic() - begun < 0.5
        assert thread.is_alive()
    thread.join()
    assert faults[0].kind == "timeout"
    assert not turn.locked()


def test_get_when_robots_txt_asks_for_a_delay_then_keeps_it(portal: ScriptedPortal) -> None:
    portal.scripts = [answer(b"User-agent: datapeil\nCrawl-delay: 0.4\nDisallow: /private"), answer()]
    with fetching() as session:
        assert session.permitted(portal.url + "/public")
        assert not session.permitted(portal.url + "/private/x")
        for _ in range(3):
            session.get(portal.url + "/public")
    assert [request.split()[1] for request in portal.requests] == ["/robots.txt", "/public", "/public", "/public"]
    assert portal.times[-1] - portal.times[1] > 0.7


def test_get_when_headers_are_sent_then_they_say_who_asks(portal: ScriptedPortal, fetch: JobFetch) -> None:
    fetch.get(portal.url)
    assert "User-Agent: Datapeil/0.1 (+https://datapeil.example.org; opendata@example.org)\r\n" in portal.requests[0]
    assert "Accept-Encoding: gzip, deflate\r\n" in portal.requests[0]


def test_get_when_pages_follow_each_other_then_the_connection_is_kept(portal: ScriptedPortal, fetch: JobFetch) -> None:
    peers: list[Any] = []

    def page_of_one_peer(sock: socket.socket) -> None:
        peers.append(sock.getpeername())
        answer(b"x" * 300_000)(sock)

    portal.scripts = [page_of_one_peer]
    for page in range(3):
        fetch.get(portal.url, {"page": page})
    assert len(set(peers)) == 1


def test_get_when_a_kept_connection_was_closed_then_a_retry_mends_it(portal: ScriptedPortal) -> None:
    portal.scripts = [answer(), reset, answer(b"again")]
    with fetching(retries=1) as session:
        session.get(portal.url)
        assert session.get(portal.url).body == b"again"


# ------------------------------------------------------------------------------------------------------------------ 304


def test_not_modified_when_every_page_says_so_then_true(portal: ScriptedPortal, fetch: JobFetch) -> None:
    portal.scripts = [answer(b"", "304 Not Modified", 'ETag: "1"')]
    known = [Validator(f"{portal.url}/?page={page}", '"1"', "Tue, 01 Jan 2019 00:00:00 GMT") for page in (1, 2)]
    assert fetch.not_modified(known)
    assert [request.split()[1] for request in portal.requests] == ["/?page=1", "/?page=2"]
    assert 'If-None-Match: "1"' in portal.requests[1]
    assert "If-Modified-Since: Tue, 01 Jan 2019 00:00:00 GMT" in portal.requests[1]


def test_not_modified_when_a_page_changed_then_its_body_is_used_once(portal: ScriptedPortal, fetch: JobFetch) -> None:
    portal.scripts = [
        answer(b"", "304 Not Modified"),
        answer(b"new", "200 OK", 'ETag: "2"'),
        answer(b"old", "200 OK", 'ETag: "1"'),
        answer(b"later"),
    ]
    known = [Validator(f"{portal.url}/?page={page}", '"1"') for page in (1, 2, 3)]
    assert not fetch.not_modified(known)
    assert [fetch.get(portal.url, {"page": page}).body for page in (1, 2, 2)] == [b"old", b"new", b"later"]
    assert fetch.requests == 4
    assert [page.etag for page in fetch.validators] == ['"1"', '"2"', None]
    assert fetch.validators[1].url == known[1].url
