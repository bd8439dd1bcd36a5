"""What an authority took back: by its own list alone, and from the moment on that it says."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from govern.errors import Denied
from govern.trust.revocation import check_not_revoked
from support.verify_vectors.certificates import CODE_SIGNING, Issued, Wish, issue, revocation_list
from support.verify_vectors.keys import PrivateKey, key
from support.verify_vectors.times import DAY, HOUR, SIGNED, YEAR

ROOT = issue(Wish("root", authority=True))
BRANCH = issue(Wish("branch", authority=True), ROOT)
LEAF = issue(Wish("worker", usages=(CODE_SIGNING,)), BRANCH)
CHAIN = LEAF.chain
SECOND = timedelta(seconds=1)


def listed(issuer: Issued, *revoked: tuple[Issued, datetime]) -> x509.CertificateRevocationList:
    text = revocation_list(issuer, [(one.certificate, at) for one, at in revoked])
    return x509.load_pem_x509_crl(text.encode())


def entries(
    issuer: Issued, signing: PrivateKey | None, *extensions: x509.ExtensionType, at: datetime = SIGNED
) -> x509.CertificateRevocationList:
    """Return a list with one entry, of the leaf."""
    entry = x509.RevokedCertificateBuilder().serial_number(LEAF.certificate.serial_number).revocation_date(at)
    for one in extensions:
        entry = entry.add_extension(one, critical=False)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(SIGNED).next_update(SIGNED + YEAR).add_revoked_certificate(entry.build())
    return builder.sign(signing or issuer.key, hashes.SHA256())


def refused(*lists: x509.CertificateRevocationList, at: datetime = SIGNED) -> Denied:
    with pytest.raises(Denied) as refusal:
        check_not_revoked(CHAIN, lists, at)
    assert all((refusal.value.got, refusal.value.expected, refusal.value.hint))
    return refusal.value


def test_what_no_list_speaks_for_is_said():
    assert check_not_revoked(CHAIN, [], SIGNED) == (0, 2)
    assert check_not_revoked(CHAIN, [listed(BRANCH)], SIGNED) == (1, 2)
    assert check_not_revoked(CHAIN, [listed(BRANCH), listed(ROOT), listed(ROOT)], SIGNED) == (2, 2)
    assert check_not_revoked(CHAIN[-1:], [listed(ROOT)], SIGNED) == (0, 0)
    assert check_not_revoked((), [listed(ROOT)], SIGNED) == (0, 0)


def test_from_the_moment_on_it_is_revoked():
    for at in (SIGNED, SIGNED + SECOND, SIGNED + YEAR):
        assert "CN=worker, revoked 2026-05-28T20:26:40Z" in refused(listed(BRANCH, (LEAF, SIGNED)), at=at).got
    assert check_not_revoked(CHAIN, [listed(BRANCH, (LEAF, SIGNED))], SIGNED - SECOND)


def test_an_intermediate_is_revoked_as_well():
    assert "CN=branch" in refused(listed(BRANCH), listed(ROOT, (BRANCH, SIGNED))).got


def test_the_first_list_that_is_silent_does_not_hide_the_second():
    assert "CN=worker" in refused(listed(BRANCH), listed(BRANCH, (LEAF, SIGNED))).got


def test_another_certificate_in_the_list_is_another():
    other = issue(Wish("other"), BRANCH)
    assert check_not_revoked(CHAIN, [listed(BRANCH, (other, SIGNED))], SIGNED) == (1, 2)


def test_only_the_issuer_in_the_chain_takes_back():
    # The root did not issue the leaf: its list says nothing of the leaf's number.
    assert check_not_revoked(CHAIN, [listed(ROOT, (LEAF, SIGNED))], SIGNED) == (1, 2)
    # Another authority of the same name cannot revoke, and cannot vouch by silence either.
    twin = issue(Wish("branch", authority=True, serial="twin"), issue(Wish("root", authority=True, serial="twin")))
    assert check_not_revoked(CHAIN, [listed(twin, (LEAF, SIGNED))], SIGNED) == (0, 2)
    assert check_not_revoked(CHAIN, [listed(twin)], SIGNED) == (0, 2)
    # Nor the same key under another name: its numbers are other certificates.
    renamed = issue(Wish("renamed", authority=True, key=BRANCH.key), ROOT)
    assert check_not_revoked(CHAIN, [entries(renamed, None)], SIGNED) == (0, 2)
    # Nor a list in its name that somebody else signed.
    assert check_not_revoked(CHAIN, [entries(BRANCH, LEAF.key)], SIGNED) == (0, 2)


def test_a_key_that_was_stolen_before_anybody_heard_of_it_counts_from_then():
    invalid = x509.InvalidityDate((SIGNED - DAY).replace(tzinfo=None))
    one = entries(BRANCH, None, x509.CRLReason(x509.ReasonFlags.key_compromise), invalid)
    assert "revoked 2026-05-27" in refused(one, at=SIGNED - HOUR).got
    assert check_not_revoked(CHAIN, [one], SIGNED - 2 * DAY) == (1, 2)
    # A later one takes nothing from the date of the revocation.
    later = entries(BRANCH, None, x509.InvalidityDate((SIGNED + DAY).replace(tzinfo=None)))
    assert "revoked 2026-05-28" in refused(later).got


@pytest.mark.parametrize("reason", [one for one in x509.ReasonFlags if one is not x509.ReasonFlags.unspecified])
def test_every_reason_is_one(reason):
    assert refused(entries(BRANCH, None, x509.CRLReason(reason)))


def test_a_list_is_not_of_an_authority_with_a_key_of_another_kind():
    for kind in ("ed25519", "p384"):
        other = issue(Wish("branch", authority=True, key=key("another kind", kind), serial=kind), ROOT)
        chain = (LEAF.certificate, other.certificate, ROOT.certificate)
        assert check_not_revoked(chain, [entries(BRANCH, None)], SIGNED) == (0, 2)
