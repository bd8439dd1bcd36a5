"""Public keys as values."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_KEY_FILE
from govern.trust.keys import read_public_key, wrap
from support.records import key_of, signer

DATA = b"signed"
RSA = rsa.generate_private_key(65537, 2048)


def encoded(key: Any, encoding: serialization.Encoding = serialization.Encoding.PEM) -> bytes:
    return bytes(key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo))


def signed(key: Any, algorithm: Any = None) -> bytes:
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(DATA, ec.ECDSA(algorithm))
        case rsa.RSAPrivateKey():
            return key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
        case _:
            return bytes(key.sign(DATA))


KEYS: list[tuple[Any, tuple[Any, ...]]] = [
    (ec.generate_private_key(ec.SECP256R1()), (hashes.SHA256(),)),
    (ec.generate_private_key(ec.SECP384R1()), (hashes.SHA384(), hashes.SHA256())),
    (ec.generate_private_key(ec.SECP521R1()), (hashes.SHA512(), hashes.SHA256())),
    (ed25519.Ed25519PrivateKey.generate(), (None,)),
    (RSA, (None,)),
]


@pytest.mark.parametrize(("key", "algorithms"), KEYS, ids=["p256", "p384", "p521", "ed25519", "rsa"])
def test_a_key_verifies_what_it_signed_and_nothing_else(key, algorithms):
    public = read_public_key(encoded(key))
    for algorithm in algorithms:
        signature = signed(key, algorithm)
        public.verify(signature, DATA)
        for other, data in (
            (signature, DATA + b"x"),
            (signature, b""),
            (signature[:-1], DATA),
            (signature + b"\x00", DATA),
            (b"", DATA),
            (b"\x00" * 64, DATA),
        ):
            with pytest.raises(Denied):
                public.verify(other, data)
        with pytest.raises(Denied):
            key_of("another").verify(signature, DATA)


def test_the_hash_follows_from_the_key():
    weak = KEYS[0][0].sign(DATA, ec.ECDSA(hashes.SHA1()))
    strong = KEYS[0][0].sign(DATA, ec.ECDSA(hashes.SHA384()))
    for signature in (weak, strong):
        with pytest.raises(Denied):
            read_public_key(encoded(KEYS[0][0])).verify(signature, DATA)
    with pytest.raises(Denied):
        read_public_key(encoded(RSA)).verify(RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA1()), DATA)


def test_a_key_is_named_by_its_der():
    der = encoded(signer("named").key, serialization.Encoding.DER)
    assert key_of("named").signer == f"sha256:{hashlib.sha256(der).hexdigest()}"
    assert read_public_key(key_of("named").to_pem().encode()) == key_of("named")


def test_a_point_written_in_two_ways_is_one_key():
    # Two spellings would be two signers, and one person two voices.
    key = signer("named").key.public_key()
    short = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    assert wrap(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), short)).signer == key_of("named").signer


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        dsa.generate_private_key(2048),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__,
)
def test_a_weak_key_or_one_of_another_kind_is_refused(key):
    with pytest.raises(InvalidInput, match="too weak or of a kind"):
        read_public_key(encoded(key))


GOOD = encoded(KEYS[0][0])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"\xff\x00", GOOD + GOOD, GOOD.replace(b"PUBLIC", b"CERTIFICATE"), GOOD[:-30], GOOD.replace(b"M",
        b"!", 1),
        b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
        b"-----BEGIN " * 100, b" " * (MAX_KEY_FILE.value + 1),
    ],
)  # fmt: skip
def test_what_is_not_one_public_key_is_refused(data):
    with pytest.raises(Denied):
        read_public_key(data, "the key", Denied)


def test_a_private_key_in_the_wrong_place_is_said_aloud():
    secret = signer().key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for data in (secret, GOOD + secret):
        with pytest.raises(InvalidInput, match="is a private key") as refused:
            read_public_key(data)
        assert "make a new key" in refused.value.hint


def test_a_point_off_the_curve_is_no_key():
    der = encoded(KEYS[0][0], serialization.Encoding.DER)
    off = base64.b64encode(der[:-1] + bytes([der[-1] ^ 1]))
    with pytest.raises(InvalidInput):
        read_public_key(b"-----BEGIN PUBLIC KEY-----\n" + off + b"\n-----END PUBLIC KEY-----\n")
