"""What a push says about its artifact: evidence and registration, signed once and sent again after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from govern.artifact.metadata.record import to_record
from govern.artifact.pack import Packed
from govern.capture.provenance import Input
from govern.errors import Denied, InvalidInput
from govern.limits import MAX_LINE_BUNDLE
from govern.names import PACKING
from govern.oci.descriptor import Descriptor
from govern.operations.attach import Signed
from govern.operations.context import Context
from govern.operations.journal import Journal
from govern.operations.provenance import capture_provenance
from govern.operations.push_plan import Plan, PushOptions
from govern.operations.taken import Taken
from govern.operations.writing import About, Draft, sign_records
from govern.predicates import registration
from govern.predicates.common import DigestSet, RecordReference, read_predicate
from govern.predicates.kinds import OMS_V1, SLSA_V1
from govern.predicates.oms import NotForOms, write_oms
from govern.predicates.registration import Files, Registration, Waiver
from govern.signing.record_signer import RecordSigner
from govern.times import write_time


def push_records(
    context: Context,
    path: Path,
    plan: Plan,
    packed: Packed,
    before: Taken,
    journal: Journal,
    signer: RecordSigner,
    inputs: Sequence[Input],
    at: datetime,
    options: PushOptions,
) -> tuple[Signed, ...]:
    """Return the evidence and, last, the registration: what was signed before, or what is signed now.

    What is signed now is in the journal before this returns.

    Args:
        context: the surroundings.
        path: what is pushed; its environment is captured.
        plan: name, version, kind and metadata.
        packed: the artifact.
        before: what was there; of it, this signer's records are used again.
        journal: of a push that was killed.
        signer: signs what is missing.
        inputs: what the artifact was made from.
        at: the time of the push.
        options: reason and policy.
    """
    about = About(packed.digest, plan.name, plan.version)
    journaled = _usable(_as_endorsed(journal.read(signer, at), signer), about, packed)
    if journaled:
        return journaled
    store = context.store(plan.reference.place)
    on_artifact = _as_endorsed(before.signed_on_artifact(packed.digest, store, context), signer)
    if attached := _usable(on_artifact, about, packed):
        return attached
    evidence = [one for one in on_artifact if one.statement.predicate_type == SLSA_V1][:1]
    drafts = _model_signature(context, plan, packed)
    # Such a statement holds no time: what was signed before is the same to the byte, or of other files.
    evidence += [one for one in on_artifact for draft in drafts if one.statement.data == draft.statement().data][:1]
    drafts = [one for one in drafts if one.predicate_type not in {two.statement.predicate_type for two in evidence}]
    if not any(one.statement.predicate_type == SLSA_V1 for one in evidence):
        predicate = capture_provenance(
            context, path, plan.name, plan.version, plan.kind, packed.files, plan.metadata, inputs, at
        )
        drafts.insert(0, Draft([about.subject], SLSA_V1, predicate))
    if drafts:
        # At once: a log answers once a second, whatever the number.
        evidence += sign_records(drafts, signer, at)
    content = Registration(
        issued_at=write_time(at),
        reason=options.reason,
        policy=DigestSet.of(options.policy.digest) if options.policy and options.policy.digest else None,
        kind=plan.kind,
        packing=PACKING,
        files=_files(packed),
        evidence=_references(evidence, packed.manifest.descriptor),
        metadata=to_record(plan.metadata) if plan.metadata is not None else None,
        waived=_waivers(packed),
    )
    (register,) = sign_records([Draft(about.subjects_with_line, registration.TYPE, content.to_json())], signer, at)
    # Before anything is attached: on L, where every version is read, the bound is the smaller one (FORMAT §5).
    MAX_LINE_BUNDLE.check(len(register.bundle.data), "the registration", InvalidInput)
    records = (*evidence, register)
    journal.write(records)
    return records


def _as_endorsed(signed: Sequence[Signed], signer: RecordSigner) -> tuple[Signed, ...]:
    """Return what was signed before with all that the signer has added now.

    Who begins to use a timestamp authority or a log would otherwise send the old records for ever, without either.
    """
    bare = [one for one in signed if not one.bundle.timestamps and not one.bundle.log_entries]
    return tuple(one for one in signed if one not in bare) if bare and signer.services else tuple(signed)


def _model_signature(context: Context, plan: Plan, packed: Packed) -> list[Draft]:
    """Return the OpenSSF model signature of a model, from the hashes that are there; datasets have none."""
    if plan.kind != "model":
        return []
    try:
        subject, predicate = write_oms(plan.name, packed.digests)
    except NotForOms as fault:
        context.progress.note(f"no OpenSSF model signature: {fault.message}")
        return []
    return [Draft([subject], OMS_V1, predicate)]


def _references(records: Sequence[Signed], subject: Descriptor) -> tuple[RecordReference, ...]:
    return tuple(one.reference(subject) for one in records)


def _files(packed: Packed) -> Files:
    count, digest, size = packed.files.summary()
    return Files(count=count, digest=DigestSet.of(digest), size=size)


def _waivers(packed: Packed) -> tuple[Waiver, ...] | None:
    found = [
        Waiver(rule=rule, paths=paths)
        for rule, paths in (("pickle", packed.pickles), ("secret", packed.secrets))
        if paths
    ]
    return tuple(found) or None


def _usable(signed: Sequence[Signed], about: About, packed: Packed) -> tuple[Signed, ...]:
    """Return a registration of exactly this push with all its evidence, or nothing."""
    by_identity = {one.identity: one for one in signed}
    for one in sorted(signed, key=lambda one: one.identity):
        if one.statement.predicate_type != registration.TYPE:
            continue
        subjects = tuple((subject.name, f"sha256:{subject.sha256}") for subject in one.statement.subjects)
        if subjects != tuple((name, str(digest)) for name, digest in about.subjects_with_line):
            continue
        content = read_predicate(Registration, dict(one.statement.predicate), "registration", Denied)
        wanted = [(item.statement.id, item.signer.id) for item in content.evidence]
        if content.files == _files(packed) and all(item in by_identity for item in wanted):
            return (*(by_identity[item] for item in wanted), one)
    return ()
