"""Makes the vectors again: `python tests/vectors/verify/generate.py`, or `python -m pytest --regenerate tests/vectors`.

What is committed is what is tested. Nothing is random: keys follow from labels, signatures are deterministic, times are
fixed, so that a run without a change writes the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent


def main() -> None:
    """Write every folder, and the table in README.md."""
    sys.path[:0] = [str(HERE.parents[1])]
    from support.verify_vectors.write import write_all

    count, attacks = write_all(HERE)
    print(f"{count} vectors, {attacks} of them attacks")


if __name__ == "__main__":
    main()
