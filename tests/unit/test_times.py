"""One spelling of a moment: RFC 3339, UTC with Z, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from govern.errors import Denied, InvalidInput
from govern.times import read_time, write_time


def test_a_time_reads_as_it_was_written():
    moment = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert write_time(moment) == "2026-11-21T09:30:00Z"
    assert read_time("2026-11-21T09:30:00Z") == moment


def test_other_zones_become_utc_and_fractions_are_cut_off():
    moment = datetime(2026, 1, 1, 0, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert write_time(moment) == "2025-12-31T23:30:00Z"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(InvalidInput, match="zone"):
        write_time(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-21", "2026-11-21T09:30:00", "2026-11-21T09:30:00+00:00", "2026-11-21T09:30:00z",
        "2026-11-21t09:30:00Z",
        "2026-11-21 09:30:00Z", "2026-11-21T09:30:00.0Z", "2026-11-21T09:30Z", "2026-02-30T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "12026-01-01T00:00:00Z",
        "2026-11-21T09:30:00Z\n",
        " 2026-11-21T09:30:00Z", "٢٠٢٦-11-21T09:30:00Z", "2026-11-21T09:61:00Z", None, 1, b"2026-11-21T09:30:00Z", [],
        "x" * 100_000,
    ],
)  # fmt: skip
def test_another_spelling_is_refused(text):
    with pytest.raises(Denied) as refused:
        read_time(text, "the moment", Denied)
    assert "the moment" in refused.value.message
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0999-12-31T23:59:59Z",
        "1000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2024-02-29T23:59:59Z",
    ],
)
def test_what_can_be_read_is_written_back(text):
    assert write_time(read_time(text)) == text
