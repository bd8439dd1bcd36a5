"""What a signer is, and how a statement becomes a bundle."""

from __future__ import annotations

from typing import Protocol

from govern.errors import InvalidInput
from govern.intoto.bundle import Bundle, write_key_bundle
from govern.intoto.dsse import Envelope, Signature, pae
from govern.intoto.statement import Statement
from govern.oci.media_types import IN_TOTO
from govern.trust.keys import PublicKey


class Signer(Protocol):
    """Whoever can sign bytes in the key profile: ECDSA P-256 with SHA-256 (FORMAT §5)."""

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the DER signature of `data`."""
        ...


def sign_statement(statement: Statement, signer: Signer) -> Bundle:
    """Sign a statement: DSSE envelope in a Sigstore bundle v0.3, one signature, no keyid.

    Args:
        statement: its exact bytes are what is signed.
        signer: who signs.

    Raises:
        InvalidInput: where the in-toto library does not take the statement for one. It reads a copy:
            what it would write is not what we sign (it makes floats of integers).
    """
    _second_opinion(statement)
    signature = signer.sign(pae(IN_TOTO, statement.data))
    # A broken device or library must not put a bad signature into a registry.
    signer.public_key.verify(signature, pae(IN_TOTO, statement.data))
    envelope = Envelope(statement.data, IN_TOTO, (Signature(signature),))
    return write_key_bundle(envelope, signer.public_key.hint)


def _second_opinion(statement: Statement) -> None:
    # Imported here: only who signs pays the 50 ms.
    from google.protobuf.json_format import ParseError
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement as Reference

    try:
        subjects = [
            ResourceDescriptor(name=one.name, digest={"sha256": one.sha256 or ""}).pb for one in statement.subjects
        ]
        Reference(subjects, statement.predicate_type, dict(statement.predicate) or {"_": ""}).validate()
    except (ValueError, TypeError, ParseError) as fault:
        raise InvalidInput(
            "the statement is not a valid in-toto statement", got=str(fault)[:300], expected="in-toto Statement v1"
        ) from fault
