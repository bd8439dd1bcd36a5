"""Certificates: whose they are, who vouches for them, and whether that held at a moment.

Chains are built and judged by `cryptography` (RFC 5280 with the profile of the web's authorities); what is
asked of it, and what Sigstore adds, stands here.

Source: RFC 5280 §6; sigstore/fulcio docs/certificate-specification.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from govern.errors import Denied, GovernError, InvalidInput
from govern.limits import MAX_CERTIFICATE, MAX_CHAIN
from govern.times import write_time
from govern.trust.anchors import Authority
from govern.trust.extensions import extended_usage_of, extension_of
from govern.trust.keys import PublicKey, accept

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Leaf:
    """The certificate that signed.

    Args:
        certificate: the parsed certificate.
        key: its public key.
        intermediates: what the bundle brought to build a chain with; never trusted.
    """

    certificate: Certificate
    key: PublicKey
    intermediates: tuple[Certificate, ...]

    @property
    def signer_label(self) -> str:
        """For refusals, before anyone vouched for it: what it calls itself."""
        return f"certificate {self.certificate.subject.rfc4514_string()[:100]} sha256 {self.fingerprint[:16]}…"

    @property
    def der(self) -> bytes:
        """The exact bytes of the certificate."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """sha256 of its DER, in hex."""
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.certificate.fingerprint(SHA256()).hex()


def read_leaf(certificates: Sequence[bytes], error: type[GovernError] = Denied) -> Leaf:
    """Read the certificates of a bundle.

    Args:
        certificates: DER, leaf first.
        error: the class to raise.

    Raises:
        error: for what is no certificate, and keys that are too weak.
    """
    MAX_CHAIN.check(len(certificates), "the certificate chain", error)
    read = tuple(read_certificate(one, "a certificate", error) for one in certificates)
    try:
        key = read[0].public_key()
    except Exception as fault:  # the library raises several kinds for keys that it cannot read
        raise error("the certificate's key cannot be read", got=str(fault)[:200]) from fault
    return Leaf(read[0], accept(key, "the certificate's key", error), read[1:])


def read_certificate(data: bytes, what: str, error: type[GovernError] = InvalidInput) -> Certificate:
    """Read one DER certificate."""
    from cryptography.x509 import load_der_x509_certificate

    MAX_CERTIFICATE.check(len(data), what, error)
    try:
        certificate = load_der_x509_certificate(data)
        certificate.extensions, certificate.subject, certificate.issuer  # noqa: B018 - parsed when first looked at
    except Exception as fault:  # the library raises several kinds for what it cannot parse
        raise error(f"{what} cannot be read", got=str(fault)[:200], expected="an X.509 certificate (DER)") from fault
    return certificate


def check_chain(leaf: Leaf, authority: Authority, at: datetime) -> tuple[Certificate, ...]:
    """Return the chain from the leaf to the authority's root, valid at a moment.

    Args:
        leaf: the certificate, with intermediates of its own.
        authority: the pinned authority.
        at: the moment at which everything in the chain must be valid.

    Raises:
        Denied: where there is no such chain.
    """
    from cryptography.x509 import ExtendedKeyUsage, SubjectAlternativeName, UnsupportedGeneralNameType
    from cryptography.x509.oid import ExtendedKeyUsageOID
    from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

    # The library's verifier wants the key usage of TLS clients. Ours is signing, which is asked for below.
    of_authorities = ExtensionPolicy.webpki_defaults_ca().may_be_present(ExtendedKeyUsage, Criticality.AGNOSTIC, None)
    # Names are judged by `identity_of`; internal authorities often leave the alternative ones out.
    of_leaf = (
        ExtensionPolicy.webpki_defaults_ee()
        .may_be_present(ExtendedKeyUsage, Criticality.AGNOSTIC, None)
        .may_be_present(SubjectAlternativeName, Criticality.AGNOSTIC, None)
    )
    verifier = (
        PolicyBuilder()
        .store(Store([authority.root]))
        .time(at)
        .extension_policies(ca_policy=of_authorities, ee_policy=of_leaf)
        .build_client_verifier()
    )
    between = [*authority.chain[:-1], *leaf.intermediates]
    try:
        chain = tuple(verifier.verify(leaf.certificate, between).chain)
    except (VerificationError, UnsupportedGeneralNameType, ValueError) as fault:
        raise Denied(
            "the certificate is not vouched for",
            got=f"{leaf.signer_label}: {str(fault)[:200]}",
            expected=f"a chain to {authority.name}, valid at {write_time(at)}",
        ) from fault
    usage = extended_usage_of(leaf.certificate)
    if ExtendedKeyUsageOID.CODE_SIGNING not in usage:
        # A certificate of a web server must not sign approvals.
        raise Denied(
            "the certificate is not for signing",
            got=", ".join(one.dotted_string for one in usage) or "no extended key usage",
            expected="extended key usage codeSigning",
        )
    _check_key_usage(leaf.certificate)
    for one in chain[1:]:
        allowed = extended_usage_of(one)
        if allowed and not {ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & {*allowed}:
            # The authority of a cluster's web servers must not make signers.
            raise Denied(
                "an authority in the chain may not issue certificates for signing",
                got=f"{one.subject.rfc4514_string()[:200]}: {', '.join(item.dotted_string for item in allowed)}",
                expected="extended key usage codeSigning, any, or none at all",
            )
    return chain


def _check_key_usage(certificate: Certificate) -> None:
    from cryptography.x509 import KeyUsage

    usage = extension_of(certificate, KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise Denied("the certificate is not for signatures", got="no digitalSignature", expected="digitalSignature")
