"""Workers: so many at once, and the first fault ends them all."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from govern.errors import Denied, Undecided
from govern.operations.workers import run_all
from govern.progress import SILENT, Progress


class Counted:
    """Progress that adds up."""

    def __init__(self) -> None:
        self.count = 0
        self.said: list[str] = []

    def start(self, label: str, total: int) -> None:
        self.said.append(f"start {label} {total}")

    def advance(self, count: int) -> None:
        self.count += count

    def note(self, message: str) -> None:
        self.said.append(message)

    def finish(self) -> None:
        self.said.append("finish")


def test_everything_is_done_once() -> None:
    done: list[int] = []
    run_all(lambda item, _progress: done.append(item), range(50), jobs=4, progress=SILENT)
    assert sorted(done) == list(range(50))


def test_one_worker_keeps_the_order() -> None:
    done: list[int] = []
    run_all(lambda item, _progress: done.append(item), range(20), jobs=1, progress=SILENT)
    assert done == list(range(20))


def test_nothing_to_do_is_done() -> None:
    run_all(lambda _item, _progress: pytest.fail("called"), [], jobs=4, progress=SILENT)


def test_so_many_work_at_once_and_no_more() -> None:
    together, most, lock = [0], [0], threading.Lock()
    barrier = threading.Barrier(3)

    def work(item: int, progress: Progress) -> None:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        # Three must be here at the same time, or this never opens.
        barrier.wait(10)
        with lock:
            together[0] -= 1

    run_all(work, range(9), jobs=3, progress=SILENT)
    assert most[0] == 3


def test_what_workers_report_arrives() -> None:
    def work(item: int, progress: Progress) -> None:
        progress.start("x", item)
        progress.advance(item)
        progress.note("said")
        progress.finish()

    counted = Counted()
    run_all(work, [5], jobs=1, progress=counted)
    assert (counted.count, counted.said) == (5, ["start x 5", "said", "finish"])


def test_the_first_fault_is_told_and_ends_the_others_at_their_next_chunk() -> None:
    begun = threading.Event()
    ended: list[BaseException] = []

    def work(item: str, progress: Progress) -> None:
        if item == "bad":
            begun.wait(10)
            raise Denied("not this one")
        begun.set()
        until = time.monotonic() + 10
        try:
            while time.monotonic() < until:
                progress.advance(1)
                time.sleep(0.001)
        except BaseException as fault:
            ended.append(fault)
            raise

    before = time.monotonic()
    with pytest.raises(Denied, match="not this one"):
        run_all(work, ["endless", "bad"], jobs=2, progress=SILENT)
    assert time.monotonic() - before < 5
    assert [type(one) for one in ended] == [Undecided]


def test_what_was_not_begun_is_not_begun_after_a_fault() -> None:
    done: list[int] = []

    def work(item: int, progress: Progress) -> None:
        done.append(item)
        if item == 0:
            raise Denied("the first")
        time.sleep(0.05)

    with pytest.raises(Denied):
        run_all(work, range(100), jobs=1, progress=SILENT)
    assert len(done) < 50


class Endless:
    """Work that goes on until it is stopped, or for ten seconds."""

    def __init__(self) -> None:
        self.begun, self.stopped = threading.Event(), threading.Event()

    def __call__(self, item: int, progress: Progress) -> None:
        self.begun.set()
        until = time.monotonic() + 10
        try:
            while time.monotonic() < until:
                progress.advance(1)
                time.sleep(0.001)
        except Undecided:
            self.stopped.set()
            raise


def test_ctrl_c_ends_a_worker_at_its_next_chunk() -> None:
    work, main = Endless(), threading.get_ident()

    def press() -> None:
        assert work.begun.wait(10)
        signal.pthread_kill(main, signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        run_all(work, [1], jobs=1, progress=SILENT)
    presser.join()
    assert work.stopped.is_set()


def test_ctrl_c_while_workers_are_begun_ends_those_that_were() -> None:
    work = Endless()

    class Interrupted(list[int]):
        def __iter__(self) -> Iterator[int]:
            yield 1
            work.begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all(work, Interrupted([1, 2]), jobs=2, progress=SILENT)
    assert work.stopped.is_set()


def test_an_interrupt_of_a_worker_reaches_the_caller() -> None:
    stopped = threading.Event()

    class Interrupting(Counted):
        def advance(self, count: int) -> None:
            raise KeyboardInterrupt

    def work(item: int, progress: Progress) -> None:
        try:
            progress.advance(1)
        finally:
            stopped.set()

    with pytest.raises(KeyboardInterrupt):
        run_all(work, [1], jobs=1, progress=Interrupting())
    assert stopped.is_set()
