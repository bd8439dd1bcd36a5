"""What a push registered, read back through the verified records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import govern


def registration_at(reference: str, key: Path) -> dict[str, Any]:
    """Return the predicate of the one verified registration about a reference.

    Args:
        reference: the artifact.
        key: the public key that is trusted for it.
    """
    found = govern.records(reference, key=key, kinds=["registration"]).found
    (predicate,) = [one.predicate for one in found if one.status == "verified"]
    assert predicate is not None
    return dict(predicate)


def waivers_at(reference: str, key: Path) -> dict[str, list[str]]:
    """Return the paths that were waived, by rule; see `registration_at`."""
    return {one["rule"]: list(one["paths"]) for one in registration_at(reference, key).get("waived", ())}
