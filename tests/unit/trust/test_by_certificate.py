"""Records signed with certificates: every way to borrow a certificate, a clock or a log that is not one's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from govern.intoto.bundle import Bundle, CertificateChain
from govern.trust.anchors import Authority, Pki, Trust, Window
from govern.trust.authentic import Authentic
from govern.trust.authenticate import authenticate
from govern.trust.identity import Identity, Voice
from govern.trust.records import Check
from support.tiny_log import TinyLog
from support.tiny_pki import BRANCH, CLOCK, CORP, WORKER, corporate, pki_signed, refused
from support.tiny_sigstore import (
    ISSUER,
    MAIL,
    TinySigstore,
    authority_of,
    entry_of,
    signature_in,
    signed_bundle,
)
from support.verify_vectors.certificates import (
    CODE_SIGNING,
    SERVER_AUTH,
    PromiseLog,
    Wish,
    issue,
    revocation_list,
)
from support.verify_vectors.keys import key
from support.verify_vectors.times import DAY, HOUR, MINUTE, SIGNED, YEAR

INSTANCE = TinySigstore()
OTHER = TinySigstore("another", PromiseLog("another certificate log"), TinyLog(origin="other.example.test"))


def made(found: Authentic) -> dict[str, bool]:
    return {one.step: one.made for one in found.checks}


# --- Sigstore ------------------------------------------------------------------------------------


@pytest.mark.parametrize("generation", [1, 2])
def test_an_identity_is_proven(generation):
    found = authenticate(INSTANCE.sign(generation=generation), Trust(roots=(INSTANCE.trusted(),)), None)
    assert found.voice == Voice.of(Identity(ISSUER, MAIL))
    assert found.times[0].at.replace(microsecond=0) == SIGNED
    assert found.logged
    assert set(made(found).values()) == {True}


def test_a_log_of_the_first_generation_is_a_clock():
    found = authenticate(INSTANCE.sign(after=None, generation=1), Trust(roots=(INSTANCE.trusted(),)), None)
    assert [one.source for one in found.times] == ["log"]


def test_of_a_log_and_a_timestamp_the_earlier_one_is_when_it_was_signed():
    for after in (-timedelta(seconds=30), timedelta(seconds=30)):
        found = authenticate(INSTANCE.sign(after=after, generation=1), Trust(roots=(INSTANCE.trusted(),)), None)
        assert [one.at for one in found.times] == sorted([SIGNED, SIGNED + after])


def test_without_a_trusted_time_nobody_can_say_that_the_certificate_was_good():
    trust = Trust(roots=(INSTANCE.trusted(),))
    assert "nothing says when the certificate signed" in refused(INSTANCE.sign(after=None), trust)
    # The moment that is asked about is no time of signing.
    assert "nothing says when" in refused(INSTANCE.sign(after=None), trust, SIGNED)


@pytest.mark.parametrize("after", [-2 * MINUTE, 10 * MINUTE])
def test_a_time_outside_of_the_certificates_minutes_refuses(after):
    assert "expected a chain to" in refused(INSTANCE.sign(after=after), Trust(roots=(INSTANCE.trusted(),)))


def test_every_time_must_be_in_the_certificates_minutes():
    bundle = INSTANCE.sign()
    late = INSTANCE.stamper.stamp(signature_in(bundle), SIGNED + DAY)
    assert "expected a chain to" in refused(
        replace(bundle, timestamps=(*bundle.timestamps, late)), Trust(roots=(INSTANCE.trusted(),))
    )


def test_parts_of_two_instances_do_not_vouch_for_each_other():
    mine, foreign = INSTANCE.trusted(), OTHER.trusted()
    assert authenticate(INSTANCE.sign(), Trust(roots=(foreign, mine)), None).voice.identity == Identity(ISSUER, MAIL)
    for part in ("certificate_logs", "logs", "timestamp_authorities", "certificate_authorities"):
        mixed = replace(mine, **{part: getattr(foreign, part)})
        refused(INSTANCE.sign(), Trust(roots=(mixed, foreign)))
        # Nor what is pinned beside them, for keys.
        beside = Trust(roots=(mixed,), timestamp_authorities=mine.timestamp_authorities, logs=mine.logs)
        refused(INSTANCE.sign(), beside)


def test_the_entry_is_asked_for_where_the_instance_has_a_log():
    assert "in no trusted log" in refused(INSTANCE.sign(generation=None), Trust(roots=(INSTANCE.trusted(),)))
    unlogged = INSTANCE.trusted(logs=())
    assert not authenticate(INSTANCE.sign(generation=None), Trust(roots=(unlogged,)), None).logged


def test_an_entry_of_another_record_is_refused():
    other = signed_bundle(INSTANCE.leaf().key, [INSTANCE.leaf().der], payload=json.dumps({"another": 1}).encode())
    entry = entry_of(INSTANCE.log, other, INSTANCE.leaf().der)
    refused(replace(INSTANCE.sign(), log_entries=(entry,)), Trust(roots=(INSTANCE.trusted(),)))


def test_a_certificate_that_was_never_promised_to_a_pinned_log_is_refused():
    elsewhere = INSTANCE.leaf(promised=PromiseLog("an unknown log"))
    trust = Trust(roots=(INSTANCE.trusted(),))
    assert "no pinned log promised" in refused(INSTANCE.sign(elsewhere), trust)
    bare = issue(replace(_wish(), name=""), INSTANCE.issuing)
    assert "never logged" in refused(INSTANCE.sign(bare), trust)


def _wish() -> Wish:
    return Wish("x", sans=(MAIL,), usages=(CODE_SIGNING,), issuer=ISSUER, start=SIGNED - MINUTE, end=SIGNED + MINUTE)


def test_an_authority_counts_only_in_its_window():
    for window in (Window(SIGNED + MINUTE), Window(None, SIGNED - MINUTE)):
        root = INSTANCE.trusted(certificate_authorities=(authority_of(INSTANCE.issuing, window),))
        assert "no certificate authority of the trusted root counts" in refused(INSTANCE.sign(), Trust(roots=(root,)))
    # An authority that was pinned for two windows counts in either.
    twice = (
        authority_of(INSTANCE.issuing, Window(None, SIGNED - DAY)),
        authority_of(INSTANCE.issuing, Window(SIGNED - HOUR)),
    )
    authenticate(INSTANCE.sign(), Trust(roots=(INSTANCE.trusted(certificate_authorities=twice),)), None)


@pytest.mark.parametrize("name", ["a stray authority", "sigstore intermediate"])
def test_intermediates_that_a_bundle_brings_are_not_looked_at_under_sigstore(name):
    # The root issued another authority once, perhaps by the same name. The instance does not list it.
    stray = issue(Wish(name, authority=True, usages=(CODE_SIGNING,), serial="stray"), INSTANCE.root)
    leaf = issue(replace(_wish(), name=""), stray, INSTANCE.promised)
    bare = signed_bundle(leaf.key, [leaf.der])
    proofs: dict[str, Any] = {
        "stamps": [INSTANCE.stamper.stamp(signature_in(bare), SIGNED)],
        "entries": [entry_of(INSTANCE.log, bare, leaf.der)],
    }
    trust = Trust(roots=(INSTANCE.trusted(),))
    for above in ([stray], [stray, INSTANCE.issuing, INSTANCE.root]):
        chain = [leaf.der, *(one.der for one in above)]
        refused(signed_bundle(leaf.key, chain, **proofs), trust)
    listed = INSTANCE.trusted(certificate_authorities=(authority_of(stray),))
    authenticate(signed_bundle(leaf.key, [leaf.der], **proofs), Trust(roots=(listed,)), None)


def test_a_certificate_pinned_as_if_it_were_an_authority_vouches_for_nobody():
    alone = issue(replace(_wish(), name="self-made"), None)
    bare = signed_bundle(alone.key, [alone.der])
    stamps = [INSTANCE.stamper.stamp(signature_in(bare), SIGNED)]
    entries = [entry_of(INSTANCE.log, bare, alone.der)]
    pinned = INSTANCE.trusted(certificate_authorities=(Authority("self-made", (alone.certificate,)),))
    message = refused(signed_bundle(alone.key, [alone.der], stamps=stamps, entries=entries), Trust(roots=(pinned,)))
    assert "issued by nobody" in message


def test_a_certificate_of_another_key_is_refused_before_anybody_is_asked():
    leaf = INSTANCE.leaf()
    stolen = signed_bundle(key("thief"), [leaf.der])
    assert "does not belong" in refused(stolen, Trust(roots=(INSTANCE.trusted(),)))


# --- an internal PKI -----------------------------------------------------------------------------


def test_an_internal_certificate_is_proven_at_its_trusted_time():
    found = authenticate(pki_signed(), corporate(), None)
    assert found.voice.identity == Identity("CN=the corporate root", "spiffe://corp.test/worker")
    assert found.times[0].at == SIGNED
    assert made(found)["transparency log"] is False
    # Long after the certificate's end as well: what counts is when it signed.
    assert authenticate(pki_signed(), corporate(), SIGNED + 50 * YEAR).voice == found.voice


def test_without_a_trusted_time_it_must_be_good_at_the_moment_asked_about():
    bundle = pki_signed(after=None)
    assert "nothing says when" in refused(bundle, corporate())
    found = authenticate(bundle, corporate(), SIGNED)
    assert found.times == ()
    assert "good at 2026-05-28T20:26:40Z, the moment asked about" in found.checks[4].detail
    assert "expected a chain" in refused(bundle, corporate(), SIGNED + 2 * YEAR)
    assert "expected a chain" in refused(bundle, corporate(), SIGNED - 2 * YEAR)


def test_a_strangers_timestamp_is_not_a_trusted_time():
    bundle = pki_signed()
    assert "nothing says when" in refused(bundle, corporate(clock=False))
    assert authenticate(bundle, corporate(clock=False), SIGNED).times == ()


def test_the_earliest_time_is_the_one_that_must_be_good():
    new = issue(Wish("worker", sans=("spiffe://corp.test/worker",), usages=(CODE_SIGNING,), start=SIGNED), BRANCH)
    bundle = pki_signed(new, after=-HOUR)
    now = CLOCK.stamp(signature_in(bundle), SIGNED)
    # It was there before the certificate was: it was signed with the key, not with the certificate.
    assert "expected a chain" in refused(replace(bundle, timestamps=(*bundle.timestamps, now)), corporate())


def test_what_was_revoked_later_was_good_then():
    listed = revocation_list(BRANCH, [(WORKER.certificate, SIGNED + HOUR)])
    found = authenticate(pki_signed(), corporate(listed), None)
    assert Check("revocation", False, "lists for 1 of 2 certificates") in found.checks
    for moment in (SIGNED, SIGNED - HOUR):
        listed = revocation_list(BRANCH, [(WORKER.certificate, moment)])
        assert "the certificate was revoked" in refused(pki_signed(), corporate(listed))
    # An intermediate too.
    listed = revocation_list(CORP, [(BRANCH.certificate, SIGNED - HOUR)])
    assert "the certificate was revoked" in refused(pki_signed(), corporate(listed))
    # And without a trusted time it counts at the moment asked about.
    listed = revocation_list(BRANCH, [(WORKER.certificate, SIGNED + HOUR)])
    assert "was revoked" in refused(pki_signed(after=None), corporate(listed), SIGNED + DAY)


def test_another_root_of_the_same_name_vouches_for_nobody():
    twin = issue(Wish("the corporate root", authority=True, serial="twin"))
    assert twin.certificate.subject == CORP.certificate.subject
    forged = issue(Wish("worker", sans=("spiffe://corp.test/worker",), usages=(CODE_SIGNING,), serial="f"), twin)
    for above in (0, 1):
        assert "not vouched for" in refused(pki_signed(forged, above=above), corporate())


def test_an_authority_for_web_servers_makes_no_signers():
    cluster = issue(Wish("the cluster", authority=True, usages=(SERVER_AUTH,)), CORP)
    leaf = issue(Wish("worker", sans=("spiffe://corp.test/worker",), usages=(CODE_SIGNING,), serial="c"), cluster)
    assert "may not issue certificates for signing" in refused(pki_signed(leaf), corporate())


def test_whoever_signs_with_the_root_itself_is_nobody():
    assert "not vouched for" in refused(pki_signed(CORP, above=0), corporate())
    assert "not vouched for" in refused(pki_signed(BRANCH, above=0), corporate())


# --- both ----------------------------------------------------------------------------------------


def both(*lists: str) -> Trust:
    return replace(corporate(*lists), roots=(OTHER.trusted(), INSTANCE.trusted()))


def test_either_kind_of_certificate_is_proven_where_both_are_trusted():
    assert authenticate(pki_signed(), both(), None).voice.identity == Identity(
        "CN=the corporate root", "spiffe://corp.test/worker"
    )
    assert authenticate(INSTANCE.sign(), both(), None).voice.identity == Identity(ISSUER, MAIL)


def test_of_several_authorities_the_certificates_own_says_what_is_wrong():
    revoked = revocation_list(BRANCH, [(WORKER.certificate, SIGNED)])
    assert "the certificate was revoked" in refused(pki_signed(), both(revoked))
    assert "in no trusted log" in refused(INSTANCE.sign(generation=None), both())
    assert "nothing says when" in refused(INSTANCE.sign(after=None), both())
    stranger = issue(Wish("nobody", usages=(CODE_SIGNING,)), issue(Wish("a stranger", authority=True)))
    assert "not of this trusted root" in refused(pki_signed(stranger, above=1), both())


def test_a_sigstore_certificate_is_no_internal_one_without_its_log():
    # Were its root pinned as an internal one, whoever has a mail address would be in the company.
    trust = Trust(
        pkis=(Pki(INSTANCE.root.certificate),), timestamp_authorities=INSTANCE.trusted().timestamp_authorities
    )
    found = authenticate(_with_chain(INSTANCE.sign(), [INSTANCE.issuing.der]), trust, None)
    assert found.voice.identity == Identity("CN=sigstore root", MAIL)
    assert found.voice != Voice.of(Identity(ISSUER, MAIL))


def _with_chain(bundle: Bundle, above: Sequence[bytes]) -> Bundle:
    assert isinstance(bundle.material, CertificateChain)
    return replace(bundle, material=CertificateChain((*bundle.material.certificates, *above)), log_entries=())
