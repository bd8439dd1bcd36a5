"""`attest --import`: records that somebody else signed, as they are (a build platform, another tool).

Nothing is signed here, and nobody is trusted: the bundle is attached where readers find it, after checking that it
is whole and about this artifact. What its signature is worth, the verifier's policy says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from govern.artifact.reading import read_inside
from govern.errors import Denied, GovernError, InvalidInput
from govern.intoto.bundle import Bundle, CertificateChain, PublicKeyHint, read_bundle
from govern.intoto.statement import Statement, read_statement
from govern.limits import MAX_IMPORTED
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest
from govern.oci.media_types import IN_TOTO
from govern.oci.reference import Reference
from govern.operations.attach import Signed, attach_record
from govern.operations.attest import Attested
from govern.operations.claims import find_claims
from govern.operations.context import Context, resolve
from govern.operations.file_list import files_of
from govern.operations.gather import read_artifact, read_config
from govern.predicates.common import read_predicate
from govern.predicates.kinds import OMS_V1, OURS, word_for
from govern.store.protocol import Store
from govern.times import write_time
from govern.trust.certificates import read_leaf
from govern.trust.subject import Subject, about


def import_bundles(
    context: Context, reference: Reference, data: bytes, what: str, *, name: str | None = None
) -> tuple[Attested, ...]:
    """Attach bundles that were signed elsewhere; one that hangs there already is not attached again.

    Args:
        context: the surroundings.
        reference: the artifact.
        data: one Sigstore bundle, or several as JSON lines, as `gh attestation download` writes them.
        what: the file, for messages.
        name: the expected name, or None.

    Raises:
        InvalidInput: for a file without a bundle, or with one that cannot be read.
        Denied: where a bundle is about something else, or its signature is not over its bytes.
    """
    bundles, now = _read(data, what), context.clock()
    store = context.store(reference.place)
    pinned = resolve(context, reference)
    raw = read_artifact(store, pinned, context.objects)
    manifest = read_manifest(raw, "the artifact's manifest")
    inside = read_inside(manifest, read_config(store, manifest, context.objects))
    expected = context.expected_name(reference.place, name, None)
    subject = Subject(pinned.digest, expected, inside.version if inside.name is not None else None)
    judged = []
    for bundle in bundles:
        statement = _statement(bundle)
        files = files_of(store, manifest, context.objects) if statement.predicate_type == OMS_V1 else None
        about(statement, Subject(subject.digest, subject.name, subject.version, files))
        judged.append((bundle, statement))
    # All are judged before the first is attached: half of a file would be neither done nor not done.
    there = _there(context, store, pinned.digest)
    attached = []
    for bundle, statement in judged:
        identity, word = Digest.of(bundle.data), word_for(statement.predicate_type)
        if (record := there.get(identity)) is None:
            signed = Signed(bundle, statement, identity, _created(bundle, statement, now))
            record = there[identity] = attach_record(store, signed, raw.descriptor)
        else:
            context.progress.note(f"the {word} was there already: {record}")
        attached.append(
            Attested(
                pinned=pinned,
                word=word,
                type=statement.predicate_type,
                statement=statement.digest,
                signer=_claimed_signer(bundle),
                manifest=record,
                about=statement.subjects[0].name,
            )
        )
    return tuple(attached)


def _there(context: Context, store: Store, digest: Digest) -> dict[Digest, Digest]:
    """Return bundle → manifest of the records that hang on an artifact, whoever wrapped them and when.

    What cannot be listed or read at this moment is not there: at worst a record is wrapped twice, and counts once.
    """
    claims = find_claims(store, digest, context.objects, jobs=context.settings.jobs)
    return {Digest.of(one.bundle): one.manifest for one in reversed(claims.found)}


def _read(data: bytes, what: str) -> Sequence[Bundle]:
    MAX_IMPORTED.check(len(data), what, InvalidInput)
    try:
        # A bundle may be spread over lines for people to read.
        return (read_bundle(data.strip()),)
    except GovernError as whole:
        lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
        first = lines[0][1].strip() if lines else b""
        if len(lines) < 2 or not first.startswith(b"{") or not first.endswith(b"}"):
            raise InvalidInput(
                f"{what} is not a Sigstore bundle",
                got=whole.message,
                expected="a bundle v0.3 over a DSSE envelope, or several as JSON lines",
                hint="cosign and actions/attest write such bundles; an older one is made new by signing again",
            ) from whole
        return tuple(_read_line(line.strip(), f"{what}, line {number}") for number, line in lines)


def _read_line(line: bytes, what: str) -> Bundle:
    try:
        return read_bundle(line)
    except GovernError as fault:
        raise InvalidInput(f"{what}: {fault.what}", got=fault.got, expected=fault.expected, hint=fault.hint) from fault


def _statement(bundle: Bundle) -> Statement:
    if bundle.envelope.payload_type != IN_TOTO:
        raise Denied("the envelope holds something else", got=bundle.envelope.payload_type[:100], expected=IN_TOTO)
    if len(bundle.envelope.signatures) != 1:
        raise Denied("the envelope has several signatures", got=str(len(bundle.envelope.signatures)), expected="one")
    statement = read_statement(bundle.envelope.payload, Denied)
    kind = OURS.get(statement.predicate_type)
    if kind is not None and kind.own_verb is not None:
        raise Denied(
            f"a {kind.word} belongs to the line as well",
            expected=f"govern {kind.own_verb}, or govern copy with all that it lists",
        )
    if kind is not None:
        # What no reader would take is not attached.
        read_predicate(kind.model, dict(statement.predicate), kind.word, Denied, tolerant=not kind.decides)
    if isinstance(bundle.material, CertificateChain):
        # Nobody is trusted by that; what does not even hold by itself is damaged, and would be refused for ever.
        read_leaf(bundle.material.certificates).key.verify(bundle.envelope.signatures[0].sig, bundle.envelope.signed)
    return statement


def _claimed_signer(bundle: Bundle) -> str:
    return bundle.material.hint[:200] if isinstance(bundle.material, PublicKeyHint) else "certificate"


def _created(bundle: Bundle, statement: Statement, now: datetime) -> str:
    """Return when it was written, as it says, or signed, as a log says; else now. It is shown, and decides nothing."""
    if statement.predicate_type in OURS:
        # The wrapping is a function of the record: importing it again changes nothing (FORMAT §5).
        return str(statement.predicate["issuedAt"])
    logged = [one.integrated_time for one in bundle.log_entries if 0 < one.integrated_time <= now.timestamp()]
    return write_time(datetime.fromtimestamp(min(logged), UTC) if logged else now)
