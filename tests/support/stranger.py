"""Runs a command as a container would: a UID that nobody knows, no HOME, no capabilities, a read-only root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

UID: Final = 12345
_NEEDS: Final = "unshare (apt-get install util-linux), and a kernel that lets this user make user namespaces"

# In namespaces of its own: what stays writable is mounted over itself, then the root is made read-only, and the
# working directory is entered again, by way of the new mounts. The rights to change that are given up with the
# last `unshare`. `env -i` leaves no variable behind.
_SCRIPT: Final = """
set -e
while [ "$1" != -- ]; do mount --bind "$1" "$1"; shift; done
shift
mount -o remount,bind,ro /
cd "$PWD"
exec unshare --user --map-user={uid} --map-group={uid} env -i "$@"
"""


def run_as_stranger(
    *command: str | Path,
    cwd: Path,
    writable: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as UID 12345, which has no entry anywhere; skip the test where that is impossible.

    Args:
        command: the program and its arguments.
        cwd: where it runs.
        writable: folders that are not read-only.
        env: all of its variables; without any, not even PATH is set.
        timeout: seconds until the test fails.
    """
    _require()
    variables = [f"{name}={value}" for name, value in (env or {}).items()]
    return subprocess.run(
        [*_words(writable), *variables, *map(str, command)],
        check=False,
        capture_output=True,
        cwd=cwd,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )


def _words(writable: Sequence[Path]) -> list[str]:
    script = _SCRIPT.format(uid=UID)
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *map(str, writable), "--"]


def _require() -> None:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip(f"needs {_NEEDS}")
    tried = subprocess.run([*_words(()), sys.executable, "-c", ""], check=False, capture_output=True, cwd=os.sep)
    if tried.returncode != 0:
        pytest.skip(f"needs {_NEEDS}; here: {tried.stderr.decode(errors='replace').strip()[:200]}")
