"""The server that plays a portal: HTTP/1.1 as a client sees it."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from harvester.demo.portal import LOOPBACK, Answer, Portal, Request, Reset


def echo(request: Request) -> Answer:
    return Answer(200, {"Content-Type": "text/plain"}, f"{request.method} {request.path} {request.value('q')}".encode())


def test_portal_when_asked_twice_on_one_connection_then_answers_both() -> None:
    with Portal(echo) as portal:
        connection = http.client.HTTPConnection(LOOPBACK, portal.port, timeout=5)
        for word in ("een", "twee"):
            connection.request("GET", f"/pad?q={word}")
            assert connection.getresponse().read() == f"GET /pad {word}".encode()
        connection.close()
    assert [request.value("q") for request in portal.requests] == ["een", "twee"]
    assert portal.requests[0].at <= portal.requests[1].at


def test_portal_when_the_path_is_escaped_then_unescapes_path_and_query(ask: Callable[..., Any]) -> None:
    with Portal(echo) as portal:
        assert ask(portal, "/caf%C3%A9?q=a+b%26c").body.decode() == "GET /café a b&c"


def test_portal_when_asked_by_head_then_sends_the_length_and_no_body() -> None:
    with Portal(echo) as portal:
        connection = http.client.HTTPConnection(LOOPBACK, portal.port, timeout=5)
        connection.request("HEAD", "/pad")
        response = connection.getresponse()
        assert response.getheader("Content-Length") == str(len("HEAD /pad "))
        assert response.read() == b""
        connection.close()


def test_portal_when_the_app_is_replaced_then_the_next_request_sees_the_new_one(ask: Callable[..., Any]) -> None:
    with Portal(echo) as portal:
        portal.app = lambda _: Answer(410, body=b"weg")
        assert (ask(portal, "/").status, ask(portal, "/").body) == (410, b"weg")


def test_portal_when_pieces_are_given_then_sends_them_chunked(
    ask: Callable[..., Any], wire: Callable[..., bytes]
) -> None:
    with Portal(lambda _: Answer(body=[b"ab", 0.01, b"cde"])) as portal:
        assert ask(portal, "/").body == b"abcde"
        assert b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n" in wire(portal)


def test_portal_when_a_reset_is_given_then_the_client_sees_a_reset() -> None:
    with (
        Portal(lambda _: Answer(0, body=[Reset()])) as portal,
        socket.create_connection((LOOPBACK, portal.port)) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(10)


def test_portal_when_it_has_latency_then_answers_not_sooner(ask: Callable[..., Any]) -> None:
    with Portal(echo, latency_s=0.08) as portal:
        before = time.monotonic()
        ask(portal, "/")
        assert time.monotonic() - before >= 0.08


def test_portal_when_closed_while_an_answer_sleeps_then_does_not_wait_for_it(wire: Callable[..., bytes]) -> None:
    before = time.monotonic()
    with Portal(lambda _: Answer(0, body=[3_600.0])) as portal:
        reader = threading.Thread(target=wire, args=(portal, "/", 30.0))
        reader.start()
        while not portal.requests:
            time.sleep(0.005)
    reader.join(timeout=5)
    assert not reader.is_alive()
    assert time.monotonic() - before < 5


def test_portal_when_one_answer_hangs_then_others_are_served(ask: Callable[..., Any]) -> None:
    def app(request: Request) -> Answer:
        return Answer(0, body=[3_600.0]) if request.path == "/hang" else Answer(body=b"vlot")

    with Portal(app) as portal, socket.create_connection((LOOPBACK, portal.port)) as stuck:
        stuck.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ask(portal, "/").body == b"vlot"


@pytest.mark.parametrize("nonsense", [b"hallo\r\n\r\n", b"\r\n\r\n", b"x" * 70_000])
def test_portal_when_the_client_speaks_no_http_then_hangs_up(nonsense: bytes) -> None:
    with Portal(echo) as portal, socket.create_connection((LOOPBACK, portal.port), timeout=5) as client:
        client.sendall(nonsense)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    assert portal.requests == []
