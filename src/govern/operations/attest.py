"""`attest` and `annotate`: one more signed record about an artifact that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govern.artifact.reading import Inside, read_inside
from govern.errors import Denied, InvalidInput, UsageError
from govern.names import Name, SubjectName
from govern.oci.manifest import read_manifest
from govern.oci.reference import Pinned, Reference
from govern.operations.attach import attach_record
from govern.operations.claims import find_claims
from govern.operations.context import Context, resolve
from govern.operations.gather import read_artifact, read_config
from govern.operations.writing import About, Draft, saw_of, sign_records
from govern.policy.model import Policy
from govern.predicates import annotation
from govern.predicates.annotation import PLAIN_SCHEMA, Annotation
from govern.predicates.common import DigestSet, read_predicate
from govern.predicates.kinds import OMS_V1, OURS, resolve_type, word_for
from govern.signing.record_signer import RecordSigner
from govern.times import write_time
from govern.trust.admit import admit
from govern.trust.records import Record
from govern.trust.subject import Subject


@dataclass(frozen=True, slots=True)
class Attested:
    """A record that was attached.

    Args:
        pinned: what it is about.
        word: what people call its type.
        type: predicate type URI.
        statement: digest of the statement.
        signer: who signed.
        manifest: digest of the record's manifest.
        about: the subject's name in the statement.
    """

    pinned: Pinned
    word: str
    type: str
    statement: str
    signer: str
    manifest: str
    about: str


def attest(
    context: Context,
    reference: Reference,
    kind: str,
    predicate: Mapping[str, Any],
    signer: RecordSigner,
    *,
    name: str | None = None,
) -> Attested:
    """Sign a predicate about an artifact and attach it.

    Args:
        context: the surroundings.
        reference: the artifact.
        kind: a kind of ours, an alias, or a predicate type URI.
        predicate: the JSON object, without floats.
        signer: who signs.
        name: the name to write, or None for what the path gives.

    Raises:
        UsageError: for kinds that only their own verb writes.
        InvalidInput: for a predicate of ours that its schema refuses.
        Denied: for an artifact whose own name is another.
    """
    predicate_type = resolve_type(kind)
    if predicate_type == OMS_V1:
        # Its subjects are the files of a model, in an order of its own: with ours it would be no OMS signature.
        raise UsageError(
            "an OpenSSF model signature is not a predicate about a manifest",
            got=kind,
            expected="another type",
            hint="govern push writes one of a model; one of another tool is attached with --import model.sig",
        )
    ours = OURS.get(predicate_type)
    if ours is not None:
        if ours.own_verb is not None:
            raise UsageError(f"a {ours.word} is written only by its own command", expected=f"govern {ours.own_verb}")
        read_predicate(ours.model, dict(predicate), ours.word, InvalidInput)
    return _write(context, reference, predicate_type, predicate, signer, name=name)


def annotate(
    context: Context,
    reference: Reference,
    entries: Mapping[str, Any],
    signer: RecordSigner,
    *,
    schema: str = PLAIN_SCHEMA,
    note: str | None = None,
    reason: str | None = None,
    name: str | None = None,
    policy: Policy | None = None,
) -> Attested:
    """Attach one annotation: entries under a schema, with a note. It never decides anything.

    Args:
        entries: name → value; reserved words (approved, stage, status …) are refused.
        schema: URI of what the entries mean.
        note: free text.
        reason: why.
        name: the name to write, or None.
        policy: whose keys are trusted for `saw`, besides the signer's own; its digest is written down.

    Raises:
        InvalidInput: for entries that are reserved, empty, or no JSON.
    """
    pinned, inside = _look(context, reference)
    expected = _name(context, reference, inside, name)
    content: dict[str, Any] = {
        "issuedAt": write_time(context.clock()),
        "schema": schema,
        "entries": dict(entries),
        "note": note,
        "reason": reason,
        "policy": DigestSet.of(policy.digest).to_json() if policy is not None and policy.digest else None,
    }
    saw = saw_of(_seen(context, pinned, expected, inside, signer, policy))
    if saw is not None:
        content["saw"] = [one.to_json() for one in saw]
    kept = {key: value for key, value in content.items() if value is not None}
    checked = read_predicate(Annotation, kept, "annotation", InvalidInput)
    return _write(context, reference, annotation.TYPE, checked.to_json(), signer, name=name)


def _write(
    context: Context,
    reference: Reference,
    predicate_type: str,
    predicate: Mapping[str, Any],
    signer: RecordSigner,
    *,
    name: str | None,
) -> Attested:
    store = context.store(reference.place)
    pinned, inside = _look(context, reference)
    expected = _name(context, reference, inside, name)
    # An artifact without a name inside is called as it was typed (FORMAT §1).
    about = About(pinned.digest, expected, inside.version if inside.name is not None else pinned.tag)
    # What other tools wrote inside need not be a version: no reader would take a record about it.
    SubjectName.parse(about.subject[0])
    (signed,) = sign_records([Draft([about.subject], predicate_type, predicate)], signer, context.clock())
    raw = read_artifact(store, pinned, context.objects)
    manifest = attach_record(store, signed, raw.descriptor)
    return Attested(
        pinned=pinned,
        word=word_for(predicate_type),
        type=predicate_type,
        statement=signed.statement.digest,
        signer=signed.signer,
        manifest=manifest,
        about=about.subject[0],
    )


def _look(context: Context, reference: Reference) -> tuple[Pinned, Inside]:
    store = context.store(reference.place)
    pinned = resolve(context, reference)
    manifest = read_manifest(read_artifact(store, pinned, context.objects), "the artifact's manifest")
    return pinned, read_inside(manifest, read_config(store, manifest, context.objects))


def _name(context: Context, reference: Reference, inside: Inside, name: str | None) -> Name:
    """Return the name to write: `--name` or the path, which must be the one inside if there is one.

    A writer who would take the artifact's own word could be made to sign about something else.
    """
    expected = context.expected_name(reference.place, name, None)
    if inside.name is not None and inside.name != expected:
        raise Denied(
            "the artifact has another name than the reference",
            got=repr(inside.name),
            expected=repr(str(expected)),
            hint=f"if that is what you mean: --name {inside.name}",
        )
    return expected


def _seen(
    context: Context, pinned: Pinned, name: Name, inside: Inside, signer: RecordSigner, policy: Policy | None
) -> list[Record]:
    claims = find_claims(context.store(pinned.place), pinned.digest, context.objects, jobs=context.settings.jobs)
    trust = signer.trust.joined(policy.trust) if policy is not None else signer.trust
    subject = Subject(pinned.digest, name, inside.version if inside.name is not None else None)
    admitted = (admit(claim, subject, trust, context.clock()) for claim in claims.found)
    return [one for one in admitted if isinstance(one, Record)]
