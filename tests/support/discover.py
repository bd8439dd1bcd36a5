"""What oras finds attached to an artifact: the word of another tool."""

from __future__ import annotations

import json
import subprocess

from support.parts import require_part


def oras_discovers(reference: str, *options: str) -> set[str]:
    """Return the digests of everything that oras finds, one level deep; fail where it complains of anything.

    Args:
        reference: `HOST/REPO:TAG`, or `PATH:TAG` with `--oci-layout`.
        options: how oras reaches it; `--plain-http` where there are none.
    """
    command = [
        str(require_part("oras")),
        "discover",
        "--format",
        "json",
        "--depth",
        "1",
        *(options or ("--plain-http",)),
        reference,
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "Using --password via the CLI" not in line]
    assert (done.returncode, said) == (0, []), done.stderr
    return {one["digest"] for one in json.loads(done.stdout)["referrers"] or ()}
