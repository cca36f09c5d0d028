"""Scripted sockets that speak, or misspeak, HTTP on loopback."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import pytest

from harvester.errors import FetchError
from harvester.fetch import Door, JobFetch, Limits, user_agent

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
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
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


def fetching(**changes: Any) -> JobFetch:
    return Door(replace(LIMITS, **changes), AGENT).session()


def fault(session: JobFetch, url: str) -> FetchError:
    with session, pytest.raises(FetchError) as caught:
        session.get(url)
    return caught.value
