"""What is allowed in a policy, and is hardly what its author meant: a requirement that nobody can meet, a voice that
nobody can prove, or that too many can.

None of it is a fault: a policy may be one step of a change, and anchors may be brought beside it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from govern.policy.build_level import CLIENT_LEVEL
from govern.policy.model import Credential, Policy
from govern.predicates.kinds import word_for
from govern.times import write_time
from govern.trust.identity import Identity, is_provider


def doubts(policy: Policy) -> tuple[str, ...]:
    """Return a sentence for everything in a policy that can never allow, never count, or allows more than it seems."""
    unusable = (one for root in policy.trust.roots for one in root.left_out)
    return (*_nobody_may_sign(policy), *_level(policy), *_voices(policy), *_instances(policy), *unusable)


def _nobody_may_sign(policy: Policy) -> Iterator[str]:
    allowed = {one for permission in policy.permissions for one in permission.types}
    for kind in policy.require:
        if kind not in allowed:
            yield f"{word_for(kind)} is required, and no role may sign it: nothing is ever allowed"


def _level(policy: Policy) -> Iterator[str]:
    wanted = policy.level
    if wanted is None or wanted <= CLIENT_LEVEL:
        return
    if max((one.level for one in policy.builders), default=CLIENT_LEVEL) < wanted:
        yield f"build level {wanted} is required, and no pair in build.builders is worth it: nothing is ever allowed"


def _voices(policy: Policy) -> Iterator[str]:
    for one in policy.credentials:
        voice = f"{one.person}'s {one.identity.subject if one.identity is not None else one.signer}"
        if one.identity is not None and (lacking := _unproven(policy, one.identity)):
            yield f"{voice} never counts: {lacking}"
        yield from (f"{voice} never counts: {lacking}" for lacking in _without_witness(policy, one))
        if one.revoked_from is not None and one.window.start is not None and one.revoked_from < one.window.start:
            revoked, start = write_time(one.revoked_from), write_time(one.window.start)
            yield f"{voice} never counts: revokedFrom {revoked} is before from {start}"


def _instances(policy: Policy) -> Iterator[str]:
    roots = policy.trust.roots
    open_ones = sum(not one.issuers for one in roots)
    if len(roots) > 1 and open_ones:
        yield (
            f"trust.sigstore pins {len(roots)} instances, {open_ones} of them without issuers: whoever runs such a one "
            "can certify the people of another"
        )


def _unproven(policy: Policy, identity: Identity) -> str:
    """Return which anchor an identity lacks, or empty."""
    if not policy.trust.roots and not policy.trust.pkis:
        return "no root is pinned in trust.sigstore or trust.certificates that could prove an identity"
    if is_provider(identity.issuer):
        if not policy.trust.roots:
            return f"the issuer {identity.issuer} needs a trusted root in trust.sigstore"
        believed = any(one.is_believed_about(identity.issuer) for one in policy.trust.roots)
        return "" if believed else f"no root in trust.sigstore has the issuer {identity.issuer} among its issuers"
    if any(one.name == identity.issuer for one in policy.trust.pkis):
        return ""
    names = ", ".join(one.name for one in policy.trust.pkis) or "none"
    return f"the issuer {identity.issuer!r} is neither a URL nor the name of a root in trust.certificates ({names})"


def _without_witness(policy: Policy, credential: Credential) -> Iterator[str]:
    if "timestamp" in credential.proven_by and not policy.trust.all_timestamp_authorities:
        yield "provenBy asks for a timestamp, and no timestamp authority is pinned in trust"
    if "log" in credential.proven_by and not policy.trust.all_logs:
        yield "provenBy asks for a log, and no transparency log is pinned in trust"
