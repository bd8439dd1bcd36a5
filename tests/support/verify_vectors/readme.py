"""The README of the vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from support.verify_vectors.case import Case

_HEAD: Final = """# Attacks on a verifier, and their honest counterparts
"""


def write_readme(cases: Sequence[Case]) -> str:
    """Return the text, with a table of all vectors."""
    rows = "".join(f"| `{one.folder}` | {one.outcome} | {one.sentence} | {one.source} |\n" for one in cases)
    return f"{_HEAD}\n| folder | outcome | what happens | source |\n|---|---|---|---|\n{rows}"
