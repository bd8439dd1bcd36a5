"""How long a request is repeated: the waits grow and differ, and end with the minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from govern.store.registry.retry import Tries, seconds_of


class Clock:
    """A clock that only sleeping, and what the test does, moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def tries(self) -> Tries:
        return Tries(self, self.sleep)


def test_waits_grow_and_differ() -> None:
    every = []
    for _ in range(200):
        clock = Clock()
        tries = clock.tries()
        assert [tries.again() for _ in range(5)] == [True] * 4 + [False]
        every.append(clock.slept)
    for number, slept in enumerate(zip(*every, strict=True)):
        longest = 0.25 * 2**number
        assert longest / 2 <= min(slept)
        assert max(slept) <= longest
        # Writers that failed together do not come back together.
        assert max(slept) - min(slept) > longest / 4


@pytest.mark.parametrize(
    ("asked", "waits"), [("20", 3), ("30", 2), ("59", 1), ("60", 1), ("61", 0), ("999999999999", 0)]
)
def test_the_waits_that_are_asked_for_end_with_the_minute(asked: str, waits: int) -> None:
    clock = Clock()
    tries = clock.tries()
    while tries.again(asked):
        pass
    assert clock.slept == [float(asked)] * waits
    assert clock.now - 1000 <= 60


def test_requests_that_take_long_use_the_minute_up() -> None:
    clock = Clock()
    tries, requests = clock.tries(), 1
    clock.now += 25
    while tries.again():
        requests += 1
        clock.now += 25
    assert requests == 4
    assert clock.slept == [pytest.approx(one, abs=2) for one in (0.2, 0.4, 0.8)]


def test_a_wait_that_is_asked_for_is_never_shortened() -> None:
    clock = Clock()
    tries = clock.tries()
    assert tries.again("0")
    assert 0.125 <= clock.slept[0] <= 0.25
    assert tries.again("7")
    assert clock.slept[1] == 7


def test_retry_after_is_seconds_or_a_date() -> None:
    assert seconds_of("5") == 5
    assert seconds_of(" 12 ") == 12
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert seconds_of(format_datetime(later, usegmt=True)) == pytest.approx(30, abs=2)
    assert seconds_of(format_datetime(later - timedelta(days=1), usegmt=True)) == 0


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "١٢", "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_a_retry_after_that_is_neither_asks_for_nothing(text: str | None) -> None:
    assert seconds_of(text) is None
