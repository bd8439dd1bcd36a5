"""One stack on a machine: a timestamp server binds port 2112 whatever it is told, so two cannot run."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK: Final = Path(tempfile.gettempdir()) / "govern-tests-sigstore.lock"
_SECONDS: Final = 900


@contextmanager
def alone() -> Iterator[None]:
    """Hold the machine's lock; wait for a test run that has it. It ends with the process, whatever happens."""
    # Somebody else may have made the file; a lock needs no more than to read it.
    try:
        descriptor = os.open(LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except PermissionError:
        descriptor = os.open(LOCK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + _SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise AssertionError(f"another test run has held {LOCK} for {_SECONDS} s") from None
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)
