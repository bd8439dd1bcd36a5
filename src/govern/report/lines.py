"""Lines for people. A line break inside of one came from a stranger, who may not write lines of ours."""

from __future__ import annotations

from collections.abc import Iterable


def join_lines(lines: Iterable[str]) -> str:
    """Return lines as one text, line breaks inside of them shown as `\\n`."""
    return "\n".join(line.replace("\n", "\\n") for line in lines)


def count(number: int, word: str) -> str:
    """Return a number of things: `1 file`, `2 files`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
