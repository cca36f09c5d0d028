"""Small things that every dialect says alike: JSON, robots.txt, a file, nothing found. Knows no dialect."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from harvester.demo.portal import Answer, Request

JSON = {"Content-Type": "application/json; charset=utf-8"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
ROBOTS = Answer(headers={"Content-Type": "text/plain"}, body=b"User-agent: *\nDisallow: /admin/\n")
NOT_FOUND = Answer(404, HTML, b"<!DOCTYPE html><html><head><title>404</title></head><body>Niet gevonden</body></html>")


def dumped(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, JSON, dumped(value))


def elsewhere(request: Request) -> Answer:
    """What any web server answers beside its API: robots.txt, small files below /files/, else 404."""
    if request.path == "/robots.txt":
        return ROBOTS
    if request.path.startswith("/files/"):
        return Answer(headers={"Content-Type": "application/octet-stream"}, body=request.path.encode())
    return NOT_FOUND


def static(body: bytes, headers: Mapping[str, str], request: Request) -> Answer:
    """A document from disk: it has an ETag and answers 304 to whoever knows it."""
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    if request.headers.get("if-none-match") == etag:
        return Answer(304, {"ETag": etag})
    return Answer(200, {**headers, "ETag": etag}, body)


def whole_number(text: str, default: int) -> int | None:
    """A parameter as a number of at least 0; `default` where it is absent, None where it is no such number."""
    if not text:
        return default
    return int(text) if text.isdecimal() else None
