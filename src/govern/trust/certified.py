"""Whom a certificate is about.

A certificate of Sigstore names one person or job, and the provider of its identity; one of an internal PKI
names somebody under its root. Where that is ambiguous the certificate is refused: a verifier who chose would
choose what the signer wants.

Source: sigstore/fulcio docs/oid-info.md; RFC 5280 §4.2.1.6; RFC 4514.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from govern.errors import Denied
from govern.limits import MAX_IDENTITY
from govern.trust.extensions import extension_of
from govern.trust.identity import Identity, is_provider

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, GeneralName

_ISSUER_V1: Final = "1.3.6.1.4.1.57264.1.1"
_ISSUER_V2: Final = "1.3.6.1.4.1.57264.1.8"
_USERNAME: Final = "1.3.6.1.4.1.57264.1.7"
_UTF8: Final = 0x0C


def sigstore_identity(certificate: Certificate) -> Identity:
    """Return the identity in a certificate of Fulcio.

    Raises:
        Denied: unless there is exactly one subject, and an issuer.
    """
    names = _alternative_names(certificate)
    if len(names) != 1:
        raise Denied("the certificate names not one subject", got=f"{len(names)} alternative names", expected="one")
    subject = _text_of(names[0])
    if not subject:
        raise Denied(
            "the certificate's subject is of an unknown kind",
            got=type(names[0]).__name__,
            expected="a mail address, a URI, or a user name",
        )
    issuer = _issuer(certificate)
    if not issuer:
        raise Denied("the certificate names no issuer", expected=f"the extension {_ISSUER_V2}")
    if not is_provider(issuer):
        # What is no URL could be the name of somebody's root, and so the identity of a person of an internal PKI.
        raise Denied("the certificate's issuer is no provider", got=repr(issuer[:200]), expected="a URL")
    return _bounded(Identity(issuer, subject))


def pki_identity(certificate: Certificate, root: str) -> Identity:
    """Return the identity in a certificate of an internal PKI.

    Args:
        certificate: its only URI, or else its only mail address, or else its name (RFC 4514), is the subject.
        root: the name of the root, which is the issuer: intermediates come and go.

    Raises:
        Denied: where it has several of a kind, or nothing at all.
    """
    from cryptography.x509 import RFC822Name, UniformResourceIdentifier

    names = _alternative_names(certificate)
    for kind, mark in ((UniformResourceIdentifier, ":"), (RFC822Name, "@")):
        found = [one.value for one in names if isinstance(one, kind)]
        if len(found) > 1:
            raise Denied("the certificate names several subjects", got=", ".join(found)[:300], expected="one")
        if found:
            head, marked, _ = found[0].partition(mark)
            if not marked or "=" in head:
                # Whoever may choose an alternative name must not choose one that is somebody's name in RFC 4514.
                raise Denied(
                    "the certificate's subject is not what its kind says",
                    got=repr(found[0][:200]),
                    expected="a URI with its scheme" if mark == ":" else "a mail address",
                )
            return _bounded(Identity(root, found[0]))
    subject = certificate.subject.rfc4514_string()
    if not subject:
        raise Denied("the certificate names nobody", expected="a URI, a mail address, or a subject")
    return _bounded(Identity(root, subject))


def _bounded(identity: Identity) -> Identity:
    MAX_IDENTITY.check(len(identity.issuer), "the certificate's issuer", Denied)
    MAX_IDENTITY.check(len(identity.subject), "the certificate's subject", Denied)
    return identity


def _alternative_names(certificate: Certificate) -> tuple[GeneralName, ...]:
    from cryptography.x509 import SubjectAlternativeName

    return tuple(extension_of(certificate, SubjectAlternativeName) or ())


def _text_of(name: GeneralName) -> str | None:
    from cryptography.x509 import OtherName, RFC822Name, UniformResourceIdentifier

    match name:
        case RFC822Name() | UniformResourceIdentifier():
            return name.value
        case OtherName() if name.type_id.dotted_string == _USERNAME:
            return _utf8(name.value)
        case _:
            return None


def _issuer(certificate: Certificate) -> str:
    """Return the provider's URL: a DER string in the newer extension, bare bytes in the older one."""
    from cryptography.x509 import UnrecognizedExtension

    values = {
        one.oid.dotted_string: one.value.value
        for one in certificate.extensions
        if isinstance(one.value, UnrecognizedExtension)
    }
    if _ISSUER_V2 in values:
        return _utf8(values[_ISSUER_V2])
    try:
        return values.get(_ISSUER_V1, b"").decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Denied("the certificate's issuer is not text", expected="UTF-8") from fault


def _utf8(der: bytes) -> str:
    """Read one DER UTF8String, whole."""
    if len(der) < 2 or der[0] != _UTF8:
        raise Denied("a name in the certificate is not text", got=der[:8].hex(), expected="a UTF8String")
    length, start = der[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[2 : 2 + count], "big"), 2 + count
        # DER has one spelling of a length: a second one would be a second identity.
        if not 1 <= count <= 2 or length < 0x80 or (count == 2 and length < 0x100):
            raise Denied("a name in the certificate is not DER", got=der[:8].hex(), expected="the shortest length")
    if len(der) != start + length:
        raise Denied("a name in the certificate is cut or followed by more", got=f"{len(der)} bytes")
    try:
        return der[start:].decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Denied("a name in the certificate is not text", expected="UTF-8") from fault
