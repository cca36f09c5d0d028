"""The door against answers that break, drip, fall silent or unfold to a bomb."""

import gzip
import socket
import threading
import time
import tracemalloc
import zlib

import pytest

from harvester.errors import ErrorKind
from harvester.fetch import Door, JobFetch
from tests.harvester.fetch.scripted import (
    AGENT,
    CHUNKED,
    LIMITS,
    Script,
    ScriptedPortal,
    answer,
    answer_then_silence,
    bytes_then_close,
    drip,
    fault,
    fetching,
    reset,
    silence,
)

# ------------------------------------------------------------------------------------------------ what breaks or drips

GZIPPED = gzip.compress(b"a" * 50_000 + bytes(range(256)) * 40)


def gzip_answer(body: bytes, length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % length + body


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param(reset, "connection", id="reset"),
        pytest.param(bytes_then_close(b""), "connection", id="closed-without-answer"),
        pytest.param(bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Le"), "connection", id="header-breaks-off"),
        pytest.param(bytes_then_close(b"HTTP/1.1 200 OK\r\nX: y\r\n"), "connection", id="headers-break-off"),
        pytest.param(
            bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "connection", id="truncated"
        ),
        pytest.param(bytes_then_close(CHUNKED + b"5\r\nabc"), "connection", id="truncated-chunk"),
        pytest.param(bytes_then_close(CHUNKED + b"3\r\nabc\r\n"), "connection", id="no-last-chunk"),
        pytest.param(bytes_then_close(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), "connection", id="chunk-garbage"),
        pytest.param(bytes_then_close(CHUNKED + b"-5\r\nabc\r\n0\r\n\r\n"), "connection", id="negative-chunk"),
        pytest.param(bytes_then_close(b"\x16\x03\x01 what is this\r\n\r\n"), "connection", id="not-http"),
        pytest.param(bytes_then_close(gzip_answer(GZIPPED, 60_240)), "connection", id="gzip-with-plain-length"),
        pytest.param(bytes_then_close(gzip_answer(GZIPPED[:-9], len(GZIPPED) - 9)), "connection", id="half-gzip"),
        pytest.param(bytes_then_close(gzip_answer(b"plain", 5)), "connection", id="gzip-that-is-none"),
        pytest.param(bytes_then_close(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000), "too_large", id="long-header"),
        pytest.param(
            bytes_then_close(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n"),
            "too_large",
            id="many-headers",
        ),
        pytest.param(
            bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n"), "too_large", id="announced"
        ),
        pytest.param(bytes_then_close(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 1_000_001), "too_large", id="unannounced"),
        pytest.param(drip(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\na\r\n", 0), "too_large", id="chunk-extensions"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 5000, 0), "too_large", id="endless-continue"),
        pytest.param(
            bytes_then_close(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\n?"),
            "parse",
            id="unasked-compression",
        ),
    ],
)
def test_get_when_the_answer_is_broken_then_says_so(
    portal: ScriptedPortal, fetch: JobFetch, script: Script, kind: ErrorKind
) -> None:
    portal.scripts = [script]
    error = fault(fetch, portal.url + "/data")
    assert (error.kind, error.url) == (kind, portal.url + "/data")
    assert error.transient == (kind == "connection")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n", b"X"), id="status-and-headers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"), id="body"),
        pytest.param(drip(b"HTTP/1.0 200 OK\r\n\r\n", b"x"), id="body-without-end"),
        pytest.param(drip(CHUNKED, b"1\r\nx\r\n"), id="chunks"),
        pytest.param(drip(CHUNKED, b"0"), id="chunk-size"),
        pytest.param(silence, id="nothing"),
    ],
)
def test_get_when_the_answer_drips_then_ends_at_the_deadline(portal: ScriptedPortal, script: Script) -> None:
    portal.scripts = [script]
    begun = time.monotonic()
    error = fault(fetching(deadline_s=0.6), portal.url)
    assert error.kind == "timeout"
    assert "0.6 seconds" in error.message
    assert 0.55 <= time.monotonic() - begun < 1.4


def test_get_when_the_portal_goes_quiet_then_ends_after_the_read_timeout(portal: ScriptedPortal) -> None:
    portal.scripts = [answer_then_silence]
    begun = time.monotonic()
    error = fault(fetching(read_s=0.4), portal.url)
    assert (error.kind, error.transient) == ("timeout", True)
    assert "sent nothing for 0.4 seconds" in error.message
    assert 0.35 <= time.monotonic() - begun < 1.2


def test_get_when_slow_but_steady_then_arrives_whole(portal: ScriptedPortal) -> None:
    def slowly(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        for letter in b"abcd":
            time.sleep(0.3)
            sock.sendall(bytes([letter]))

    portal.scripts = [slowly]
    with fetching(read_s=0.9) as session:
        assert session.get(portal.url).body == b"abcd"


def test_get_when_stopped_then_ends_at_once(portal: ScriptedPortal) -> None:
    portal.scripts = [silence]
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    error = fault(Door(LIMITS, AGENT).session(cancelled=stop), portal.url)
    assert error.kind == "timeout"
    assert "stopped" in error.message
    assert time.monotonic() - begun < 1.2


def test_get_when_nobody_accepts_then_ends_after_the_connect_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        queued = [socket.socket() for _ in range(8)]
        for sock in queued:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        begun = time.monotonic()
        error = fault(fetching(connect_s=0.5), f"http://127.0.0.1:{port}/")
        assert (error.kind, error.transient) == ("timeout", True)
        assert 0.4 <= time.monotonic() - begun < 1.4
        for sock in queued:
            sock.close()


def test_get_when_nobody_listens_then_tries_again_and_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    session = fetching(retries=2)
    error = fault(session, f"http://127.0.0.1:{port}/")
    assert (error.kind, session.requests) == ("connection", 3)


def test_get_when_a_name_is_never_looked_up_then_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: waits.wait(5) and [])
    begun = time.monotonic()
    error = fault(fetching(connect_s=0.4), "http://portal.example/")
    assert error.kind == "dns"
    assert time.monotonic() - begun < 1.2
    waits.set()


# --------------------------------------------------------------------------------------------------------- compression


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"abc" * 999)),
        ("x-gzip", gzip.compress(b"abc") + gzip.compress(b"abc" * 998)),
        ("gzip", gzip.compress(b"abc" * 999) + b"\0\0 rubbish"),
        ("deflate", zlib.compress(b"abc" * 999)),
        ("deflate", zlib.compress(b"abc" * 999)[2:-4]),
        ("deflate, gzip", gzip.compress(zlib.compress(b"abc" * 999))),
        ("identity", b"abc" * 999),
    ],
    ids=["gzip", "two-members", "rubbish-after", "deflate", "bare-deflate", "both", "identity"],
)
def test_get_when_compressed_then_unfolds(portal: ScriptedPortal, fetch: JobFetch, coding: str, packed: bytes) -> None:
    portal.scripts = [answer(packed, "200 OK", f"Content-Encoding: {coding}")]
    assert fetch.get(portal.url).body == b"abc" * 999
    assert fetch.bytes == len(packed)
    assert fetch.get(portal.url).body == b"abc" * 999  # and the connection is still good


@pytest.mark.parametrize("layers", [1, 2])
def test_get_when_the_answer_is_a_bomb_then_memory_stays_small(
    portal: ScriptedPortal, fetch: JobFetch, layers: int
) -> None:
    bomb = b"\0" * 400_000_000 if layers == 1 else b"\0" * 50_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb, 6)
    assert len(bomb) < 1_000_000
    portal.scripts = [answer(bomb, "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * layers))]
    tracemalloc.start()
    error = fault(fetch, portal.url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.kind == "too_large"
    assert peak < 8_000_000


def test_get_when_empty_and_marked_as_gzip_then_is_empty(portal: ScriptedPortal, fetch: JobFetch) -> None:
    portal.scripts = [answer(b"", "200 OK", "Content-Encoding: gzip")]
    assert fetch.get(portal.url).body == b""
