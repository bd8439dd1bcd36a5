"""That a certificate was logged: the promises of certificate logs that Fulcio embeds.

Source: RFC 6962 §3.2 and §3.3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from govern.errors import Denied
from govern.trust.anchors import Log
from govern.trust.extensions import extension_of
from govern.trust.keys import wrap

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

_V1 = 0
_CERTIFICATE_TIMESTAMP = 0
_PRECERTIFICATE = 1


def check_logged(certificate: Certificate, issuer: Certificate, logs: Sequence[Log]) -> str:
    """Return the name of a pinned log that promised to log this certificate.

    Args:
        certificate: with the promises (SCTs) embedded.
        issuer: who issued it: its key is in what was signed.
        logs: the pinned certificate logs.

    Raises:
        Denied: where no pinned log did.
    """
    from cryptography.x509 import PrecertificateSignedCertificateTimestamps

    promises = extension_of(certificate, PrecertificateSignedCertificateTimestamps)
    if promises is None:
        raise Denied("the certificate was never logged", expected="a signed certificate timestamp in it")
    for promise in promises:
        for log in logs:
            if log.key_id == promise.log_id and _holds(promise, certificate, issuer, log):
                return log.origin
    raise Denied(
        "no pinned log promised to log the certificate",
        got=", ".join(one.log_id.hex()[:16] for one in promises)[:300] or "no promise",
        expected=" or ".join(one.key_id.hex()[:16] for one in logs)[:300] or "a certificate log in the trusted root",
    )


def _holds(promise: SignedCertificateTimestamp, certificate: Certificate, issuer: Certificate, log: Log) -> bool:
    moment = promise.timestamp.replace(tzinfo=UTC)
    if not log.window.holds(moment):
        return False
    body = certificate.tbs_precertificate_bytes
    extensions = promise.extension_bytes
    signed = (
        struct.pack(">BBQH", _V1, _CERTIFICATE_TIMESTAMP, _milliseconds(moment), _PRECERTIFICATE)
        + bytes.fromhex(wrap(issuer.public_key()).signer.encoded)
        + len(body).to_bytes(3, "big")
        + body
        + struct.pack(">H", len(extensions))
        + extensions
    )
    try:
        log.key.verify(promise.signature, signed)
    except Denied:
        return False
    return True


def _milliseconds(moment: datetime) -> int:
    # By whole numbers: a float of this size loses the last digits.
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000
