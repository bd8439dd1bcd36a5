"""What a verifier pins, as values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from govern.trust.anchors import Authority, Log, Pki, Trust, TrustedRoot, Window
from support.tiny_pki import BRANCH, CLOCK, CORP, corporate, keyed
from support.tiny_sigstore import TinySigstore, authority_of
from support.verify_vectors.keys import key, public

AT = datetime(2026, 5, 28, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_window_holds_both_its_ends():
    window = Window(AT, AT + SECOND)
    assert [window.holds(AT + number * SECOND) for number in (-1, 0, 1, 2)] == [False, True, True, False]


def test_an_end_that_is_absent_is_open():
    far = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    assert all(Window().holds(one) for one in far)
    assert [Window(AT).holds(one) for one in far] == [False, True]
    assert [Window(None, AT).holds(one) for one in far] == [True, False]


def test_a_moment_is_the_same_in_every_zone():
    assert Window(AT, AT).holds(AT.astimezone(timezone(timedelta(hours=14))))


def test_a_time_without_a_zone_is_a_bug_and_no_answer():
    with pytest.raises(TypeError):
        Window(AT).holds(AT.replace(tzinfo=None))


def test_the_root_is_the_last():
    assert Authority("x", BRANCH.chain).root == CORP.certificate
    assert Pki(CORP.certificate).name == "CN=the corporate root"


def test_two_trusts_together_trust_what_either_does_and_each_once():
    one = corporate()
    other = replace(keyed("ci"), roots=(TinySigstore().trusted(),), logs=(_log(),))
    both = one.joined(other)
    assert both == Trust(other.keys, other.roots, one.pkis, one.timestamp_authorities, other.logs)
    assert both.joined(one).joined(other) == both
    assert Trust().joined(Trust()) == Trust()


def _log() -> Log:
    return Log("x", b"id", public(key("log")))


def test_the_parts_of_every_instance_count_beside_those_alone():
    root = TrustedRoot(logs=(_log(),), timestamp_authorities=(authority_of(CLOCK.signer),))
    alone = Log("alone", b"id", public(key("log")))
    trust = Trust(roots=(root, TrustedRoot()), logs=(alone,))
    assert trust.all_logs == (alone, _log())
    assert trust.all_timestamp_authorities == (authority_of(CLOCK.signer),)
    assert (Trust().all_logs, Trust().all_timestamp_authorities) == ((), ())
