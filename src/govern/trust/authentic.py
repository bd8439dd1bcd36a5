"""What others say of a signature beside whoever made it: timestamps and logs. Steps (6) and (7) of the proof.

What a bundle carries beside the envelope is not signed as a whole: anyone can add a timestamp or a log entry.
One of a stranger proves nothing and is passed over. One that is about something else is a forgery, and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from govern.errors import Denied
from govern.intoto.bundle import Bundle
from govern.trust.anchors import Authority, Log
from govern.trust.identity import Voice
from govern.trust.keys import PublicKey
from govern.trust.records import Check
from govern.trust.trusted_time import TrustedTime, describe_times

if TYPE_CHECKING:
    from govern.trust.log import LogProof


@dataclass(frozen=True, slots=True)
class Authentic:
    """What steps (3) to (7) found.

    Args:
        voice: who signed.
        times: when it existed, by others' word; earliest first.
        logged: whether a pinned log holds it.
        checks: the steps, as they went.
    """

    voice: Voice
    times: tuple[TrustedTime, ...]
    logged: bool
    checks: tuple[Check, ...]


def stamped_times(bundle: Bundle, authorities: Sequence[Authority]) -> tuple[TrustedTime, ...]:
    """Return the times that pinned timestamp authorities vouch for."""
    if not bundle.timestamps:
        return ()
    # Imported here: who verifies records without timestamps does not load it.
    from govern.trust.timestamps import check_timestamps

    return check_timestamps(bundle.timestamps, bundle.envelope.signatures[0].sig, authorities)


def logged(bundle: Bundle, signer: PublicKey | bytes, logs: Sequence[Log]) -> tuple[LogProof, ...]:
    """Return the proofs of entries in pinned logs.

    Args:
        bundle: with entries, or without.
        signer: the key, or the DER certificate, that the entries must name.
        logs: the pinned ones.

    Raises:
        Denied: for an entry of a pinned log that does not hold.
    """
    if not bundle.log_entries:
        return ()
    from govern.trust.log import check_logs

    return check_logs(bundle.log_entries, bundle.envelope, signer, logs)


def check_windows(proofs: Sequence[LogProof], times: Sequence[TrustedTime], at: datetime | None) -> None:
    """Refuse the entry of a log that did not count when the record was signed.

    Where the log itself says when, `check_logs` judged it.

    Args:
        proofs: the entries that hold.
        times: what is proven about time.
        at: the moment that is asked about, at which the log must count where nothing is proven.
    """
    moments = [one.at for one in times] or ([at] if at is not None else [])
    for one in proofs:
        if one.integrated is None and not any(one.log.window.holds(moment) for moment in moments):
            raise Denied(
                "the log did not count when the record was signed",
                got=describe_times(times, len(times)),
                expected=f"a time at which {one.log.origin} is trusted",
            )


def all_times(stamped: Sequence[TrustedTime], proofs: Sequence[LogProof]) -> tuple[TrustedTime, ...]:
    """Return the times of timestamps and of logs that are clocks as well; earliest first."""
    said = (TrustedTime(one.integrated, "log", one.log.origin) for one in proofs if one.integrated is not None)
    return tuple(sorted([*stamped, *said]))


def log_check(proofs: Sequence[LogProof], bundle: Bundle) -> Check:
    """Return how step (7) went."""
    if not proofs:
        present = len(bundle.log_entries)
        return Check(
            "transparency log", False, f"{present} entries present, none of a pinned log" if present else "no entry"
        )
    return Check("transparency log", True, "; ".join(f"entry {one.index} of {one.log.origin}" for one in proofs)[:500])
