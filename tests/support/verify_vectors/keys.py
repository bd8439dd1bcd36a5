"""Keys that follow from a label, and signatures that follow from key and data: for tests, and worth nothing.

Anybody can compute these private keys, so none is kept in a file. ECDSA is deterministic here (RFC 6979); Ed25519 and
RSA PKCS #1 v1.5 always are. RSA primes are searched for from the label on.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from govern.trust.keys import PublicKey, wrap

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

ORDER_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order n of P-256 (FIPS 186-4, D.1.2.3)."""

ORDER_ED25519: Final = 2**252 + 27742317777372353535851937790883648493
"""The order L of the base point of Ed25519 (RFC 8032 §5.1)."""

_CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "p192": ec.SECP192R1,
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "k256": ec.SECP256K1,
}

_PRIME_BITS: Final = {"rsa1024": 512, "rsa2048": 1024}


@cache
def key(label: str, kind: str = "p256") -> PrivateKey:
    """Return the private key of a label.

    Args:
        label: whose.
        kind: `p192` to `p521`, `k256`, `ed25519`, `rsa1024`, `rsa2048`.
    """
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(_stream(label, 32))
    if kind.startswith("rsa"):
        return _rsa(label, _PRIME_BITS[kind])
    # Below the order of every curve here, and never zero.
    secret = int.from_bytes(_stream(label, 23), "big") + 1
    return ec.derive_private_key(secret, _CURVES[kind]())


def _stream(label: str, count: int) -> bytes:
    return hashlib.shake_256(b"a test-only key of govern: " + label.encode()).digest(count)


def _rsa(label: str, bits: int) -> rsa.RSAPrivateKey:
    p, q = _prime(f"{label} p", bits), _prime(f"{label} q", bits)
    e = 65537
    d = rsa.rsa_recover_private_exponent(e, p, q)
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(e, p * q),
    )
    return numbers.private_key()


def _prime(label: str, bits: int) -> int:
    # The two highest bits make a product of two such primes as long as it should be.
    candidate = int.from_bytes(_stream(label, bits // 8), "big") | 3 << (bits - 2) | 1
    while any(candidate % small == 0 for small in range(3, 2000, 2)) or not _is_prime(candidate):
        candidate += 2
    return candidate


def _is_prime(number: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return (number - 1) % 65537 != 0


def public(private: PrivateKey) -> PublicKey:
    """Return the public half."""
    return wrap(private.public_key())


def pem(private: PrivateKey) -> str:
    """Return the public half as PEM, of keys that govern itself would not take as well."""
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )


def sign(private: PrivateKey, data: bytes, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
    """Sign as records are signed; with another hash where one is given."""
    match private:
        case ed25519.Ed25519PrivateKey():
            return private.sign(data)
        case rsa.RSAPrivateKey():
            return private.sign(data, padding.PKCS1v15(), algorithm or hashes.SHA256())
        case _:
            usual = {"secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}.get(private.curve.name)
            return private.sign(data, ec.ECDSA(algorithm or usual or hashes.SHA256(), deterministic_signing=True))
