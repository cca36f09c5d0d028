"""A bare HTTP client for looking at simulated portals, down to the wire."""

import http.client
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from harvester.demo.portal import LOOPBACK, Portal


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@pytest.fixture
def ask() -> Callable[..., Reply]:
    """GET a path of a portal; header names of the reply in lower case."""

    def get(portal: Portal, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection(LOOPBACK, portal.port, timeout=10)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, named, response.read())
        finally:
            connection.close()

    return get


@pytest.fixture
def wire() -> Callable[..., bytes]:
    """Every byte a portal sends for a GET until it closes, or until `seconds` without news; a reset raises."""

    def read(portal: Portal, path: str = "/", seconds: float = 0.4) -> bytes:
        with socket.create_connection((LOOPBACK, portal.port), timeout=seconds) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{portal.port}\r\n\r\n".encode())
            received = b""
            try:
                while more := connection.recv(1 << 20):
                    received += more
            except TimeoutError:
                pass
            return received

    return read
