"""Records signed with a key; on request with trusted time and an entry in a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from govern.intoto.bundle import PublicKeyHint
from govern.intoto.statement import Statement
from govern.predicates.kinds import OMS_V1
from govern.signing.endorsements import Endorsers
from govern.signing.oms import with_oms_hint
from govern.signing.record_signer import SignedStatement
from govern.signing.signer import Signer, sign_envelope
from govern.trust.anchors import Trust
from govern.trust.identity import Voice

if TYPE_CHECKING:
    from govern.signing.log_client import LogClient
    from govern.signing.timestamp_client import TimestampClient


@dataclass(frozen=True, slots=True)
class KeyRecordSigner:
    """A `RecordSigner` over a key.

    Args:
        signer: the key, wherever it is.
        timestamps: the authorities that say when, or None.
        log: where the signatures are logged, or None.
        anchors: what the answers of both can be checked against, if it is known; the key is added.
    """

    signer: Signer
    timestamps: TimestampClient | None = None
    log: LogClient | None = None
    anchors: Trust = field(default_factory=Trust)

    @property
    def label(self) -> str:
        """See `RecordSigner.label`."""
        return str(self.signer.public_key.signer)

    @property
    def trust(self) -> Trust:
        """See `RecordSigner.trust`."""
        key = self.signer.public_key
        return replace(self.anchors, keys={key.signer: key})

    @property
    def services(self) -> tuple[str, ...]:
        """See `RecordSigner.services`."""
        return Endorsers(self.timestamps, self.log).urls

    @property
    def voice(self) -> Voice:
        """See `RecordSigner.voice`."""
        return Voice(self.signer.public_key.signer)

    def made(self, voice: Voice) -> bool:
        """See `RecordSigner.made`."""
        return voice == self.voice

    def sign(self, statements: Sequence[Statement]) -> tuple[SignedStatement, ...]:
        """See `RecordSigner.sign`."""
        # One after the other: devices often serve one session at a time.
        envelopes = [sign_envelope(one, self.signer) for one in statements]
        key = self.signer.public_key
        bundles = Endorsers(self.timestamps, self.log).endorse(envelopes, PublicKeyHint(key.hint), key)
        return tuple(
            SignedStatement(
                statement,
                with_oms_hint(bundle, key) if statement.predicate_type == OMS_V1 else bundle,
                key.signer,
            )
            for statement, bundle in zip(statements, bundles, strict=True)
        )
