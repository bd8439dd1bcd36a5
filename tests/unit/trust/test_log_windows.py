"""Log entries at times when their log counted or not, and several in one bundle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from govern.errors import Denied, InvalidInput
from govern.intoto.bundle import LogEntry
from govern.limits import MAX_LOG_ENTRIES
from govern.trust.log import check_log, check_logs
from support.tiny_log import NOW, TinyLog, first_log, second_log, signed
from support.tiny_log import logged as log_record

RECORD = signed()
TIME = datetime.fromtimestamp(NOW, UTC)


def logged(log: TinyLog, kind: str = "hashedrekord", version: str = "0.0.2") -> LogEntry:
    return log_record(log, kind, version, RECORD)


# --- the window ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        (TIME, None, True),
        (None, TIME, True),
        (TIME, TIME, True),
        (TIME + timedelta(microseconds=1), None, False),
        (None, TIME - timedelta(microseconds=1), False),
    ],
)
def test_the_window_is_closed_at_both_ends(start, end, counts):
    log = first_log()
    entry = logged(log, "dsse", "0.0.1")
    pinned = [log.pinned(start, end)]
    if counts:
        assert check_log(entry, RECORD.envelope, RECORD.public, pinned).integrated == TIME
    else:
        with pytest.raises(Denied, match=r"the log did not count when it took the entry: got 2026-05-28T20:26:40Z"):
            check_log(entry, RECORD.envelope, RECORD.public, pinned)


def test_of_two_windows_of_one_log_either_may_hold():
    log = first_log()
    past, now = log.pinned(None, datetime(2020, 1, 1, tzinfo=UTC)), log.pinned(datetime(2026, 1, 1, tzinfo=UTC))
    for logs in ([past, now], [now, past]):
        entry = logged(log, "dsse", "0.0.1")
        assert check_log(entry, RECORD.envelope, RECORD.public, logs).log.window == now.window


def test_a_log_that_signed_no_time_is_not_judged_by_its_window():
    log = second_log()
    ended = log.pinned(None, datetime(2020, 1, 1, tzinfo=UTC))
    assert check_log(logged(log), RECORD.envelope, RECORD.public, [ended]).integrated is None


# --- several entries -------------------------------------------------------------------------------


def test_entries_of_several_logs_are_proven_and_those_of_strangers_left_out():
    one, two, stranger = second_log(), first_log(), second_log()
    entries = [logged(one), logged(stranger), logged(two, "dsse", "0.0.1")]
    proofs = check_logs(entries, RECORD.envelope, RECORD.public, [one.pinned(), two.pinned()])
    assert [(proof.log, proof.index) for proof in proofs] == [(one.pinned(), 5), (two.pinned(), 1005)]
    assert check_logs([], RECORD.envelope, RECORD.public, [one.pinned()]) == ()
    assert check_logs(entries, RECORD.envelope, RECORD.public, []) == ()


def test_one_forged_entry_of_a_pinned_log_refuses_all():
    one, two = second_log(), second_log()
    forged = replace(logged(two), log_id=one.log_id)
    with pytest.raises(Denied):
        check_logs([logged(one), forged], RECORD.envelope, RECORD.public, [one.pinned(), two.pinned()])


def test_one_entry_twice_is_refused():
    log = second_log()
    entry = logged(log)
    with pytest.raises(Denied, match="one log entry twice"):
        check_logs([entry, entry], RECORD.envelope, RECORD.public, [log.pinned()])


def test_more_entries_than_anyone_writes_are_refused_before_any_is_looked_at():
    log = second_log()
    many = [logged(log)] * (MAX_LOG_ENTRIES.value + 1)
    with pytest.raises(InvalidInput, match="MAX_LOG_ENTRIES"):
        check_logs(many, RECORD.envelope, RECORD.public, [], InvalidInput)
