"""Addresses: web addresses that may be shown, checked and stored, and e-mail addresses. Knows no network."""

import re
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from harvester.normalize.reading import Reading

MAX_URL = 2_000
MAX_EMAIL = 254
SCHEMES = frozenset({"http", "https", "ftp"})
WELL_FORMED = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,4})?(?:[/?][A-Za-z0-9_./?=&%~+,;:()!*'$@#-]*)?")
RELATIVE = re.compile(r"\.{0,2}/|\?")
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
INNER_BREAKS = re.compile(r"[\t\r\n\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b\ufeff\u202a-\u202e\u2066-\u2069]")
UNSAFE = re.compile(r'[\s<>"{}|\\^`]')
BAD_HOST = re.compile(r"[\s<>\"{}|\\^`%!$&'()*+,;=]")
EMAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"{}]{1,64}@[^\W_](?:[\w-]*\.)+[^\W\d_]{2,24}")


def web_address(value: object, field: str, reading: Reading) -> str | None:
    """An absolute http, https or ftp address, spaces encoded; null with an issue when it is none."""
    if value is None:
        return None
    if type(value) is str and len(value) <= MAX_URL and "&amp;" not in value and WELL_FORMED.fullmatch(value):
        return value
    text = reading.text(value, field)
    if text is None:
        return None
    address, fault = _address(text, reading.url) if len(text) <= MAX_URL else (None, "bad_url")
    if fault:
        reading.add(fault, field, text)
    return address


def iri(value: object, field: str, reading: Reading) -> str | None:
    """An address that names something; a plain code ("OVO002067") is no fault and no IRI."""
    if isinstance(value, str) and "://" not in value:
        return None
    return web_address(value, field, reading)


@lru_cache(maxsize=2048)
def _address(text: str, base: str) -> tuple[str | None, str | None]:
    """The address, and the code of what was wrong with it."""
    text = INNER_BREAKS.sub("", text).replace("&amp;", "&")
    try:
        if RELATIVE.match(text):
            text = urljoin(base, text)
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None, "bad_url"
    host = parts.hostname
    if parts.scheme.lower() not in SCHEMES or not host or BAD_HOST.search(host) or port == 0:
        return None, "bad_url"
    place = parts.netloc.rpartition("@")[2]
    address = urlunsplit((parts.scheme.lower(), place, parts.path, parts.query, parts.fragment))
    address = UNSAFE.sub(lambda found: quote(found[0]), address)
    if len(address) > MAX_URL:
        return None, "bad_url"
    return address, "credentials_in_url" if "@" in parts.netloc else None


def email_address(value: object, field: str, reading: Reading) -> str | None:
    """The bare address of `mailto:name@host?subject=...`; null with an issue when it is none."""
    text = reading.text(value, field)
    if text is None:
        return None
    address = text[7:].partition("?")[0].strip() if text[:7].lower() == "mailto:" else text
    if not address:
        return None
    if len(address) > MAX_EMAIL or not EMAIL.fullmatch(address):
        if reading.text(address, field):  # a placeholder behind mailto: has its own issue
            reading.add("bad_email", field, text)
        return None
    return address


def file_extension(address: str | None) -> str | None:
    """The extension of the last path segment (`csv`, `csv.zip`), in lower case, if it has one."""
    if not address:
        return None
    path = address.split("?", 1)[0].split("#", 1)[0]
    place, _, name = path.rpartition("/")
    if "://" not in place or place.endswith(":/"):
        return None
    stem, dot, extension = name.lower().rpartition(".")
    if not dot or not stem or len(extension) > 8:
        return None
    inner = stem.rpartition(".")
    return f"{inner[2]}.{extension}" if extension in ("zip", "gz") and inner[1] else extension
