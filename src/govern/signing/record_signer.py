"""What signs records, whatever it signs with: a key, a certificate, or an identity of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from govern.intoto.bundle import Bundle
from govern.intoto.statement import Statement
from govern.oci.digest import Digest
from govern.trust.anchors import Trust
from govern.trust.identity import Voice


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement, and the bundle that signs it.

    Args:
        statement: what is said; its exact bytes are the payload.
        bundle: its exact bytes are what is attached.
        signer: who says so in records: of a key the sha256 of its DER SPKI, of a certificate `Identity.signer`.
    """

    statement: Statement
    bundle: Bundle
    signer: Digest


class RecordSigner(Protocol):
    """Whoever signs the records of a command."""

    @property
    def label(self) -> str:
        """Stable text that names this signer's journal, known before anything is signed."""
        ...

    @property
    def trust(self) -> Trust:
        """The anchors under which its own records are admitted."""
        ...

    @property
    def services(self) -> tuple[str, ...]:
        """The URLs that signing asks, for messages; empty where the network is not touched."""
        ...

    @property
    def voice(self) -> Voice | None:
        """Whose voice its records will have, or None where only the certificate of the moment says so."""
        ...

    def made(self, voice: Voice) -> bool:
        """Whether a voice that a proof found is this signer's own."""
        ...

    def sign(self, statements: Sequence[Statement]) -> tuple[SignedStatement, ...]:
        """Sign all statements, in their order, or none.

        Raises:
            InvalidInput: where the in-toto library does not take a statement for one.
            Undecided: where a device or service that is needed does not answer, or refuses.
        """
        ...
