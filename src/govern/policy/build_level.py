"""What a provenance is worth: the SLSA build level that its signer and its builder are trusted for.

A level is never read from the provenance: whoever writes one could write any. It follows from a pair that the
policy names: this signature says that this builder made it. What a client generated is level 1, whoever signed it.

Source: SLSA 1.2, "Verifying artifacts", step 1; "Build: Track basics".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from govern.ledger.state import State
from govern.names import CLIENT_BUILDER, Name
from govern.oci.digest import Digest
from govern.policy.decision import Code, Outcome, Reason
from govern.policy.model import Policy
from govern.policy.requirements import may_say
from govern.predicates.kinds import SLSA_V02, SLSA_V1
from govern.trust.records import Record

CLIENT_LEVEL: Final = 1
"""Provenance that exists: nobody but the signer says that it is true."""


def level_of(policy: Policy, record: Record) -> int | None:
    """Return the level of a provenance, or None for other records.

    Args:
        policy: names the trusted pairs.
        record: admitted; that its signer may say it is asked elsewhere.
    """
    if record.statement.predicate_type not in (SLSA_V1, SLSA_V02):
        return None
    builder = _builder(record.predicate)
    if builder == CLIENT_BUILDER:
        return CLIENT_LEVEL
    person = policy.owner_of(record.voice)
    levels = [one.level for one in policy.builders if one.builder == builder and person in one.people]
    return max(levels, default=CLIENT_LEVEL)


def _builder(predicate: Mapping[str, Any]) -> str:
    """Return the builder id of a provenance, of either version; a stranger's JSON may hold anything."""
    details = predicate.get("runDetails")
    holder = details if isinstance(details, Mapping) else predicate
    builder = holder.get("builder")
    found = builder.get("id") if isinstance(builder, Mapping) else None
    return found if isinstance(found, str) else ""


def lacking_level(policy: Policy, state: State, digest: Digest, name: Name, *, undecided: bool) -> list[Reason]:
    """Return why an artifact has not the level that the policy asks for, or nothing.

    Args:
        policy: asks for a level, or for none.
        state: the fold of the records.
        digest: the artifact.
        name: the name that the verifier expects.
        undecided: whether something was not read, which may be just what is missing.
    """
    if policy.level is None:
        return []
    found = [
        (level_of(policy, one) or 0, one)
        for kind in (SLSA_V1, SLSA_V02)
        for one in state.of_type(kind, digest)
        if may_say(policy, one, name)
    ]
    level, best = max(found, key=lambda one: one[0], default=(0, None))
    if level >= policy.level:
        return []
    what = (
        f"the best provenance is of build level {level}: {policy.name_of(best.voice)} signed for the builder "
        f"{_builder(best.predicate)[:200]!r}"
        if best is not None
        else "there is no provenance by anyone who may sign one"
    )
    outcome: Outcome = "undecided" if undecided else "denied"
    return [
        Reason(
            code=Code.LEVEL,
            outcome=outcome,
            message=f"{what}, expected at least level {policy.level}",
            hint="govern attest --import attaches what a build platform signed; build.builders names the pair",
        )
    ]
