"""What a policy requires: which records satisfy it, and what is said where none does."""

from __future__ import annotations

from collections.abc import Sequence

from govern.ledger.state import State
from govern.names import Name
from govern.oci.digest import Digest
from govern.policy.decision import Code, Reason
from govern.policy.model import Policy
from govern.policy.standing import Void
from govern.predicates import registration
from govern.predicates.kinds import is_passed, word_for
from govern.times import write_time
from govern.trust.hints import Stranger
from govern.trust.identity import Voice
from govern.trust.records import Record, Rejected


def may_say(policy: Policy, record: Record, name: Name) -> bool:
    """Whether the policy lets the signer of a record say this kind of thing about a name."""
    return policy.who_may(record.voice, record.statement.predicate_type, name) is not None


def deny(code: Code, message: str, hint: str = "") -> Reason:
    """Return a reason that denies."""
    return Reason(code=code, outcome="denied", message=message, hint=hint)


def satisfying(
    policy: Policy,
    state: State,
    digest: Digest,
    name: Name,
    kind: str,
    refused: Sequence[Rejected],
    void: Sequence[Void] = (),
) -> tuple[list[Record], list[Reason]]:
    """Return the records that satisfy a requirement, or why none does.

    Args:
        policy: says who may say what.
        state: the fold of the admitted records.
        digest: the artifact.
        name: the name that the verifier expects.
        kind: the predicate type that is required.
        refused: claims that were not admitted: one of them may be what somebody misses.
        void: authentic records that do not count, and why.
    """
    found = state.of_type(kind, digest)
    permitted = [one for one in found if may_say(policy, one, name)]
    passed = [one for one in permitted if is_passed(one.statement.predicate_type, one.predicate)]
    good: list[Record] = []
    dangling: list[str] = []
    for record in passed:
        missing = unsatisfied(record, state)
        if missing:
            who = policy.name_of(record.voice)
            dangling.append(f"the {record.word} by {who} is there and does not count: expected {missing}")
        else:
            good.append(record)
    if good:
        return good, []
    word = word_for(kind)
    if dangling:
        return [], [
            deny(
                Code.INCONCLUSIVE,
                f"{dangling[0]}, found no such record that holds{_seen_refused(_bearing(refused))}",
                "restore it from another copy, or push again from the source; govern records shows what is there",
            )
        ]
    if permitted:
        return [], [
            deny(
                Code.MISSING,
                f"the {word} of {name} did not pass",
                "a result that failed is no evidence: fix what failed, and attest again",
            )
        ]
    if found:
        signers = ", ".join(sorted({_full_name(policy, one.voice) for one in found}))
        return [], [
            deny(
                Code.MISSING,
                f"no authorised {word}: found one by {signers}, who may not sign it for {str(name)!r}",
                "the policy's roles say who may",
            )
        ]
    mine = [one for one in void if one.record.statement.predicate_type == kind and one.record.is_about(digest)]
    if mine:
        return [], [
            deny(
                Code.MISSING,
                f"the {word} of {name} does not count: {mine[0].why}",
                "whoever made the artifact signs it again, with what speaks for them now",
            )
        ]
    late = [
        one
        for one in state.later
        if one.statement.predicate_type == kind and one.is_about(digest) and may_say(policy, one, name)
    ]
    if late:
        moment = late[0].issued_at or late[0].times[0].at
        return [], [
            deny(
                Code.MISSING,
                f"the {word} of {name} does not count: it is from {write_time(moment)}, "
                "later than the moment asked about",
                "compare the clocks of this machine and the signer's; or ask about a later moment",
            )
        ]
    same = [one for one in refused if one.claimed_type == kind]
    return [], [
        deny(Code.MISSING, f"no {word} of {name} for this content was found{_seen_refused(same)}", _remedy(kind, same))
    ]


def _full_name(policy: Policy, voice: Voice) -> str:
    """Return what people call a voice; a subject means nothing without who vouches for it."""
    if voice.identity is None or policy.owner_of(voice) is not None:
        return policy.name_of(voice)
    return f"{voice.identity.subject} (certified by {voice.identity.issuer})"


def _bearing(refused: Sequence[Rejected]) -> list[Rejected]:
    """Return the claims that may be evidence that is missed here: which type evidence is of, nothing says."""
    return [one for one in refused if not one.about_another]


def _seen_refused(refused: Sequence[Rejected]) -> str:
    if not refused:
        return ""
    first = min(refused, key=lambda one: (one.about_another, one.manifest))
    count = "1 claim was refused" if len(refused) == 1 else f"{len(refused)} claims were refused, the first"
    return f" ({count}: {first.reason.message})"


def _remedy(kind: str, refused: Sequence[Rejected]) -> str:
    if any(isinstance(one.reason, Stranger) for one in refused):
        return "if another key or identity should be trusted, give it: --key, or the policy's people"
    return (
        f"whoever made the artifact adds one with govern {'push' if kind == registration.TYPE else 'attest'}; "
        "govern records shows what is there"
    )


def unsatisfied(record: Record, state: State) -> str:
    """Return which evidence a record lists that is not among the admitted records, or empty."""
    if not isinstance(record.content, registration.Registration):
        return ""
    known = state.identities
    for wanted in record.content.evidence:
        if (wanted.statement.id, wanted.signer.id) not in known:
            return f"the evidence that it lists, statement {wanted.statement.id} by {wanted.signer.id}"
    return ""
