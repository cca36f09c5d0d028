"""How gently a host is asked: one pace for all jobs, and the waits the host asks for. Knows no HTTP library."""

import time
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock

LONGEST_CRAWL_DELAY_S = 30.0  # a longer one would only end every job at its deadline


class Throttle:
    """The pace per host. Thread safe; a host is any key, in practice (scheme, name, port)."""

    def __init__(self, interval_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._lock = Lock()
        self._not_before: dict[Hashable, float] = {}
        self._slower: dict[Hashable, float] = {}

    def claim(self, host: Hashable) -> float:
        """0.0: the host may be asked now, and the next claim waits. Else the seconds after which to claim again."""
        with self._lock:
            now = self._clock()
            wait = self._not_before.get(host, now) - now
            if wait > 0:
                return wait
            self._not_before[host] = now + max(self._interval_s, self._slower.get(host, 0.0))
            return 0.0

    def wait(self, host: Hashable, sleep: Callable[[float], None] = time.sleep) -> None:
        """Returns when the host may be asked. What `sleep` raises goes through."""
        while (seconds := self.claim(host)) > 0:
            sleep(seconds)

    def hold(self, host: Hashable, seconds: float) -> None:
        """Nobody asks this host for so many seconds: its own wish."""
        with self._lock:
            self._not_before[host] = max(self._not_before.get(host, 0.0), self._clock() + seconds)

    def slow_down(self, host: Hashable, interval_s: float) -> None:
        """At least so many seconds between two requests to this host (robots.txt), 30 at most."""
        with self._lock:
            self._slower[host] = min(interval_s, LONGEST_CRAWL_DELAY_S)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the host asks us to wait: `Retry-After`, or `X-RateLimit-Reset` if nothing remains. Lower-case keys."""
    wait = _seconds(headers.get("retry-after", ""), now)
    if wait is None and headers.get("x-ratelimit-remaining", "").strip() == "0":
        wait = _seconds(headers.get("x-ratelimit-reset", ""), now)
    return wait


def _seconds(text: str, now: datetime) -> float | None:
    """From seconds, epoch seconds, epoch milliseconds, an HTTP date or an ISO 8601 date-time; None when unreadable."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return _from_number(float(text), now)
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return max(0.0, (moment - now).total_seconds())
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _from_number(number: float, now: datetime) -> float | None:
    """A small number is a wait, a large one a moment in seconds or milliseconds since 1970, a huge one nonsense."""
    if number < 1e9:
        return number
    return max(0.0, (number / 1000 if number >= 1e11 else number) - now.timestamp()) if number < 1e14 else None
