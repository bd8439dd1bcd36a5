"""Certificates for signatures: an authority, a chain down to a signer, a timestamp authority.

Every extension that RFC 5280 §4.2 and the strict peers ask for is there, so that a test changes the one it is about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CODE_SIGNING: Final = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING: Final = ExtendedKeyUsageOID.TIME_STAMPING


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate, the key in it, and the certificates above it.

    Args:
        certificate: the certificate itself.
        key: its private key.
        above: its issuer, the issuer's issuer, and so on up to the root; empty for a root.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate alone, as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificate and everything above it, the root last."""
        return (self.certificate, *self.above)

    @property
    def chain_pem(self) -> bytes:
        """The chain as PEM, the root last."""
        return to_pem(self.chain)

    @property
    def public_pem(self) -> bytes:
        """The public key as PEM."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM, PKCS #8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Chain:
    """A root, an intermediate that it issued, and a leaf of that."""

    root: Issued
    intermediate: Issued
    leaf: Issued

    def write(self, directory: Path) -> ChainFiles:
        """Write the PEM files into `directory`, which is made if need be."""
        directory.mkdir(parents=True, exist_ok=True)
        files = ChainFiles(
            *(directory / name for name in ("root.pem", "intermediate.pem", "leaf.pem", "chain.pem", "leaf.key"))
        )
        files.root.write_bytes(self.root.pem)
        files.intermediate.write_bytes(self.intermediate.pem)
        files.leaf.write_bytes(self.leaf.pem)
        files.chain.write_bytes(to_pem(self.leaf.chain[:-1]))
        files.key.write_bytes(self.leaf.key_pem)
        files.key.chmod(0o600)
        return files


@dataclass(frozen=True, slots=True)
class ChainFiles:
    """PEM files of a chain.

    Args:
        root: what a verifier trusts.
        intermediate: the intermediate alone.
        leaf: the leaf alone.
        chain: leaf and intermediate, as a signer sends them: without the root.
        key: the leaf's private key.
    """

    root: Path
    intermediate: Path
    leaf: Path
    chain: Path
    key: Path


def make_root(
    name: str = "the test root", *, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> Issued:
    """Return a self-signed authority.

    Args:
        name: its common name.
        start: not valid before; an hour ago if None.
        end: not valid after; in a week if None.
    """
    return issue(name, None, authority=True, start=start, end=end)


def make_intermediate(
    issuer: Issued,
    name: str = "the test intermediate",
    *,
    usages: Iterable[x509.ObjectIdentifier] = (CODE_SIGNING,),
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> Issued:
    """Return an authority that may issue leaves only (`pathLenConstraint` 0).

    Args:
        issuer: who signs it.
        name: its common name.
        usages: extended key usages; none leaves the extension out.
        start: not valid before; an hour ago if None.
        end: not valid after; in a week if None.
    """
    return issue(name, issuer, authority=True, path_length=0, usages=usages, start=start, end=end)


def make_leaf(
    issuer: Issued,
    name: str = "a test signer",
    *,
    sans: Iterable[str] = ("https://ci.example.test/train",),
    usages: Iterable[x509.ObjectIdentifier] = (CODE_SIGNING,),
    digital_signature: bool = True,
    authority: bool = False,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Issued:
    """Return the certificate of a signer.

    Args:
        issuer: who signs it.
        name: its common name.
        sans: subject alternative names: with `://` a URI, with `@` a mail address, else a DNS name; none leaves the
            extension out.
        usages: extended key usages; none leaves the extension out.
        digital_signature: False makes the key usage say `keyAgreement` alone.
        authority: makes the basic constraints say CA.
        start: not valid before; an hour ago if None.
        end: not valid after; in a week if None.
        key: its key; a fresh one on P-256 if None.
    """
    return issue(
        name,
        issuer,
        authority=authority,
        sans=sans,
        usages=usages,
        digital_signature=digital_signature,
        start=start,
        end=end,
        key=key,
    )


def make_chain(
    *,
    sans: Iterable[str] = ("https://ci.example.test/train",),
    usages: Iterable[x509.ObjectIdentifier] = (CODE_SIGNING,),
    digital_signature: bool = True,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Chain:
    """Return a fresh root, intermediate and leaf; the arguments are the leaf's, as `make_leaf` has them."""
    root = make_root()
    intermediate = make_intermediate(root)
    leaf = make_leaf(
        intermediate,
        sans=sans,
        usages=usages,
        digital_signature=digital_signature,
        start=start,
        end=end,
        key=key,
    )
    return Chain(root, intermediate, leaf)


def make_timestamp_signer(
    *,
    name: str = "the test timestamp authority",
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    usages: Iterable[x509.ObjectIdentifier] = (TIME_STAMPING,),
    usage_critical: bool = True,
) -> Issued:
    """Return the certificate of a timestamp authority below a root of its own (RFC 3161 §2.3).

    Args:
        name: its common name; the root's says `root` too.
        start: not valid before; an hour ago if None.
        end: not valid after; in a week if None.
        usages: extended key usages.
        usage_critical: whether they are critical, which RFC 3161 asks for.
    """
    root = make_root(f"{name}, root", start=start, end=end)
    return issue(name, root, usages=usages, usage_critical=usage_critical, start=start, end=end)


def issue(
    name: str,
    issuer: Issued | None,
    *,
    authority: bool = False,
    path_length: int | None = None,
    sans: Iterable[str] = (),
    usages: Iterable[x509.ObjectIdentifier] = (),
    usage_critical: bool = False,
    digital_signature: bool = True,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Issued:
    """Return any certificate; the functions above name the arguments. Without an issuer it signs itself."""
    own_key = key or ec.generate_private_key(ec.SECP256R1())
    # Readers that take the organisation of a trust root's subject want one, and sigstore-python a common name.
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "govern tests"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    signing_key = issuer.key if issuer else own_key
    now = _now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start or now - dt.timedelta(hours=1))
        .not_valid_after(end or now + dt.timedelta(days=7))
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        .add_extension(_key_usage(authority=authority, digital_signature=digital_signature), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if extended := list(usages):
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=usage_critical)
    if names := [_general_name(one) for one in sans]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(builder.sign(signing_key, hashes.SHA256()), own_key, issuer.chain if issuer else ())


def to_pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates as PEM, in the order given."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _general_name(text: str) -> x509.GeneralName:
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    return x509.RFC822Name(text) if "@" in text else x509.DNSName(text)


def _key_usage(*, authority: bool, digital_signature: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature and not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not digital_signature,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
