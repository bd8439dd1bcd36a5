"""Chains: who vouches for whom, for what, and until when; with everything that a stranger may put between."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_CERTIFICATE, MAX_CHAIN
from govern.trust.anchors import Authority
from govern.trust.certificates import Leaf, check_chain, read_certificate, read_leaf
from support.verify_vectors import der
from support.verify_vectors.certificates import (
    CODE_SIGNING,
    EMAIL,
    SERVER_AUTH,
    TIME_STAMPING,
    Issued,
    Wish,
    draft,
    issue,
)
from support.verify_vectors.keys import key, public
from support.verify_vectors.times import DAY, HOUR, MINUTE, SIGNED, YEAR

ROOT = issue(Wish("root", authority=True))
BRANCH = issue(Wish("branch", authority=True, path_length=0), ROOT)
LEAF = issue(Wish("worker", usages=(CODE_SIGNING,)), BRANCH)
ANY = x509.ObjectIdentifier("2.5.29.37.0")


def leaf_of(issued: Issued, *between: Issued) -> Leaf:
    return read_leaf([issued.der, *(one.der for one in between)])


def authority(issued: Issued = ROOT) -> Authority:
    return Authority(issued.certificate.subject.rfc4514_string(), issued.chain)


def refused(leaf: Leaf, issued: Issued = ROOT, at: datetime = SIGNED) -> str:
    with pytest.raises(Denied) as refusal:
        check_chain(leaf, authority(issued), at)
    assert all((refusal.value.what, refusal.value.got, refusal.value.expected))
    return refusal.value.message


# --- reading -------------------------------------------------------------------------------------


def test_a_leaf_is_read_with_what_came_beside():
    leaf = leaf_of(LEAF, BRANCH)
    assert leaf.key == public(LEAF.key)
    assert leaf.intermediates == (BRANCH.certificate,)
    assert leaf.fingerprint == LEAF.certificate.fingerprint(hashes.SHA256()).hex()
    assert leaf.fingerprint[:16] in leaf.signer_label


@pytest.mark.parametrize("error", [Denied, InvalidInput])
def test_what_is_no_certificate_is_refused(error):
    for data in (b"", b"junk", LEAF.der[:-1], LEAF.der + b"\0", LEAF.certificate.public_bytes(Encoding.PEM)):
        with pytest.raises(error, match=r"X\.509 certificate"):
            read_leaf([data], error)
        with pytest.raises(error, match=r"X\.509 certificate"):
            read_leaf([LEAF.der, data], error)
    with pytest.raises(error):
        read_leaf([], error)


def test_what_other_libraries_read_and_this_one_not_is_a_refusal_and_no_crash():
    version = LEAF.der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)
    assert version != LEAF.der
    with pytest.raises(InvalidInput, match=r"X\.509"):
        read_certificate(version, "a certificate")
    constraints = b"\x06\x03\x55\x1d\x13"
    twice = LEAF.der.replace(b"\x06\x03\x55\x1d\x0f", constraints, 1)
    assert twice.count(constraints) == 2
    with pytest.raises(InvalidInput, match=r"X\.509"):
        read_certificate(twice, "a certificate")


def test_the_bounds_are_named():
    with pytest.raises(Denied, match="MAX_CHAIN"):
        read_leaf([LEAF.der] * (MAX_CHAIN.value + 1))
    with pytest.raises(Denied, match="MAX_CERTIFICATE"):
        read_leaf([LEAF.der + b"\0" * MAX_CERTIFICATE.value])


@pytest.mark.parametrize("kind", ["rsa1024", "p192", "k256"])
def test_a_key_that_is_too_weak_signs_nothing(kind):
    weak = issue(Wish("weak", usages=(CODE_SIGNING,), key=key("weak", kind)), BRANCH)
    with pytest.raises(Denied, match="too weak"):
        leaf_of(weak)


def test_a_key_of_an_unknown_kind_is_a_refusal_and_no_crash():
    unknown = LEAF.der.replace(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.2.9"), 1)
    with pytest.raises(Denied, match="the certificate's key cannot be read"):
        read_leaf([unknown])


# --- chains --------------------------------------------------------------------------------------


def test_a_chain_is_built_from_what_is_there():
    wanted = (LEAF.certificate, BRANCH.certificate, ROOT.certificate)
    assert check_chain(leaf_of(LEAF, BRANCH), authority(), SIGNED) == wanted
    assert check_chain(leaf_of(LEAF), authority(BRANCH), SIGNED) == wanted
    # Whatever else lies beside, in whatever order, the root itself too.
    stray = issue(Wish("stray", authority=True))
    assert check_chain(leaf_of(LEAF, stray, ROOT, BRANCH, LEAF), authority(), SIGNED) == wanted


def test_without_what_is_between_there_is_no_chain():
    assert "not vouched for" in refused(leaf_of(LEAF))
    assert "not vouched for" in refused(leaf_of(LEAF, ROOT))


def test_a_leaf_issues_nothing():
    below = issue(Wish("below", usages=(CODE_SIGNING,)), LEAF)
    assert "not vouched for" in refused(leaf_of(below, LEAF, BRANCH))


def test_an_authority_that_may_issue_leaves_only_issues_no_authority():
    deeper = issue(Wish("deeper", authority=True), BRANCH)
    below = issue(Wish("below", usages=(CODE_SIGNING,)), deeper)
    assert "not vouched for" in refused(leaf_of(below, deeper, BRANCH))


def test_an_authority_by_the_same_name_with_another_key_is_another():
    twin = issue(Wish("branch", authority=True, serial="twin"), issue(Wish("root", authority=True, serial="twin")))
    assert twin.certificate.subject == BRANCH.certificate.subject
    forged = issue(Wish("worker", usages=(CODE_SIGNING,), serial="forged"), twin)
    own_root = read_certificate(twin.above[0].public_bytes(Encoding.DER), "its root")
    assert "not vouched for" in refused(leaf_of(forged, twin, BRANCH))
    assert "not vouched for" in refused(Leaf(forged.certificate, leaf_of(forged).key, (twin.certificate, own_root)))
    # And beside it, it breaks nothing.
    assert check_chain(leaf_of(LEAF, twin, BRANCH), authority(), SIGNED)[-1] == ROOT.certificate


def test_authorities_that_signed_each_other_end_in_a_refusal():
    one = issue(Wish("one", authority=True, key=key("one")))
    two = issue(Wish("two", authority=True, key=key("two")), one)
    back = issue(Wish("one", authority=True, key=key("one")), two)
    leaf = issue(Wish("worker", usages=(CODE_SIGNING,), serial="loop"), back)
    assert "not vouched for" in refused(leaf_of(leaf, back, two, one))


def test_a_root_that_another_root_signed_as_well_is_still_the_root():
    newer = issue(Wish("newer root", authority=True))
    crossed = issue(Wish("root", authority=True, key=ROOT.key, serial="crossed"), newer)
    assert check_chain(leaf_of(LEAF, BRANCH, crossed), authority(), SIGNED)[-1] == ROOT.certificate
    assert check_chain(leaf_of(LEAF, BRANCH, crossed), authority(newer), SIGNED)[-1] == newer.certificate


@pytest.mark.parametrize("which", ["root", "branch", "worker"])
@pytest.mark.parametrize("wrong", ["ended", "not yet"])
def test_everything_in_the_chain_must_be_good_at_the_moment(which, wrong):
    def wish(name: str, **more: Any) -> Wish:
        window: dict[str, Any] = {"end": SIGNED - MINUTE} if wrong == "ended" else {"start": SIGNED + MINUTE}
        return Wish(name, **more, **(window if which == name else {}))

    root = issue(wish("root", authority=True))
    branch = issue(wish("branch", authority=True), root)
    leaf = issue(wish("worker", usages=(CODE_SIGNING,)), branch)
    assert "2026-05-28T20:26:40Z" in refused(leaf_of(leaf, branch), root)
    good = SIGNED - HOUR if wrong == "ended" else SIGNED + HOUR
    assert check_chain(leaf_of(leaf, branch), authority(root), good)


def test_both_ends_of_the_validity_are_in_it():
    leaf = issue(Wish("short", usages=(CODE_SIGNING,), start=SIGNED, end=SIGNED + MINUTE), ROOT)
    for moment in (SIGNED, SIGNED + MINUTE):
        assert check_chain(leaf_of(leaf), authority(), moment)
    for moment in (SIGNED - timedelta(seconds=1), SIGNED + MINUTE + timedelta(seconds=1)):
        refused(leaf_of(leaf), at=moment)


def test_a_moment_is_the_same_in_every_zone():
    leaf = issue(Wish("short", usages=(CODE_SIGNING,), start=SIGNED, end=SIGNED + MINUTE), ROOT)
    for hours in (-11, 14):
        assert check_chain(leaf_of(leaf), authority(), SIGNED.astimezone(timezone(timedelta(hours=hours))))


@pytest.mark.parametrize("year", [1, 1949, 1950, 2050, 9999])
def test_a_moment_far_away_is_a_refusal_and_no_crash(year):
    refused(leaf_of(LEAF, BRANCH), at=datetime(year, 1, 1, tzinfo=UTC))


# --- what it is for ------------------------------------------------------------------------------


@pytest.mark.parametrize("usages", [(), (SERVER_AUTH,), (EMAIL, TIME_STAMPING), (ANY,)])
def test_only_a_certificate_for_signing_signs(usages):
    other = issue(Wish("other", usages=usages), BRANCH)
    assert "not for signing" in refused(leaf_of(other, BRANCH))
    more = issue(Wish("more", usages=(*usages, CODE_SIGNING)), BRANCH)
    assert check_chain(leaf_of(more, BRANCH), authority(), SIGNED)


def test_a_key_for_something_else_than_signatures_signs_nothing():
    agreeing = issue(Wish("agreeing", usages=(CODE_SIGNING,), signs=False), BRANCH)
    assert "not for signatures" in refused(leaf_of(agreeing, BRANCH))


@pytest.mark.parametrize("usages", [(SERVER_AUTH,), (EMAIL, TIME_STAMPING)])
def test_an_authority_for_something_else_makes_no_signers(usages):
    cluster = issue(Wish("cluster", authority=True, usages=usages), ROOT)
    leaf = issue(Wish("worker", usages=(CODE_SIGNING,), serial="cluster"), cluster)
    message = refused(leaf_of(leaf, cluster))
    assert "may not issue certificates for signing" in message
    assert "CN=cluster" in message


@pytest.mark.parametrize("usages", [(), (CODE_SIGNING,), (SERVER_AUTH, CODE_SIGNING), (ANY,)])
def test_an_authority_for_everything_or_for_signing_makes_signers(usages):
    wide = issue(Wish("wide", authority=True, usages=usages), ROOT)
    assert check_chain(leaf_of(issue(Wish("worker", usages=(CODE_SIGNING,)), wide), wide), authority(), SIGNED)


def test_neither_root_nor_intermediate_signs_itself():
    for one in (ROOT, BRANCH):
        assert "not vouched for" in refused(leaf_of(one, BRANCH))


@pytest.mark.parametrize(
    "name",
    [
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), der.text("anna!corp.test")),
        x509.DirectoryName(x509.Name([])),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.UniformResourceIdentifier("not a uri at all"),
        x509.RFC822Name("a@b"),
    ],
)
def test_names_of_every_kind_end_in_a_yes_or_a_refusal(name):
    builder = draft(Wish("named", usages=(CODE_SIGNING,)), BRANCH)
    builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    made = builder.sign(BRANCH.key, hashes.SHA256())
    leaf = read_leaf([made.public_bytes(Encoding.DER), BRANCH.der])
    with contextlib.suppress(Denied):
        assert check_chain(leaf, authority(), SIGNED)


def test_a_constraint_on_names_holds():
    narrow = draft(Wish("narrow", authority=True), ROOT).add_extension(
        x509.NameConstraints([x509.DNSName("corp.test")], None), critical=True
    )
    branch = Issued(narrow.sign(ROOT.key, hashes.SHA256()), key("certificate narrow "), ROOT.chain)
    inside = issue(Wish("in", sans=("ci.corp.test",), usages=(CODE_SIGNING,)), branch)
    outside = issue(Wish("out", sans=("ci.other.test",), usages=(CODE_SIGNING,)), branch)
    assert check_chain(leaf_of(inside, branch), authority(), SIGNED)
    assert "not vouched for" in refused(leaf_of(outside, branch))


def test_the_chain_does_not_end_in_what_the_signer_brought():
    mine = issue(Wish("mine", authority=True))
    leaf = issue(Wish("worker", usages=(CODE_SIGNING,), serial="mine"), mine)
    assert "expected a chain to CN=root" in refused(leaf_of(leaf, mine))


def test_the_most_that_anybody_may_bring_is_judged_in_little_time():
    # Each has the name of the issuer, so each is tried.
    same = [issue(Wish("branch", authority=True, serial=str(number)), ROOT) for number in range(MAX_CHAIN.value - 1)]
    leaf = issue(Wish("worker", usages=(CODE_SIGNING,), key=key("w", "p256"), end=SIGNED + DAY), same[-1])
    assert check_chain(leaf_of(leaf, *same), authority(), SIGNED)
    forged = issue(Wish("worker", usages=(CODE_SIGNING,), end=SIGNED + YEAR), issue(Wish("branch", authority=True)))
    assert isinstance(forged.key, ec.EllipticCurvePrivateKey)
    assert "not vouched for" in refused(leaf_of(forged, *same))
