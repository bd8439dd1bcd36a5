"""A certificate transparency log that keeps nothing: it answers every precertificate with a signed timestamp.

Source: RFC 6962 §3.1, §3.2 and §4.2. Fulcio sends `add-pre-chain`, and embeds the answer in the certificate.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.sigstore.served import Handler, served

_POISON: Final = bytes.fromhex("3013060a2b06010401d6790204030101ff04020500")
"""The extension that makes a certificate a precertificate (RFC 6962 §3.1)."""
_EXTENSIONS: Final = 0xA3


@contextmanager
def ct_log(key: ec.EllipticCurvePrivateKey) -> Iterator[str]:
    """Run the log; gives its URL.

    Args:
        key: signs the timestamps; on P-256.
    """

    class Log(Handler):
        def do_POST(self) -> None:
            body = self.body()
            if self.path != "/ct/v1/add-pre-chain":
                self.reply(404, b"{}")
                return
            precertificate, issuer = (base64.b64decode(one) for one in json.loads(body)["chain"][:2])
            self.reply(200, json.dumps(signed_timestamp(key, precertificate, issuer)).encode())

    with served(Log) as url:
        yield url


def signed_timestamp(key: ec.EllipticCurvePrivateKey, precertificate: bytes, issuer: bytes) -> dict[str, object]:
    """Return the answer to `add-pre-chain`: a signed certificate timestamp of now.

    Args:
        key: signs it.
        precertificate: as DER.
        issuer: the certificate of its issuer, as DER.
    """
    log = hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    issued_by = x509.load_der_x509_certificate(issuer).public_key()
    issuer_key = issued_by.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate = _without_poison(x509.load_der_x509_certificate(precertificate).tbs_certificate_bytes)
    now = int(time.time() * 1000)
    signed = (
        b"\0\0"
        + struct.pack(">QH", now, 1)
        + hashlib.sha256(issuer_key).digest()
        + len(certificate).to_bytes(3, "big")
        + certificate
        + b"\0\0"
    )
    signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return {
        "sct_version": 0,
        "id": base64.b64encode(log).decode(),
        "timestamp": now,
        "extensions": "",
        # Hash algorithm 4 is SHA-256, signature algorithm 3 is ECDSA (RFC 5246 §7.4.1.4.1).
        "signature": base64.b64encode(b"\4\3" + struct.pack(">H", len(signature)) + signature).decode(),
    }


def _without_poison(certificate: bytes) -> bytes:
    """Return a TBSCertificate without the poison, all lengths written anew."""
    fields = list(_items(_content(certificate)))
    extensions = _content(_content(fields[-1]))
    assert fields[-1][0] == _EXTENSIONS
    assert extensions.count(_POISON) == 1
    fields[-1] = _item(_EXTENSIONS, _item(0x30, extensions.replace(_POISON, b"")))
    return _item(0x30, b"".join(fields))


def _header(data: bytes, at: int = 0) -> tuple[int, int]:
    """Return where the content of the DER item at `at` starts, and where it ends."""
    first = data[at + 1]
    if first < 0x80:
        return at + 2, at + 2 + first
    start = at + 2 + (first & 0x7F)
    return start, start + int.from_bytes(data[at + 2 : start], "big")


def _content(item: bytes) -> bytes:
    start, end = _header(item)
    return item[start:end]


def _items(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        _, end = _header(data, at)
        yield data[at:end]
        at = end


def _item(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
