"""Whom a certificate is about: one answer, or a refusal."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from govern.errors import Denied
from govern.limits import MAX_IDENTITY
from govern.trust.certificates import read_certificate
from govern.trust.certified import pki_identity, sigstore_identity
from govern.trust.identity import Identity
from support.verify_vectors import der
from support.verify_vectors.certificates import ISSUER_V1, ISSUER_V2, Wish, draft, issue

ROOT = issue(Wish("root", authority=True))
ISSUER = "https://accounts.example.test"
MAIL = "anna@example.test"
WORKFLOW = "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/v1"
USERNAME = "1.3.6.1.4.1.57264.1.7"


def certificate(
    *names: str | x509.GeneralName, issuer: str = ISSUER, extensions: tuple[tuple[str, bytes], ...] = (), name: str = ""
) -> x509.Certificate:
    """Return a certificate as a reader reads it."""
    texts = [one for one in names if isinstance(one, str)]
    builder = draft(Wish(name, sans=texts, issuer=issuer, extensions=extensions), ROOT)
    others = [one for one in names if not isinstance(one, str)]
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    return read_certificate(builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER), "it")


def username(value: bytes, kind: str = USERNAME) -> x509.OtherName:
    return x509.OtherName(x509.ObjectIdentifier(kind), value)


def refused_sigstore(one: x509.Certificate) -> str:
    with pytest.raises(Denied) as refusal:
        sigstore_identity(one)
    return refusal.value.message


def refused_pki(one: x509.Certificate) -> str:
    with pytest.raises(Denied) as refusal:
        pki_identity(one, "CN=root")
    return refusal.value.message


# --- Sigstore ------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [MAIL, WORKFLOW, "spiffe://acme.test/ci"])
def test_a_mail_address_and_a_uri_are_subjects(subject):
    assert sigstore_identity(certificate(subject)) == Identity(ISSUER, subject)


def test_a_user_name_is_a_subject():
    assert sigstore_identity(certificate(username(der.text("anna!acme.test")))) == Identity(ISSUER, "anna!acme.test")


def test_one_subject_and_no_choice():
    assert "0 alternative names" in refused_sigstore(certificate())
    assert "2 alternative names" in refused_sigstore(certificate(MAIL, "eve@example.test"))
    assert "2 alternative names" in refused_sigstore(certificate(MAIL, WORKFLOW))
    # The same one twice is two as well.
    assert "2 alternative names" in refused_sigstore(certificate(MAIL, MAIL))
    assert "2 alternative names" in refused_sigstore(certificate(MAIL, "host.example.test"))


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("acme.test"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.DirectoryName(ROOT.certificate.subject),
        username(der.text("anna"), "1.2.3.4"),
        username(der.text("")),
        x509.UniformResourceIdentifier(""),
    ],
)
def test_a_name_of_another_kind_is_nobody(name):
    assert "unknown kind" in refused_sigstore(certificate(name))


def test_the_common_name_is_nobody():
    assert "0 alternative names" in refused_sigstore(certificate(name=MAIL))


def test_the_issuer_is_read_from_both_extensions_and_the_newer_one_counts():
    old = (ISSUER_V1, b"https://old.example.test")
    assert sigstore_identity(certificate(MAIL, issuer="", extensions=(old,))).issuer == "https://old.example.test"
    assert sigstore_identity(certificate(MAIL, extensions=(old,))).issuer == ISSUER


@pytest.mark.parametrize("extensions", [(), ((ISSUER_V1, b""),), ((ISSUER_V2, der.text("")),)])
def test_without_an_issuer_it_is_nobodys(extensions):
    assert "names no issuer" in refused_sigstore(certificate(MAIL, issuer="", extensions=extensions))


def test_an_empty_issuer_does_not_fall_back_to_the_older_extension():
    both = ((ISSUER_V1, b"https://old.example.test"), (ISSUER_V2, der.text("")))
    assert "names no issuer" in refused_sigstore(certificate(MAIL, issuer="", extensions=both))


LONG = "https://" + "a" * 130
LONGER = "https://" + "a" * 300


def url(length: int) -> str:
    return "https://".ljust(length, "a")


def test_an_issuer_that_is_no_url_is_refused():
    # It could be the name of somebody's root, and so the identity of a person of an internal PKI.
    for issuer in ("CN=the root of Acme", "accounts.example", "ftp://issuer.example", " https://issuer.example"):
        assert "is no provider" in refused_sigstore(certificate(MAIL, issuer=issuer))


@pytest.mark.parametrize(
    ("value", "issuer"),
    [
        (der.text(LONG), LONG),
        (der.text(LONGER), LONGER),
        (b"\x0c\x7f" + url(0x7F).encode(), url(0x7F)),
        (b"\x0c\x81\x80" + url(0x80).encode(), url(0x80)),
        (b"\x0c\x81\xff" + url(0xFF).encode(), url(0xFF)),
        (b"\x0c\x82\x01\x00" + url(0x100).encode(), url(0x100)),
        # A second spelling of a length would be a second identity.
        (b"\x0c\x81\x05" + b"https", None),
        (b"\x0c\x82\x00\x85" + b"a" * 0x85, None),
        (b"\x0c\x83\x00\x01\x00" + b"a" * 0x100, None),
        (b"\x0c\x80https\0\0", None),
        (b"\x0c\xff" + b"a" * 20, None),
        # Cut, or followed by more.
        (b"", None),
        (b"\x0c", None),
        (b"\x0c\x81", None),
        (b"\x0c\x82\x01", None),
        (b"\x0c\x05http", None),
        (b"\x0c\x05https ", None),
        (der.text("https://a") + der.text("https://b"), None),
        # Another kind of text, or no text.
        (b"\x13\x05https", None),
        (b"\x16\x05https", None),
        (b"https://bare", None),
        (b"\x0c\x02\xff\xfe", None),
    ],
)
def test_the_issuer_is_one_der_string_whole(value, issuer):
    one = certificate(MAIL, issuer="", extensions=((ISSUER_V2, value),))
    if issuer is None:
        assert "in the certificate is" in refused_sigstore(one)
    else:
        assert sigstore_identity(one).issuer == issuer


def test_an_older_issuer_that_is_no_text_is_refused():
    assert "not text" in refused_sigstore(certificate(MAIL, issuer="", extensions=((ISSUER_V1, b"\xff\xfe"),)))


@pytest.mark.parametrize("value", [b"\x0c\x02\xff\xff", b"\x16\x04anna", b"\x30\x00"])
def test_a_user_name_is_one_der_string(value):
    # What is no DER at all, or more than one value, the library does not even write.
    assert "not text" in refused_sigstore(certificate(username(value)))


def test_the_bound_is_named():
    long = "a" * (MAX_IDENTITY.value + 1)
    assert "MAX_IDENTITY" in refused_sigstore(certificate(MAIL, issuer=f"https://{long}"))
    assert "MAX_IDENTITY" in refused_sigstore(certificate(f"https://{long}"))
    assert "MAX_IDENTITY" in refused_pki(certificate(f"https://{long}"))
    with pytest.raises(Denied, match="MAX_IDENTITY"):
        pki_identity(certificate(MAIL), long)


# --- an internal PKI -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        (("spiffe://corp.test/ci",), "spiffe://corp.test/ci"),
        (("spiffe://corp.test/ci", MAIL, "host.corp.test"), "spiffe://corp.test/ci"),
        ((MAIL, "host.corp.test"), MAIL),
        ((x509.UniformResourceIdentifier("urn:corp:ci"),), "urn:corp:ci"),
        (("host.corp.test",), "CN=worker"),
        ((), "CN=worker"),
    ],
)
def test_the_only_uri_or_mail_address_or_name_is_the_subject(names, subject):
    assert pki_identity(certificate(*names, name="worker"), "CN=root") == Identity("CN=root", subject)


def test_several_of_a_kind_are_nobody():
    assert "several subjects" in refused_pki(certificate("spiffe://corp.test/a", "spiffe://corp.test/b", name="worker"))
    assert "several subjects" in refused_pki(certificate("a@corp.test", "b@corp.test", name="worker"))


def test_an_empty_certificate_is_nobody():
    assert "names nobody" in refused_pki(certificate())
    assert "names nobody" in refused_pki(certificate("host.corp.test"))


@pytest.mark.parametrize(
    "name",
    [
        x509.UniformResourceIdentifier("CN=admin"),
        x509.UniformResourceIdentifier("CN=admin:x"),
        x509.UniformResourceIdentifier(""),
        x509.RFC822Name("CN=admin@corp.test"),
    ],
)
def test_an_alternative_name_cannot_be_somebodys_name(name):
    # Many authorities vouch for the subject, and take alternative names from the request.
    assert "not what its kind says" in refused_pki(certificate(name, name="worker"))


def test_a_name_that_holds_separators_is_not_two_names():
    name = "admin,O=Corp"
    assert pki_identity(certificate(name=name), "CN=root").subject == "CN=admin\\,O=Corp"
    assert pki_identity(certificate(name="a+CN=b\\"), "CN=root").subject == "CN=a\\+CN=b\\\\"


def test_the_extensions_of_sigstore_mean_nothing_in_an_internal_certificate():
    assert pki_identity(certificate(MAIL, issuer=ISSUER), "CN=root") == Identity("CN=root", MAIL)
