"""Every fault really happens on the wire, for as long as it should, and the portal is well again after it."""

import gzip
import http.client
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harvester.demo import dialects, faults
from harvester.demo.faults import When
from harvester.demo.portal import LOOPBACK, App, Portal
from harvester.demo.truth import Dialect, invented

DATASETS = invented(30)
SEARCH = "/api/3/action/package_search?rows=10&sort=id+asc"
Ask = Callable[..., Any]
Wire = Callable[..., bytes]


@pytest.fixture
def app() -> Dialect:
    return dialects.ckan(lambda: DATASETS)


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


def parts(received: bytes) -> tuple[dict[str, str], bytes]:
    """The headers, in lower case, and the raw body of one answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    return {name.lower(): value for name, _, value in lines}, body


# ---------------------------------------------------------------------------------------------------------------- when
def test_fault_when_limited_to_two_requests_then_the_third_is_good(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.status(app, 500, When(times=2)))
    assert [ask(portal, SEARCH).status for _ in range(4)] == [500, 500, 200, 200]


def test_fault_when_it_starts_in_the_middle_then_the_first_pages_are_good(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.status(app, 500, When(skip=2, times=1)))
    assert [ask(portal, SEARCH).status for _ in range(4)] == [200, 200, 500, 200]


def test_fault_when_limited_in_time_then_passes(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.status(app, 503, When(seconds=0.15)))
    assert ask(portal, SEARCH).status == 503
    time.sleep(0.2)
    assert ask(portal, SEARCH).status == 200


def test_fault_when_limited_to_a_path_then_spares_the_others_and_robots(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.status(app, 500, When(path="start=10")))
    assert (ask(portal, SEARCH).status, ask(portal, f"{SEARCH}&start=10").status) == (200, 500)
    portal.app = faults.status(app, 500)
    assert ask(portal, "/robots.txt").status == 200


# ---------------------------------------------------------------------------------------------------------------- wire
def test_empty_body_then_says_200_and_sends_nothing(app: Dialect, wire: Wire, serve: Serve) -> None:
    received = wire(serve(faults.empty_body(app)), SEARCH)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert parts(received)[1] == b""


def test_truncated_body_then_sends_less_than_announced_and_closes(app: Dialect, wire: Wire, serve: Serve) -> None:
    headers, body = parts(wire(serve(faults.truncated_body(app, 0.3)), SEARCH))
    assert 0 < len(body) == int(int(headers["content-length"]) * 0.3)


def test_truncated_body_when_reset_then_the_connection_breaks(app: Dialect, serve: Serve) -> None:
    portal = serve(faults.truncated_body(app, 0.0, reset=True))
    connection = http.client.HTTPConnection(LOOPBACK, portal.port, timeout=5)
    connection.request("GET", SEARCH)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        connection.getresponse().read()
    connection.close()


def test_html_instead_then_a_page_comes_with_200(app: Dialect, ask: Ask, serve: Serve) -> None:
    reply = ask(serve(faults.html_instead(app)), SEARCH)
    assert (reply.status, reply.body[:15]) == (200, b"<!DOCTYPE html>")


def test_error_json_then_an_error_document_comes_with_200(app: Dialect, ask: Ask, serve: Serve) -> None:
    reply = ask(serve(faults.error_json(app)), SEARCH)
    assert (reply.status, "error" in reply.json) == (200, True)


def test_too_many_requests_then_says_when_to_come_back(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.too_many_requests(app, "2", When(times=3)))
    replies = [ask(portal, SEARCH) for _ in range(4)]
    assert [(reply.status, reply.headers.get("retry-after")) for reply in replies] == [(429, "2")] * 3 + [(200, None)]


def test_hang_then_nothing_comes_at_all(app: Dialect, wire: Wire, serve: Serve) -> None:
    portal = serve(faults.hang(app))
    assert wire(portal, SEARCH, 0.3) == b""
    assert len(portal.requests) == 1


def test_hang_in_body_then_half_comes(app: Dialect, wire: Wire, serve: Serve) -> None:
    headers, body = parts(wire(serve(faults.hang_in_body(app)), SEARCH, 0.3))
    assert 0 < len(body) == int(headers["content-length"]) // 2


def test_slow_drip_then_bytes_come_one_by_one(app: Dialect, serve: Serve) -> None:
    portal = serve(faults.slow_drip(app, pause_s=0.05))
    with socket.create_connection((LOOPBACK, portal.port), timeout=5) as client:
        client.sendall(f"GET {SEARCH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += client.recv(1)
        before = time.monotonic()
        assert [len(client.recv(1000)) for _ in range(4)] == [1, 1, 1, 1]
        assert time.monotonic() - before >= 0.1


@pytest.mark.parametrize("announced", [True, False])
def test_huge_body_then_megabytes_come(app: Dialect, ask: Ask, serve: Serve, announced: bool) -> None:
    reply = ask(serve(faults.huge_body(app, 5, announced=announced)), SEARCH)
    assert len(reply.body) == 5 * 1_048_576
    assert ("content-length" in reply.headers) is announced


def test_bomb_then_little_on_the_wire_becomes_much(app: Dialect, ask: Ask, serve: Serve) -> None:
    reply = ask(serve(faults.bomb(app, 30)), SEARCH)
    assert reply.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(reply.body)) == 30 * 1_048_576 > 500 * len(reply.body)


def test_endless_redirect_then_each_hop_has_an_address_of_its_own(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.endless_redirect(app))
    path, seen = SEARCH, []
    for _ in range(5):
        reply = ask(portal, path)
        assert reply.status == 302
        path = reply.headers["location"]
        seen.append(path)
    assert len(set(seen)) == 5


def test_redirect_to_then_names_the_address_given(app: Dialect, ask: Ask, serve: Serve) -> None:
    reply = ask(serve(faults.redirect_to(app, "http://169.254.169.254/latest/")), SEARCH)
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/latest/")


def test_wrong_charset_then_the_header_and_the_bytes_disagree(app: Dialect, ask: Ask, serve: Serve) -> None:
    reply = ask(serve(faults.wrong_charset(app)), SEARCH)
    assert reply.headers["content-type"].endswith("charset=utf-8")
    assert "café".encode("cp1252") in reply.body
    with pytest.raises(UnicodeDecodeError):
        reply.body.decode("utf-8")


@pytest.mark.parametrize(
    ("spoken", "path", "mark"),
    [
        (dialects.ckan(lambda: DATASETS), SEARCH, b"["),
        (dialects.dcat(lambda: DATASETS, "rdf"), "/catalog.rdf", b"<a>"),
        (dialects.dcat(lambda: DATASETS), "/catalog.ttl", b"["),
        (dialects.html_list(lambda: DATASETS), "/opendata", b"<div>"),
    ],
)
def test_deep_nesting_then_is_deep_in_the_language_of_the_portal(
    ask: Ask, serve: Serve, spoken: Dialect, path: str, mark: bytes
) -> None:
    good = ask(serve(spoken), path)
    deep = ask(serve(faults.deep_nesting(spoken, 5_000)), path)
    assert deep.headers["content-type"] == good.headers["content-type"]
    assert deep.body.count(mark) >= 5_000


def test_page_loop_then_every_page_is_the_first(app: Dialect, ask: Ask, serve: Serve) -> None:
    portal = serve(faults.page_loop(app))
    assert ask(portal, f"{SEARCH}&start=20").json["result"]["results"] == ask(portal, SEARCH).json["result"]["results"]


# ------------------------------------------------------------------------------------------------------------- listing
def walked(ask: Ask, portal: Portal) -> tuple[list[Any], list[Any]]:
    """The announced totals and the ids of all pages, by ten, until a page is empty."""
    totals, ids = [], []
    for start in itertools.count(0, 10):
        result = ask(portal, f"{SEARCH}&start={start}").json["result"]
        totals.append(result.get("count"))
        ids += [package["id"] if isinstance(package, dict) else package for package in result["results"]]
        if not result["results"]:
            return totals, ids
    raise AssertionError


def test_empty_list_then_is_well_formed_and_empty(app: Dialect, ask: Ask, serve: Serve) -> None:
    assert walked(ask, serve(faults.empty_list(app))) == ([0], [])


def test_first_page_only_then_the_total_stays_and_the_rest_is_missing(app: Dialect, ask: Ask, serve: Serve) -> None:
    totals, ids = walked(ask, serve(faults.first_page_only(app, 10)))
    assert (set(totals), len(ids)) == ({30}, 10)


@pytest.mark.parametrize(("by", "total"), [(7, 37), (-7, 23), (None, None)])
def test_total_lies_then_everything_comes_under_a_false_total(
    app: Dialect, ask: Ask, serve: Serve, by: int | None, total: int | None
) -> None:
    totals, ids = walked(ask, serve(faults.total_lies(app, by)))
    assert (set(totals), len(set(ids))) == ({total}, 30)


def test_moving_items_then_paging_misses_some_under_a_constant_total(app: Dialect, ask: Ask, serve: Serve) -> None:
    totals, ids = walked(ask, serve(faults.moving_items(app)))
    assert len(set(totals)) == 1
    first = {dataset.id for dataset in DATASETS[: totals[0]]}
    assert first - set(ids)


def test_moving_items_when_more_arrive_than_leave_then_the_total_moves(app: Dialect, ask: Ask, serve: Serve) -> None:
    totals, _ = walked(ask, serve(faults.moving_items(app, leave=0, arrive=1)))
    assert len(set(totals)) > 1


def test_duplicate_ids_then_some_come_twice_and_count_twice(app: Dialect, ask: Ask, serve: Serve) -> None:
    totals, ids = walked(ask, serve(faults.duplicate_ids(app, 3)))
    assert (set(totals), len(ids), len(set(ids))) == ({33}, 33, 30)


def test_changed_ids_then_titles_stay_and_no_id_does(app: Dialect, ask: Ask, serve: Serve) -> None:
    search = "/api/3/action/package_search?rows=100&sort=title+asc"
    before = ask(serve(app), search).json["result"]["results"]
    after = ask(serve(faults.changed_ids(app)), search).json["result"]["results"]
    assert [package["title"] for package in after] == [package["title"] for package in before]
    assert not {package["id"] for package in after} & {package["id"] for package in before}
    assert not {package["name"] for package in after} & {package["name"] for package in before}


def test_one_invalid_then_one_record_has_wrong_types(app: Dialect, ask: Ask, serve: Serve) -> None:
    packages = ask(serve(faults.one_invalid(app, index=4)), f"{SEARCH}&rows=30").json["result"]["results"]
    assert [index for index, package in enumerate(packages) if not isinstance(package["title"], str)] == [4]


def test_every_date_invalid_then_no_date_is_one(app: Dialect, ask: Ask, serve: Serve) -> None:
    packages = ask(serve(faults.every_date_invalid(app)), SEARCH).json["result"]["results"]
    assert {package["metadata_modified"] for package in packages} == {"binnenkort"}
