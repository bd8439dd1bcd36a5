"""`push`: pack, upload, capture, sign, register; the tag last (FORMAT §7).

(1)  read L; if the version is taken, hash first and stop on another D
(2)  blobs
(3)  manifest by digest, untagged
(4)  sign everything, journal
(5)  evidence on D
(6)  registration on D
(7)  L and `govern.line`
(8)  registration on L
(9)  read L again
(10) version tag, only if no other D claims the version
(11) read the tag back
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from govern import canonical
from govern.artifact.inspect import Rules
from govern.artifact.metadata import MetadataFile, missing_for_policy, to_record
from govern.artifact.pack import Kind, Packed, pack
from govern.artifact.walk import find_files
from govern.capture.provenance import Input
from govern.errors import Denied, NotFound, UsageError
from govern.limits import MAX_TEXT
from govern.line import line_of
from govern.names import PACKING, Name, Version
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.reference import Pinned, Place, Reference, RegistryPlace, parse
from govern.operations.attach import Signed, attach_record, put_line
from govern.operations.context import Context
from govern.operations.inputs import resolve_inputs
from govern.operations.journal import Journal
from govern.operations.metadata_file import load_metadata
from govern.operations.provenance import capture_provenance
from govern.operations.taken import Taken, read_taken
from govern.operations.upload import upload
from govern.operations.writing import About, sign_record
from govern.policy.model import Policy
from govern.predicates import registration
from govern.predicates.common import DigestSet, RecordReference, read_predicate
from govern.predicates.kinds import SLSA_V1
from govern.predicates.registration import Files, Registration, Waiver
from govern.signing.signer import Signer
from govern.times import write_time


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What a push may be told.

    Args:
        name: the name to pack, or None for what FORMAT §1 says.
        kind: model or dataset, or None for what the metadata file says, else a model.
        rules: roles and waivers.
        link_roots: further folders that links may point into.
        inputs: folders that `pull` wrote, whose lock names an input.
        metadata: a metadata file elsewhere, or None for `govern.yaml` in the tree.
        policy: with one, only authorised registrations take a version.
        reason: why, in the writer's words; goes into the registration.
    """

    name: str | None = None
    kind: Kind | None = None
    rules: Rules = field(default_factory=Rules)
    link_roots: tuple[Path, ...] = ()
    inputs: tuple[Path, ...] = ()
    metadata: Path | None = None
    policy: Policy | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did.

    Args:
        pinned: the artifact.
        name: its name.
        version: its version.
        kind: model or dataset.
        files: how many files.
        size: their bytes.
        records: (word, statement digest) of the records that belong to it.
        already: whether everything was there and nothing was signed.
        missing: metadata that policies commonly ask for and that nobody wrote.
    """

    pinned: Pinned
    name: Name
    version: Version
    kind: str
    files: int
    size: int
    records: tuple[tuple[str, str], ...]
    already: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A push before its first request.

    Args:
        reference: where to.
        name: the name.
        version: the version.
        kind: what it is.
        metadata: what the metadata file says, or None.
    """

    reference: Reference
    name: Name
    version: Version
    kind: Kind
    metadata: MetadataFile | None


def plan_push(context: Context, path: Path, reference: Reference, options: PushOptions) -> Plan:
    """Find out name, version and kind (FORMAT §1).

    Raises:
        UsageError: without a tag, and where the metadata file names another version than the tag.
    """
    if reference.tag is None or reference.digest is not None:
        raise UsageError(
            "a push needs a version",
            got=str(reference),
            expected="a reference with a tag and no digest",
            hint=f"govern push {path} {reference.place}:1.0.0 --key ci.key",
        )
    version = Version(reference.tag, error=UsageError)
    if options.reason is not None:
        # What the registration would refuse is refused before anything is sent.
        MAX_TEXT.check(len(options.reason), "the reason", UsageError)
        canonical.dumps(options.reason)
        if not options.reason:
            raise UsageError("the reason is empty", expected="some words, or no --reason")
    metadata = load_metadata(path, options.metadata)
    if metadata is not None and metadata.version is not None and metadata.version != version:
        raise UsageError(
            "two versions were given",
            got=f"{metadata.version!r} in govern.yaml, {str(version)!r} in the reference",
            expected="the same",
            hint="the reference is enough: remove version from govern.yaml",
        )
    inside = metadata.name if metadata is not None else None
    chosen = options.name or inside
    name = Name(chosen, error=UsageError) if chosen else context.default_name(reference.place)
    kind: Kind = options.kind or (metadata.kind if metadata is not None and metadata.kind else "model")
    return Plan(reference, name, version, kind, metadata)


def pack_planned(context: Context, path: Path, plan: Plan, options: PushOptions) -> Packed:
    """Pack what a plan describes; this is all that `--dry-run` does."""
    files = find_files(path, link_roots=options.link_roots, note=context.progress.note)
    return pack(
        files,
        kind=plan.kind,
        name=plan.name,
        version=plan.version,
        rules=options.rules,
        cache=context.digests,
        progress=context.progress,
    )


def push(context: Context, path: Path, reference: Reference, signer: Signer, options: PushOptions) -> Pushed:
    """Push a model or a dataset as one atomic step.

    Args:
        context: the surroundings.
        path: a directory, or one file.
        reference: where to, with the version as its tag.
        signer: signs every record of the push.
        options: see `PushOptions`.

    Raises:
        Denied: where the version is another content's already.
        Undecided: where the line cannot be read, and for every passing trouble.
        InvalidInput: for files that must not be packed.
    """
    at = context.clock()
    plan = plan_push(context, path, reference, options)
    inputs = resolve_inputs(context, path, plan.metadata, options.inputs)
    store, key = context.store(reference.place, _mountable(inputs, reference.place)), signer.public_key
    # (1)
    before = read_taken(context, store, plan.name, plan.version, key, options.policy)
    packed = pack_planned(context, path, plan, options)
    before.refuse_other(packed.digest)
    _refuse_foreign_tag(context, plan, packed.digest)
    descriptor = packed.manifest.descriptor
    pinned = Pinned(reference.place, packed.digest)
    journal = Journal.of(context.settings.state, str(reference.place), packed.digest, key.signer)
    if (there := before.complete(packed.digest, store, context)) is not None:
        context.progress.note(f"{plan.name}@{plan.version} is registered already: nothing was signed or sent")
        _tag(context, plan, packed, before)
        journal.remove()
        return _pushed(pinned, plan, packed, there, already=True)
    # (2) and (3)
    upload(context, store, packed)
    store.put_manifest(packed.manifest)
    # (4)
    records = _records(context, path, plan, packed, before, journal, signer, inputs, at, options)
    # (5) and (6)
    for one in records:
        attach_record(store, one, descriptor)
    # (7) and (8)
    line = line_of(plan.name)
    put_line(store, line)
    attach_record(store, records[-1], line.manifest.descriptor, line=True)
    # (9)
    after = read_taken(context, store, plan.name, plan.version, key, options.policy)
    # (10) and (11)
    _tag(context, plan, packed, after)
    journal.remove()
    context.progress.finish()
    return _pushed(pinned, plan, packed, records, already=False)


def _mountable(inputs: Sequence[Input], place: Place) -> tuple[str, ...]:
    """Return the repositories of inputs on the same registry: their layers need not be sent again."""
    found = (parse(one.uri.removeprefix("oci://")).place for one in inputs if one.uri.startswith("oci://"))
    return tuple(
        dict.fromkeys(
            one.repository
            for one in found
            if isinstance(place, RegistryPlace)
            and isinstance(one, RegistryPlace)
            and one.host == place.host
            and one.repository != place.repository
        )
    )


def _pushed(pinned: Pinned, plan: Plan, packed: Packed, records: Sequence[Signed], *, already: bool) -> Pushed:
    return Pushed(
        pinned=pinned,
        name=plan.name,
        version=plan.version,
        kind=plan.kind,
        files=len(packed.files.entries),
        size=sum(one.size for one in packed.files),
        records=tuple((one.statement.predicate_type, str(one.statement.digest)) for one in records),
        already=already,
        missing=missing_for_policy(plan.metadata),
    )


def _refuse_foreign_tag(context: Context, plan: Plan, digest: Digest) -> None:
    # A tag that somebody else's tool put there is not registered, and still must not move.
    try:
        there = context.store(plan.reference.place).get_manifest(plan.version).digest
    except NotFound:
        return
    if there != digest:
        raise Denied(
            f"the tag {plan.version!r} points to other content",
            got=str(there),
            expected=f"no such tag, or {digest}",
            hint="a version is never reused: push under a new one",
        )


def _tag(context: Context, plan: Plan, packed: Packed, taken: Taken) -> None:
    taken.refuse_other(packed.digest)
    store = context.store(plan.reference.place)
    try:
        if store.get_manifest(plan.version).digest == packed.digest:
            return
    except NotFound:
        pass
    else:
        _refuse_foreign_tag(context, plan, packed.digest)
    store.put_manifest(packed.manifest, plan.version)
    there = store.get_manifest(plan.version).digest
    if there != packed.digest:
        raise Denied(
            f"the tag {plan.version!r} was taken by another push at the same moment",
            got=str(there),
            expected=str(packed.digest),
            hint="a version is never reused: push under a new one",
        )


def _records(
    context: Context,
    path: Path,
    plan: Plan,
    packed: Packed,
    before: Taken,
    journal: Journal,
    signer: Signer,
    inputs: Sequence[Input],
    at: datetime,
    options: PushOptions,
) -> tuple[Signed, ...]:
    """Return the evidence and, last, the registration: what was signed before, or what is signed now."""
    about = About(packed.digest, plan.name, plan.version)
    journaled = _usable(journal.read(signer.public_key), about, packed)
    if journaled:
        return journaled
    on_artifact = before.signed_on_artifact(packed.digest, context.store(plan.reference.place), context)
    if attached := _usable(on_artifact, about, packed):
        return attached
    evidence = [one for one in on_artifact if one.statement.predicate_type == SLSA_V1][:1]
    if not evidence:
        predicate = capture_provenance(
            context, path, plan.name, plan.version, plan.kind, packed.files, plan.metadata, inputs, at
        )
        evidence = [sign_record([about.subject], SLSA_V1, predicate, signer, at)]
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
    register = sign_record(about.subjects_with_line, registration.TYPE, content.to_json(), signer, at)
    records = (*evidence, register)
    journal.write(records)
    return records


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
