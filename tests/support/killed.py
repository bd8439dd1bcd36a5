"""Kills a piece of work with SIGKILL, just before the change of the file system that a test names."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_CHANGES: Final = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"})
"""Audit events of what moves or removes files; all that `Path` does ends in one of them."""


def killed_at(number: int, below: Path, work: Callable[[], object]) -> bool:
    """Do `work` in a forked process, which is killed before its change number `number` at or below a path.

    Args:
        number: which change; the first is 0.
        below: changes elsewhere are not counted.
        work: what to do.

    Returns:
        Whether it was killed; False if it ended before, which the test then knows to be whole.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns where other threads run: those of fixtures only wait, and hold no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if not process:
        code = 1
        try:
            _die_at(number, str(below))
            work()
            code = 0
        finally:
            # Neither pytest's clean-up nor anybody's `finally` runs twice.
            os._exit(code)
    _, status = os.waitpid(process, 0)
    assert status in (0, signal.SIGKILL), f"the work failed: wait status {status}"
    return status != 0


def _die_at(number: int, below: str) -> None:
    left = number

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        # shutil.rmtree works relative to open folders, so its removals have no path to judge by.
        if event in _CHANGES and (str(arguments[0]).startswith(below) or not str(arguments[0]).startswith("/")):
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(see)
