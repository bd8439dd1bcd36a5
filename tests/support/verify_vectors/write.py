"""Writes all vectors into a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.verify_vectors.catalogue import all_cases
from support.verify_vectors.readme import write_readme


def write_all(root: Path) -> tuple[int, int]:
    """Write every vector and the README; return how many there are, and how many of them are attacks.

    Args:
        root: where; folders of vectors that are there already are removed, other files stay.
    """
    cases = sorted(all_cases(), key=lambda one: one.folder)
    assert len({one.folder for one in cases}) == len(cases), "two vectors have one name"
    for old in root.iterdir():
        if (old / "case.json").is_file():
            shutil.rmtree(old)
    for case in cases:
        case.write(root)
    (root / "README.md").write_text(write_readme(cases), "utf-8")
    return len(cases), sum(one.folder.endswith("_fail") for one in cases)
