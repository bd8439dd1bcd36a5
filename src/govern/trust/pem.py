"""Certificates and revocation lists in PEM, as people keep them in files and policies."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from govern.errors import GovernError, InvalidInput
from govern.limits import MAX_CHAIN, MAX_KEY_FILE, MAX_REVOCATION_LIST
from govern.trust.anchors import Authority
from govern.trust.extensions import extended_usage_of, extension_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList


def read_chain(data: bytes, what: str, error: type[GovernError] = InvalidInput) -> tuple[Certificate, ...]:
    """Read one certificate or several, in the order of the file.

    Raises:
        error: for none, too many, and private keys.
    """
    from cryptography.x509 import load_pem_x509_certificates

    MAX_KEY_FILE.check(len(data), what, error)
    if b"PRIVATE KEY-----" in data:
        raise error(f"{what} holds a private key", expected="certificates alone", hint="take the key out of the file")
    try:
        chain = tuple(load_pem_x509_certificates(data))
        for one in chain:
            one.extensions, one.subject, one.issuer, one.public_key()
    except Exception as fault:  # the library raises several kinds for what it cannot parse
        raise error(f"{what} cannot be read", got=str(fault)[:200], expected="PEM certificates") from fault
    MAX_CHAIN.check(len(chain), what, error)
    return chain


def read_authority_root(data: bytes, what: str, error: type[GovernError] = InvalidInput) -> Certificate:
    """Read the root of an internal PKI: one self-signed certificate of an authority."""
    chain = read_chain(data, what, error)
    if len(chain) != 1:
        raise error(f"{what} is not one certificate", got=f"{len(chain)} certificates", expected="the root alone")
    return check_authority_root(chain[0], what, error)


def check_authority_root(root: Certificate, what: str, error: type[GovernError] = InvalidInput) -> Certificate:
    """Return a certificate that is the root of an internal PKI; raise `error` for any other."""
    from cryptography.x509 import BasicConstraints

    constraints = extension_of(root, BasicConstraints)
    if constraints is None or not constraints.ca or root.issuer != root.subject:
        raise error(
            f"{what} is not the root of an authority",
            got=root.subject.rfc4514_string()[:200],
            expected="a self-signed certificate with CA:TRUE",
        )
    return root


def read_timestamp_chain(data: bytes, what: str, error: type[GovernError] = InvalidInput) -> Authority:
    """Read a timestamp authority: the certificate that signs first, the root last."""
    from cryptography.x509.oid import ExtendedKeyUsageOID

    chain = read_chain(data, what, error)
    if len(chain) < 2 or ExtendedKeyUsageOID.TIME_STAMPING not in extended_usage_of(chain[0]):
        raise error(
            f"{what} does not begin with a certificate that timestamps",
            got=f"{len(chain)} certificates, the first {chain[0].subject.rfc4514_string()[:200]}",
            expected="the signing certificate (timeStamping) first, then its authorities, the root last",
            hint="timestamp-server serves its chain at /api/v1/timestamp/certchain",
        )
    for issued, issuer in pairwise(chain):
        if issued.issuer != issuer.subject:
            raise error(
                f"{what} is not a chain",
                got=f"a certificate of {issuer.subject.rfc4514_string()[:200]}",
                expected=f"one of the issuer {issued.issuer.rfc4514_string()[:200]}",
                hint="the signing certificate comes first and the root last",
            )
    return Authority(chain[0].subject.rfc4514_string(), chain)


def read_revocation_list(data: bytes, what: str, error: type[GovernError] = InvalidInput) -> CertificateRevocationList:
    """Read one revocation list, PEM or DER."""
    from cryptography.x509 import IssuingDistributionPoint, load_der_x509_crl, load_pem_x509_crl

    MAX_REVOCATION_LIST.check(len(data), what, error)
    try:
        found = load_pem_x509_crl(data) if b"-----BEGIN" in data else load_der_x509_crl(data)
        critical = [one for one in found.extensions if one.critical]
    except Exception as fault:  # the library raises several kinds for what it cannot parse
        raise error(f"{what} cannot be read", got=str(fault)[:200], expected="a revocation list (CRL)") from fault
    for one in critical:
        scope = one.value
        if isinstance(scope, IssuingDistributionPoint) and not scope.indirect_crl and not scope.only_some_reasons:
            continue  # a list for one kind of certificates; those that it names are revoked all the same
        # What else is critical says that it is not read as other lists are (RFC 5280 §5.2).
        raise error(
            f"{what} does not speak for one authority",
            got=f"the critical extension {one.oid.dotted_string}",
            expected="a complete list: no delta, and no list of other authorities' certificates",
        )
    return found
