"""The body of an answer: read whole, decompressed, never beyond its cap in memory, never less than was promised."""

import zlib
from collections import deque
from collections.abc import Iterator, Mapping

from urllib3.response import BaseHTTPResponse

from harvester.errors import FetchError
from harvester.fetch.allowance import too_large

PIECE = 1024 * 1024
WHOLE_AT_MOST = 16 * PIECE  # an answer of announced size is read in one go up to here, without joining pieces
GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def read_body(raw: BaseHTTPResponse, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """The decompressed body of at most `max_bytes`; `headers` in lower case.

    Raises FetchError (too_large, connection, parse) and what urllib3 raises for a body that breaks off.
    """
    announced = _announced(headers)
    if announced > max_bytes:
        raise too_large(max_bytes)
    pieces = _capped(_pieces(raw, announced if 0 < announced <= WHOLE_AT_MOST else PIECE), max_bytes)
    for coding in reversed(_codings(headers)):
        pieces = _capped(_inflated(pieces, coding), max_bytes)
    return b"".join(pieces)


def _announced(headers: Mapping[str, str]) -> int:
    """The announced length on the wire in bytes; 0 when there is none."""
    text = headers.get("content-length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _codings(headers: Mapping[str, str]) -> list[str]:
    """The compressions in the order they were applied; raises FetchError for one nobody asked for."""
    named = [coding.strip().lower() for coding in headers.get("content-encoding", "").split(",")]
    codings = [coding for coding in named if coding not in ("", "identity")]
    for coding in codings:
        if coding not in ("gzip", "x-gzip", "deflate") or len(codings) > 3:
            raise FetchError(f"The answer is compressed in a way that was not asked for ({coding[:20]}).", kind="parse")
    return codings


def _pieces(raw: BaseHTTPResponse, size: int) -> Iterator[bytes]:
    """The bytes as they came. Large reads, as small ones cost twice the CPU; each receive has its own deadline."""
    while piece := raw.read(size, decode_content=False):
        yield piece


def _capped(pieces: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise too_large(max_bytes)
        yield piece


def _inflated(pieces: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Decompressed in steps of at most one piece, whatever a bomb would unfold to."""
    reader: zlib._Decompress | None = None
    finished = 0  # members of a gzip answer that are whole
    for piece in pieces:
        data = piece
        while data:
            if reader is None or reader.eof:
                finished += reader is not None
                reader = zlib.decompressobj(GZIP if coding != "deflate" else _deflate_form(data))
            try:
                yield reader.decompress(data, PIECE)
            except zlib.error as fault:
                if not finished:
                    raise _broken() from fault
                deque(pieces, maxlen=0)  # rubbish after a whole member is overlooked, but must still come whole
                return
            data = reader.unconsumed_tail or reader.unused_data
    if reader is not None:
        yield reader.flush()
        if not reader.eof:
            raise _broken()


def _deflate_form(data: bytes) -> int:
    """`deflate` should have a zlib header (RFC 9110), but some servers send it bare (RFC 1951)."""
    has_header = data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2], "big") % 31 == 0)
    return ZLIB if has_header else RAW


def _broken() -> FetchError:
    return FetchError("The compressed answer is damaged or breaks off.", kind="connection", transient=True)
