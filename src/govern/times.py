"""Times in records: RFC 3339, UTC with `Z`, whole seconds (FORMAT, preamble). Reads no clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from govern.errors import GovernError, InvalidInput, shortened

_GRAMMAR: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def write_time(moment: datetime) -> str:
    """Return a moment as text; fractions of a second are cut off."""
    if moment.tzinfo is None:
        raise InvalidInput("a time has no zone", got=moment.isoformat(), expected="an aware datetime")
    utc = moment.astimezone(UTC)
    # strftime writes years before 1000 without their zeros.
    return f"{utc.year:04d}-{utc.month:02d}-{utc.day:02d}T{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d}Z"


def read_time(text: object, what: str = "the time", error: type[GovernError] = InvalidInput) -> datetime:
    """Read a time; raise `error` for every other spelling of the same moment too."""
    if not isinstance(text, str) or _GRAMMAR.fullmatch(text) is None:
        raise error(f"{what} is not a time", got=shortened(text, 60), expected="for example 2026-11-21T09:30:00Z")
    try:
        return datetime(
            int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), int(text[14:16]), int(text[17:19]), 0, UTC
        )
    except ValueError as fault:
        raise error(f"{what} is not a time", got=repr(text), expected="a day that exists") from fault
