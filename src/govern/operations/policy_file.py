"""The policy file that the verifier brought."""

from __future__ import annotations

from pathlib import Path

from govern.errors import InvalidInput
from govern.limits import MAX_POLICY
from govern.policy.model import Policy
from govern.policy.reading import read_policy


def load_policy(path: Path) -> Policy:
    """Return the policy in a file that was named; raise `InvalidInput` where it cannot be read or is not valid."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY.value + 1)
    except OSError as fault:
        raise InvalidInput(
            "the policy cannot be read", got=f"{str(path)!r}: {fault.strerror}", hint="govern policy init writes one"
        ) from fault
    return read_policy(data, str(path))
