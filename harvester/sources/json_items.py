"""JSON listings cut into items that nothing has decoded yet. Knows no portal and no network.

A listing is read by a msgspec decoder whose items are `msgspec.Raw`; an item is decoded by `fields`, one at a time.
"""

import json
import re
from typing import Any, Final, TypeVar

import msgspec
import orjson

from catalog.model import Issue
from harvester.charset import decode
from harvester.errors import HarvestError, ParseError, RecordError
from harvester.sources.base import HarvestRecord, Response

T = TypeVar("T")

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
FORBIDDEN: Final = {"Authorization Error", "401", "403", "498", "499"}
TITLE: Final = re.compile(r"<title[^>]*>(.{0,400}?)</title", re.IGNORECASE | re.DOTALL)


def read(response: Response, shape: "msgspec.json.Decoder[T]", expected: str) -> tuple[T, tuple[Issue, ...]]:
    """The answer in its expected shape, and what had to be mended for it.

    Bytes that are not UTF-8 are decoded by their charset; JSON that a strict parser refuses (NaN, bare control
    characters, half surrogates) gets one tolerant attempt, marked by an issue. Raises ParseError, or a HarvestError of
    kind `blocked`.
    """
    body, issues = in_utf8(response)
    try:
        return shape.decode(body), issues
    except msgspec.ValidationError as other_shape:
        raise refusal(response.url, body, expected) from other_shape
    except UNREADABLE as malformed:
        mended = tolerantly(body)
        if mended is None:
            raise unreadable(response.url, body, expected, malformed) from malformed
        issues += (Issue(stage="parse", code="json_repaired", value=str(malformed)[:500]),)
    try:
        return shape.decode(mended), issues
    except UNREADABLE as other_shape:
        raise refusal(response.url, mended, expected) from other_shape


def in_utf8(response: Response) -> tuple[bytes, tuple[Issue, ...]]:
    """JSON is UTF-8 by law, so a declared charset is believed only when the bytes are something else."""
    body = response.body
    try:
        if not body.isascii():
            body.decode("utf-8")
            body = body.removeprefix(b"\xef\xbb\xbf")
    except UnicodeDecodeError:
        text, issues = decode(body, response.charset)
        return text.removeprefix("\ufeff").encode("utf-8", "replace"), issues
    return body, ()


def tolerantly(body: bytes) -> bytes | None:
    """The same document in strict JSON, or None when it is no JSON at all, such as one cut off in the middle."""
    try:
        document = json.loads(body, strict=False, parse_constant=lambda _: None)
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return None


def refusal(url: str, body: bytes, expected: str) -> HarvestError:
    """Names what came instead: an error document, another document, or no JSON."""
    try:
        document: Any = msgspec.json.decode(body)
    except UNREADABLE as malformed:
        return unreadable(url, body, expected, malformed)
    complaint, code = error_document(document)
    if code in FORBIDDEN:
        return HarvestError(f"The portal refuses: {complaint}", kind="blocked", url=url)
    if complaint:
        return ParseError(f"The portal answered with an error: {complaint}", url=url)
    return ParseError(f"Expected {expected}, but got {outline(document)}", url=url)


def error_document(document: Any) -> tuple[str, str]:
    """What an error document says and its code; two empty texts for any other document.

    CKAN `error.__type`, Opendatasoft `error_code` and `message`, ArcGIS `error.code` and `error.message`.
    """
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error", document.get("error_code"))
    if isinstance(error, dict):
        code = str(error.get("__type") or error.get("code") or "")
        message = error.get("message")
    elif error or document.get("success") is False:
        code = str(document.get("statusCode") or document.get("status_code") or error or "no reason given")
        message = document.get("message") or error
    else:
        return "", ""
    return words(": ".join(str(part) for part in (code, message) if part) or "no reason given", 200), code


def outline(document: Any) -> str:
    if isinstance(document, dict):
        return f"a JSON object with the keys {words(', '.join(document) or '(none)', 120)}"
    if isinstance(document, list):
        return f"a JSON list of {len(document)}"
    return f"the JSON value {words(json.dumps(document), 120)}"


def unreadable(url: str, body: bytes, expected: str, cause: Exception) -> ParseError:
    start = body[:4000].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not start:
        came = "an empty answer"
    elif start[0] in '{["':
        came = f"broken JSON ({words(str(cause), 120)})"
    elif "<html" in start.lower() or start.lower().startswith("<!doctype html"):
        title = TITLE.search(start)
        came = f"an HTML page{f' titled {words(title[1], 80)!r}' if title else ''}"
    else:
        came = f"no JSON: {words(start, 80)!r}"
    return ParseError(f"Expected {expected}, but got {came}", url=url)


def words(text: str, limit: int) -> str:
    """The first words of a text, in one line of at most `limit` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def keys_of(item: msgspec.Raw, shape: "msgspec.json.Decoder[T]") -> T | None:
    """The few keys of an undecoded item that `shape` names, or None when the item is no object."""
    try:
        return shape.decode(item)
    except UNREADABLE:
        return None


def nameless(item: msgspec.Raw) -> Issue:
    """An item without identity: it is present, but nothing can be told about it."""
    return Issue(stage="record", code="no_identifier", value=words(bytes(item)[:800].decode("utf-8", "replace"), 200))


def fields(record: HarvestRecord) -> dict[str, Any]:
    """One record decoded. Raises RecordError when it is no JSON object or nested too deep."""
    try:
        value = orjson.loads(record.raw)
    except (orjson.JSONDecodeError, RecursionError) as broken:
        raise RecordError(f"The record can't be read: {words(str(broken), 120)}", value=start_of(record)) from broken
    if not isinstance(value, dict):
        raise RecordError("The record is no JSON object", value=start_of(record))
    return value


def start_of(record: HarvestRecord) -> str:
    return words(record.raw[:800].decode("utf-8", "replace"), 200)
