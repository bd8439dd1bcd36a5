"""What timestamps and logs add: only while they counted, and only about this very record."""

from __future__ import annotations

from govern.trust.anchors import Trust
from govern.trust.authenticate import authenticate
from support.tiny_log import TinyLog
from support.tiny_pki import BRANCH, CLOCK, LOG, WORKER, corporate, keyed, pki_signed, refused
from support.tiny_sigstore import (
    TinySigstore,
    authority_of,
    entry_of,
    key_signed,
    signature_in,
    signed_bundle,
)
from support.verify_vectors.keys import key, public
from support.verify_vectors.times import DAY, SIGNED, YEAR

INSTANCE = TinySigstore()


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
    # Where nobody says when, it must count at the moment that is asked about.
    alone = key_signed(entries=entries)
    for moment in (None, SIGNED):
        assert "the log did not count" in refused(alone, keyed(logs=(ended,)), moment)
    assert authenticate(alone, keyed(logs=(ended,)), SIGNED - DAY).logged
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
