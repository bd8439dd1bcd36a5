"""When a signature existed, by somebody else's word than the signer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from govern.times import write_time


@dataclass(frozen=True, slots=True, order=True)
class TrustedTime:
    """A moment at which a signature existed, by somebody else's word than the signer's.

    Args:
        at: the moment, UTC.
        source: whether a timestamp or a log entry says so.
        by: the authority or log, for people.
    """

    at: datetime
    source: Literal["timestamp", "log"]
    by: str


def describe_times(times: Sequence[TrustedTime], present: int) -> str:
    """Return the sentence that a proof says about times.

    Args:
        times: the verified ones.
        present: how many timestamps the bundle holds.
    """
    if not times:
        return f"{present} timestamps present, none by a pinned authority" if present else "no timestamp"
    return "; ".join(f"{write_time(one.at)} by the {one.source} {one.by}" for one in times)[:500]
