"""NVIDIA's own program, asked for the names of the processors, and left behind if it does not answer."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from govern.limits import MAX_HARDWARE, KiB

SECONDS: Final = 3.0
_REAPED: Final = 0.2
"""How long a program that was killed may take to be gone. One that waits for a broken driver never is."""

_LEFT: Final[list[subprocess.Popen[bytes]]] = []
"""Programs that could not be ended; somebody has to hold them until this process ends."""


def ask_nvidia_smi() -> str:
    """Return `name, driver version` of every processor, a line each; "" without the program or an answer of it.

    Source: nvidia-smi(1), "--query-gpu".
    """
    # A relative entry of PATH would find programs that lie in the directory being pushed.
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    program = shutil.which("nvidia-smi", path=path)
    if program is None:
        return ""
    try:
        process = subprocess.Popen(
            (program, "--query-gpu=name,driver_version", "--format=csv,noheader"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": path, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError:
        return ""
    answer: bytes | None = None
    try:
        if process.stdout is not None:
            with process.stdout as stdout:
                answer = _read(stdout.fileno(), time.monotonic() + SECONDS)
    finally:
        # On Ctrl-C too; and not with `with process`, which waits without end.
        code = _end(process)
    return answer.decode("utf-8", "replace") if answer is not None and code == 0 else ""


def _read(descriptor: int, until: float) -> bytes | None:
    """Return all that it says before `until`, or None."""
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while len(said) <= MAX_HARDWARE.value and selector.select(max(0.0, until - time.monotonic())):
            chunk = os.read(descriptor, 4 * KiB)
            if not chunk:
                return bytes(said)
            said += chunk
    return None


def _end(process: subprocess.Popen[bytes]) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return process.wait(_REAPED)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        return process.wait(_REAPED)
    _LEFT.append(process)
    return None
