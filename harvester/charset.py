"""Bytes to text when the declared charset is wrong or missing. Knows nothing of HTTP, HTML or XML."""

import codecs

from charset_normalizer import from_bytes

from catalog.model import Issue

BOMS = (  # the longer ones first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What the web means when it says these names (WHATWG Encoding), and what it is wrong to say of other than plain text.
WEB_MEANING = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874"}
NOT_A_CHARSET = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"})
SEVEN_BIT = ("iso2022", "hz")  # these look like ASCII, and so like UTF-8
GUESSED = ["cp1252", "cp850", "mac_roman"]  # what exports in Western Europe are written in
SAMPLE = 16 * 1024


def decode(body: bytes, declared: str | None) -> tuple[str, tuple[Issue, ...]]:
    """The text of `body`, and an issue `wrong_charset` or `missing_charset` if it had to be found out. Never raises.

    A byte order mark wins; then bytes that can only be UTF-8; then what was declared, if they fit it; then a guess.
    """
    for mark, encoding in BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, errors="replace"), _remark(declared, encoding)
    meant = _known(declared)
    if (text := _utf8(body, meant)) is not None:
        fits = text.isascii() and meant is not None and not meant.startswith(("utf-16", "utf-32"))
        return text, () if fits else _remark(declared, "utf-8")
    if meant is not None and (text := _strictly(body, meant)) is not None:
        return text, ()
    guess = _guess(body)
    return body.decode(guess, errors="replace"), _doubt(declared, guess)


def _known(declared: str | None) -> str | None:
    """The codec that a declared name means; None for no name, an unknown one, and what is no charset of documents."""
    try:
        name = codecs.lookup(declared or "").name
        "".encode(name)  # refuses codecs that don't make text, such as base64
    except (LookupError, ValueError):
        return None
    return None if name.replace("_", "-") in NOT_A_CHARSET else WEB_MEANING.get(name, name)


def _utf8(body: bytes, meant: str | None) -> str | None:
    """The text if the bytes are UTF-8; text in another charset hardly ever is, but for UTF-16 with its NUL bytes."""
    if b"\0" in body[:SAMPLE] or (meant or "").startswith(SEVEN_BIT):
        return None
    return _strictly(body, "utf-8")


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _guess(body: bytes) -> str:
    """The likeliest charset, from a sample around the first byte that is not ASCII; cp1252 in doubt."""
    if (nul := body[:SAMPLE].find(b"\0")) >= 0:
        return "utf-16-le" if nul % 2 else "utf-16-be"
    odd = next((place for place in range(0, len(body), SAMPLE) if not body[place : place + SAMPLE].isascii()), 0)
    best = from_bytes(body[odd : odd + SAMPLE], cp_isolation=GUESSED).best()
    return best.encoding if best is not None and best.encoding in GUESSED else "cp1252"


def _remark(declared: str | None, found: str) -> tuple[Issue, ...]:
    """No issue when the declaration agrees with what was found, or when UTF-8 went undeclared, as it may."""
    name = _known(declared)
    agrees = name is not None and (found.startswith(name) or name.startswith(found))
    return () if agrees or (declared is None and found == "utf-8") else _doubt(declared, found)


def _doubt(declared: str | None, found: str) -> tuple[Issue, ...]:
    if declared is None:
        return (Issue(stage="fetch", code="missing_charset", value=found),)
    return (Issue(stage="fetch", code="wrong_charset", value=declared[:500]),)
