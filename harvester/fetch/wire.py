"""Connections that reach only permitted addresses and never outwait their job. Knows nothing of retries and redirects.

The guard stands at the last possible place: the very socket address that is connected to, so that no second look-up can
differ from the first. The deadline stands at the lowest: each single receive, so that what drips ends like what hangs.
"""

import errno
import os
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, cast

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProtocolError
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.wait import wait_for_write

from harvester.addresses import AddressGuard
from harvester.errors import FetchError
from harvester.fetch.allowance import SLICE_S, Allowance

SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]
BUFFER = 128 * 1024  # of a response; the usual 8 kB make chunked answers cost twice the CPU
UNKNOWN_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


@dataclass(frozen=True, slots=True)
class Line:
    """What each connection of one job must obey."""

    guard: AddressGuard
    allowance: Allowance


def _patiently(sock: socket.socket, allowance: Allowance, receive: Callable[[], int]) -> int:
    """One receive, in naps. Unlike a socket shut down from outside, a timeout never looks like the answer's end."""
    quiet_since = time.monotonic()
    while True:
        nap = allowance.nap(quiet_since)
        if sock.gettimeout() != nap:
            sock.settimeout(nap)
        try:
            count = receive()
        except TimeoutError:
            continue
        allowance.receive(count)
        return count


def _with_whole_headers(sock: "PatientSocket | PatientTLSSocket", response: HTTPResponse) -> HTTPResponse:
    """The response, unless the connection ended within its headers: http.client takes what came for all of them."""
    if sock.ended:
        response.close()
        raise ProtocolError("The headers break off.")
    return response


class PatientSocket(socket.socket):
    """A TCP socket whose receives end with the job's allowance."""

    allowance: Allowance
    ended = False  # whether the other side has said its last

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        count = _patiently(self, self.allowance, partial(super().recv_into, buffer, nbytes, flags))
        self.ended = self.ended or count == 0
        return count

    def makefile(self, mode: Any = "rb", buffering: int | None = BUFFER, **kwargs: Any) -> Any:
        return super().makefile(mode, buffering, **kwargs)


class PatientTLSSocket(ssl.SSLSocket):
    """The same over TLS. The handshake does not come here; it has the connect timeout in total."""

    allowance: Allowance
    ended = False

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        count = _patiently(self, self.allowance, partial(super().recv_into, buffer, nbytes, flags))
        self.ended = self.ended or count == 0
        return count

    def makefile(self, mode: Any = "rb", buffering: int | None = BUFFER, **kwargs: Any) -> Any:
        return super().makefile(mode, buffering, **kwargs)


def trusting_context() -> ssl.SSLContext:
    """The one TLS context of the process: reading the CA bundle costs as much as forty requests."""
    context: ssl.SSLContext = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    return context


def _looked_up(host: str, port: int, allowance: Allowance) -> list[SocketAddress]:
    """Every address of a name. The look-up knows no timeout, so a thread waits for it, and may be left behind."""
    answer: Future[list[SocketAddress]] = Future()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.set_result([(family, address) for family, _, _, _, address in found])
        except (OSError, UnicodeError) as fault:
            answer.set_exception(fault)

    Thread(target=look_up, name="look-up", daemon=True).start()
    gives_up = time.monotonic() + allowance.limits.connect_s
    while not wait([answer], timeout=min(SLICE_S, max(0.0, allowance.remaining()))).done:
        allowance.check()
        if time.monotonic() > gives_up:
            raise FetchError(f"The name {host} could not be looked up in time.", kind="dns", transient=True)
    try:
        return answer.result()
    except (OSError, UnicodeError) as fault:
        unknown = isinstance(fault, UnicodeError) or fault.errno in UNKNOWN_NAME
        reason = "is not known on the internet" if unknown else "could not be looked up"
        raise FetchError(f"The name {host} {reason}.", kind="dns", transient=not unknown) from fault


def _permitted(host: str, port: int, line: Line) -> list[SocketAddress]:
    """Every address of the host. One refused refuses them all: a name that mixes the two is not to be trusted."""
    addresses = _looked_up(host, port, line.allowance)
    for _, address in addresses:
        if not line.guard.permits(host, address[0]):
            message = (
                f"{host} leads to the internal address {address[0]}, which may only be asked if the settings allow it."
            )
            raise FetchError(message, kind="refused_address")
    return addresses


def _dial(
    family: socket.AddressFamily, address: tuple[Any, ...], allowance: Allowance, gives_up: float
) -> PatientSocket:
    """A connected socket. Raises OSError (TimeoutError at `gives_up`, monotonic); FetchError at the deadline."""
    sock = PatientSocket(family, socket.SOCK_STREAM)
    try:
        sock.allowance = allowance
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            while not wait_for_write(sock, timeout=SLICE_S):
                allowance.check()
                if time.monotonic() > gives_up:
                    raise TimeoutError("no answer")
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        allowance.check()
        sock.settimeout(max(0.001, min(allowance.limits.connect_s, allowance.remaining())))
    except BaseException:
        sock.close()
        raise
    return sock


def connected(host: str, port: int, line: Line) -> PatientSocket:
    """A socket to one of the host's addresses; the connect timeout is shared out among them. Raises FetchError."""
    addresses = _permitted(host, port, line)
    ends = time.monotonic() + line.allowance.limits.connect_s
    fault: OSError | None = None
    for tried, (family, address) in enumerate(addresses):
        now = time.monotonic()
        try:
            return _dial(family, address, line.allowance, now + (ends - now) / (len(addresses) - tried))
        except OSError as refused:
            fault = refused
    if isinstance(fault, TimeoutError):
        message = f"{host} did not answer within {line.allowance.limits.connect_s:g} seconds."
        raise FetchError(message, kind="timeout", transient=True) from fault
    raise FetchError(f"{host} does not accept connections.", kind="connection", transient=True) from fault


class GuardedHTTPConnection(HTTPConnection):
    def __init__(self, line: Line, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line

    def _new_conn(self) -> socket.socket:
        return connected(self._dns_host, self.port, self.line)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        return _with_whole_headers(cast(PatientSocket, self.sock), super().getresponse())


class GuardedHTTPSConnection(HTTPSConnection):
    def __init__(self, line: Line, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line

    def _new_conn(self) -> socket.socket:
        return connected(self._dns_host, self.port, self.line)

    def connect(self) -> None:
        super().connect()
        assert isinstance(self.sock, PatientTLSSocket)
        self.sock.allowance = self.line.allowance

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        return _with_whole_headers(cast(PatientTLSSocket, self.sock), super().getresponse())


class GuardedAdapter(HTTPAdapter):
    """Makes `requests` use the guarded connections and the shared TLS context, and no proxy."""

    def __init__(self, line: Line, tls: ssl.SSLContext) -> None:
        self._line = line
        self._tls = tls
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context verifies, and naming a CA file here would load it for every connection."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool = cast(HTTPConnectionPool, super().get_connection_with_tls_context(*args, **kwargs))
        guarded = GuardedHTTPSConnection if pool.scheme == "https" else GuardedHTTPConnection
        pool.ConnectionCls = cast(type[HTTPConnection], partial(guarded, self._line))
        return pool
