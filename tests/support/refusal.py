"""What a refusal looks like from outside: an exit code, one error, a hint, and nothing left behind."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final

_TRACES: Final = ("Traceback", "govern itself failed", 'File "', "Exception ignored")


def check_refusal(
    code: int, stderr: str, *, codes: Collection[int] = (2, 3), says: str = "", hint: str | None = None
) -> None:
    """Assert that a command ended with one clear error.

    Args:
        code: its exit code.
        stderr: what it wrote there.
        codes: the exit codes that are right.
        says: a regular expression that the error holds.
        hint: one that the hint holds; None where no hint is asked for.
    """
    check_no_trace(stderr)
    assert code in codes, (code, stderr)
    lines = stderr.splitlines()
    errors = [position for position, line in enumerate(lines) if line.lower().startswith("error")]
    hints = [position for position, line in enumerate(lines) if line.startswith("hint: ")]
    assert len(errors) == 1, stderr
    assert lines[errors[0]].startswith("error: "), stderr
    assert len(hints) <= 1, stderr
    error = "\n".join(lines[errors[0] : hints[0] - 1 if hints else None])
    assert re.search(says, error), (says, stderr)
    assert len(stderr) < 4_000, f"{len(stderr)} characters are not one clear message"
    if hints:
        # The hint is the last thing that a person reads, with an empty line before it.
        assert lines[hints[0] - 1] == "", stderr
    if hint is not None:
        assert hints, f"no hint in {stderr}"
        assert re.search(hint, "\n".join(lines[hints[0] :])), (hint, stderr)


def check_no_trace(text: str) -> None:
    """Assert that nothing of Python's own shows."""
    for trace in _TRACES:
        assert trace not in text, text
    assert not any(ord(letter) < 0x20 and letter != "\n" for letter in text), ascii(text)


def snapshot(folder: Path) -> dict[str, str]:
    """Return every path below a folder, with its kind and a digest of its content."""
    found: dict[str, str] = {}
    for directory, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(directory, name)
            key = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[key] = os.readlink(path) if stat.S_ISLNK(mode) else stat.filemode(mode)[0]
    return found
