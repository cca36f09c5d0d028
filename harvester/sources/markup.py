"""The HTML of strangers as a tree of bounded depth, in time linear to its size. Knows no portal and no network."""

import re
from typing import Any, Final
from urllib.parse import urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.exceptions import ParserRejectedMarkup

from harvester.errors import ParseError

MAX_DEPTH = 1_000
MAX_TAGS = 200_000  # some 200 MB of tree; the longest real list pages have a tenth

BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "div", "dl", "fieldset", "figure", "footer", "form", "h1", "h2", "h3"}
    | {"h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul"}
)
CELLS = frozenset({"td", "th"})
TERMS = frozenset({"dt", "dd"})
AROUND_PARAGRAPHS = frozenset({"td", "th", "table", "button", "object"})
# tag -> the open tags that it ends, and those beyond which it ends none
IMPLIED_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu"})),
    "dt": (TERMS, frozenset({"dl"})),
    "dd": (TERMS, frozenset({"dl"})),
    "td": (CELLS, frozenset({"tr", "table"})),
    "th": (CELLS, frozenset({"tr", "table"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "option": (frozenset({"option"}), frozenset({"select"})),
} | dict.fromkeys(BLOCKS, (frozenset({"p"}), AROUND_PARAGRAPHS))
NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


class Tree(BeautifulSoup):
    """Ends `<p>`, `<li>`, `<td>` where HTML says that they end (the parser alone nests them), and bounds the depth."""

    def handle_starttag(self, name: str, *args: Any, **kwargs: Any) -> Tag | None:
        ends, around = IMPLIED_ENDS.get(name, NOTHING)
        for open_tag in reversed(self.tagStack[1:] if ends else ()):
            if open_tag.name in ends:
                self.handle_endtag(open_tag.name)
                break
            if open_tag.name in around:
                break
        if len(self.tagStack) > MAX_DEPTH:
            raise ParserRejectedMarkup(f"it nests more than {MAX_DEPTH:,} elements")
        return super().handle_starttag(name, *args, **kwargs)


DECLARED: Final = re.compile(
    rb"""<(?:meta[^>]{1,200}?charset|\?xml[^>]{1,200}?encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)


def declared_charset(body: bytes) -> str | None:
    """The charset that the page itself declares in its first 4 kB."""
    found = DECLARED.search(body, 0, 4096)
    return found[1].decode("ascii").lower() if found else None


def tree(text: str, url: str) -> BeautifulSoup:
    """The page as a tree. Raises ParseError when it is no HTML or too deep, or has too many tags (`too_large`)."""
    if "<" not in text:
        raise ParseError("The answer is not an HTML page.", url=url)
    if text.count("<") > MAX_TAGS:
        raise ParseError(f"The page has more than {MAX_TAGS:,} tags.", url=url, kind="too_large")
    try:
        return Tree("<!DOCTYPE html>" + without_traps(text), "html.parser")
    except ParserRejectedMarkup as fault:
        reason = str(fault).splitlines()[-1].rpartition(":")[2].strip()
        raise ParseError(f"The page can't be read as HTML: {reason}.", url=url) from fault


def without_traps(text: str) -> str:
    """Without comments, processing instructions and a tag that never ends: the parser spends quadratic time on them."""
    commented, end, rest = text.rpartition("-->")
    text = re.sub(r"<!--.*?-->", "", commented + end, flags=re.DOTALL) + rest.replace("<!--", "")
    text = re.sub(r"<\?[^<>]*>", "", text)
    whole, end, tail = text.rpartition(">")
    return whole + end + tail.partition("<")[0]


def words(node: Tag) -> str:
    """The visible text, one blank between words."""
    return " ".join(node.get_text(" ").split())


def base_address(soup: BeautifulSoup, url: str) -> str:
    """What relative links of the page are relative to: `<base href>`, else its own address."""
    base = soup.find("base", href=True)
    return (absolute(url, str(base["href"])) if isinstance(base, Tag) else None) or url


def absolute(base: str, href: str) -> str | None:
    """The web address a link leads to, without fragment; null when it is none (mail, script, data, malformed)."""
    try:
        address = urldefrag(urljoin(base, re.sub(r"[\t\r\n]", "", href.strip()))).url
        parts = urlsplit(address)
        return address.replace(" ", "%20") if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None
