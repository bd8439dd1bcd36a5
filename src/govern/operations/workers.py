"""A few workers that stop together: the first fault, or Ctrl-C, ends them all at their next chunk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from govern.errors import Undecided
from govern.progress import Progress

_Item = TypeVar("_Item")


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
    stop = threading.Event()
    guarded = _Stoppable(progress, stop)
    with ThreadPoolExecutor(min(jobs, len(items)), thread_name_prefix="transfer") as pool:
        futures: list[Future[None]] = []
        try:
            # Ctrl-C while workers are begun must stop those that were: the pool may not know of all of them yet.
            futures.extend(pool.submit(work, item, guarded) for item in items)
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = [future for future in done if future.exception() is not None]
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
            raise


def _stopped(fault: BaseException) -> bool:
    return isinstance(fault, Undecided) and fault.what.startswith("stopped,")
