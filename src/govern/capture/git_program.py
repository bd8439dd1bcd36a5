"""The git program, run so that nothing of the repository's is run with it.

A repository's own configuration can name programs: monitors, hooks, filters, helpers that fetch missing
objects. A directory that somebody unpacked or a runner checked out may be hostile, so every setting through
which reading could start a program is overridden. Filters have names, and `govern.capture.git_settings` knows them.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from govern.errors import LimitExceeded
from govern.limits import MAX_GIT_OUTPUT, KiB

SECONDS: Final = 10.0
"""How long one git command may take."""

NO_ANSWER: Final = (OSError, ValueError, subprocess.TimeoutExpired, LimitExceeded)
"""What asking git may raise. The messages of these hold paths of this machine."""

_KEPT: Final = re.compile(
    r"HOME|XDG_CONFIG_HOME|TMPDIR|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|(?:KEY|VALUE)_[0-9]+)"
)
"""Variables that reach git: the user's own configuration, where `safe.directory` stands, and nothing else.
GIT_DIR and its like would make git speak of another repository."""

_SAFE_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A partial clone fetches what is missing while status reads it, and runs what `uploadpack` names.
    "GIT_NO_LAZY_FETCH": "1",
    # Gits before 2.39.4 do not know the line above; no protocol has this name, so none is allowed.
    "GIT_ALLOW_PROTOCOL": "none",
}
_SAFE_OPTIONS: Final = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def find_git(directory: Path) -> Git | None:
    """Return the git of PATH, about to be asked about a directory; None where there is none.

    Args:
        directory: one that exists.
    """
    # A relative entry of PATH would find programs that lie in the directory being asked about.
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    program = shutil.which("git", path=path)
    return Git(program, path, directory) if program is not None else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command said.

    Args:
        code: its exit code.
        text: its output; bytes that are not UTF-8 are surrogates, and go back to git as they were.
        complaint: what it said on standard error.
    """

    code: int
    text: str
    complaint: str


class Git:
    """The git program, asked about one directory.

    Args:
        program: its path.
        path: the PATH under which it looks for programs of its own.
        directory: what it is asked about.
    """

    def __init__(self, program: str, path: str, directory: Path) -> None:
        self._start = (program, "-C", os.fspath(directory), *_SAFE_OPTIONS)
        inherited = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        self._environment = {**inherited, **_SAFE_ENVIRONMENT, "PATH": path}

    def ask(self, *arguments: str) -> Answer:
        """Run one command that reads.

        Raises:
            NO_ANSWER: after `SECONDS`, beyond `MAX_GIT_OUTPUT`, or if it cannot be started.
        """
        process = subprocess.Popen(
            (*self._start, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
            # A group of its own, so that children it started can be ended with it.
            start_new_session=True,
        )
        with process:
            try:
                out, complaint = _read(process, time.monotonic() + SECONDS)
            except BaseException:
                # Also on Ctrl-C: leaving `with` would wait for a program that may never end.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        # Names that are not UTF-8 must go back to git letter for letter, or a filter would not be switched off.
        return Answer(process.returncode, out.decode("utf-8", "surrogateescape"), complaint.decode("utf-8", "replace"))

    def line(self, *arguments: str) -> str | None:
        """Return the one line of an answer, or None where the command failed."""
        answer = self.ask(*arguments)
        return answer.text.removesuffix("\n") if answer.code == 0 else None


def _read(process: subprocess.Popen[bytes], until: float) -> tuple[bytearray, bytearray]:
    out, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, text in ((process.stdout, out), (process.stderr, complaint)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, text)
        while selector.get_map():
            ready = selector.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired("git", SECONDS)
            for key, _ in ready:
                chunk = os.read(key.fd, 64 * KiB)
                if not chunk:
                    selector.unregister(key.fileobj)
                key.data.extend(chunk)
                MAX_GIT_OUTPUT.check(len(key.data), "the answer of git")
    process.wait(max(0.0, until - time.monotonic()))
    return out, complaint
