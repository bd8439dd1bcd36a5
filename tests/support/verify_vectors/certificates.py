"""Certificates, promises of certificate logs, and revocation lists; the same bytes every time.

Every extension that an honest authority writes is there, so that a vector changes the one that it is about.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support.verify_vectors import der
from support.verify_vectors.keys import PrivateKey, key, public, sign
from support.verify_vectors.times import HOUR, MINUTE, SIGNED, YEAR

CODE_SIGNING: Final = ExtendedKeyUsageOID.CODE_SIGNING
SERVER_AUTH: Final = ExtendedKeyUsageOID.SERVER_AUTH
EMAIL: Final = ExtendedKeyUsageOID.EMAIL_PROTECTION
TIME_STAMPING: Final = ExtendedKeyUsageOID.TIME_STAMPING
ISSUER_V1: Final = "1.3.6.1.4.1.57264.1.1"
ISSUER_V2: Final = "1.3.6.1.4.1.57264.1.8"
_PROMISES: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


@dataclass(frozen=True)
class Issued:
    """A certificate, its key, and what is above it: issuer first, root last."""

    certificate: x509.Certificate
    key: PrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificate and everything above it."""
        return (self.certificate, *self.above)

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return to_pem(self.certificate)

    @property
    def chain_pem(self) -> str:
        """Everything, the root last."""
        return to_pem(*self.chain)


@dataclass(frozen=True)
class Wish:
    """What a certificate should say.

    Args:
        name: its common name; empty for no subject at all.
        authority: whether it may issue.
        path_length: of an authority.
        sans: with `://` a URI, with `@` a mail address, else a DNS name; or what stands there exactly.
        usages: extended key usages; none leaves the extension out.
        critical_usage: whether these are critical.
        signs: whether the key usage has digitalSignature.
        issuer: the OpenID provider's URL in Fulcio's extension, or empty.
        extensions: further (dotted OID, DER) extensions.
        start: not valid before.
        end: not valid after.
        key: its key, or None for one of its own.
        serial: what tells two of one name apart.
    """

    name: str
    authority: bool = False
    path_length: int | None = None
    sans: Sequence[str | x509.GeneralName] = ()
    usages: Sequence[x509.ObjectIdentifier] = ()
    critical_usage: bool = False
    signs: bool = True
    issuer: str = ""
    extensions: Sequence[tuple[str, bytes]] = ()
    start: datetime = SIGNED - YEAR
    end: datetime = SIGNED + YEAR
    key: PrivateKey | None = None
    serial: str = ""


@dataclass(frozen=True)
class PromiseLog:
    """A certificate log.

    Args:
        label: of its key.
        at: when it promises.
        about: a certificate that it promises to log instead of the one at hand.
    """

    label: str = "the certificate log"
    at: datetime = SIGNED - MINUTE
    about: x509.CertificateBuilder | None = None

    @property
    def key(self) -> PrivateKey:
        """Its key."""
        return key(self.label)

    def promise(self, certificate: bytes, issuer: PrivateKey) -> bytes:
        """Return the extension with one promise (RFC 6962 §3.2, §3.3) about a TBSCertificate without it."""
        milliseconds = int(self.at.timestamp()) * 1000
        signed = (
            struct.pack(">BBQH", 0, 0, milliseconds, 1)
            + hashlib.sha256(public(issuer).spki).digest()
            + len(certificate).to_bytes(3, "big")
            + certificate
            + b"\0\0"
        )
        signature = sign(self.key, signed)
        one = hashlib.sha256(public(self.key).spki).digest()
        # Hash algorithm 4 is SHA-256, signature algorithm 3 is ECDSA (RFC 5246 §7.4.1.4.1).
        one = (
            b"\0" + one + struct.pack(">Q", milliseconds) + b"\0\0\4\3" + struct.pack(">H", len(signature)) + signature
        )
        listed = struct.pack(">H", len(one)) + one
        return der.octets(struct.pack(">H", len(listed)) + listed)


def issue(wish: Wish, issuer: Issued | None = None, promised: PromiseLog | None = None) -> Issued:
    """Return a certificate; without an issuer it signs itself."""
    own = wish.key or key(f"certificate {wish.name} {wish.serial}")
    signing = issuer.key if issuer else own
    builder = _builder(wish, issuer, own)
    if promised is not None:
        # Without the promises the certificate is what was promised about, but for the poison.
        about = _sign(promised.about or builder, signing).tbs_certificate_bytes
        promise = x509.UnrecognizedExtension(_PROMISES, promised.promise(about, signing))
        builder = builder.add_extension(promise, critical=False)
    return Issued(_sign(builder, signing), own, issuer.chain if issuer else ())


def _sign(builder: x509.CertificateBuilder, signing: PrivateKey) -> x509.Certificate:
    deterministic = True if isinstance(signing, ec.EllipticCurvePrivateKey) else None
    return builder.sign(signing, hashes.SHA256(), ecdsa_deterministic=deterministic)


def draft(wish: Wish, issuer: Issued) -> x509.CertificateBuilder:
    """Return a certificate that is not signed yet, to be promised about."""
    return _builder(wish, issuer, wish.key or key(f"certificate {wish.name} {wish.serial}"))


def _builder(wish: Wish, issuer: Issued | None, own: PrivateKey) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wish.name)] if wish.name else [])
    signing = issuer.key if issuer else own
    number = int.from_bytes(hashlib.sha256(f"{wish.name} {wish.serial}".encode()).digest()[:8], "big") >> 1 | 1
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(number)
        .not_valid_before(wish.start)
        .not_valid_after(wish.end)
        .add_extension(x509.BasicConstraints(wish.authority, wish.path_length), critical=True)
        .add_extension(_usage(authority=wish.authority, signs=wish.signs), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if wish.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(wish.usages), critical=wish.critical_usage)
    if names := [_name(one) for one in wish.sans]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not wish.name)
    extensions = [*wish.extensions, *([(ISSUER_V2, der.text(wish.issuer))] if wish.issuer else [])]
    for dotted, value in extensions:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), value)
        builder = builder.add_extension(unknown, critical=False)
    return builder


def _name(text: str | x509.GeneralName) -> x509.GeneralName:
    if isinstance(text, x509.GeneralName):
        return text
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    return x509.RFC822Name(text) if "@" in text else x509.DNSName(text)


def _usage(*, authority: bool, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs and not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not signs,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def to_pem(*certificates: x509.Certificate) -> str:
    """Return certificates as PEM, in the order given."""
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def revocation_list(
    issuer: Issued,
    revoked: Sequence[tuple[x509.Certificate, datetime]],
    *,
    end: datetime = SIGNED + YEAR,
    invalid: datetime | None = None,
) -> str:
    """Return a list of revoked certificates as PEM.

    Args:
        issuer: who signs it.
        revoked: each with the moment from which on it counts as revoked.
        end: until when the list is good.
        invalid: since when the keys may have been stolen, or None.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(SIGNED + HOUR)
        .next_update(end)
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    for certificate, at in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(at)
        if invalid is not None:
            entry = entry.add_extension(x509.InvalidityDate(invalid.replace(tzinfo=None)), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    made = builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(Encoding.PEM).decode()
