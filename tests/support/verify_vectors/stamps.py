"""RFC 3161 timestamps of any moment, signed by any certificate (RFC 3161 §2.4.2; RFC 5652 §5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from support.verify_vectors import der
from support.verify_vectors.certificates import TIME_STAMPING, Issued, Wish, issue
from support.verify_vectors.keys import sign
from support.verify_vectors.times import SIGNED

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
_POLICY: Final = "1.3.6.1.4.1.57264.2"
SHA1: Final = ("1.3.14.3.2.26", "sha1")
SHA256: Final = ("2.16.840.1.101.3.4.2.1", "sha256")


@dataclass(frozen=True)
class Stamper:
    """A timestamp authority.

    Args:
        signer: its certificate.
    """

    signer: Issued

    def stamp(
        self,
        signature: bytes,
        at: datetime = SIGNED,
        *,
        algorithm: tuple[str, str] = SHA256,
        bag: Sequence[x509.Certificate] | None = None,
        status: int = 0,
        says: datetime | None = None,
        names: Issued | None = None,
        serial: int = 1,
    ) -> bytes:
        """Return the response to a request for a timestamp, DER.

        Args:
            signature: what is stamped.
            at: when.
            algorithm: (OID, name) of the hash of the imprint.
            bag: certificates to carry; the signer's own if None.
            status: of the response; 0 is granted.
            says: a time to write over the signed one afterwards.
            names: the certificate that the token says it was signed with, if another.
            serial: of the token.
        """
        dotted, hashed = algorithm
        imprint = der.sequence(
            der.sequence(der.oid(dotted), der.NULL), der.octets(hashlib.new(hashed, signature).digest())
        )
        info = der.sequence(der.integer(1), der.oid(_POLICY), imprint, der.integer(serial), der.time(at))
        named = (names or self.signer).certificate
        attributes = [
            _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
            _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest())),
            _attribute(
                _SIGNING_CERTIFICATE_V2,
                der.sequence(der.sequence(der.sequence(der.octets(hashlib.sha256(_raw(named)).digest())))),
            ),
        ]
        sha256 = der.sequence(der.oid(SHA256[0]), der.NULL)
        signer_info = der.sequence(
            der.integer(1),
            der.sequence(named.issuer.public_bytes(), der.integer(named.serial_number)),
            sha256,
            der.set_of(attributes, tag=0xA0),
            der.sequence(der.oid(_ECDSA_SHA256)),
            # The attributes are signed as a SET, and carried under a tag of their own.
            der.octets(sign(self.signer.key, der.set_of(attributes))),
        )
        certificates = [_raw(one) for one in ((self.signer.certificate,) if bag is None else bag)]
        carried = der.set_of(certificates, tag=0xA0) if certificates else b""
        signed_data = der.sequence(
            der.integer(3),
            der.set_of([sha256]),
            der.sequence(der.oid(_TST_INFO), der.item(0xA0, der.octets(info))),
            carried,
            der.set_of([signer_info]),
        )
        token = der.sequence(der.oid(_SIGNED_DATA), der.item(0xA0, signed_data))
        response = der.sequence(der.sequence(der.integer(status)), token)
        return response.replace(der.time(at), der.time(says)) if says is not None else response


def _attribute(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of([value]))


def _raw(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def stamper(name: str = "a timestamp authority", wish: Wish | None = None, *, serial: str = "") -> Stamper:
    """Return an authority below a root of its own."""
    root = issue(Wish(f"{name}, root", authority=True, serial=serial))
    leaf = wish or Wish(name, usages=(TIME_STAMPING,), critical_usage=True, serial=serial)
    return Stamper(issue(leaf, root))
