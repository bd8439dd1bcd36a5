"""The policy file that the verifier brought."""

from __future__ import annotations

from pathlib import Path

from govern.limits import MAX_POLICY
from govern.operations.named_file import read_file
from govern.policy.model import Policy


def load_policy(path: Path) -> Policy:
    """Return the policy in a file that was named; raise `InvalidInput` where it cannot be read or is not valid."""
    # Imported here: who verifies with a key alone reads no policy.
    from govern.policy.reading import read_policy

    return read_policy(read_file(path, "the policy", MAX_POLICY, "govern policy init writes one"), str(path))
