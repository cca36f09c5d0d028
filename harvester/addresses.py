"""Which addresses may be asked, and what of a URL may be shown. Knows no socket and no name server."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, quote, unquote_plus, urldefrag, urljoin, urlsplit, urlunsplit

Origin = tuple[str, str, int]
"""Scheme, name and port: what politeness calls a host."""

PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")
# Tunnels, whose inner address is not the one that is seen: 6to4, and the block of IETF's own protocols (Teredo).
TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/23"))
SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|auth|credential|^sig$|signature", re.IGNORECASE)


def origin(url: str) -> Origin:
    """Scheme, name and port of an http(s) URL, in lower case; raises ValueError for everything else."""
    parts = urlsplit(url)
    port = PORTS.get(parts.scheme)
    if port is None or not parts.hostname:
        raise ValueError("not an http or https address")
    return parts.scheme, parts.hostname.rstrip("."), parts.port or port


def same_owner(asked: Origin, target: Origin) -> bool:
    """Whether what was meant for `asked` may be told to `target`: the same origin, or its secured twin."""
    secured = (asked[0], asked[2], target[0], target[2]) == ("http", 80, "https", 443)
    return asked == target or (secured and asked[1] == target[1])


def without_credentials(url: str) -> str:
    """The URL without `user:password@` and without a fragment."""
    parts = urlsplit(urldefrag(url).url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def shown(url: str) -> str:
    """The URL as it may stand in a message or a log: no user, no password, no key. Never raises."""
    try:
        parts = urlsplit(without_credentials(url))
    except ValueError:
        return "an address that can't be read"
    return urlunsplit(parts._replace(query=_without_secrets(parts)))[:500]


def _without_secrets(parts: SplitResult) -> str:
    """The query with the value of every parameter that sounds like a secret replaced by `...`."""
    kept = []
    for pair in parts.query.split("&"):
        name, equals, _ = pair.partition("=")
        kept.append(f"{name}=..." if equals and SECRET_NAME.search(unquote_plus(name)) else pair)
    return "&".join(kept)


def redirected(url: str, location: str) -> str:
    """Where `Location` leads from `url`, absolute; raises ValueError when it can't be read."""
    try:
        location = location.encode("latin-1").decode("utf-8")  # header bytes come as latin-1; addresses are UTF-8
    except UnicodeError:
        location = quote(location, safe="!#$%&'()*+,/:;=?@[]~")
    return urldefrag(urljoin(without_credentials(url), location.strip())).url


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet, whichever way it is written or wrapped.

    Refused: private, loopback, link-local, shared (100.64/10), multicast, reserved, unspecified, ULA and site-local
    ones, and all IPv6 that wraps an IPv4 address, except NAT64 of a public one (the only road of IPv6-only networks).
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not (address.is_multicast or address.is_reserved)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    inside = address in GLOBAL_UNICAST and not any(address in tunnel for tunnel in TUNNELS)
    return inside and address.is_global and not address.is_multicast


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Says of a resolved address whether it may be connected to. `names` and `networks` may be private."""

    names: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def permits(self, host: str, address: str) -> bool:
        """`host` as asked, `address` as resolved from it (a scope such as `%eth0` included)."""
        resolved = ip_address(address)
        return is_public(resolved) or plain(host) in self.names or any(resolved in known for known in self.networks)


def address_guard(allow_private: Iterable[str]) -> AddressGuard:
    """The guard that lets private hosts pass only if they are named: names, addresses or networks."""
    names, networks = set(), []
    for entry in allow_private:
        try:
            networks.append(ip_network(entry.strip().strip("[]"), strict=False))
        except ValueError:
            names.add(plain(entry))
    return AddressGuard(frozenset(names), tuple(networks))


def plain(host: str) -> str:
    """A host name as it is compared: lower case, no final dot, no brackets."""
    return host.strip().strip("[]").rstrip(".").lower()
