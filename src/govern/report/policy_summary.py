"""What `govern policy check` tells people about a policy: who may say what, what is asked, and who is believed."""

from __future__ import annotations

from collections.abc import Iterator

from govern.policy.model import Credential, Policy
from govern.predicates.kinds import word_for
from govern.times import write_time
from govern.trust.anchors import TrustedRoot


def summary(policy: Policy) -> Iterator[str]:
    """Yield the lines."""
    for permission in policy.permissions:
        kinds = ", ".join(sorted(word_for(one) for one in permission.types))
        yield f"{permission.person} ({permission.role}) may sign {kinds} about {', '.join(permission.names)}"
    for one in policy.credentials:
        limits = _limits(one)
        if one.identity is not None:
            yield f"{one.person}: {one.identity.subject} by {one.identity.issuer}{f' {limits}' if limits else ''}"
        elif limits:
            yield f"{one.person}: {one.signer} {limits}"
    yield "required: " + ", ".join(word_for(one) for one in policy.require)
    if policy.level is not None:
        yield f"required: build level {policy.level}"
    for pair in policy.builders:
        yield f"build level {pair.level}: {pair.builder} signed by {', '.join(sorted(pair.people))}"
    yield from _anchors(policy)


def _anchors(policy: Policy) -> Iterator[str]:
    trust = policy.trust
    for root in trust.roots:
        whose = f", about people of {' and '.join(root.issuers)}" if root.issuers else ""
        yield f"trusted Sigstore: {_names(root)}{whose}"
    for pki in trust.pkis:
        yield f"trusted root: {pki.name}"
    for authority in trust.timestamp_authorities:
        yield f"trusted timestamp authority: {authority.name}"
    for log in trust.logs:
        yield f"trusted log: {log.origin}"


def _names(root: TrustedRoot) -> str:
    names = [one.name for one in (*root.certificate_authorities, *root.timestamp_authorities)]
    return ", ".join(dict.fromkeys([*names, *(one.origin for one in root.logs)]))


def _limits(credential: Credential) -> str:
    """Return what limits a key or identity, or empty."""
    window = credential.window
    parts = (
        f"from {write_time(window.start)}" if window.start else "",
        f"until {write_time(window.end)}" if window.end else "",
        f"revoked from {write_time(credential.revoked_from)}" if credential.revoked_from else "",
        f"proven by {' and '.join(credential.proven_by)}" if credential.proven_by else "",
    )
    return ", ".join(part for part in parts if part)
