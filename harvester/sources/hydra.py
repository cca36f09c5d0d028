"""Hydra paging: which page comes next, and how many members are announced. Knows no DCAT."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from catalog.model import Issue
from harvester.sources.described_terms import said

HYDRA: Final = "http://www.w3.org/ns/hydra/core#"
NEXT: Final = (HYDRA + "next", HYDRA + "nextPage")
TOTAL: Final = HYDRA + "totalItems"
PREVIOUS: Final = (HYDRA + "previous", HYDRA + "previousPage")
FIRST: Final = (HYDRA + "first", HYDRA + "firstPage")
LAST: Final = (HYDRA + "last", HYDRA + "lastPage")

Links = Mapping[str, Sequence[tuple[str, str]]]
"""Predicate -> (subject, object) of every statement with it, terms as `harvester.sources.rdf` writes them."""


def total_of(texts: Iterable[str]) -> int | None:
    """The one number that is announced; null for none, for several, and for what is no number."""
    numbers = {text for text in texts if text.isascii() and text.isdigit() and len(text) < 10}
    return int(numbers.pop()) if len(numbers) == 1 else None


def is_later_page(links: Links) -> bool:
    """Whether a page says of itself that others come before it: it names a previous one, or it is the last one and
    another is the first. What the collection announces is then not what is listed from here on."""
    if any(links[predicate] for predicate in PREVIOUS):
        return True
    first = {said(term) for predicate in FIRST for _, term in links[predicate]}
    last = {(said(subject), said(term)) for predicate in LAST for subject, term in links[predicate]}
    return any(subject == term and first and term not in first for subject, term in last)


def next_page(named: str, url: str) -> tuple[str | None, tuple[Issue, ...]]:
    """The address of the next page, on the host that answered. A portal behind a proxy may name itself by an inside
    address: the same path there is the same path here. Any other host is not followed, and the listing is a part."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, named))
        same_host = (here.hostname, port(here)) == (there.hostname, port(there))
    except ValueError:
        return None, (Issue(stage="fetch", code="next_page_unusable", value=named[:500]),)
    if there.scheme not in ("http", "https") or not (same_host or here.path == there.path):
        return None, (Issue(stage="fetch", code="next_page_elsewhere", value=named[:500]),)
    following = there._replace(scheme=here.scheme, netloc=here.netloc, fragment="").geturl()
    if same_host:
        return following, ()
    return following, (Issue(stage="fetch", code="next_page_rehosted", value=named[:500]),)


def port(parts: SplitResult) -> int | None:
    """Null for the port that the scheme stands for."""
    return None if parts.port in (80, 443) else parts.port
