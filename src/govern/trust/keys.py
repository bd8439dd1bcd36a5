"""Public keys as values: read, named, and asked whether they signed.

A key is named by the sha256 of its DER SubjectPublicKeyInfo (FORMAT §5), which is what a record's signer
is, and what bundles carry as a hint.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from govern.errors import Denied, GovernError, InvalidInput
from govern.intoto import base64
from govern.limits import MAX_KEY_FILE
from govern.oci.digest import Digest

_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key.

    Args:
        spki: the DER SubjectPublicKeyInfo.
        key: the parsed key; derived, and not part of equality.
        signer: who this key is in records: sha256 of the DER SPKI.
        hint: the same as the base64 that bundles carry.
    """

    spki: bytes
    key: PublicKeyTypes = field(compare=False, repr=False)
    signer: Digest = field(init=False)
    hint: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Once: every claim is held against every key.
        object.__setattr__(self, "signer", Digest.of(self.spki))
        object.__setattr__(self, "hint", base64.encode(bytes.fromhex(self.signer.encoded)))

    def to_pem(self) -> str:
        """Return the PEM text."""
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode("ascii")

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return if this key signed `data`; raise `Denied` if not.

        The scheme follows from the key alone, never from the bundle: P-256 with SHA-256, P-384 with
        SHA-384 (or SHA-256, which cosign writes), P-521 with SHA-512 (or SHA-256), Ed25519, and RSA
        PKCS #1 v1.5 with SHA-256.
        """
        match self.key:
            case ec.EllipticCurvePublicKey():
                for algorithm in _ec_hashes(self.key.curve):
                    try:
                        self.key.verify(signature, data, ec.ECDSA(algorithm))
                    except InvalidSignature:
                        continue
                    return
            case ed25519.Ed25519PublicKey():
                try:
                    self.key.verify(signature, data)
                except InvalidSignature:
                    pass
                else:
                    return
            case rsa.RSAPublicKey():
                try:
                    self.key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
                except InvalidSignature:
                    pass
                else:
                    return
            case _:  # pragma: no cover - `accept` lets no other kind in
                raise InvalidInput("the key is of a kind that cannot verify")
        raise Denied(
            "the signature does not belong to these bytes and this key",
            got=f"a signature that {self.signer} did not make over them",
        )


def _ec_hashes(curve: ec.EllipticCurve) -> tuple[hashes.HashAlgorithm, ...]:
    match curve:
        case ec.SECP256R1():
            return (hashes.SHA256(),)
        case ec.SECP384R1():
            return (hashes.SHA384(), hashes.SHA256())
        case _:
            return (hashes.SHA512(), hashes.SHA256())


def read_public_key(data: bytes, what: str = "the public key", error: type[GovernError] = InvalidInput) -> PublicKey:
    """Read one PEM public key.

    Args:
        data: PEM bytes.
        what: where it stands, for messages.
        error: the class to raise.

    Raises:
        error: for private keys, several keys, and kinds or sizes that are too weak.
    """
    MAX_KEY_FILE.check(len(data), what, error)
    if b"PRIVATE KEY-----" in data:
        raise error(
            f"{what} is a private key",
            expected="a public key",
            hint="give the .pub file; and if this file was ever shared, make a new key",
        )
    if data.count(b"-----BEGIN ") != 1:
        raise error(
            f"{what} is not one PEM public key",
            got=f"{data.count(b'-----BEGIN ')} PEM blocks",
            expected="-----BEGIN PUBLIC KEY-----",
            hint="make a pair with: govern key generate --output ci",
        )
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise error(
            f"{what} cannot be read", got=str(fault)[:200], expected="a PEM public key (SubjectPublicKeyInfo)"
        ) from fault
    return accept(key, what, error)


def accept(key: PublicKeyTypes, what: str, error: type[GovernError]) -> PublicKey:
    """Return the value of a parsed key; raise `error` for kinds and sizes that are too weak."""
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1() | ec.SECP384R1() | ec.SECP521R1()):
            pass
        case ed25519.Ed25519PublicKey():
            pass
        case rsa.RSAPublicKey() if key.key_size >= _MIN_RSA_BITS:
            pass
        case _:
            got = f"{type(key).__name__} of {getattr(key, 'key_size', 'unknown')} bits"
            raise error(
                f"{what} is too weak or of a kind that records are not signed with",
                got=got,
                expected="P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits",
            )
    return wrap(key)


def wrap(key: PublicKeyTypes) -> PublicKey:
    """Return the value of a parsed key."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(spki, key)
