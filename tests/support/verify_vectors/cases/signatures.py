"""Signatures that hold for a verifier that is not strict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from govern.intoto.dsse import pae
from govern.oci.media_types import IN_TOTO
from support.verify_vectors.artifacts import annotation, provenance
from support.verify_vectors.bundles import Json, bundle, signature_of
from support.verify_vectors.case import Case, by_key
from support.verify_vectors.cases.envelopes import HONEST, PAYLOAD, asked
from support.verify_vectors.der import integer, item
from support.verify_vectors.keys import ORDER_ED25519, ORDER_P256, key, sign


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _signatures()


def _signatures() -> Iterator[Case]:
    no_key = "the signature does not belong to these bytes"
    r, s = decode_dss_signature(signature_of(HONEST))
    wrong = "CVE-2022-21449; FIPS 186-4 §6.4"

    def signed(signature: bytes) -> Json:
        return bundle(provenance(), signature=signature)

    zero = item(0x30, integer(0) + integer(0))
    yield asked(
        "signature-zero",
        "r and s are both 0, which holds for every key in a verifier that does not look.",
        wrong,
        signed(zero),
        no_key,
    )
    order = item(0x30, integer(ORDER_P256) + integer(ORDER_P256))
    yield asked(
        "signature-of-the-order", "r and s are both n, which is 0 by another name.", wrong, signed(order), no_key
    )
    yield asked(
        "signature-larger-than-the-order",
        "s is s + n: the same number modulo n, and a second spelling.",
        "FIPS 186-4 §6.4",
        signed(encode_dss_signature(r, s + ORDER_P256)),
        no_key,
    )
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    yield asked(
        "signature-not-der",
        "The signature is r and s without DER around them: a second spelling.",
        "RFC 3279 §2.2.3",
        signed(raw),
        no_key,
    )
    yield asked(
        "signature-followed-by-more",
        "A byte follows the signature: a second spelling of one signature.",
        "X.690 §8.1",
        signed(signature_of(HONEST) + b"\0"),
        no_key,
    )
    long_form = b"\x30\x81" + signature_of(HONEST)[1:]
    yield asked(
        "signature-in-ber",
        "The signature's length is in the long form, which DER does not allow.",
        "X.690 §10.1",
        signed(long_form),
        no_key,
    )
    yield asked(
        "signature-of-other-bytes",
        "The signature is by the trusted key, over another statement.",
        "DSSE v1.0, protocol.md",
        signed(signature_of(bundle(annotation()))),
        no_key,
    )
    yield asked(
        "signature-hash-chosen",
        "A P-256 key's signature over SHA-512: the hash follows from the key alone.",
        "cosign 3, its signature digest algorithm",
        signed(sign(key("ci"), pae(IN_TOTO, PAYLOAD), hashes.SHA512())),
        no_key,
    )
    ed = key("ci", "ed25519")
    assert isinstance(ed, ed25519.Ed25519PrivateKey)
    good = sign(ed, pae(IN_TOTO, PAYLOAD))
    more = (int.from_bytes(good[32:], "little") + ORDER_ED25519).to_bytes(32, "little")
    yield asked(
        "ed25519-malleable",
        "S of an Ed25519 signature is S + L: the same equation, and a second spelling.",
        "RFC 8032 §5.1.7",
        bundle(provenance(), ed, signature=good[:32] + more),
        no_key,
        given=by_key(kind="ed25519"),
    )
    rsa_key = key("ci", "rsa2048")
    assert isinstance(rsa_key, rsa.RSAPrivateKey)
    numbers = rsa_key.private_numbers()
    modulus, bits = numbers.public_numbers.n, 2047
    pss = _pss(pae(IN_TOTO, PAYLOAD), bits)
    yield asked(
        "rsa-pss",
        "An RSA key's signature in PSS, where this key signs in PKCS #1 v1.5.",
        "FORMAT §5; securesystemslib, whose default is PSS",
        bundle(provenance(), rsa_key, signature=pow(pss, numbers.d, modulus).to_bytes(256, "big")),
        no_key,
        given=by_key(kind="rsa2048"),
    )
    sha1 = bytes.fromhex("3021300906052b0e03021a05000414")
    digest = hashes.Hash(hashes.SHA1())
    digest.update(pae(IN_TOTO, PAYLOAD))
    info = sha1 + digest.finalize()
    block = b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info
    weak = pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(256, "big")
    yield asked(
        "rsa-sha1",
        "An RSA key's signature over SHA-1.",
        "NIST SP 800-131A",
        bundle(provenance(), rsa_key, signature=weak),
        no_key,
        given=by_key(kind="rsa2048"),
    )


def _pss(data: bytes, bits: int) -> int:
    """Return the encoded message of RSASSA-PSS with SHA-256, without a salt: always the same (RFC 8017 §9.1.1)."""
    size = (bits + 7) // 8
    hashed = hashlib.sha256(data).digest()
    top = hashlib.sha256(bytes(8) + hashed).digest()
    block = bytes(size - 32 - 2) + b"\1"
    mask = b"".join(hashlib.sha256(top + count.to_bytes(4, "big")).digest() for count in range(size // 32 + 1))
    masked = int.from_bytes(bytes(a ^ b for a, b in zip(block, mask, strict=False)), "big")
    masked &= (1 << (8 * (size - 33) - (8 * size - bits))) - 1
    return int.from_bytes(masked.to_bytes(size - 33, "big") + top + b"\xbc", "big")
