"""Promises to log a certificate: of a pinned log, about this very certificate, by this very issuer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from govern.errors import Denied
from govern.trust.anchors import Log, Window
from govern.trust.certificate_log import check_logged
from support.tiny_sigstore import TinySigstore
from support.verify_vectors.certificates import CODE_SIGNING, Issued, PromiseLog, Wish, draft, issue
from support.verify_vectors.keys import key, public
from support.verify_vectors.times import DAY, MINUTE, SIGNED

INSTANCE = TinySigstore()
WISH = Wish("signer", usages=(CODE_SIGNING,))


def pinned(promised: PromiseLog | None = None, window: Window | None = None, origin: str = "ct.example.test") -> Log:
    known = public((promised or INSTANCE.promised).key)
    return Log(origin, bytes.fromhex(known.signer.encoded), known, window or Window())


def made(promised: PromiseLog | None, wish: Wish = WISH) -> Issued:
    return issue(wish, INSTANCE.issuing, promised)


def checked(leaf: Issued, *logs: Log, issuer: Issued | None = None) -> str:
    return check_logged(leaf.certificate, (issuer or INSTANCE.issuing).certificate, logs)


def refused(leaf: Issued, *logs: Log, issuer: Issued | None = None) -> str:
    with pytest.raises(Denied) as refusal:
        checked(leaf, *logs, issuer=issuer)
    assert refusal.value.expected
    return refusal.value.message


def test_a_promise_of_a_pinned_log_counts():
    promised = PromiseLog("another log")
    leaf = made(promised)
    assert checked(leaf, pinned(), pinned(promised, origin="the other")) == "the other"


def test_a_certificate_without_a_promise_was_never_logged():
    assert "never logged" in refused(made(None), pinned())


def test_a_promise_of_an_unknown_log_counts_for_nothing():
    message = refused(made(PromiseLog("an unknown log")), pinned())
    assert public(PromiseLog("an unknown log").key).signer.encoded[:16] in message
    assert pinned().key_id.hex()[:16] in message


def test_no_log_is_no_yes():
    assert "a certificate log in the trusted root" in refused(made(INSTANCE.promised))


def test_a_log_with_the_right_id_and_another_key_did_not_promise():
    forged = Log("ct.example.test", pinned().key_id, public(key("somebody")))
    assert "no pinned log promised" in refused(made(INSTANCE.promised), forged)


def test_a_log_is_called_what_it_was_pinned_as():
    renamed = Log("ct.example.test", bytes(32), public(INSTANCE.promised.key))
    assert "no pinned log promised" in refused(made(INSTANCE.promised), renamed)


def test_a_promise_about_another_certificate_is_not_about_this_one():
    # The same key and names, but for the subject: an honest promise, moved.
    other = draft(Wish("somebody else", usages=(CODE_SIGNING,)), INSTANCE.issuing)
    moved = made(PromiseLog(INSTANCE.promised.label, about=other))
    assert "no pinned log promised" in refused(moved, pinned())


def test_a_promise_is_about_the_key_of_the_issuer():
    twin = issue(Wish("sigstore intermediate", authority=True, serial="twin"), INSTANCE.root)
    assert twin.certificate.subject == INSTANCE.issuing.certificate.subject
    assert "no pinned log promised" in refused(made(INSTANCE.promised), pinned(), issuer=twin)


def test_a_log_counts_only_in_its_window():
    at = INSTANCE.promised.at
    leaf = made(INSTANCE.promised)
    for window in (Window(at, at), Window(None, at), Window(at)):
        assert checked(leaf, pinned(window=window))
    second = timedelta(seconds=1)
    for window in (Window(at + second), Window(None, at - second), Window(SIGNED + DAY, SIGNED + 2 * DAY)):
        assert "no pinned log promised" in refused(leaf, pinned(window=window))
    # Pinned for two windows, it counts in either.
    assert checked(leaf, pinned(window=Window(SIGNED + MINUTE)), pinned(window=Window(None, SIGNED)))


def test_the_time_of_the_promise_is_signed():
    # Eight bytes of the promise say when; a later one would choose another window.
    leaf = made(INSTANCE.promised)
    milliseconds = int(INSTANCE.promised.at.timestamp()) * 1000
    moved = leaf.der.replace(milliseconds.to_bytes(8, "big"), (milliseconds + 60_000).to_bytes(8, "big"))
    assert moved != leaf.der
    other = Issued(x509.load_der_x509_certificate(moved), leaf.key, leaf.above)
    assert "no pinned log promised" in refused(other, pinned())


def test_milliseconds_are_told_exactly():
    # A float of this size loses the last digits, and with them the signature.
    odd = PromiseLog(INSTANCE.promised.label, at=SIGNED + timedelta(days=365 * 60))
    assert checked(made(odd), pinned())


def test_one_promise_that_holds_is_enough():
    logs = [pinned(PromiseLog(label)) for label in ("a", "b")]
    assert checked(made(INSTANCE.promised), *logs, pinned())
