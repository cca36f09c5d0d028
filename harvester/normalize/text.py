"""Texts: HTML and hostile characters to plain text, one per language. Cleaning twice is cleaning once."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape
from html.entities import html5
from unicodedata import is_normalized
from unicodedata import normalize as compose

import orjson
from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, PageElement, Tag

from catalog.model import Text
from harvester.normalize.reading import Reading, is_placeholder

MAX_TITLE = 500
MAX_DESCRIPTION = 10_000
MARKUP_SHARE = 4  # a text is read up to so many times its limit: the rest is markup or too long
MAX_LANGUAGES = 50
PARSES = 2  # rounds of HTML inside escaped HTML that are read as HTML
ROUNDS = 6  # rounds after which a text that still hides markup loses the characters that make it

# C0, C1, soft hyphen, invisible and bidirectional controls, surrogates: nothing a reader should meet.
HOSTILE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
LINE_END = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
MANY_LINE_ENDS = re.compile(r"\n{3,}")
ASCII_HOSTILE = {code: None for code in range(128) if HOSTILE.match(chr(code))} | dict.fromkeys(b"\r\x0b\x0c", "\n")
TAG = re.compile(r"<[a-zA-Z/!?]")
ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>?")
INLINE = re.compile(r"</?(?:b|i|u|em|strong|small|sub|sup)>|<(br) ?/?>", re.IGNORECASE)
UNCLOSED = re.compile(r"<(?![^<>]*>)")  # html.parser takes quadratic time over tags that never end
PROCESSING = re.compile(r"<\?[^<>]*>?")
ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
NESTED_AMPERSAND = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+")
BLOCK_NAMES = (
    "address article aside blockquote dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header",
    "hr main nav ol p pre section table ul",
)
BLOCKS = frozenset(name for names in BLOCK_NAMES for name in names.split())
LINES = frozenset({"br", "li", "tr", "option", "caption"})
LANGUAGE_TAG = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{1,8}){0,4}|und|UND")
UNTAGGED = frozenset({"", "und", "@none", "none", "zxx", "mul"})


def texts(value: object, field: str, reading: Reading, limit: int = MAX_DESCRIPTION) -> Text:
    """A plain text in the source's language, or one text per language as the portal tagged them."""
    if value is None:
        return {}
    if type(value) is str or not isinstance(value, Mapping):  # an exact type is known ten times faster
        text = plain_text(value, field, reading, limit)
        return {reading.language: text} if text else {}
    found: dict[str, str] = {}
    for tag, inner in list(value.items())[:MAX_LANGUAGES]:
        language = _language(tag, field, reading)
        text = plain_text(inner, field, reading, limit) if language else None
        if language and text:
            found.setdefault(language, text)
    return found


def plain_text(value: object, field: str, reading: Reading, limit: int = MAX_TITLE) -> str | None:
    """One text without language, on one line unless it may be as long as a description; null when nothing is left."""
    if value is None:
        return None
    if type(value) is str and 0 < len(value) <= limit and _is_clean(value) and not is_placeholder(value):
        return value
    raw = reading.text(value, field)
    if raw is None:
        return None
    worth_reading = raw[: MARKUP_SHARE * limit]
    text = clean(worth_reading) if limit > MAX_TITLE else line(worth_reading)
    if len(raw) > len(worth_reading) or len(text) > limit:
        reading.add("text_cut", field, raw)
        text = text[:limit].rstrip()
    if is_placeholder(text):
        reading.add("placeholder", field, text)
        return None
    return text or None


def _language(tag: object, field: str, reading: Reading) -> str | None:
    """The BCP 47 tag; `und` where a map has an untagged text; null for a machine translation (`en-t-nl`)."""
    if not isinstance(tag, str):
        return "und"
    tag = tag.strip().replace("_", "-")
    if tag.lower() in UNTAGGED:
        return "und"
    if "-t-" in tag.lower():
        return None
    if not LANGUAGE_TAG.fullmatch(tag):
        reading.add("bad_language_tag", field, tag)
        return "und"
    primary, *rest = tag.split("-")
    return "-".join([primary.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def clean(text: str) -> str:
    """Plain text with its paragraphs: no markup, no hostile characters, NFC, blanks squeezed. Idempotent."""
    if _is_clean(text):
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if not _is_clean(text.replace("\n", "")):
        text = _without_markup(text)
    text = "\n".join([" ".join(part.split()) for part in text.split("\n")])
    return (MANY_LINE_ENDS.sub("\n\n", text) if "\n\n\n" in text else text).strip()


@lru_cache(maxsize=8192)
def _short_line(text: str) -> str:
    return " ".join(_without_markup(text).split())


def line(text: str) -> str:
    """The same on one line."""
    if _is_clean(text):
        return text
    return _short_line(text) if len(text) <= MAX_TITLE else " ".join(_without_markup(text).split())


def _is_clean(text: str) -> bool:
    """Nothing to decode, to drop, to compose or to squeeze."""
    if "<" in text or "&" in text or "  " in text or text[:1] == " " or text[-1:] == " ":
        return False
    if not text.isascii():
        return text.isprintable() and is_normalized("NFC", text)
    # `isprintable` looks at each character by itself. JSON escapes all that is not printable but DEL, and is written
    # 30 times faster; where it escapes a quotation mark, nothing is lost but time.
    return ("\x7f" not in text and len(orjson.dumps(text)) == len(text) + 2) or text.isprintable()


def _harmless(text: str) -> str:
    if not text.isascii():
        return compose("NFC", HOSTILE.sub("", LINE_END.sub("\n", text)))
    return text.replace("\r\n", "\n").translate(ASCII_HOSTILE)


@lru_cache(maxsize=256)  # the files of a dataset are often described in one text
def _without_markup(text: str) -> str:
    """Text inside markup inside entities, down to where nothing is left to decode."""
    text = _harmless(text)
    for turn in range(ROUNDS):
        text = NESTED_AMPERSAND.sub("&amp;", text) if "&" in text else text
        if TAG.search(text):
            text = _text_of_html(text) if turn < PARSES else ANY_TAG.sub(" ", text)
        elif _has_entity(text):
            text = ENTITY.sub(_decoded, text)
        else:
            return text
        text = _harmless(text)
    return _harmless(text.replace("<", " ").replace("&", " "))


def _has_entity(text: str) -> bool:
    return "&" in text and any(_decoded(found) != found[0] for found in ENTITY.finditer(text))


def _decoded(entity: re.Match[str]) -> str:
    if entity[1].startswith("#"):
        return unescape(entity[0])
    return html5.get(f"{entity[1]};", entity[0])


def _text_of_html(markup: str) -> str:
    """The visible text, entities left as they are (the next round reads them), so `?a=1&copy=2` in a link survives."""
    if "\n" not in markup and "<" not in (text := INLINE.sub(_inline, markup)):
        return text  # no parser would read it otherwise, and a parser takes fifty times as long
    markup = PROCESSING.sub("", _without_comments(markup)).replace("&", "&amp;")
    soup = BeautifulSoup(UNCLOSED.sub("&lt;", markup), "html.parser")
    return "".join(_pieces(soup))


def _inline(tag: re.Match[str]) -> str:
    return "\n" if tag[1] else ""


def _without_comments(markup: str) -> str:
    """In one pass; a comment that never ends is left to be read as text."""
    kept = []
    start = 0
    while (opening := markup.find("<!--", start)) >= 0 and (closing := markup.find("-->", opening)) >= 0:
        kept.append(markup[start:opening])
        start = closing + 3
    return "".join([*kept, markup[start:]])


def _pieces(soup: BeautifulSoup) -> Iterator[str]:
    """Walks without recursion: markup may be nested thousands of levels deep."""
    open_tags: list[Tag] = []
    said: list[str] = []  # since the last link began
    for element in soup.descendants:
        while open_tags and open_tags[-1] is not element.parent:
            yield _closing(open_tags.pop(), said)
        if isinstance(element, Tag):
            open_tags.append(element)
            if element.name == "a":
                said.clear()
            yield _break(element)
        elif _is_visible(element):
            said.append(str(element))
            yield str(element)
    while open_tags:
        yield _closing(open_tags.pop(), said)


def _is_visible(element: PageElement) -> bool:
    return type(element) is NavigableString or type(element) is CData


def _break(tag: Tag) -> str:
    if tag.name in BLOCKS:
        return "\n\n"
    if tag.name in LINES:
        return "\n"
    return " " if tag.name in ("td", "th") else ""


def _closing(tag: Tag, said: list[str]) -> str:
    """What a closing tag leaves: a break, or the target of a link behind its words."""
    if tag.name != "a":
        return "\n\n" if tag.name in BLOCKS else ""
    target = "".join(str(tag.get("href") or "").split()).removeprefix("mailto:")
    is_address = target.lower().startswith(("http://", "https://")) or "@" in target
    words = "".join(said).strip()
    return f" ({target})" if is_address and target.rstrip("/") != words.rstrip("/") else ""
