"""All envelopes at the same time, in order, and all or none."""

from __future__ import annotations

import threading
import time

import pytest

from govern.errors import Undecided
from govern.signing.endorsements import at_once


def test_the_order_is_that_of_the_items() -> None:
    def later_first(number: int) -> int:
        time.sleep(0.02 * (5 - number))
        return number

    assert at_once(later_first, range(6)) == (0, 1, 2, 3, 4, 5)
    assert at_once(later_first, []) == ()


def test_they_are_made_at_the_same_time() -> None:
    together = threading.Barrier(8, timeout=5)
    assert len(at_once(lambda _: together.wait(), range(8))) == 8


def test_the_first_failure_ends_what_has_not_begun() -> None:
    begun: list[int] = []

    def fail(number: int) -> int:
        begun.append(number)
        if number == 0:
            raise Undecided("no")
        time.sleep(0.1)
        return number

    with pytest.raises(Undecided):
        at_once(fail, range(500))
    assert len(begun) < 100
