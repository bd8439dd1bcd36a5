"""Work that is done behind the reader: in order, one at a time, and nothing of it is lost."""

from __future__ import annotations

import threading

import pytest

from govern.store.registry.behind import WORTH_A_THREAD, Behind

LARGE = bytes(WORTH_A_THREAD)


def _marked(number: int) -> memoryview:
    return memoryview(number.to_bytes(4, "big") + LARGE)


def test_large_and_small_pieces_are_worked_on_in_order() -> None:
    seen: list[int] = []
    behind = Behind(lambda data: seen.append(int.from_bytes(data[:4], "big")))
    for number in range(40):
        behind.run(_marked(number) if number % 3 else memoryview(number.to_bytes(4, "big")))
    behind.finish()
    assert seen == list(range(40))


def test_a_large_piece_is_worked_on_in_another_thread_and_only_one_at_a_time() -> None:
    going, most, threads = 0, 0, set()

    def task(_: memoryview) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        threads.add(threading.get_ident())
        going -= 1

    behind = Behind(task)
    for number in range(20):
        behind.run(_marked(number))
    behind.finish()
    assert most == 1
    assert threads
    assert threading.get_ident() not in threads


def test_the_caller_may_fill_another_buffer_while_the_task_runs() -> None:
    may_end, begun = threading.Event(), threading.Event()

    def task(_: memoryview) -> None:
        begun.set()
        assert may_end.wait(10)

    behind = Behind(task)
    behind.run(_marked(1))
    assert begun.wait(10)
    may_end.set()
    behind.finish()


def test_the_fault_of_a_task_reaches_the_caller_at_the_next_piece() -> None:
    def task(_: memoryview) -> None:
        raise OSError("the disk is full")

    behind = Behind(task)
    behind.run(_marked(1))
    with pytest.raises(OSError, match="the disk is full"):
        behind.run(_marked(2))
    behind.finish()


def test_the_fault_of_the_last_task_is_raised_at_the_end_and_its_thread_ends() -> None:
    def task(_: memoryview) -> None:
        raise OSError("the disk is full")

    before = threading.active_count()
    behind = Behind(task)
    behind.run(_marked(1))
    with pytest.raises(OSError, match="the disk is full"):
        behind.finish()
    assert threading.active_count() == before
