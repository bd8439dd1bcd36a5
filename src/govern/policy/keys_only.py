"""`--key FILE`: short for a policy in which that key is the producer of the expected name (FORMAT §8).

The same for an identity that certificates prove: `--certificate-identity` and `--certificate-oidc-issuer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from govern.errors import UsageError
from govern.names import Name
from govern.policy.model import Credential, Permission, Policy
from govern.predicates import annotation, registration
from govern.predicates.kinds import resolve_type
from govern.trust.anchors import Trust
from govern.trust.identity import Identity
from govern.trust.keys import PublicKey


def policy_of_keys(
    keys: Sequence[tuple[str, PublicKey]],
    name: Name,
    require: Sequence[str] = (),
    *,
    identities: Sequence[Identity] = (),
    trust: Trust | None = None,
) -> Policy:
    """Return the policy that `--key` stands for.

    These may sign evidence kinds, annotations and statuses about the expected name, and what
    other tools define; the registration is required unless `--require` names other kinds.

    Args:
        keys: (label, key) pairs; the label is the file name.
        name: the expected name.
        require: kinds or URIs that replace `registration`.
        identities: whom certificates may name.
        trust: authorities and logs that were given beside.
    """
    if not keys and not identities:
        raise UsageError("no key is trusted", expected="at least one --key")
    for one in identities:
        if "*" in one.subject:
            raise UsageError(
                "an identity is one subject",
                got=repr(one.subject[:200]),
                expected="no star: patterns stand in a policy",
            )
    anchors = trust or Trust()
    credentials = (
        *(Credential(label, key.signer) for label, key in keys),
        *(Credential(one.subject, identity=one) for one in identities),
    )
    labels = tuple(dict.fromkeys(one.person for one in credentials))
    types = frozenset({registration.TYPE, annotation.TYPE})
    return Policy(
        source="--key" if keys else "--certificate-identity",
        digest=None,
        trust=replace(anchors, keys={**anchors.keys, **{key.signer: key for _, key in keys}}),
        owners={one.signer: one.person for one in credentials if one.signer is not None},
        credentials=credentials,
        kinds=dict.fromkeys(labels, "workload"),
        permissions=tuple(Permission(label, "--key", types, (name,), foreign=True) for label in labels),
        require=tuple(dict.fromkeys(resolve_type(one) for one in require)) or (registration.TYPE,),
        lines={},
    )
