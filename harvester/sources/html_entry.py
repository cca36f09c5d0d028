"""Which elements of a list page make one dataset, and what names it. Knows no network and not what the dataset says.

A name has to survive an edit of the title, of the page around it and of the order; see `identifier` in `html_options`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from bs4 import Tag

from harvester.errors import ParseError
from harvester.sources.html_options import Options
from harvester.sources.html_values import Scope, files, title
from harvester.sources.markup import absolute, words

ANCHORS: Final = "a[name], a[id], h1[id], h2[id], h3[id], h4[id], h5[id], h6[id]"
MAX_ENTRIES: Final = 5_000
LOCAL: Final = {"anchor", "files", "title"}
NOT_THE_TARGET: Final = re.compile(r"utm_.*|fbclid|gclid|sid|phpsessid|jsessionid", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dataset on a list page. `head`: its heading, or the whole element; `link`: the address of its own page.

    `ladder`: what names it, best first, "" where it has no such thing. `key`: as much of the ladder as no other entry
    of the page has; "" when nothing names it.
    """

    scope: Scope
    head: Tag
    link: str | None
    ladder: tuple[str, ...] = ()
    key: str = ""


def entries(page: Scope, options: Options, home: str, prefix: str = "") -> list[Entry]:
    """The datasets that a list page shows, in its order. An empty heading is layout; the same link twice is one.

    `home`: the address of the list; links on its host are named without the host. `prefix`: names the list where there
    are several; it stands before what is a name on one page only.
    """
    found: dict[str | int, Entry] = {}
    for parts in elements(page.elements[0], home, options):
        own = Scope(parts, page.base)
        entry = Entry(own, parts[0], entry_link(own, options))
        steps = ((name, rung(name, entry, options, home)) for name in options.identifier)
        ladder = tuple(f"{prefix}#{step}" if prefix and step and name in LOCAL else step for name, step in steps)
        # An empty heading is layout; an empty container may be an entry whose text was lost, and must not go unseen.
        if options.mode == "container" or any(ladder) or any(words(part) for part in parts):
            found.setdefault(entry.link or id(entry.head), replace(entry, ladder=ladder))
    keys = distinguished([entry.ladder for entry in found.values()])
    return [replace(entry, key=key) for entry, key in zip(found.values(), keys, strict=True)]


def elements(page: Tag, url: str, options: Options) -> list[tuple[Tag, ...]]:
    """The elements of each entry, its head first. Raises ParseError when the selector matches nearly everything."""
    heads = page.select(options.entry, limit=MAX_ENTRIES + 1)
    if len(heads) > MAX_ENTRIES:
        message = f"More than {MAX_ENTRIES:,} elements of the page match {options.entry!r}."
        raise ParseError(message, url=url, kind="too_large")
    if options.mode == "container":
        return [(element,) for element in heads]
    stops = [*heads, *(page.select(options.until) if options.until else ())]
    ends = {id(stop) for stop in stops}
    for stop in stops:
        for parent in stop.parents:
            if id(parent) in ends:
                break
            ends.add(id(parent))
    return [(head, *following(head, ends)) for head in heads]


def following(head: Tag, ends: set[int]) -> Iterator[Tag]:
    """The sibling elements after a heading, up to the first of `ends` (by `id`)."""
    for sibling in head.next_siblings:
        if id(sibling) in ends:
            return
        if isinstance(sibling, Tag):
            yield sibling


def entry_link(own: Scope, options: Options) -> str | None:
    """The address of the entry's own page: the entry if it is a link, else what `link` matches."""
    head = own.elements[0]
    wanted = options.link or ("a[href]" if options.follow else None)
    links = [head] if head.name == "a" else own.select(wanted) if wanted else []
    return absolute(own.base, str(links[0]["href"])) if links and links[0].get("href") else None


def rung(name: str, entry: Entry, options: Options, home: str) -> str:
    """What `name` (see `Options.identifier`) gives for this entry; empty when it has none."""
    kind, _, key = name.partition(":")
    if kind == "anchor":
        return anchor(entry.head)
    if kind == "attribute":
        return next((str(tag[key]).strip() for tag in entry.scope.select(f"[{key}]")), "")
    if kind == "query":
        query = parse_qsl(urlsplit(entry.link or "").query)
        return next((f"{key}={value}" for given, value in query if given.lower() == key.lower()), "")
    if kind == "url":
        return canonical(entry.link, home) if entry.link else ""
    if kind == "files":
        return min((stem(file["url"]) for file in files([entry.scope], options, entry.link)), default="")
    return slug(title([entry.scope], entry.head, options))


def anchor(head: Tag) -> str:
    """The id or name of a heading or element, of an anchor within it, or of an empty one right before it."""
    before = head.find_previous_sibling()
    beside = [before] if isinstance(before, Tag) and before.name == "a" and not words(before) else []
    for tag in (head, *head.select(ANCHORS), *beside):
        if value := str(tag.get("id") or tag.get("name") or "").strip():
            return value
    return ""


def canonical(link: str, home: str) -> str:
    """A link as a name: without scheme, order and tracking of parameters, and without the host of `home`."""
    parts = urlsplit(link)
    given = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode(sorted(pair for pair in given if not NOT_THE_TARGET.fullmatch(pair[0])))
    host = "" if bare_host(link) == bare_host(home) else bare_host(link)
    return host + (unquote(parts.path).rstrip("/") or "/") + ("?" + query if query else "")


def bare_host(url: str) -> str:
    return urlsplit(url).netloc.lower().removeprefix("www.")


def stem(address: str) -> str:
    """What a file is called, without folder and extension, but with its query: `bib` of `/2019/bib.csv`."""
    parts = urlsplit(address)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return slug(f"{name.partition('.')[0]} {parts.query}")


def slug(text: str) -> str:
    """Letters and digits without case and accents, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "-", "".join(c for c in plain if not unicodedata.combining(c))).strip("-")


def distinguished(ladders: Sequence[tuple[str, ...]]) -> list[str]:
    """A key for each ladder: its first rung, with the next ones for all that share it, and a number at the very last.

    All get the longer key, since the one that stands first today may stand second tomorrow.
    """
    rungs = [[step for step in ladder if step] for ladder in ladders]
    keys = [steps[0] if steps else "" for steps in rungs]
    for height in range(1, max(map(len, rungs), default=0)):
        times = Counter(keys)
        keys = [
            f"{key}~{steps[height]}" if times[key] > 1 and height < len(steps) else key
            for key, steps in zip(keys, rungs, strict=True)
        ]
    met: Counter[str] = Counter()
    for index, key in enumerate(keys):
        met[key] += 1
        keys[index] = f"{key}~{met[key]}" if key and met[key] > 1 else key
    return keys
