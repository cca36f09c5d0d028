"""The pace per host, and what hosts ask for."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.throttle import Throttle, asked_wait

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """A monotonic clock that moves when someone sleeps on it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_wait_when_asked_again_then_keeps_the_pace_per_host(clock: Clock) -> None:
    throttle = Throttle(2.0, clock)
    begun = clock.now
    for _ in range(3):
        throttle.wait("a", clock.sleep)
    assert clock.now - begun == 4.0
    throttle.wait("b", clock.sleep)
    assert clock.now - begun == 4.0


def test_wait_when_the_interval_is_zero_then_never_sleeps(clock: Clock) -> None:
    throttle = Throttle(0, clock)
    for _ in range(5):
        throttle.wait("a", clock.sleep)
    assert clock.now == 1000.0


def test_hold_when_a_host_asks_for_it_then_everyone_waits_the_longest(clock: Clock) -> None:
    throttle = Throttle(0, clock)
    throttle.hold("a", 30)
    throttle.hold("a", 10)
    throttle.wait("b", clock.sleep)
    assert clock.now == 1000.0
    throttle.wait("a", clock.sleep)
    assert clock.now == 1030.0


@pytest.mark.parametrize(("asked", "kept"), [(5, 5), (0.5, 1), (86_400, 30)])
def test_slow_down_when_robots_txt_asks_then_is_kept_within_reason(clock: Clock, asked: float, kept: float) -> None:
    throttle = Throttle(1, clock)
    throttle.slow_down("a", asked)
    throttle.wait("a", clock.sleep)
    throttle.wait("a", clock.sleep)
    assert clock.now == 1000.0 + kept


def test_wait_when_sleep_raises_then_no_slot_is_taken(clock: Clock) -> None:
    throttle = Throttle(10, clock)
    throttle.wait("a", clock.sleep)

    def stopped(_: float) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        throttle.wait("a", stopped)
    throttle.wait("a", clock.sleep)
    assert clock.now == 1010.0


def test_claim_when_many_threads_ask_then_one_gets_it() -> None:
    throttle = Throttle(3600)
    won: list[bool] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        won.append(throttle.claim("a") == 0.0)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": format_datetime(NOW + timedelta(minutes=5), usegmt=True)}, 300),
        ({"retry-after": format_datetime(NOW - timedelta(minutes=5), usegmt=True)}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1" * 400}, None),
        ({"retry-after": "\u0663"}, None),
        ({}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 60)}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp() * 1000) + 60_000)}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01 12:01:00+00:00"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T12:01:00Z"}, 60),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30", "retry-after": "5"}, 5),
    ],
)
def test_asked_wait_when_a_host_asks_then_is_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOW) == seconds


@given(st.text(max_size=40))
def test_asked_wait_when_given_anything_then_never_raises_nor_is_negative(text: str) -> None:
    wait = asked_wait({"retry-after": text, "x-ratelimit-remaining": "0", "x-ratelimit-reset": text}, NOW)
    assert wait is None or wait >= 0
