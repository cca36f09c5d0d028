"""Walking a listing page by page until its proven end, never in circles. Knows no portal and no network."""

from collections.abc import Callable, Hashable, Iterator
from typing import Final

from harvester.errors import HarvestError
from harvester.sources.base import P, Page

MAX_PAGES: Final = 20_000


def offset_pages(
    ask: Callable[[int], tuple[Page[P], bool]], key: Callable[[P], Hashable], size: int
) -> Iterator[Page[P]]:
    """Every page of a listing. `ask(offset)` gives a page, and true where the portal can give no page after it.

    The offset advances by what arrived. The end is an empty page, or a page shorter than the others once the announced
    total is reached; a full page there asks once more, so that a total that lies low is noticed. A first page shorter
    than `size` while more is announced shows a portal that gives less than it was asked: from then on that is full.
    Raises HarvestError of kind `loop` for a page that holds only what was already seen.
    """
    known: set[int] = set()
    walked = 0
    for _ in range(MAX_PAGES):
        page, last = ask(walked)
        arrived = len(page.items)
        if walked == 0 and page.total is not None and arrived < page.total:
            size = min(size, arrived)
        done = page.total is not None and walked + arrived >= page.total and arrived < size
        if not learn(known, page, key) and not done:
            raise loop(page)
        if arrived or walked == 0:
            yield page
        if arrived == 0 or last or done:
            return
        walked += arrived
    raise endless(page)


def linked_pages(
    ask: Callable[[int, str | None], tuple[Page[P], str | None]], key: Callable[[P], Hashable]
) -> Iterator[Page[P]]:
    """Every page of a listing whose pages name the next one.

    `ask(walked, link)` gives the page behind `link`, or without a link the one after `walked` items, and the link that
    this page names. The end is an empty page, or one that names no next page once the announced total is reached.
    Raises as `offset_pages`.
    """
    known: set[int] = set()
    walked, link = 0, None
    for _ in range(MAX_PAGES):
        page, link = ask(walked, link)
        if not learn(known, page, key):
            raise loop(page)
        if page.items or walked == 0:
            yield page
        walked += len(page.items)
        if not page.items or (link is None and walked >= (page.total or 0)):
            return
    raise endless(page)


def learn(known: set[int], page: Page[P], key: Callable[[P], Hashable]) -> bool:
    """Adds the page's keys to those known; false when it brings nothing but what was known."""
    keys = {hash(key(item)) for item in page.items}
    news = not keys or not keys <= known
    known |= keys
    return news


def loop(page: Page[P]) -> HarvestError:
    return HarvestError("The listing goes in circles: a page repeats what was listed", kind="loop", url=page.url)


def endless(page: Page[P]) -> HarvestError:
    return HarvestError(f"The listing does not end within {MAX_PAGES} pages", kind="loop", url=page.url)
