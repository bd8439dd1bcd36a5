"""What a signer is, and how a statement becomes a bundle."""

from __future__ import annotations

from typing import Protocol

from govern.intoto.bundle import Bundle
from govern.intoto.bundle_writer import write_key_bundle
from govern.intoto.dsse import Envelope, Signature, pae
from govern.intoto.statement import Statement
from govern.oci.media_types import IN_TOTO
from govern.signing.statement_check import check_statement
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
        InvalidInput: where the in-toto library does not take the statement for one.
    """
    return write_key_bundle(sign_envelope(statement, signer), signer.public_key.hint)


def sign_envelope(statement: Statement, signer: Signer) -> Envelope:
    """Sign a statement, without saying yet how the bundle names the signer.

    Args:
        statement: its exact bytes are what is signed.
        signer: who signs.

    Raises:
        InvalidInput: where the in-toto library does not take the statement for one.
    """
    check_statement(statement)
    signature = signer.sign(pae(IN_TOTO, statement.data))
    # A broken device or library must not put a bad signature into a registry.
    signer.public_key.verify(signature, pae(IN_TOTO, statement.data))
    return Envelope(statement.data, IN_TOTO, (Signature(signature),))
