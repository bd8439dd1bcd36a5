"""A signed record onto its subject: blobs, then the wrapper, then whatever makes every reader find it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from govern.errors import Denied
from govern.intoto.bundle import Bundle, read_bundle
from govern.intoto.statement import Statement, read_statement
from govern.limits import MAX_BUNDLE, MAX_LINE_BUNDLE
from govern.line import Line
from govern.names import LINE_TAG
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.media_types import BUNDLE, EMPTY, EMPTY_BLOB, LINE
from govern.predicates.common import DigestSet, RecordReference
from govern.predicates.kinds import wrapping_of
from govern.progress import SILENT
from govern.signing.record_signer import RecordSigner
from govern.store.protocol import Store
from govern.trust.authenticate import authenticate
from govern.trust.wrapping import wrap_record


@dataclass(frozen=True, slots=True)
class Signed:
    """A record that was signed and may be attached.

    Args:
        bundle: the exact bundle.
        statement: what it says.
        signer: who signed, as records name them.
        created: RFC 3339; `issuedAt`, or for standard predicates the second of signing.
    """

    bundle: Bundle
    statement: Statement
    signer: Digest
    created: str

    @property
    def identity(self) -> tuple[Digest, Digest]:
        """(statement, signer)."""
        return self.statement.digest, self.signer

    def wrapper(self, subject: Descriptor) -> RawManifest:
        """Return the manifest that attaches this record to a subject."""
        return wrap_record(
            subject,
            self.bundle.data,
            predicate_type=self.statement.predicate_type,
            created=self.created,
            wrapping=wrapping_of(self.statement.predicate_type, self.statement.predicate),
        )

    def reference(self, subject: Descriptor) -> RecordReference:
        """Return how other records name this one, attached to `subject`."""
        return RecordReference(
            statement=DigestSet.of(self.statement.digest),
            signer=DigestSet.of(self.signer),
            manifest=DigestSet.of(self.wrapper(subject).digest),
            bundle=DigestSet.of(Digest.of(self.bundle.data)),
        )


def reopen(data: bytes, created: str, signer: RecordSigner, at: datetime | None = None) -> Signed:
    """Read back a signed record of one's own, and verify it before it is sent again.

    Args:
        data: the bundle.
        created: when it was signed.
        signer: whose it must be.
        at: the time now, for certificates of an internal PKI that nobody timestamped.

    Raises:
        GovernError: for bytes that are not a bundle of this signer.
    """
    bundle = read_bundle(data, Denied)
    voice = authenticate(bundle, signer.trust, at).voice
    if not signer.made(voice):
        raise Denied("the record is somebody else's", got=str(voice.signer), expected=signer.label)
    return Signed(bundle, read_statement(bundle.envelope.payload, Denied), voice.signer, created)


def attach_record(store: Store, signed: Signed, subject: Descriptor, *, line: bool = False) -> Digest:
    """Attach a record; doing it again changes nothing.

    Args:
        store: where.
        signed: the record.
        subject: what it hangs on.
        line: whether the subject is a line.

    Returns:
        The digest of the record's manifest.
    """
    (MAX_LINE_BUNDLE if line else MAX_BUNDLE).check(len(signed.bundle.data), "the bundle")
    wrapper = signed.wrapper(subject)
    store.put_blob(BytesContent.of(signed.bundle.data, BUNDLE), SILENT)
    store.put_blob(BytesContent.of(EMPTY_BLOB, EMPTY), SILENT)
    store.attach(wrapper, subject.id)
    return wrapper.digest


def put_line(store: Store, line: Line) -> None:
    """Put a line where records can hang on it; its tag keeps it from being collected."""
    store.put_blob(BytesContent.of(line.layer, LINE), SILENT)
    store.put_blob(BytesContent.of(EMPTY_BLOB, EMPTY), SILENT)
    store.put_manifest(line.manifest, LINE_TAG)
