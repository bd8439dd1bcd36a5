"""The command line: a face of the verbs, without logic of its own. Verbs are loaded when they are called."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `govern` with the process's arguments, or with `arguments`; exits with the documented code."""
    signal.signal(signal.SIGINT, _end_now)
    _open_streams()
    # What a command loads lives as long as itself: to look for garbage in it took an eighth of the start.
    gc.set_threshold(100_000)
    # What decides must not be changed by what else is installed; and to look for such plug-ins takes 10 ms.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from govern.cli.app import end_soon_after_interrupt, run

    end_soon_after_interrupt()
    code = run(arguments)
    if arguments is not None:
        sys.exit(code)
    # The process is done, and nobody waits for it to take hundreds of modules apart: that is longer than many a
    # command takes. What was printed is out (`run`).
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _end_now(number: int, frame: object) -> None:
    # Until the modules are there nothing was begun that must be ended in order.
    del number, frame
    with contextlib.suppress(OSError):
        os.write(2, b"\ninterrupted\n")
    os._exit(130)


def _open_streams() -> None:
    # A stream that was closed before the start is None here, and its number would go to the next file or
    # connection that is opened.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
    # A terminal or a log that is not UTF-8 shows an escape for what it lacks; it is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
