"""Makes the vectors again: `python tests/vectors/verify/generate.py`. What is committed is what is tested.

Nothing is random. Keys follow from labels, signatures are deterministic, times are fixed: run twice, it writes the
same bytes, so that a change shows in the diff.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent


def main() -> None:
    """Write every folder and the table in README.md."""
    sys.path[:0] = [str(HERE.parents[1])]
    from support.verify_vectors.catalogue import all_cases
    from support.verify_vectors.readme import write_readme

    cases = sorted(all_cases(), key=lambda one: one.folder)
    if len({one.folder for one in cases}) != len(cases):
        raise SystemExit("two vectors have one name")
    for old in HERE.iterdir():
        if (old / "case.json").is_file():
            shutil.rmtree(old)
    for case in cases:
        case.write(HERE)
    (HERE / "README.md").write_text(write_readme(cases), "utf-8")
    print(f"{len(cases)} vectors, {sum(one.folder.endswith('_fail') for one in cases)} of them attacks")


if __name__ == "__main__":
    main()
