"""Runs a command and says how long it took and how much memory it needed at its peak."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LAUNCHER: Final = """
import json, os, sys, time
begun = time.monotonic()
process = os.fork()
if not process:
    os.dup2(2, 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(process, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - begun, usage.ru_maxrss]))
"""
"""A parent of its own: a child's peak counts the memory of whom it was forked from, and pytest is large."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A command that ended.

    Args:
        code: its exit code.
        seconds: from its start to its end.
        peak_mib: the most memory that it held at once, in MiB (`ru_maxrss`).
        output: what it printed, stdout and stderr.
    """

    code: int
    seconds: float
    peak_mib: float
    output: str


def measure(*command: str | Path, cwd: Path) -> Measured:
    """Run a command to its end.

    Args:
        command: the program, by its path, and its arguments.
        cwd: where it runs.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _LAUNCHER, *map(str, command)],
        check=True,
        capture_output=True,
        cwd=cwd,
        encoding="utf-8",
    )
    code, seconds, peak = json.loads(done.stdout)
    return Measured(code, seconds, peak / 1024, done.stderr)
