"""What a command prints under --format json where it ends with an error: the same words, in their parts."""

from __future__ import annotations

from typing import Any

from govern.errors import GovernError

REFUSAL = "govern.refusal/v0.1"


def refusal_json(fault: GovernError) -> dict[str, Any]:
    """Return the JSON object of `report.file_views.RefusalView`, without loading what checks it."""
    return {
        "output": REFUSAL,
        "exitCode": fault.exit_code,
        "message": fault.what,
        "got": fault.got,
        "expected": fault.expected,
        "hint": fault.hint,
    }
