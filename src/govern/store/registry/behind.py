"""Work on one buffer while the next one is filled: one stream then keeps two processors busy."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

WORTH_A_THREAD: Final = 64 * 1024
"""Bytes below which the work is done at once: it takes less time than to hand it over."""


class Behind:
    """Runs one task at a time in a thread of its own, in the order in which they were given.

    Args:
        task: takes a buffer, which must hold until the next call returns.
    """

    def __init__(self, task: Callable[[memoryview], None]) -> None:
        self._task = task
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def run(self, data: memoryview) -> None:
        """Wait for the task before, then start this one; raise what the one before raised."""
        self._wait()
        if len(data) < WORTH_A_THREAD:
            self._task(data)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._running = self._pool.submit(self._task, data)

    def finish(self) -> None:
        """Wait for the last task, and end the thread; raise what the task raised."""
        try:
            self._wait()
        finally:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None

    def _wait(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()
