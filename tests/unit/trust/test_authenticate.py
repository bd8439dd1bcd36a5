"""`authenticate`: who signed, and when; here, with keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from govern.intoto.dsse import Signature
from govern.trust.anchors import Trust
from govern.trust.authentic import Authentic
from govern.trust.authenticate import authenticate
from govern.trust.identity import Voice
from support.tiny_log import TinyLog
from support.tiny_pki import BRANCH, CLOCK, LOG, WORKER, corporate, keyed, refused
from support.tiny_sigstore import (
    TinySigstore,
    authority_of,
    entry_of,
    key_signed,
    signature_in,
    signed_bundle,
)
from support.verify_vectors.certificates import (
    CODE_SIGNING,
    Wish,
    issue,
)
from support.verify_vectors.keys import key, public
from support.verify_vectors.times import HOUR, SIGNED

INSTANCE = TinySigstore()


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
    proofs: dict[str, Any] = {
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
    assert details[1:] == [
        "2 timestamps present, none by a pinned authority",
        "1 entries present, none of a pinned log",
    ]


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
