"""What a certificate says in its extensions (RFC 5280 §4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, ExtensionType, ObjectIdentifier, RevokedCertificate

    _Kind = TypeVar("_Kind", bound=ExtensionType)


def extension_of(certificate: Certificate | RevokedCertificate, kind: type[_Kind]) -> _Kind | None:
    """Return an extension of a certificate, or of an entry of a revocation list; None where it has none.

    Args:
        certificate: whose extensions could be read (`read_chain`).
        kind: the class of the extension.
    """
    from cryptography.x509 import ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def extended_usage_of(certificate: Certificate) -> tuple[ObjectIdentifier, ...]:
    """Return what a certificate's key may be used for; empty where it does not say."""
    from cryptography.x509 import ExtendedKeyUsage

    return tuple(extension_of(certificate, ExtendedKeyUsage) or ())
