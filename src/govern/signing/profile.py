"""What every key outside of this process must be, and what its signatures must be, before they are used."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from govern.errors import Denied, InvalidInput, Undecided
from govern.trust.keys import PublicKey, wrap


def accept_public_key(data: bytes, what: str) -> PublicKey:
    """Return the key that a device or service says is its public one.

    Args:
        data: PEM, or the DER of a SubjectPublicKeyInfo.
        what: the key, for messages.

    Raises:
        InvalidInput: for another kind than we write with (FORMAT §5).
        Undecided: for what is no key.
    """
    load = serialization.load_pem_public_key if data.startswith(b"-----") else serialization.load_der_public_key
    try:
        key = load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Undecided(
            f"{what} cannot be read", got="what is no public key", expected="a SubjectPublicKeyInfo"
        ) from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise other_kind(what, type(key).__name__.removesuffix("PublicKey").lstrip("_"))
    if not isinstance(key.curve, ec.SECP256R1):
        raise other_kind(what, f"ECDSA {key.curve.name}")
    return wrap(key)


def other_kind(what: str, got: str) -> InvalidInput:
    """Return the refusal of a key that records are not signed with."""
    return InvalidInput(
        f"{what} is of another kind",
        got=got,
        expected="ECDSA P-256 with SHA-256, which every verifier of the field reads",
    )


def check_signature(signature: bytes, data: bytes, key: PublicKey, what: str) -> bytes:
    """Return the signature that a device or service made, if it is one.

    Args:
        signature: DER.
        data: what was to be signed.
        key: the public key that was shown when the signer was opened.
        what: the key, for messages.

    Raises:
        Undecided: where it is not; a key that was replaced since does this.
    """
    try:
        key.verify(signature, data)
    except Denied:
        raise Undecided(
            f"{what} signed with another key than it showed", expected=key.signer, hint="run it again"
        ) from None
    return signature
