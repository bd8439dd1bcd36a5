"""What an internal PKI took back: revocation lists, given as files.

Source: RFC 5280 §5, §5.3.2 and §6.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm

from govern.errors import Denied
from govern.times import write_time
from govern.trust.extensions import extension_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList, RevokedCertificate


def check_not_revoked(
    chain: Sequence[Certificate], lists: Sequence[CertificateRevocationList], at: datetime
) -> tuple[int, int]:
    """Return how many certificates of a chain a list speaks for, and of how many.

    Args:
        chain: leaf first, root last.
        lists: the pinned revocation lists; only those that the issuer in the chain signed are used.
        at: when the chain was used: what was revoked later was good then.

    Raises:
        Denied: for a certificate that was revoked by then.
    """
    asked = 0
    for certificate, issuer in pairwise(chain):
        mine = [one for one in lists if _is_of(one, issuer)]
        asked += bool(mine)
        for one in mine:
            entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is None:
                continue
            revoked = _since(entry)
            if revoked <= at:
                raise Denied(
                    "the certificate was revoked",
                    got=f"{certificate.subject.rfc4514_string()[:200]}, revoked {write_time(revoked)}",
                    expected=f"a certificate that was good at {write_time(at)}",
                    hint="ask the authority why; a record that was signed before needs a timestamp that proves it",
                )
    return asked, max(0, len(chain) - 1)


def _since(entry: RevokedCertificate) -> datetime:
    """Return from when nothing of a certificate counts: a key may have been stolen before the authority heard of it."""
    from cryptography.x509 import InvalidityDate

    revoked = entry.revocation_date_utc.astimezone(UTC)
    try:
        invalid = extension_of(entry, InvalidityDate)
    except ValueError:
        return revoked
    return min(revoked, invalid.invalidity_date_utc.astimezone(UTC)) if invalid is not None else revoked


def _is_of(one: CertificateRevocationList, issuer: Certificate) -> bool:
    if one.issuer != issuer.subject:
        return False
    try:
        return bool(one.is_signature_valid(issuer.public_key()))  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False
