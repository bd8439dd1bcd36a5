"""A few workers that stop together: the first fault, or Ctrl-C, ends them all at their next chunk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, TypeVar

from govern.errors import Undecided
from govern.progress import Progress

_Item = TypeVar("_Item")
_LOOK_UP: Final = 1.0
"""Seconds after which who waits looks for signals."""


@dataclass(frozen=True, slots=True)
class _Stoppable:
    """Progress that ends its worker once somebody asked for that: every loop over chunks reports here."""

    inner: Progress
    stop: threading.Event

    def start(self, label: str, total: int) -> None:
        self.inner.start(label, total)

    def advance(self, count: int) -> None:
        if self.stop.is_set():
            raise Undecided("stopped, because another part of the work failed or was interrupted")
        self.inner.advance(count)

    def note(self, message: str) -> None:
        self.inner.note(message)

    def finish(self) -> None:
        self.inner.finish()


class _Busy:
    """How many workers are at work."""

    def __init__(self) -> None:
        self._count, self._changed = 0, threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until none is. Who begins later sees that it must stop."""
        with self._changed:
            while self._count:
                self._changed.wait(_LOOK_UP)


def run_all(work: Callable[[_Item, Progress], None], items: Sequence[_Item], *, jobs: int, progress: Progress) -> None:
    """Do `work` for every item, `jobs` at once.

    Args:
        work: called with an item and the progress it must report every chunk to.
        items: in the order in which they are begun.
        jobs: how many at once.
        progress: told the bytes.

    Raises:
        GovernError: the first fault in time; the other items are given up.
    """
    if not items:
        return
    stop, busy = threading.Event(), _Busy()
    guarded = _Stoppable(progress, stop)

    def one(item: _Item) -> None:
        with busy:
            if not stop.is_set():
                work(item, guarded)

    with ThreadPoolExecutor(min(jobs, len(items)), thread_name_prefix="transfer") as pool:
        futures: list[Future[None]] = []
        try:
            # Ctrl-C while workers are begun must stop those that were: the pool may not know of all of them yet.
            futures.extend(pool.submit(one, item) for item in items)
            failed = _first_failed(futures)
            if failed:
                stop.set()
                # Workers that were stopped fail too; the fault that was first is the one to tell.
                faults = [future.exception() for future in failed]
                raise next(
                    (fault for fault in faults if fault is not None and not _stopped(fault)), faults[0]
                ) or Undecided("a worker failed")
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            # The pool waits for the workers that it knows; Ctrl-C may have come before it knew of the newest.
            busy.wait()
            raise


def _first_failed(futures: Sequence[Future[None]]) -> list[Future[None]]:
    """Return what has failed once anything has, or nothing once all is done."""
    while True:
        # Python looks for signals before it waits: one that comes just then is seen when the wait is over.
        done, left = wait(futures, timeout=_LOOK_UP, return_when=FIRST_EXCEPTION)
        failed = [future for future in done if future.exception() is not None]
        if failed or not left:
            return failed


def _stopped(fault: BaseException) -> bool:
    return isinstance(fault, Undecided) and fault.what.startswith("stopped,")
