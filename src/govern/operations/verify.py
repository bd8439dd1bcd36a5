"""`verify`: gather, admit, fold, decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from govern.artifact.reading import check_layers
from govern.ledger.state import State, fold
from govern.names import Name
from govern.oci.reference import Reference
from govern.operations.context import Context, resolve
from govern.operations.gather import Gathered, gather
from govern.policy.decide import Artifact, Completeness, decide
from govern.policy.decision import Decision
from govern.policy.keys_only import policy_of_keys
from govern.policy.model import Policy
from govern.trust.admit import Subject, admit
from govern.trust.anchors import Trust
from govern.trust.keys import PublicKey
from govern.trust.records import Record, Rejected


@dataclass(frozen=True, slots=True)
class Verifier:
    """What the verifier brings: a policy file, or keys that stand for one.

    Args:
        policy: the policy, or None.
        keys: (label, key) pairs of `--key`.
        require: kinds that replace what is required, under `--key`.
    """

    policy: Policy | None = None
    keys: tuple[tuple[str, PublicKey], ...] = ()
    require: tuple[str, ...] = ()

    def for_name(self, name: Name) -> Policy:
        """Return the policy, for this expected name."""
        return self.policy if self.policy is not None else policy_of_keys(self.keys, name, self.require)


@dataclass(frozen=True, slots=True)
class Verified:
    """A decision, and what it was made of.

    Args:
        decision: the answer.
        gathered: what was read.
        state: what the admitted records say.
        policy: under which policy.
    """

    decision: Decision
    gathered: Gathered
    state: State
    policy: Policy


def verify(
    context: Context, reference: Reference, verifier: Verifier, *, name: str | None = None, at: datetime | None = None
) -> Verified:
    """Decide about what a reference points to.

    Args:
        context: the surroundings.
        reference: what was typed.
        verifier: the verifier's policy or keys.
        name: the expected name, or None for what policy or path give.
        at: the moment that is asked about; now by default.

    Raises:
        GovernError: where there is nothing to decide about. Doubts about records are in the decision.
    """
    moment = at or context.clock()
    expected = context.expected_name(reference.place, name, verifier.policy)
    policy = verifier.for_name(expected)
    pinned = resolve(context, reference)
    gathered = gather(context, pinned, expected)
    # What govern would not unpack is not called good either: others do unpack it, and go where its paths lead.
    check_layers(gathered.manifest)
    records, refused = admit_all(gathered, policy)
    state = fold(records, moment, context.clock())
    decision = decide(
        policy,
        Artifact(pinned, expected, gathered.inside.name, gathered.inside.version, gathered.inside.kind),
        state,
        refused,
        Completeness(
            gathered.artifact.unread + gathered.line.unread,
            tuple(gathered.artifact.failures + gathered.line.failures),
        ),
        moment,
    )
    return Verified(decision, gathered, state, policy)


def admit_all(gathered: Gathered, policy: Policy) -> tuple[list[Record], list[Rejected]]:
    """Judge every claim of D and of L by the policy's keys; one refusal per manifest."""
    trust = Trust(policy.keys)
    records: list[Record] = []
    refused: dict[str, Rejected] = {}
    inside = gathered.inside
    subject = Subject(gathered.pinned.digest, gathered.name, inside.version if inside.name else None)
    for claims in (gathered.artifact, gathered.line):
        for rejected in claims.rejected:
            refused.setdefault(rejected.manifest, rejected)
        for claim in claims.found:
            result = admit(claim, subject, trust)
            if isinstance(result, Record):
                records.append(result)
            else:
                refused.setdefault(result.manifest, result)
    return records, list(refused.values())
