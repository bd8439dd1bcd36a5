"""Certificates and revocation lists as people keep them: what is not what it should be says so, and never crashes."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_CHAIN, MAX_KEY_FILE, MAX_REVOCATION_LIST
from govern.trust.pem import read_authority_root, read_chain, read_revocation_list, read_timestamp_chain
from support.verify_vectors import der
from support.verify_vectors.certificates import CODE_SIGNING, TIME_STAMPING, Wish, issue, revocation_list, to_pem
from support.verify_vectors.keys import key, pem
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import SIGNED, YEAR

ROOT = issue(Wish("root", authority=True))
BRANCH = issue(Wish("branch", authority=True), ROOT)
LEAF = issue(Wish("worker", usages=(CODE_SIGNING,)), BRANCH)
CLOCK = stamper("clock").signer


def armoured(data: bytes, label: str = "CERTIFICATE") -> bytes:
    import base64

    return f"-----BEGIN {label}-----\n{base64.b64encode(data).decode()}\n-----END {label}-----\n".encode()


def private() -> bytes:
    return key("x").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


# --- chains --------------------------------------------------------------------------------------


def test_certificates_come_in_the_order_of_the_file():
    data = f"# people write comments\r\n{LEAF.chain_pem}\n".encode()
    assert read_chain(data, "it") == LEAF.chain


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"just text",
        LEAF.der,
        pem(key("x")).encode(),
        b"-----BEGIN CERTIFICATE-----\n",
        armoured(b"junk"),
        armoured(LEAF.der[:-1]),
        armoured(LEAF.der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)),
        # A kind of key that nobody knows would crash whoever compares roots.
        armoured(ROOT.der.replace(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.2.9"), 1)),
        ROOT.pem.encode() + armoured(b"junk"),
    ],
)
@pytest.mark.parametrize("error", [InvalidInput, Denied])
def test_what_is_no_chain_is_refused(data, error):
    with pytest.raises(error, match=r"^the file cannot be read: got .*, expected PEM certificates"):
        read_chain(data, "the file", error)


def test_a_private_key_beside_is_pointed_out_and_not_shown():
    with pytest.raises(InvalidInput, match="holds a private key") as refusal:
        read_chain(LEAF.pem.encode() + private(), "it")
    assert refusal.value.hint == "take the key out of the file"
    assert private().decode().splitlines()[1] not in refusal.value.message


def test_the_bounds_of_a_chain_are_named():
    with pytest.raises(InvalidInput, match="MAX_CHAIN"):
        read_chain(LEAF.pem.encode() * (MAX_CHAIN.value + 1), "it")
    with pytest.raises(InvalidInput, match="MAX_KEY_FILE"):
        read_chain(b"#" * (MAX_KEY_FILE.value + 1), "it")


# --- roots ---------------------------------------------------------------------------------------


def test_a_root_is_one_certificate_that_issued_itself():
    assert read_authority_root(ROOT.pem.encode(), "it") == ROOT.certificate
    with pytest.raises(InvalidInput, match="2 certificates, expected the root alone"):
        read_authority_root(BRANCH.chain_pem.encode(), "it")
    own = issue(Wish("self-made", usages=(CODE_SIGNING,)))
    bare = _bare_root()
    for one in (BRANCH.pem, LEAF.pem, own.pem, bare):
        with pytest.raises(InvalidInput, match=r"not the root of an authority.*CA:TRUE"):
            read_authority_root(one.encode(), "it")


def _bare_root() -> str:
    """Return a certificate of the first version's days: it does not say what it may."""
    name, own = x509.Name([]), key("bare")
    builder = x509.CertificateBuilder(name, name, own.public_key(), 1, SIGNED - YEAR, SIGNED + YEAR)
    return builder.sign(own, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


# --- timestamp authorities -----------------------------------------------------------------------


def test_a_timestamp_authority_begins_with_who_signs():
    found = read_timestamp_chain(CLOCK.chain_pem.encode(), "it")
    assert (found.name, found.chain, found.root) == ("CN=clock", CLOCK.chain, CLOCK.above[0])


@pytest.mark.parametrize(
    "chain",
    [
        CLOCK.pem,
        to_pem(*reversed(CLOCK.chain)),
        LEAF.chain_pem,
        ROOT.pem,
    ],
)
def test_what_does_not_begin_with_one_that_timestamps_is_refused(chain):
    with pytest.raises(InvalidInput, match="does not begin with a certificate that timestamps") as refusal:
        read_timestamp_chain(chain.encode(), "it")
    assert "certchain" in refusal.value.hint


def test_a_chain_whose_parts_do_not_belong_together_is_refused():
    # It would verify nothing, and nobody would be told.
    middle = issue(Wish("middle", authority=True), ROOT)
    clock = issue(Wish("clock", usages=(TIME_STAMPING,), critical_usage=True), middle)
    assert read_timestamp_chain(clock.chain_pem.encode(), "it").chain == clock.chain
    for wrong in ((clock, ROOT, middle), (clock, ROOT), (clock, BRANCH, ROOT)):
        with pytest.raises(InvalidInput, match=r"is not a chain.*CN=middle") as refusal:
            read_timestamp_chain(to_pem(*(one.certificate for one in wrong)).encode(), "it")
        assert "the root last" in refusal.value.hint


# --- revocation lists ----------------------------------------------------------------------------

LIST = revocation_list(BRANCH, [(LEAF.certificate, SIGNED)]).encode()


def scoped(*extensions: x509.ExtensionType, critical: bool = True) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(BRANCH.certificate.subject)
    builder = builder.last_update(SIGNED).next_update(SIGNED + YEAR)
    for one in extensions:
        builder = builder.add_extension(one, critical=critical)
    return builder.sign(BRANCH.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    parts: dict[str, object] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False,
        "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**(parts | changes))  # type: ignore[arg-type]


def test_a_list_is_read_in_both_forms():
    found = read_revocation_list(LIST, "it")
    assert len(found) == 1
    assert read_revocation_list(found.public_bytes(Encoding.DER), "it") == found
    assert read_revocation_list(b"# with a comment\n" + LIST, "it") == found


@pytest.mark.parametrize("data", [b"", b"junk", LIST[:-40], ROOT.pem.encode(), ROOT.der, armoured(b"junk", "X509 CRL")])
def test_what_is_no_list_is_refused(data):
    with pytest.raises(InvalidInput, match=r"^the list cannot be read: got .*, expected a revocation list"):
        read_revocation_list(data, "the list")
    with pytest.raises(Denied):
        read_revocation_list(data, "the list", Denied)


def test_the_bound_of_a_list_is_named():
    with pytest.raises(InvalidInput, match="MAX_REVOCATION_LIST"):
        read_revocation_list(b"\0" * (MAX_REVOCATION_LIST.value + 1), "it")


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        scope(indirect_crl=True),
        scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
    ],
)
def test_a_list_that_must_be_read_in_another_way_is_refused(extension):
    # A delta silent about a certificate says nothing; an indirect list names certificates of others by number.
    with pytest.raises(InvalidInput, match="does not speak for one authority: got the critical extension"):
        read_revocation_list(scoped(extension), "it")


def test_a_list_of_one_kind_of_certificates_is_taken():
    assert read_revocation_list(scoped(scope(only_contains_user_certs=True)), "it") is not None
    assert read_revocation_list(scoped(x509.CRLNumber(1), critical=False), "it") is not None
