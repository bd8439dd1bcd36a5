"""`--key FILE`: short for a policy in which that key is the producer of the expected name (FORMAT §8)."""

from __future__ import annotations

from collections.abc import Sequence

from govern.errors import UsageError
from govern.names import Name
from govern.policy.model import Permission, Policy
from govern.predicates import annotation, registration
from govern.predicates.kinds import resolve_type
from govern.trust.keys import PublicKey


def policy_of_keys(keys: Sequence[tuple[str, PublicKey]], name: Name, require: Sequence[str] = ()) -> Policy:
    """Return the policy that `--key` stands for.

    These keys may sign evidence kinds, annotations and statuses about the expected name, and what
    other tools define; the registration is required unless `--require` names other kinds.

    Args:
        keys: (label, key) pairs; the label is the file name.
        name: the expected name.
        require: kinds or URIs that replace `registration`.
    """
    if not keys:
        raise UsageError("no key is trusted", expected="at least one --key")
    by_signer = {key.signer: key for _, key in keys}
    owners = {key.signer: label for label, key in keys}
    types = frozenset({registration.TYPE, annotation.TYPE})
    return Policy(
        source="--key",
        digest=None,
        keys=by_signer,
        owners=owners,
        kinds=dict.fromkeys(owners.values(), "workload"),
        permissions=tuple(
            Permission(label, "--key", types, (name,), foreign=True) for label in dict.fromkeys(owners.values())
        ),
        require=tuple(dict.fromkeys(resolve_type(one) for one in require)) or (registration.TYPE,),
        lines={},
    )
