"""`decide`: is this authorised? Pure and total: the same inputs and the same `at` give the same bytes.

The rules of this version, in the order in which they are judged:

    (1) the artifact's own name is the expected one             NAME-MISMATCH
    (2) no other content claims the same version                CONFLICT
    (3) every required kind is there, by somebody who may say it  MISSING, INCONCLUSIVE
    (4) the registered version is the one inside                VERSION-MISMATCH
    (5) a typed tag is the registered version                   TAG-MISMATCH
    (6) everything that was listed was read                     LISTING, UNREAD
    (7) no trusted signer said what only a newer govern knows   NEWER
    (8) a provenance is worth the build level that is asked for LEVEL

Source: DESIGN §6, FORMAT §1, §4, §6, §7, §8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from govern.errors import GovernError, shortened
from govern.ledger.state import Registered, State
from govern.names import Name
from govern.oci.reference import Pinned
from govern.policy.build_level import lacking_level
from govern.policy.decision import (
    Code,
    Decision,
    Outcome,
    PolicyView,
    Reason,
    RecordView,
    Requirement,
    SubjectView,
    TagView,
)
from govern.policy.model import Policy
from govern.policy.record_views import refused_claims, seen_records
from govern.policy.requirements import deny, may_say, satisfying, unsatisfied
from govern.policy.standing import Void
from govern.predicates import registration
from govern.predicates.kinds import word_for
from govern.times import write_time
from govern.trust.records import Rejected


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is decided about, as its own manifest and config describe it.

    Args:
        pinned: place, digest, and the tag that was typed.
        expected: the name that the verifier expects.
        name: the name inside, or None for artifacts of other tools.
        version: the version inside, or None.
        kind: `model`, `dataset`, or an artifact type.
    """

    pinned: Pinned
    expected: Name
    name: str | None
    version: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """What of the listings was not read.

    Args:
        unread: claims beyond the bound.
        failures: listings or claims that could not be read for a passing reason.
    """

    unread: int = 0
    failures: tuple[GovernError, ...] = ()


def decide(
    policy: Policy,
    artifact: Artifact,
    state: State,
    refused: Sequence[Rejected],
    completeness: Completeness,
    at: datetime,
    void: Sequence[Void] = (),
) -> Decision:
    """Judge an artifact.

    Args:
        policy: the verifier's policy.
        artifact: what is judged, pinned.
        state: the fold of the admitted records of D and of L.
        refused: the claims that were not admitted; they never help, and hurt only where an authorised signer's newer
            govern wrote them.
        completeness: what was not read.
        at: the moment that is asked about.
        void: authentic records that do not count (`standing`).
    """
    name, digest = artifact.expected, artifact.pinned.digest
    trusted = [one for one in state.registered if may_say(policy, one.record, name)]
    mine = [one for one in trusted if one.digest == digest]
    reasons: list[Reason] = []
    # (1)
    if artifact.name is not None and artifact.name != name:
        reasons.append(
            deny(
                Code.NAME_MISMATCH,
                f"the artifact says that it is {shortened(artifact.name)}, expected {str(name)!r}",
                f"{_suggestion(artifact.name)}the wrong thing stands at this reference",
            )
        )
    # (2)
    announced = [one for one in state.announced if may_say(policy, one.record, name)]
    reasons += _conflicts([*trusted, *announced], mine, artifact)
    # (3)
    requirements = []
    for kind in policy.require:
        by, faults = satisfying(policy, state, digest, name, kind, refused, void)
        if completeness.failures or completeness.unread:
            # What was not read may be just what is missing: nobody can say.
            faults = [one.model_copy(update={"outcome": "undecided"}) for one in faults]
        requirements.append(
            Requirement(
                word=word_for(kind),
                type=kind,
                satisfied=bool(by),
                by=tuple(str(one.statement.digest) for one in by),
            )
        )
        reasons += faults
    # (4)
    for one in mine:
        if artifact.version is not None and one.version != artifact.version:
            reasons.append(
                deny(
                    Code.VERSION_MISMATCH,
                    f"the artifact says that it is version {artifact.version!r}, registered as {one.version!r}",
                    "one digest is one version of one name; push again under the right version",
                )
            )
    # (5)
    conclusive = [one for one in mine if not unsatisfied(one.record, state)]
    tag, tag_reasons = _tag(artifact, conclusive, begun=bool(trusted))
    if any(one.type == registration.TYPE and not one.satisfied for one in requirements):
        # That nobody registered it is said already, and is why the tag means nothing.
        tag, tag_reasons = tag.model_copy(update={"verdict": "unproven" if tag.typed else "none"}), []
    if completeness.failures or completeness.unread:
        tag_reasons = [one.model_copy(update={"outcome": "undecided"}) for one in tag_reasons]
    reasons += tag_reasons
    # (6)
    reasons += _incomplete(completeness)
    # (7)
    reasons += _newer(policy, refused, name, at)
    # (8)
    reasons += lacking_level(policy, state, digest, name, undecided=bool(completeness.failures or completeness.unread))
    version = artifact.version or next((one.version for one in mine), None)
    return Decision(
        outcome=_outcome(reasons),
        subject=SubjectView(
            reference=str(artifact.pinned), digest=digest, name=name, version=version, kind=artifact.kind
        ),
        policy=PolicyView(source=policy.source, digest=policy.digest),
        at=write_time(at),
        tag=tag,
        reasons=tuple(reasons),
        requirements=tuple(requirements),
        records=_with_notes(seen_records(policy, state, digest, name, void), state),
        refused=refused_claims(refused),
        unread=completeness.unread,
    )


def _outcome(reasons: Sequence[Reason]) -> Outcome:
    outcomes = {one.outcome for one in reasons}
    if "denied" in outcomes:
        return "denied"
    return "undecided" if "undecided" in outcomes else "allowed"


def _conflicts(trusted: Sequence[Registered], mine: Sequence[Registered], artifact: Artifact) -> list[Reason]:
    reasons, digest = [], artifact.pinned.digest
    claimed = {one.version for one in mine}
    if artifact.version is not None and artifact.name == artifact.expected:
        # What it says of itself is enough: a version that other content holds cannot be this one's.
        claimed.add(artifact.version)
    for version in sorted(claimed):
        others = sorted({one.digest for one in trusted if one.version == version and one.digest != digest})
        if others:
            # In no snapshot: neither wins, until an authorised withdrawal names one (FORMAT §7).
            reasons.append(
                deny(
                    Code.CONFLICT,
                    f"version {version!r} is registered for this content and for {', '.join(others)}",
                    "neither can be trusted as this version: push the right content under a new version",
                )
            )
    return reasons


def _with_notes(views: Sequence[RecordView], state: State) -> tuple[RecordView, ...]:
    """Say of each record that lists evidence which is not there why it does not count."""
    dangling = {one.identity for one in state.records if unsatisfied(one, state)}
    note = "does not count: evidence that it lists is missing or refused"
    return tuple(
        one.model_copy(update={"note": note}) if (one.statement, one.signer) in dangling and not one.note else one
        for one in views
    )


def _tag(artifact: Artifact, mine: Sequence[Registered], *, begun: bool) -> tuple[TagView, list[Reason]]:
    typed = artifact.pinned.tag
    if typed is None:
        return TagView(typed=None, verdict="none"), []
    if not begun:
        # The rule holds from the line's first authorised registration on (FORMAT §6).
        return TagView(typed=typed, verdict="unproven"), []
    versions = sorted({one.version for one in mine})
    if typed in versions:
        return TagView(typed=typed, verdict="registered"), []
    return TagView(typed=typed, verdict="mismatch"), [
        deny(
            Code.TAG_MISMATCH,
            f"the tag {typed!r} points to content that is registered as {', '.join(versions) or 'no version'}",
            f"ask for {':' + versions[0] + ', or for ' if versions else ''}the digest; and find out who moved the tag",
        )
    ]


def _newer(policy: Policy, refused: Sequence[Rejected], name: Name, at: datetime) -> list[Reason]:
    return [
        Reason(code=Code.NEWER, outcome="undecided", message=one.reason.message, hint="update govern, then ask again")
        for one in refused
        if one.newer is not None and policy.may_matter(one.newer, name, at)
    ]


def _suggestion(name: str) -> str:
    """Return the flag for another name, where it is a name: a stranger's text does not become a command line."""
    try:
        return f"if you want that, say --name {Name(name)}; else "
    except GovernError:
        return ""


def _incomplete(completeness: Completeness) -> list[Reason]:
    reasons = [
        Reason(code=Code.LISTING, outcome="undecided", message=one.message, hint=one.hint)
        for one in completeness.failures
    ]
    if completeness.unread:
        reasons.append(
            Reason(
                code=Code.UNREAD,
                outcome="undecided",
                message=f"{completeness.unread} listed claims were not read",
                hint="somebody flooded the subject with claims; remove them, or raise MAX_REFERRERS",
            )
        )
    return reasons
