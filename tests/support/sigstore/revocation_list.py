"""Lists of certificates that an authority has revoked (RFC 5280 §5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from support.sigstore.pki import Issued


def make_revocation_list(
    issuer: Issued,
    revoked: Sequence[tuple[x509.Certificate, dt.datetime]] = (),
    *,
    this_update: dt.datetime | None = None,
    next_update: dt.datetime | None = None,
    number: int = 1,
) -> bytes:
    """Return a certificate revocation list as PEM.

    Args:
        issuer: the authority whose certificates are listed, and who signs.
        revoked: certificates, each with the time from which on it counts as revoked.
        this_update: when the list was made; an hour ago if None.
        next_update: until when it is good; in a week if None.
        number: the list's number.
    """
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update or now - dt.timedelta(hours=1))
        .next_update(next_update or now + dt.timedelta(days=7))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for certificate, at in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(at)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)
