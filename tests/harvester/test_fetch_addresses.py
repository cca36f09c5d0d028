"""Which addresses may be connected to, and what of a URL may be shown."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.addresses import address_guard, is_public, origin, redirected, same_owner, shown

ADDRESSES = st.one_of(
    st.ip_addresses(),
    st.sampled_from(["10.0.0.0", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1"]).map(
        ip_address
    ),
)


@given(ADDRESSES)
@example(ip_address("100.64.0.1"))
@example(ip_address("fd00::1"))
@example(ip_address("::1"))
def test_is_public_when_python_says_not_global_then_refused(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or (address.is_reserved and address.version == 4):
        assert not is_public(address)


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global), st.integers(0, 2**80 - 1))
def test_is_public_when_an_inner_address_is_not_then_refused(inner: IPv4Address, rest: int) -> None:
    number = int(inner)
    for wrapped in (
        0xFFFF << 32 | number,  # IPv4-mapped
        number,  # IPv4-compatible
        0x0064_FF9B << 96 | number,  # NAT64
        0x0064_FF9B_0001 << 80 | number,  # local NAT64
        0x2002 << 112 | number << 80 | rest,  # 6to4
        0x2001_0000 << 96 | number << 64 | rest % 2**64,  # Teredo server
        0x2001_0000 << 96 | rest % 2**64 << 32 | (number ^ 0xFFFF_FFFF),  # Teredo client
    ):
        assert not is_public(IPv6Address(wrapped % 2**128))


@pytest.mark.parametrize("address", ["8.8.8.8", "193.191.1.1", "2606:4700::1111", "2a02:1800::1", "64:ff9b::808:808"])
def test_is_public_when_on_the_internet_then_permitted(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "::ffff:8.8.8.8", "2002:808:808::1"),
    ],
)
def test_is_public_when_special_then_refused(address: str) -> None:
    assert not is_public(ip_address(address))


def test_guard_when_named_then_permits_only_what_is_named() -> None:
    guard = address_guard(["Intern.Stad.example.", "10.1.0.0/16", "[fd00::5]", "127.0.0.1"])
    assert guard.permits("intern.stad.example", "192.168.0.1")
    assert guard.permits("portal.example", "10.1.2.3")
    assert guard.permits("portal.example", "fd00::5")
    assert not guard.permits("portal.example", "10.2.0.1")
    assert not guard.permits("portal.example", "fe80::1%eth0")
    assert not guard.permits("evil.intern.stad.example", "127.0.0.2")
    assert not address_guard([]).permits("localhost", "127.0.0.1")


def test_origin_when_written_otherwise_then_is_the_same() -> None:
    assert (
        origin("HTTPS://me@Portal.Example.:443/x")
        == origin("https://portal.example")
        == ("https", "portal.example", 443)
    )
    assert origin("http://[::1]:8000/") == ("http", "::1", 8000)


@pytest.mark.parametrize("url", ["", "x", "ftp://x/", "http://", "http://:80/", "http://x:99999/", "http://[::1"])
def test_origin_when_no_web_address_then_raises(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin(url)


def test_same_owner_when_only_secured_then_true() -> None:
    assert same_owner(origin("http://x"), origin("https://x"))
    assert not same_owner(origin("https://x"), origin("http://x"))
    assert not same_owner(origin("http://x"), origin("https://y"))
    assert not same_owner(origin("http://x:8080"), origin("https://x"))


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b?x=1#y", "https://portal.example/b?x=1"),
        ("b", "https://portal.example/a/b"),
        ("//other.example/", "https://other.example/"),
        (" http://other.example/ ", "http://other.example/"),
        ("/caf\u00c3\u00a9", "https://portal.example/café"),  # UTF-8 bytes, as http.client hands them over
        ("/caf\u00e9", "https://portal.example/caf%C3%A9"),
    ],
)
def test_redirected_when_given_a_location_then_is_absolute(location: str, target: str) -> None:
    assert redirected("https://me:hush@portal.example/a/page#top", location) == target


@given(st.text(max_size=80))
@example("http://[")
@example("//[")
def test_shown_when_given_anything_then_never_raises(text: str) -> None:
    assert len(shown(text)) <= 500


@given(st.sampled_from(["apikey", "api_key", "Authorization", "token", "X-Signature", "sig", "password", "app%20key"]))
def test_shown_when_a_parameter_is_secret_then_is_hidden(name: str) -> None:
    assert "hush" not in shown(f"https://me:hush@portal.example/x?a=1&{name}=hush#hush")
