"""What is said where a key needs a library that is not installed."""

from __future__ import annotations

from govern.errors import UsageError


def missing_extra(what: str, extra: str) -> UsageError:
    """Return the refusal that names the command to run.

    Args:
        what: the key.
        extra: the extra of ours that brings the library.
    """
    return UsageError(
        f"{what} needs a library that is not installed",
        expected=f"the extra {extra}",
        hint=f"in the clone that govern was installed from: pip install '.[{extra}]'",
    )
