"""Records signed with a certificate of an internal PKI.

The bundle carries the leaf, and the intermediates up to the root but not the root, which a verifier pins. A
leaf that the root issued itself stands alone in `certificate`; a chain stands in `x509CertificateChain`.

Source: sigstore/protobuf-specs, sigstore_bundle.proto, VerificationMaterial; RFC 5280 §6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from govern.errors import Denied, InvalidInput, UsageError
from govern.intoto.bundle import CertificateChain
from govern.intoto.statement import Statement
from govern.predicates.kinds import OMS_V1
from govern.signing.endorsements import Endorsers
from govern.signing.oms import with_oms_chain
from govern.signing.record_signer import SignedStatement
from govern.signing.signer import Signer, sign_envelope
from govern.times import write_time
from govern.trust.anchors import Authority, Pki, Trust
from govern.trust.certificates import Leaf, check_chain, read_leaf
from govern.trust.certified import pki_identity
from govern.trust.identity import Identity, Voice
from govern.trust.pem import read_chain

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from govern.signing.log_client import LogClient
    from govern.signing.timestamp_client import TimestampClient

_WHAT = "the certificate chain"


@dataclass(frozen=True, slots=True)
class CertificateSigner:
    """A `RecordSigner` over a key and its certificate; made by `load_certificate_signer`.

    Args:
        signer: the key, wherever it is.
        leaf: its certificate, and the intermediates.
        pki: the root.
        identity: whom the certificate is about.
        endorsers: the authorities that say when, and the log.
        anchors: what their answers can be checked against, if it is known; the root is added.
    """

    signer: Signer
    leaf: Leaf
    pki: Pki
    identity: Identity
    endorsers: Endorsers
    anchors: Trust = field(default_factory=Trust)

    @property
    def label(self) -> str:
        """See `RecordSigner.label`. A renewed certificate of the same identity is the same signer."""
        return f"{self.identity.issuer} {self.identity.subject}"

    @property
    def trust(self) -> Trust:
        """See `RecordSigner.trust`."""
        known = any(one.root == self.pki.root for one in self.anchors.pkis)
        return self.anchors if known else replace(self.anchors, pkis=(*self.anchors.pkis, self.pki))

    @property
    def services(self) -> tuple[str, ...]:
        """See `RecordSigner.services`."""
        return self.endorsers.urls

    @property
    def voice(self) -> Voice:
        """See `RecordSigner.voice`."""
        return Voice.of(self.identity)

    def made(self, voice: Voice) -> bool:
        """See `RecordSigner.made`."""
        return voice.identity == self.identity

    def sign(self, statements: Sequence[Statement]) -> tuple[SignedStatement, ...]:
        """See `RecordSigner.sign`."""
        # A push may take hours: what was good when it began need not be good now.
        _check_good(self.leaf, self.pki)
        envelopes = [sign_envelope(one, self.signer) for one in statements]
        material = CertificateChain(tuple(map(_der, (self.leaf.certificate, *self.leaf.intermediates))))
        bundles = self.endorsers.endorse(envelopes, material, self.leaf.certificate)
        return tuple(
            SignedStatement(
                statement,
                with_oms_chain(bundle) if statement.predicate_type == OMS_V1 else bundle,
                self.identity.signer,
            )
            for statement, bundle in zip(statements, bundles, strict=True)
        )


def load_certificate_signer(
    signer: Signer,
    chain: bytes,
    timestamps: TimestampClient | None,
    log: LogClient | None = None,
    *,
    anchors: Trust | None = None,
    untimed: bool = False,
) -> CertificateSigner:
    """Put a key and its certificate together.

    Args:
        signer: the key, wherever it is.
        chain: PEM, leaf first; its last is the root, unless `anchors` has that.
        timestamps: the authorities that say when.
        log: where the signatures are logged, or None.
        anchors: the internal PKIs, authorities and logs that are pinned here.
        untimed: whether the caller accepts records that nobody can verify after the certificate's end.

    Raises:
        UsageError: for no timestamp authority, unless `untimed`.
        InvalidInput: for a chain that does not lead to a root, is not good now, or is another key's.
    """
    if timestamps is None and not untimed:
        raise UsageError(
            "a certificate signs with a trusted time",
            got="no timestamp authority",
            expected="--timestamp-url URL: without it a record ends with its certificate",
        )
    anchors = anchors or Trust()
    certificates = read_chain(chain, _WHAT)
    pkis = anchors.pkis
    if len(certificates) > 1 and _signs_itself(certificates[-1]):
        root, certificates = certificates[-1], certificates[:-1]
        pkis = tuple(one for one in anchors.pkis if one.root == root) or (Pki(root),)
    leaf = read_leaf(tuple(map(_der, certificates)), InvalidInput)
    if leaf.key.spki != signer.public_key.spki:
        raise InvalidInput(
            "the certificate is of another key",
            got=str(leaf.key.signer),
            expected=f"{signer.public_key.signer}, the key that signs",
            hint="the chain begins with the signer's own certificate",
        )
    pki = _root_of(leaf, pkis)
    try:
        identity = pki_identity(leaf.certificate, pki.name)
    except Denied as fault:
        raise InvalidInput(fault.what, got=fault.got, expected=fault.expected) from fault
    return CertificateSigner(signer, leaf, pki, identity, Endorsers(timestamps, log), anchors)


def _root_of(leaf: Leaf, pkis: Sequence[Pki]) -> Pki:
    refusal: InvalidInput | None = None
    for pki in pkis:
        try:
            _check_good(leaf, pki)
        except InvalidInput as fault:
            refusal = fault
        else:
            return pki
    raise refusal or InvalidInput(
        f"{_WHAT} does not end in a root",
        got=leaf.certificate.issuer.rfc4514_string()[:200],
        expected="the self-signed root as its last certificate, or a pinned one",
    )


def _check_good(leaf: Leaf, pki: Pki) -> None:
    """Return if the chain holds now: a verifier would refuse the record, and nothing should be signed in vain."""
    now = datetime.now(UTC)
    certificate = leaf.certificate
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise InvalidInput(
            "the certificate is not good now",
            got=f"{write_time(certificate.not_valid_before_utc)} to {write_time(certificate.not_valid_after_utc)}",
            expected=f"one that is good at {write_time(now)}",
            hint="have it renewed, for the same name",
        )
    try:
        check_chain(leaf, Authority(pki.name, (pki.root,)), now)
    except Denied as fault:
        raise InvalidInput(fault.what, got=fault.got, expected=fault.expected, hint=fault.hint) from fault


def _signs_itself(certificate: Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _der(certificate: Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
