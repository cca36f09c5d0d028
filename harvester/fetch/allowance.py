"""How long a job may wait and how much it may receive: limits, deadline, stop signal. Knows no socket."""

import time
from dataclasses import dataclass
from threading import Event

from harvester.errors import FetchError

SLICE_S = 0.25  # the longest nap between two looks at deadline and stop signal
WIRE_SLACK = 1024 * 1024  # status lines, headers and chunk sizes come on top of the body


@dataclass(frozen=True, slots=True)
class Limits:
    """`[http]` of the settings, and what is not worth a setting. Seconds and bytes."""

    connect_s: float = 10.0
    read_s: float = 60.0
    deadline_s: float = 1800.0
    max_bytes: int = 268_435_456
    per_host_interval_s: float = 1.0
    allow_private: tuple[str, ...] = ()
    max_redirects: int = 5
    retries: int = 3
    backoff_s: float = 1.0


class Allowance:
    """What is left to one job. Every wait asks it first, so that nothing outlives the deadline by more than a nap."""

    def __init__(self, limits: Limits, deadline_s: float | None = None, cancelled: Event | None = None) -> None:
        self.limits = limits
        self.deadline_s = limits.deadline_s if deadline_s is None else deadline_s
        self._cancelled = cancelled or Event()
        self._ends_at = time.monotonic() + self.deadline_s
        self._host = "The portal"
        self._received = 0

    def begin(self, host: str) -> None:
        """A new exchange with `host`: its bytes are counted from zero."""
        self._host = host
        self._received = 0

    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self._ends_at - time.monotonic()

    def check(self) -> None:
        """Raises FetchError when the job was stopped or its time is over."""
        if self._cancelled.is_set():
            raise FetchError("This harvest was stopped before it was done.", kind="timeout")
        if self.remaining() <= 0:
            raise self._late()

    def pause(self, seconds: float) -> None:
        """Sleeps; raises at once when the deadline comes first, and within the sleep when the job is stopped."""
        self.check()
        if seconds >= self.remaining():
            raise self._late()
        if self._cancelled.wait(seconds):
            self.check()

    def nap(self, quiet_since: float) -> float:
        """Seconds to wait for the next byte before asking again; raises when the host was quiet for too long."""
        self.check()
        patience = quiet_since + self.limits.read_s - time.monotonic()
        if patience <= 0:
            message = f"{self._host} sent nothing for {self.limits.read_s:g} seconds."
            raise FetchError(message, kind="timeout", transient=True)
        return max(0.001, min(SLICE_S, patience, self.remaining()))

    def receive(self, count: int) -> None:
        """Counts bytes off the wire, so that endless headers or chunk extensions end too."""
        self._received += count
        if self._received > self.limits.max_bytes + WIRE_SLACK:
            raise too_large(self.limits.max_bytes)

    def _late(self) -> FetchError:
        message = f"{self._host} was not done within {self.deadline_s:g} seconds, the time one harvest may take."
        return FetchError(message, kind="timeout")


def too_large(max_bytes: int) -> FetchError:
    """An answer beyond the cap, compressed or not."""
    size = f"{max_bytes / 1_000_000:.0f} MB" if max_bytes >= 1_000_000 else f"{max_bytes} bytes"
    return FetchError(f"The answer is larger than the {size} that one answer may have.", kind="too_large")
