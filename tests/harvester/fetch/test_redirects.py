"""The door when it is led elsewhere: loops, inside addresses, names that turn inside, secrets that stay."""

import errno
import socket
from contextlib import closing
from typing import Any

import pytest

from harvester.fetch import Credentials, Door, JobFetch
from tests.harvester.fetch.scripted import (
    AGENT,
    LIMITS,
    ScriptedPortal,
    answer,
    drip,
    fault,
    fetching,
    moved,
)

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
