"""A small HTTP/1.1 server on 127.0.0.1 that plays a portal, or a broken one. Knows no dialect and no dataset."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from urllib.parse import parse_qs, unquote

LOOPBACK = "127.0.0.1"
LARGEST_HEAD = 65_536
REASONS = {status.value: status.phrase for status in HTTPStatus}
LINGER_ZERO = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN


@dataclass(frozen=True, slots=True)
class Reset:
    """In a body: the connection is torn down here, as a crashing server does."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `at`: seconds on the monotonic clock; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    at: float
    target: str = ""
    body: bytes = b""

    def value(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, (default,))[0]

    @property
    def base(self) -> str:
        """The root of this portal as the client knows it."""
        return "http://" + self.headers.get("host", LOOPBACK)


Piece = bytes | float | Reset


def no_headers() -> Mapping[str, str]:
    """An answer without headers of its own."""
    return {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. A `bytes` body gets its Content-Length; pieces go one by one: bytes, seconds to wait, `Reset`.

    Pieces are chunked unless a Content-Length is given: then they go as they are, and the connection closes after them.
    `status` 0 sends no head at all, only the body: for servers that hang or talk nonsense.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=no_headers)
    body: bytes | Iterable[Piece] = b""


App = Callable[[Request], Answer]


class Portal:
    """Serves `app` on a port of its own while the context is open. `app` may be replaced at any time."""

    def __init__(self, app: App, latency_s: float = 0.0, port: int = 0, *, record: bool = True) -> None:
        self.app = app
        self.latency_s = latency_s
        self.requests: list[Request] = []
        self._record = record
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((LOOPBACK, port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, name=f"portal-{self.port}", daemon=True)

    def __enter__(self) -> "Portal":
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening and drops every open connection; sleeping answers wake up and end."""
        self._stopping.set()
        _drop(self._listener)
        with self._lock:
            open_connections = list(self._connections)
        for connection in open_connections:
            _drop(connection)
        if self._acceptor.ident is not None:
            self._acceptor.join(timeout=5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inbox = bytearray()
        try:
            while not self._stopping.is_set():
                request = read_request(connection, inbox)
                if request is None or not self._exchange(connection, request):
                    return
        except OSError:
            return  # the client left, or this portal was closed: both are normal here
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _exchange(self, connection: socket.socket, request: Request) -> bool:
        """One answer; false when the connection can't be used any further."""
        if self._record:
            self.requests.append(request)
        if self.latency_s:
            self._stopping.wait(self.latency_s)
        answer = self.app(request)
        wants_more = request.headers.get("connection", "").lower() != "close"
        if isinstance(answer.body, bytes):
            connection.sendall(_head(answer, len(answer.body)) + (b"" if request.method == "HEAD" else answer.body))
            return wants_more and answer.status != 0
        chunked = answer.status != 0 and not any(name.lower() == "content-length" for name in answer.headers)
        connection.sendall(_head(answer, None if chunked else 0))
        if request.method == "HEAD":
            return wants_more
        return self._stream(connection, answer.body, chunked) and wants_more

    def _stream(self, connection: socket.socket, pieces: Iterable[Piece], chunked: bool) -> bool:
        for piece in pieces:
            if isinstance(piece, Reset):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
                return False
            if isinstance(piece, bytes):
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            elif self._stopping.wait(piece):
                return False
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        return chunked


def read_request(connection: socket.socket, inbox: bytearray) -> Request | None:
    """The next request, or None when the client closed or sent no HTTP. `inbox` holds what was received beyond it."""
    while (end := inbox.find(b"\r\n\r\n")) < 0:
        received = connection.recv(LARGEST_HEAD)
        if not received or len(inbox) > LARGEST_HEAD:
            return None
        inbox += received
    first, *lines = inbox[:end].decode("latin-1").split("\r\n")
    del inbox[: end + 4]
    words = first.split(" ")
    if len(words) != 3:
        return None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = _read_body(connection, inbox, int(headers.get("content-length", "0")))
    method, target, _ = words
    path, _, query = target.partition("?")
    parsed = parse_qs(query, keep_blank_values=True) if query else {}
    return Request(method, unquote(path), parsed, headers, time.monotonic(), target, body)


def _read_body(connection: socket.socket, inbox: bytearray, size: int) -> bytes:
    while len(inbox) < size:
        received = connection.recv(LARGEST_HEAD)
        if not received:
            break
        inbox += received
    body = bytes(inbox[:size])
    del inbox[:size]
    return body


def _head(answer: Answer, length: int | None) -> bytes:
    if answer.status == 0:
        return b""
    lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}"]
    names = {name.lower() for name in answer.headers}
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif "content-length" not in names and answer.status not in (204, 304):
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _drop(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # already gone
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
