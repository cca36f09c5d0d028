"""The door against portals that misbehave on the wire: scripted sockets, real HTTP, loopback only."""

import errno
import gzip
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from urllib3.util.ssl_ import create_urllib3_context

from harvester.errors import ErrorKind, FetchError
from harvester.fetch import Credentials, Door, JobFetch, Limits, Validator, user_agent

Script = Callable[[socket.socket], None]
LIMITS = Limits(
    connect_s=2,
    read_s=2,
    deadline_s=10,
    max_bytes=1_000_000,
    per_host_interval_s=0,
    allow_private=("127.0.0.1",),
    retries=0,
    backoff_s=0.01,
)
AGENT = user_agent("0.1", "https://datapeil.example.org", "opendata@example.org")


def answer(body: bytes = b"ok", status: str = "200 OK", *headers: str) -> Script:
    """A whole answer on a connection that stays open."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda sock: sock.sendall("\r\n".join(lines).encode() + body)


def bytes_then_close(data: bytes) -> Script:
    def script(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_RDWR)

    return script


def drip(head: bytes, drop: bytes, every_s: float = 0.02) -> Script:
    """`head` at once, then `drop` again and again, for ever."""

    def script(sock: socket.socket) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(drop)
            time.sleep(every_s)

    return script


def silence(sock: socket.socket) -> None:
    time.sleep(5)
    sock.close()


def answer_then_silence(sock: socket.socket) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
    silence(sock)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def moved(location: str, status: str = "302 Found") -> Script:
    return answer(b"moved", status, f"Location: {location}")


class ScriptedPortal:
    """Answers each request by the next script, and every further one by the last. Remembers what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.scripts: list[Script] = [answer()]
        self.requests: list[str] = []
        self.times: list[float] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), closing(sock):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            while request := self._request(sock):
                self.times.append(time.monotonic())
                self.requests.append(request)
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                script(sock)
        sock.close()

    @staticmethod
    def _request(sock: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return ""
            data += piece
        return data.decode("latin-1")

    def close(self) -> None:
        self._listener.close()
        for sock in self._open:
            sock.close()


@pytest.fixture
def portal() -> Iterator[ScriptedPortal]:
    with closing(ScriptedPortal()) as scripted:
        yield scripted


@pytest.fixture
def other_portal() -> Iterator[ScriptedPortal]:
    with closing(ScriptedPortal()) as scripted:
        yield scripted


@pytest.fixture
def fetch() -> Iterator[JobFetch]:
    with Door(LIMITS, AGENT).session() as session:
        yield session


def fetching(**changes: Any) -> JobFetch:
    return Door(replace(LIMITS, **changes), AGENT).session()


def fault(session: JobFetch, url: str) -> FetchError:
    with session, pytest.raises(FetchError) as caught:
        session.get(url)
    return caught.value


# ------------------------------------------------------------------------------------------------ what breaks or drips

GZIPPED = gzip.compress(b"a" * 50_000 + bytes(range(256)) * 40)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


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


# ----------------------------------------------------------------------------------------------------------- redirects


def test_get_when_redirected_for_ever_then_is_a_loop(portal: ScriptedPortal) -> None:
    portal.scripts = [moved(f"/{step}") for step in range(99)]
    session = fetching(max_redirects=3)
    assert fault(session, portal.url).kind == "loop"
    assert session.requests == 4


def test_get_when_redirected_in_a_circle_then_is_a_loop(portal: ScriptedPortal, fetch: JobFetch) -> None:
    portal.scripts = [moved("/b"), moved("/a#top")]
    assert fault(fetch, portal.url + "/a").kind == "loop"
    assert fetch.requests == 2


def test_get_when_a_redirect_has_an_endless_body_then_it_is_not_read(portal: ScriptedPortal, fetch: JobFetch) -> None:
    portal.scripts = [drip(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n", b"x" * 1000, 0), answer(b"there")]
    assert fetch.get(portal.url).body == b"there"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://[::1", "gopher:"])
def test_get_when_redirected_to_no_web_address_then_refuses(
    portal: ScriptedPortal, fetch: JobFetch, location: str
) -> None:
    portal.scripts = [moved(location)]
    assert fault(fetch, portal.url).kind == "refused_address"
    assert fetch.requests == 1


@pytest.mark.parametrize("inside", ["127.0.0.2", "127.2", "0x7f000002", "2130706434", "0177.0.0.2", "[::1]"])
def test_get_when_redirected_inside_then_refuses_and_never_connects(inside: str) -> None:
    with closing(ScriptedPortal()) as portal, fetching(retries=3) as session:
        portal.scripts = [moved(f"http://public@{inside}:{portal.port}/admin?token=hush")]
        error = fault(session, portal.url)
        assert error.kind == "refused_address"
        assert len(portal.requests) == 1
        assert session.requests == 2
        assert "hush" not in f"{error.message} {error.url}"
        assert "public@" not in f"{error.message} {error.url}"


def test_get_when_moved_to_another_host_then_secrets_stay(portal: ScriptedPortal, other_portal: ScriptedPortal) -> None:
    portal.scripts = [moved("/second"), moved(other_portal.url + "/third")]
    key = Credentials(portal.url, {"X-Api-Key": "hush"})
    with Door(LIMITS, AGENT).session(credentials=key) as session:
        response = session.get(
            portal.url, headers={"Authorization": "hush", "Accept-Language": "nl"}, accept="text/csv"
        )
    assert response.url == other_portal.url + "/third"
    assert all("X-Api-Key: hush" in request and "Authorization: hush" in request for request in portal.requests)
    assert "hush" not in other_portal.requests[0]
    assert "Accept-Language: nl" in other_portal.requests[0]
    assert "Accept: text/csv" in other_portal.requests[0]


# ------------------------------------------------------------------------------------------------------------ the guard

Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]


def found(*addresses: str, port: int) -> Found:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


def test_get_when_the_name_turns_inside_then_refuses_and_never_connects(
    portal: ScriptedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public at the first look-up, loopback at every later one."""
    answers = [found("203.0.113.7", port=portal.port), found("127.0.0.1", port=portal.port)]
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> Found:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    dialed: list[Any] = []

    def refuse(_: socket.socket, address: Any) -> int:
        dialed.append(address)
        return errno.ECONNREFUSED

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("harvester.addresses.is_public", lambda address: str(address) == "203.0.113.7")
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    session = fetching(allow_private=(), retries=1)
    error = fault(session, f"http://rebinding.example:{portal.port}/")
    assert dialed == [("203.0.113.7", portal.port)]  # the address that was checked, by number, and nothing else
    assert asked == ["rebinding.example"] * 2  # one look-up for each connection
    assert error.kind == "refused_address"
    assert portal.requests == []


@pytest.mark.parametrize("addresses", [("8.8.8.8", "127.0.0.1"), ("10.0.0.1", "8.8.8.8")])
def test_get_when_a_name_mixes_public_and_inside_then_refuses(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found(*addresses, port=80))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: pytest.fail("connected"))
    assert fault(fetching(allow_private=()), "http://portal.example/").kind == "refused_address"


@pytest.mark.parametrize("allowed", ["localhost", "LOCALHOST.", "127.0.0.0/8", "127.0.0.1"])
def test_get_when_allowed_by_name_or_network_then_connects(portal: ScriptedPortal, allowed: str) -> None:
    both = (allowed, "::1") if "127" in allowed else (allowed,)
    with fetching(allow_private=both) as session:
        assert session.get(f"http://localhost:{portal.port}/").body == b"ok"


def test_get_when_the_environment_names_a_proxy_then_ignores_it(
    portal: ScriptedPortal, other_portal: ScriptedPortal, fetch: JobFetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", other_portal.url)
    monkeypatch.setenv("HTTP_PROXY", other_portal.url)
    fetch.get(portal.url)
    assert (len(portal.requests), len(other_portal.requests)) == (1, 0)


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


# ------------------------------------------------------------------------------------------------------------------ TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A fresh self-signed certificate for 127.0.0.1, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here; install it with: apt-get install openssl")
    key, both = tmp_path / "key.pem", tmp_path / "both.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=portal"
    wanted = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(both)]
    subprocess.run([openssl, *options.split(), *wanted], check=True, capture_output=True)
    both.write_text(both.read_text() + key.read_text())
    return both


@pytest.fixture
def secure_portal(certificate: Path) -> Iterator[ScriptedPortal]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with closing(ScriptedPortal(context)) as scripted:
        yield scripted


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.load_verify_locations(certificate)
    return context


def test_get_when_the_certificate_is_unknown_then_is_a_tls_fault(secure_portal: ScriptedPortal) -> None:
    session = fetching(retries=3)
    error = fault(session, secure_portal.url)
    assert (error.kind, error.transient, session.requests) == ("tls", False, 1)
    assert "certificate of 127.0.0.1" in error.message


def test_get_when_https_is_not_spoken_then_is_a_tls_fault(fetch: JobFetch) -> None:
    def answer_in_plain(listener: socket.socket) -> None:
        with listener.accept()[0] as sock:
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            sock.recv(1000)

    with closing(socket.create_server(("127.0.0.1", 0))) as plain:
        thread = threading.Thread(target=answer_in_plain, args=(plain,))
        thread.start()
        assert fault(fetch, f"https://127.0.0.1:{plain.getsockname()[1]}/").kind == "tls"
        thread.join()


def test_get_when_the_handshake_hangs_then_ends_after_the_connect_timeout() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        begun = time.monotonic()
        error = fault(fetching(connect_s=0.5), f"https://127.0.0.1:{mute.getsockname()[1]}/")
        assert error.kind == "timeout"
        assert time.monotonic() - begun < 1.4


def test_get_when_secure_then_the_same_limits_hold(secure_portal: ScriptedPortal, trusting: ssl.SSLContext) -> None:
    secure_portal.scripts = [answer(b"x" * 900_000), drip(CHUNKED, b"1\r\nx\r\n")]
    with Door(LIMITS, AGENT, tls=trusting).session(deadline_s=1.0) as session:
        assert len(session.get(secure_portal.url).body) == 900_000
        begun = time.monotonic()
        assert fault(session, secure_portal.url).kind == "timeout"
        assert time.monotonic() - begun < 1.6


def test_get_when_led_from_https_to_http_then_records_it(
    secure_portal: ScriptedPortal, portal: ScriptedPortal, trusting: ssl.SSLContext
) -> None:
    secure_portal.scripts = [moved(portal.url + "/plain?key=hush")]
    with Door(LIMITS, AGENT, tls=trusting).session() as session:
        session.get(secure_portal.url)
        session.get(secure_portal.url)
    assert [(issue.code, issue.value) for issue in session.issues] == [
        ("insecure_redirect", portal.url + "/plain?key=...")
    ]
