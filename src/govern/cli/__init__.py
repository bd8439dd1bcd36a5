"""The command line: a face of the verbs, without logic of its own. Verbs are loaded when they are called."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `govern` with the process's arguments, or with `arguments`; exits with the documented code."""
    from govern.cli.app import run

    sys.exit(run(arguments))
