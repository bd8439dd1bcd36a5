"""`authenticate`: who signed, and when. Every way to borrow a certificate, a clock or a log that is not one's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from govern.errors import Denied
from govern.intoto.bundle import Bundle, CertificateChain
from govern.intoto.dsse import Signature
from govern.trust.anchors import Authority, Pki, Trust, Window
from govern.trust.authenticate import authenticate
from govern.trust.authentic import Authentic
from govern.trust.identity import Identity, Voice
from support.tiny_log import TinyLog
from support.tiny_sigstore import (
    ISSUER,
    MAIL,
    TinySigstore,
    authority_of,
    entry_of,
    key_signed,
    signature_in,
    signed_bundle,
)
from support.verify_vectors.certificates import (
    CODE_SIGNING,
    SERVER_AUTH,
    Issued,
    PromiseLog,
    Wish,
    issue,
    revocation_list,
)
from support.verify_vectors.keys import key, public
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import DAY, HOUR, MINUTE, SIGNED, YEAR

INSTANCE = TinySigstore()
OTHER = TinySigstore("another", PromiseLog("another certificate log"), TinyLog(origin="other.example.test"))
CLOCK = stamper("a clock")
LOG = TinyLog()
CORP = issue(Wish("the corporate root", authority=True))
BRANCH = issue(Wish("the branch", authority=True, path_length=0), CORP)
WORKER = issue(Wish("worker", sans=("spiffe://corp.test/worker",), usages=(CODE_SIGNING,)), BRANCH)


def keyed(*labels: str, **more: Any) -> Trust:
    """Trust these keys."""
    known = [public(key(one)) for one in labels or ("ci",)]
    return Trust({one.signer: one for one in known}, **more)


def corporate(*lists: str, clock: bool = True, **more: Any) -> Trust:
    """Trust the internal PKI, and a clock."""
    from cryptography.x509 import load_pem_x509_crl

    pki = Pki(CORP.certificate, tuple(load_pem_x509_crl(one.encode()) for one in lists))
    clocks = (authority_of(CLOCK.signer),) if clock else ()
    return Trust(pkis=(pki,), timestamp_authorities=clocks, **more)


def pki_signed(leaf: Issued = WORKER, *, after: timedelta | None = timedelta(), above: int = 1) -> Bundle:
    """Sign with a certificate, its first issuers beside it, at a moment."""
    chain = [one.public_bytes(_der()) for one in leaf.chain[: 1 + above]]
    bare = signed_bundle(leaf.key, chain)
    if after is None:
        return bare
    return signed_bundle(leaf.key, chain, stamps=[CLOCK.stamp(signature_in(bare), SIGNED + after)])


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def refused(bundle: Bundle, trust: Trust, at: Any = None) -> str:
    with pytest.raises(Denied) as refusal:
        authenticate(bundle, trust, at)
    return refusal.value.message


def made(found: Authentic) -> dict[str, bool]:
    return {one.step: one.made for one in found.checks}


# --- keys ----------------------------------------------------------------------------------------


def test_a_key_alone_says_what_was_not_checked():
    found = authenticate(key_signed(), keyed(), None)
    assert found.voice == Voice(public(key("ci")).signer)
    assert (found.times, found.logged) == ((), False)
    assert made(found) == {
        "signature": True, "key or certificate": True, "identity": False, "trusted time": False,
        "transparency log": False,
    }  # fmt: skip


def test_several_signatures_are_nobodys():
    bundle = key_signed()
    (one,) = bundle.envelope.signatures
    for signatures in ((), (one, one), (one, Signature(b"x"))):
        doubled = replace(bundle, envelope=replace(bundle.envelope, signatures=signatures))
        assert "several signatures" in refused(doubled, keyed())


def test_a_timestamp_and_an_entry_add_to_a_key():
    bare = key_signed()
    signer = public(key("ci"))
    proofs = {
        "stamps": [CLOCK.stamp(signature_in(bare), SIGNED + HOUR), CLOCK.stamp(signature_in(bare), SIGNED)],
        "entries": [entry_of(TinyLog(LOG.key), bare, signer)],
    }
    trust = keyed(timestamp_authorities=(authority_of(CLOCK.signer),), logs=(LOG.pinned(),))
    found = authenticate(key_signed(**proofs), trust, None)
    assert [(one.at, one.source) for one in found.times] == [(SIGNED, "timestamp"), (SIGNED + HOUR, "timestamp")]
    assert found.logged
    assert all(made(found)[step] for step in ("trusted time", "transparency log"))
    # To a verifier who knows neither authority nor log they are nothing, and no harm.
    plain = authenticate(key_signed(**proofs), keyed(), None)
    assert (plain.times, plain.logged) == ((), False)
    details = [one.detail for one in plain.checks if not one.made]
    assert details[1:] == ["2 timestamps present, none by a pinned authority", "1 entries present, none of a pinned log"]


def test_the_parts_of_a_trusted_root_count_for_keys_too():
    bare = key_signed()
    stamps = [INSTANCE.stamper.stamp(signature_in(bare), SIGNED)]
    entries = [entry_of(TinyLog(INSTANCE.log.key), bare, public(key("ci")))]
    found = authenticate(key_signed(stamps=stamps, entries=entries), keyed(roots=(INSTANCE.trusted(),)), None)
    assert found.times[0].at == SIGNED
    assert found.logged


def test_a_key_signed_record_with_a_certificates_log_entry_is_refused():
    bare = key_signed()
    borrowed = issue(Wish("somebody", key=key("ci"), usages=(CODE_SIGNING,)), BRANCH)
    entries = [entry_of(TinyLog(LOG.key), bare, borrowed.der)]
    refused(key_signed(entries=entries), keyed(logs=(LOG.pinned(),)))


def test_a_timestamp_of_another_signature_refuses_the_record():
    stamps = [CLOCK.stamp(signature_in(key_signed("other")), SIGNED)]
    message = refused(key_signed(stamps=stamps), keyed(timestamp_authorities=(authority_of(CLOCK.signer),)))
    assert "a timestamp is of something else" in message


def test_a_certificates_record_needs_an_authority_and_a_keys_record_a_key():
    assert "no authority is trusted" in refused(INSTANCE.sign(), keyed())
    assert "no key is trusted" in refused(key_signed(), Trust(roots=(INSTANCE.trusted(),)))
    assert "a record signed with a certificate" in refused(key_signed(), corporate())


def test_the_key_of_a_trusted_certificate_is_no_trusted_key():
    # The hint of a bundle chooses the way; the other material may not open it.
    assert "no key is trusted" in refused(signed_bundle(WORKER.key), corporate())
    assert "no trusted key" in refused(signed_bundle(WORKER.key), keyed(pkis=corporate().pkis))


# --- the log's window ----------------------------------------------------------------------------


def test_an_entry_counts_only_while_its_log_did():
    ended = LOG.pinned(SIGNED - YEAR, SIGNED - DAY)
    bare = key_signed()
    entries = [entry_of(TinyLog(LOG.key), bare, public(key("ci")))]
    stamps = [CLOCK.stamp(signature_in(bare), SIGNED)]
    clock = (authority_of(CLOCK.signer),)
    message = refused(key_signed(stamps=stamps, entries=entries), keyed(timestamp_authorities=clock, logs=(ended,)))
    assert "the log did not count when the record was signed" in message
    assert "2026-05-28T20:26:40Z" in message
    # Where nobody says when, nobody can say that the log did not count.
    assert authenticate(key_signed(entries=entries), keyed(logs=(ended,)), None).logged
    # A year later it is stamped again: what counted once counts.
    stamps.append(CLOCK.stamp(signature_in(bare), SIGNED + DAY))
    open_then = LOG.pinned(SIGNED - YEAR, SIGNED)
    trust = keyed(timestamp_authorities=clock, logs=(open_then,))
    assert authenticate(key_signed(stamps=stamps, entries=entries), trust, None).logged


def test_the_log_of_an_instance_counts_only_in_its_window_as_well():
    ended = INSTANCE.log.pinned(None, SIGNED - DAY)
    assert "the log did not count" in refused(INSTANCE.sign(), Trust(roots=(INSTANCE.trusted(logs=(ended,)),)))
    # The first generation says itself when it took an entry.
    old = INSTANCE.sign(generation=1)
    assert "the log did not count" in refused(old, Trust(roots=(INSTANCE.trusted(logs=(ended,)),)))


def test_the_log_of_an_internal_record_counts_only_in_its_window_as_well():
    bare = pki_signed()
    entries = [entry_of(TinyLog(LOG.key), bare, WORKER.der)]
    chain = [WORKER.der, BRANCH.der]
    bundle = signed_bundle(WORKER.key, chain, stamps=bare.timestamps, entries=entries)
    assert authenticate(bundle, corporate(logs=(LOG.pinned(),)), None).logged
    assert "the log did not count" in refused(bundle, corporate(logs=(LOG.pinned(None, SIGNED - DAY),)))


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


def test_intermediates_that_a_bundle_brings_are_not_looked_at_under_sigstore():
    # The root issued a second authority once. The instance does not list it.
    stray = issue(Wish("a stray authority", authority=True, usages=(CODE_SIGNING,)), INSTANCE.root)
    leaf = issue(replace(_wish(), name=""), stray, INSTANCE.promised)
    bare = signed_bundle(leaf.key, [leaf.der])
    proofs: dict[str, Any] = {
        "stamps": [INSTANCE.stamper.stamp(signature_in(bare), SIGNED)],
        "entries": [entry_of(INSTANCE.log, bare, leaf.der)],
    }
    trust = Trust(roots=(INSTANCE.trusted(),))
    refused(signed_bundle(leaf.key, [leaf.der, stray.der], **proofs), trust)
    refused(signed_bundle(leaf.key, [leaf.der, stray.der, INSTANCE.issuing.der, INSTANCE.root.der], **proofs), trust)


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
    assert "good at 2026-05-28T20:26:40Z, the moment asked about" in found.checks[3].detail
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
    assert "revocation lists for 1 of 2 certificates" in authenticate(pki_signed(), corporate(listed), None).checks[1].detail
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
    trust = Trust(pkis=(Pki(INSTANCE.root.certificate),), timestamp_authorities=INSTANCE.trusted().timestamp_authorities)
    found = authenticate(_with_chain(INSTANCE.sign(), [INSTANCE.issuing.der]), trust, None)
    assert found.voice.identity == Identity("CN=sigstore root", MAIL)
    assert found.voice != Voice.of(Identity(ISSUER, MAIL))


def _with_chain(bundle: Bundle, above: Sequence[bytes]) -> Bundle:
    assert isinstance(bundle.material, CertificateChain)
    return replace(bundle, material=CertificateChain((*bundle.material.certificates, *above)), log_entries=())
