"""Anchors in files: what each file must be, and that a revocation list is neither old nor for nobody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from govern.errors import InvalidInput, Undecided, UsageError
from govern.limits import MAX_KEY_FILE, MAX_REVOCATION_LIST, MAX_TRUSTED_ROOT
from govern.operations.trust_files import (
    TrustFiles,
    load_revocation_lists,
    load_trust,
    refuse_empty,
    with_revocations,
)
from govern.trust.anchors import Pki, Trust
from govern.trust.identity import Identity
from support.verify_vectors import der
from support.verify_vectors.certificates import CODE_SIGNING, Wish, issue, revocation_list
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import DAY, SIGNED, YEAR

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "transparency"
INSTANCE = VECTORS / "trusted_root.json"
ROOT = issue(Wish("root", authority=True))
OTHER = issue(Wish("other", authority=True))
LEAF = issue(Wish("worker", usages=(CODE_SIGNING,)), ROOT)
CLOCK = stamper("clock").signer


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


# --- anchors -------------------------------------------------------------------------------------


def test_no_file_is_no_trust():
    assert not TrustFiles()
    assert load_trust(TrustFiles()) == Trust()


def test_every_file_becomes_its_anchors(tmp_path: Path):
    files = TrustFiles(
        (INSTANCE,),
        (written(tmp_path, "roots.pem", ROOT.pem + OTHER.pem),),
        (written(tmp_path, "clock.pem", CLOCK.chain_pem),),
    )
    assert files
    found = load_trust(files)
    assert [len(one.logs) for one in found.roots] == [1]
    assert [one.name for one in found.pkis] == ["CN=root", "CN=other"]
    assert [one.chain for one in found.timestamp_authorities] == [CLOCK.chain]
    assert (found.keys, found.logs) == ({}, ())


@pytest.mark.parametrize("part", ["trusted_roots", "ca_roots", "timestamp_chains"])
@pytest.mark.parametrize("content", [b"", b"junk", CLOCK.der, LEAF.pem.encode()])
def test_a_file_that_is_something_else_is_the_users_own_fault(tmp_path: Path, part: str, content: bytes):
    file = written(tmp_path, "it", content)
    with pytest.raises(InvalidInput) as refusal:
        load_trust(TrustFiles(**{part: (file,)}))
    # Of several files it says which.
    assert str(file) in refusal.value.message
    assert refusal.value.expected


@pytest.mark.parametrize("part", ["trusted_roots", "ca_roots", "timestamp_chains"])
def test_a_file_that_is_not_there_or_too_large_is_told(tmp_path: Path, part: str):
    gone = tmp_path / "gone"
    with pytest.raises(InvalidInput, match=r"cannot be read: got .*gone.*No such file"):
        load_trust(TrustFiles(**{part: (gone,)}))
    with pytest.raises(InvalidInput, match="Is a directory"):
        load_trust(TrustFiles(**{part: (tmp_path,)}))
    bound = MAX_TRUSTED_ROOT if part == "trusted_roots" else MAX_KEY_FILE
    with pytest.raises(InvalidInput, match=bound.name):
        load_trust(TrustFiles(**{part: (written(tmp_path, "large", b" " * (bound.value + 1)),)}))


def test_an_intermediate_among_the_roots_is_pointed_out(tmp_path: Path):
    branch = issue(Wish("branch", authority=True), ROOT)
    with pytest.raises(InvalidInput, match="not the root of an authority: got CN=branch"):
        load_trust(TrustFiles(ca_roots=(written(tmp_path, "chain.pem", branch.chain_pem),)))


def test_two_roots_of_one_name_in_two_files_are_refused(tmp_path: Path):
    twin = issue(Wish("root", authority=True, serial="twin"))
    files = (written(tmp_path, "a.pem", ROOT.pem), written(tmp_path, "b.pem", twin.pem))
    with pytest.raises(InvalidInput, match="--ca-roots trusts two authorities of one name"):
        load_trust(TrustFiles(ca_roots=files))
    assert len(load_trust(TrustFiles(ca_roots=(files[0], files[0]))).pkis) == 2


# --- revocation lists ----------------------------------------------------------------------------


def without_next_update(issuer_key: object) -> bytes:
    """Return a list that does not say until when it is good; no library here writes one."""
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    usual = x509.load_pem_x509_crl(revocation_list(ROOT, []).encode())
    body = usual.tbs_certlist_bytes
    end = usual.next_update_utc
    assert end is not None
    written = der.item(0x17, end.strftime("%y%m%d%H%M%SZ").encode())
    assert body.count(written) == 1
    # The header of the body is written anew around what is left.
    start = 4 if body[1] & 0x80 and body[1] & 0x7F == 2 else 3 if body[1] & 0x80 else 2
    shorter = der.item(0x30, body[start:].replace(written, b""))
    algorithm = der.sequence(der.oid("1.2.840.10045.4.3.2"))
    signature = issuer_key.sign(shorter, ec.ECDSA(hashes.SHA256()))
    return der.sequence(shorter, algorithm, der.item(0x03, b"\0" + signature))


def test_lists_are_read_in_both_forms(tmp_path: Path):
    text = revocation_list(ROOT, [(LEAF.certificate, SIGNED)])
    raw = x509.load_pem_x509_crl(text.encode()).public_bytes(Encoding.DER)
    files = [written(tmp_path, "a.pem", text), written(tmp_path, "a.der", raw)]
    assert [len(one) for one in load_revocation_lists(files, SIGNED)] == [1, 1]
    assert load_revocation_lists([], SIGNED) == ()


def test_a_list_that_is_out_of_date_says_nothing_of_today(tmp_path: Path):
    file = written(tmp_path, "old.pem", revocation_list(ROOT, [], end=SIGNED + DAY))
    assert load_revocation_lists([file], SIGNED + DAY)
    with pytest.raises(Undecided, match="out of date: got good until 2026-05-29") as refusal:
        load_revocation_lists([file], SIGNED + DAY + timedelta(seconds=1))
    assert refusal.value.hint == "fetch the authority's newest list"
    assert str(file) in refusal.value.message


def test_a_list_that_would_be_good_for_ever_is_good_for_nothing(tmp_path: Path):
    data = without_next_update(ROOT.key)
    made = x509.load_der_x509_crl(data)
    assert made.next_update_utc is None
    public = ROOT.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert made.is_signature_valid(public)
    with pytest.raises(Undecided, match="does not say until when it is good"):
        load_revocation_lists([written(tmp_path, "ever.der", data)], SIGNED)


@pytest.mark.parametrize("content", [b"", b"junk", ROOT.pem.encode()])
def test_what_is_no_list_is_the_users_own_fault(tmp_path: Path, content: bytes):
    file = written(tmp_path, "it", content)
    with pytest.raises(InvalidInput, match="cannot be read") as refusal:
        load_revocation_lists([file], SIGNED)
    assert str(file) in refusal.value.message
    with pytest.raises(InvalidInput, match="No such file"):
        load_revocation_lists([tmp_path / "gone"], SIGNED)


def test_the_bound_of_a_list_is_named(tmp_path: Path):
    with pytest.raises(InvalidInput, match="MAX_REVOCATION_LIST"):
        load_revocation_lists([written(tmp_path, "large", b"\0" * (MAX_REVOCATION_LIST.value + 1))], SIGNED)


def test_lists_reach_every_internal_authority(tmp_path: Path):
    lists = load_revocation_lists([written(tmp_path, "a", revocation_list(ROOT, [], end=SIGNED + YEAR))], SIGNED)
    trust = Trust(pkis=(Pki(ROOT.certificate), Pki(OTHER.certificate)))
    assert [one.revocation_lists for one in with_revocations(trust, lists).pkis] == [lists, lists]
    assert with_revocations(Trust(), ()) == Trust()


def test_a_list_for_nobody_is_a_mistake(tmp_path: Path):
    lists = load_revocation_lists([written(tmp_path, "a", revocation_list(ROOT, []))], SIGNED)
    with pytest.raises(UsageError, match="no internal PKI is trusted: expected"):
        with_revocations(Trust(), lists)


# --- identities ----------------------------------------------------------------------------------


def test_an_identity_that_nobody_could_prove_is_a_mistake():
    anna = [Identity("https://accounts.example.test", "anna@example.test")]
    for files in (TrustFiles(), TrustFiles(timestamp_chains=(Path("x"),))):
        with pytest.raises(InvalidInput, match="no authority that could prove it"):
            refuse_empty(files, anna)
    refuse_empty(TrustFiles(trusted_roots=(Path("x"),)), anna)
    refuse_empty(TrustFiles(ca_roots=(Path("x"),)), anna)
    refuse_empty(TrustFiles(), [])
