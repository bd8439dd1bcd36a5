"""What a decision shows of the records: all that were found, with what each is worth. Nothing here decides."""

from __future__ import annotations

from collections.abc import Sequence

from govern.ledger.state import State
from govern.names import Name
from govern.oci.digest import Digest
from govern.policy.build_level import level_of
from govern.policy.decision import CheckView, IdentityView, RecordView, RefusedView
from govern.policy.model import Policy
from govern.policy.requirements import may_say
from govern.policy.standing import Void
from govern.times import write_time
from govern.trust.records import Record, Rejected


def seen_records(
    policy: Policy, state: State, digest: Digest, name: Name, void: Sequence[Void] = ()
) -> tuple[RecordView, ...]:
    """Return the admitted records about an artifact; the line holds those of every version.

    Args:
        policy: says who each signer is, and what that person may say.
        state: the fold of the records; those from later than the moment asked about are shown with a note.
        digest: the artifact.
        name: the name that the verifier expects.
        void: authentic records that do not count.
    """
    late = "claims to be written later than the moment asked about"
    views = [_view(policy, one, name) for one in state.records if one.is_about(digest)]
    views += [_view(policy, one, name, late) for one in state.later if one.is_about(digest)]
    views += [_view(policy, one.record, name, one.why) for one in void if one.record.is_about(digest)]
    return tuple(sorted(views, key=lambda one: (one.word, one.issued_at or "", one.statement)))


def _view(policy: Policy, record: Record, name: Name, note: str = "") -> RecordView:
    authorised = may_say(policy, record, name)
    if not note and not authorised:
        note = f"not authorised under {policy.source}"
    return RecordView(
        word=record.word,
        type=record.statement.predicate_type,
        statement=record.statement.digest,
        signer=record.signer,
        person=policy.owner_of(record.voice),
        identity=IdentityView.of(record.certified) if record.certified is not None else None,
        authorised=authorised,
        manifest=record.claim.manifest,
        issued_at=write_time(record.issued_at) if record.issued_at else None,
        proven_at=write_time(record.times[0].at) if record.times else None,
        build_level=level_of(policy, record) if authorised else None,
        about=record.statement.subjects[0].name,
        note=note,
        checks=tuple(CheckView(step=one.step, made=one.made, detail=one.detail) for one in record.checks),
    )


def refused_claims(refused: Sequence[Rejected]) -> tuple[RefusedView, ...]:
    """Return the claims that were not admitted, in the order of their manifests."""
    return tuple(
        RefusedView(
            manifest=one.manifest,
            reason=one.reason.message,
            claimed_type=one.claimed_type,
            claimed_signer=one.claimed_signer,
            about_another=one.about_another,
        )
        for one in sorted(refused, key=lambda one: one.manifest)
    )
