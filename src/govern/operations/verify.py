"""`verify`: gather, admit, fold, decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from govern.artifact.reading import check_layers
from govern.errors import GovernError
from govern.ledger.state import State, fold
from govern.names import Name
from govern.oci.reference import Reference
from govern.operations.admission import Admission
from govern.operations.context import Context, resolve
from govern.operations.gather import Gathered, gather
from govern.policy.decide import Artifact, Completeness, decide
from govern.policy.decision import Decision
from govern.policy.keys_only import policy_of_keys
from govern.policy.model import Policy
from govern.policy.standing import Void, standing
from govern.trust.anchors import Trust
from govern.trust.identity import Identity
from govern.trust.keys import PublicKey
from govern.trust.records import Record, Rejected
from govern.trust.subject import Subject


@dataclass(frozen=True, slots=True)
class Verifier:
    """What the verifier brings: a policy file, or keys that stand for one.

    Args:
        policy: the policy, or None.
        keys: (label, key) pairs of `--key`.
        require: kinds that replace what is required, under `--key`.
        identities: whom certificates may name, beside or instead of keys.
        trust: authorities and logs that go with keys and identities; a policy has its own.
    """

    policy: Policy | None = None
    keys: tuple[tuple[str, PublicKey], ...] = ()
    require: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    trust: Trust = field(default_factory=Trust)

    def for_name(self, name: Name) -> Policy:
        """Return the policy, for this expected name."""
        if self.policy is not None:
            return self.policy
        return policy_of_keys(self.keys, name, self.require, identities=self.identities, trust=self.trust)


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
    now = context.clock()
    judged = admit_all(gathered, policy, moment, now)
    state = fold(judged.records, moment, now)
    decision = decide(
        policy,
        Artifact(pinned, expected, gathered.inside.name, gathered.inside.version, gathered.inside.kind),
        state,
        judged.refused,
        Completeness(
            gathered.artifact.unread + gathered.line.unread,
            (*gathered.artifact.failures, *gathered.line.failures, *judged.failures),
        ),
        moment,
        judged.void,
    )
    return Verified(decision, gathered, state, policy)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the claims of D and of L.

    Args:
        records: authentic, and standing.
        refused: not authentic; one per manifest.
        void: authentic, and of no account.
        failures: why some could not be judged.
    """

    records: tuple[Record, ...]
    refused: tuple[Rejected, ...]
    void: tuple[Void, ...]
    failures: tuple[GovernError, ...] = ()


def admit_all(gathered: Gathered, policy: Policy, at: datetime, now: datetime) -> Judged:
    """Judge every claim of D and of L by the policy's anchors.

    Args:
        gathered: the claims.
        policy: whose anchors count, and which of them still speak for somebody.
        at: the moment that is asked about.
        now: the verifier's clock.
    """
    records: list[Record] = []
    refused: dict[str, Rejected] = {}
    failures: list[GovernError] = []
    inside = gathered.inside
    subject = Subject(gathered.pinned.digest, gathered.name, inside.version if inside.name else None)
    admission = Admission(subject, policy.trust, at, gathered.files)
    for claims in (gathered.artifact, gathered.line):
        for rejected in claims.rejected:
            refused.setdefault(rejected.manifest, rejected)
        for claim in claims.found:
            match admission.judge(claim):
                case Record() as record:
                    records.append(record)
                case Rejected() as refusal:
                    refused.setdefault(refusal.manifest, refusal)
                case fault:
                    failures.append(fault)
    stands, void = standing(policy, records, now, gathered.name)
    return Judged(tuple(stands), tuple(refused.values()), tuple(void), tuple(failures))
