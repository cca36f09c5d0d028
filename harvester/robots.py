"""What a host's robots.txt permits (RFC 9309). Knows neither how it was fetched nor who waits for the answer."""

from dataclasses import dataclass

from protego import Protego

READ_AT_MOST = 512 * 1024  # RFC 9309 asks for 500 KiB
CLOSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one host. `parser` is null when there are none: then `open` decides for every address."""

    parser: Protego | None = None
    open: bool = True

    def permits(self, url: str, agent: str) -> bool:
        return self.open if self.parser is None else self.parser.can_fetch(url, agent)

    def crawl_delay(self, agent: str) -> float | None:
        """Seconds between two requests that the host asks of this agent, null if it doesn't say."""
        return None if self.parser is None else self.parser.crawl_delay(agent)


def robots(status: int, body: bytes) -> Robots:
    """The rules in an answer for /robots.txt below 500: none there is all open, a locked one is all closed."""
    if status in CLOSED:
        return Robots(open=False)
    if not 200 <= status < 300:
        return Robots()
    return Robots(Protego.parse(body[:READ_AT_MOST].decode("utf-8-sig", errors="replace")))
