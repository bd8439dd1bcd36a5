"""The HSM of the tests signs through securesystemslib, and keeps its keys to those who know the PIN."""

from __future__ import annotations

import hashlib
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pkcs11.exceptions import PinIncorrect
from securesystemslib.signer import HSMSigner, SSlibKey

from support.softhsm import PIN, WRONG_PIN, HsmKey, SoftHsm

DATA: Final = b"what is signed"


def signer(key: HsmKey, pin: str) -> HSMSigner:
    public = SSlibKey.from_crypto(load_pem_public_key(key.public))
    return HSMSigner.from_priv_key_uri(f"hsm:{key.id}?label={key.token}", public, lambda _: pin)


@pytest.mark.parametrize("label", ["ci", "release", "p384"])
def test_a_key_in_the_token_signs(label: str, hsm_keys: dict[str, HsmKey]) -> None:
    key = hsm_keys[label]
    signature = bytes.fromhex(signer(key, PIN).sign(DATA).signature)
    public = load_pem_public_key(key.public)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    digest = hashes.SHA384() if label == "p384" else hashes.SHA256()
    public.verify(signature, DATA, ec.ECDSA(digest))


def test_the_keys_differ(hsm_keys: dict[str, HsmKey]) -> None:
    assert len({hashlib.sha256(key.public).digest() for key in hsm_keys.values()}) == len(hsm_keys) == 3


def test_a_wrong_pin_signs_nothing(hsm_keys: dict[str, HsmKey]) -> None:
    with pytest.raises(PinIncorrect):
        signer(hsm_keys["ci"], WRONG_PIN).sign(DATA)


def test_a_token_without_keys_is_there_too(softhsm: SoftHsm) -> None:
    with pytest.raises(ValueError, match="could not find ECDSA key"):
        HSMSigner.import_(2, "empty", lambda _: PIN)
