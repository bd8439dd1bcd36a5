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
from dataclasses import dataclass
from pathlib import Path

from govern.artifact.metadata.missing import missing_for_policy
from govern.artifact.pack import Packed
from govern.capture.provenance import Input
from govern.errors import Denied, NotFound
from govern.line import line_of
from govern.names import Name, Version
from govern.oci.digest import Digest
from govern.oci.reference import Pinned, Place, Reference, RegistryPlace, parse
from govern.operations.ahead import SentAhead
from govern.operations.attach import Signed, attach_record, put_line
from govern.operations.context import Context
from govern.operations.held_name import refuse_other_line
from govern.operations.inputs import resolve_inputs
from govern.operations.journal import Journal
from govern.operations.push_plan import Plan, PushOptions, pack_planned, plan_push
from govern.operations.push_records import push_records
from govern.operations.taken import Taken, read_taken
from govern.operations.upload import upload
from govern.signing.record_signer import RecordSigner


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


def push(context: Context, path: Path, reference: Reference, signer: RecordSigner, options: PushOptions) -> Pushed:
    """Push a model or a dataset as one atomic step.

    Args:
        context: the surroundings.
        path: a directory, or one file.
        reference: where to, with the version as its tag.
        signer: signs every record of the push.
        options: see `PushOptions`.

    Raises:
        Denied: where the version is another content's already, and for a signer whose word the policy does not take.
        Undecided: where the line cannot be read, and for every passing trouble.
        InvalidInput: for files that must not be packed.
    """
    at = context.clock()
    plan = plan_push(context, path, reference, options)
    inputs = resolve_inputs(context, path, plan.metadata, options.inputs)
    store = context.store(reference.place, _mountable(inputs, reference.place))
    # (1)
    before = read_taken(context, store, plan.name, plan.version, signer, options.policy)
    refuse_other_line(store, plan.name, "push")
    with SentAhead(store, context.settings.jobs) as ahead:
        if not before.holders:
            before.refuse_unheard(context.clock())
        # Where the version is free, what nobody hashed yet is new, most probably: it is sent while it is hashed.
        packed = pack_planned(context, path, plan, options, unhashed=ahead.begin if not before.holders else None)
        before.refuse_other(packed.digest)
        _refuse_foreign_tag(context, plan, packed.digest)
        descriptor = packed.manifest.descriptor
        pinned = Pinned(reference.place, packed.digest)
        journal = Journal.of(context.settings.state, str(reference.place), packed.digest, signer.label)
        if (there := before.complete(packed, store, context)) is not None:
            context.progress.note(f"{plan.name}@{plan.version} is registered already: nothing was signed")
            # What a registry lost, or a disk spoiled, comes back from the source.
            upload(context, ahead, packed)
            _tag(context, plan, packed, before)
            journal.remove()
            return _pushed(pinned, plan, packed, there, already=True)
        before.refuse_unheard(context.clock())
        # (2) and (3)
        upload(context, ahead, packed)
    store.put_manifest(packed.manifest)
    # (4)
    records = push_records(context, path, plan, packed, before, journal, signer, inputs, at, options)
    # (5) and (6)
    for one in records:
        attach_record(store, one, descriptor)
    # (7) and (8)
    line = line_of(plan.name)
    put_line(store, line)
    attach_record(store, records[-1], line.manifest.descriptor, line=True)
    # (9)
    after = read_taken(context, store, plan.name, plan.version, signer, options.policy)
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
