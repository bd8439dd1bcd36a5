"""When a signature existed, in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from govern.trust.trusted_time import TrustedTime, describe_times

AT = datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)


def test_the_earlier_time_is_the_smaller():
    early, late = TrustedTime(AT, "timestamp", "z"), TrustedTime(AT + timedelta(seconds=1), "log", "a")
    assert sorted([late, early]) == [early, late]


def test_a_proof_says_who_says_when():
    found = (TrustedTime(AT, "timestamp", "CN=clock"), TrustedTime(AT, "log", "rekor.example.test"))
    assert describe_times(found, 1) == (
        "2026-05-28T20:26:40Z by the timestamp CN=clock; 2026-05-28T20:26:40Z by the log rekor.example.test"
    )


def test_what_is_there_and_proves_nothing_is_said():
    assert describe_times((), 0) == "no timestamp"
    assert describe_times((), 2) == "2 timestamps present, none by a pinned authority"


def test_many_times_are_cut():
    assert len(describe_times((TrustedTime(AT, "timestamp", "CN=clock"),) * 30, 30)) == 500
