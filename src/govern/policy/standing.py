"""Which records still stand: keys and identities that speak for a time, and those that were taken back.

    (1) what its credential demands is there: a timestamp, a log entry
    (2) it was signed while the credential spoke for the person: at its trusted time; without one nobody knows when,
        so the credential must still speak now, and must have spoken when the record claims to be written
    (3) of a credential that is revoked from T, only what existed before T by others' word than the signer's: a
        trusted time before T, or a record of somebody else, whose credential stands, that links to it and is of
        before T

A record that does not stand is void: it is shown, and counts for nothing. Pure.

Source: DESIGN §5, "Time"; sigstore-go GHSA-wqqc-jjcq-vfxm (a key's window must be judged at the time of signing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from govern.ledger.heads import Identity, links_of
from govern.ledger.state import CLOCK_SKEW
from govern.names import Name
from govern.policy.model import Credential, Policy
from govern.times import write_time
from govern.trust.records import Record, unite


@dataclass(frozen=True, slots=True)
class Void:
    """A record that is authentic and does not count.

    Args:
        record: which.
        why: for people.
    """

    record: Record
    why: str


def standing(policy: Policy, records: Iterable[Record], now: datetime, name: Name) -> tuple[list[Record], list[Void]]:
    """Part the records that stand from those that are void.

    Args:
        policy: says whose credentials are good when. What is a stranger's is not judged here.
        records: admitted ones, with repetitions.
        now: the verifier's clock: what has no trusted time is known to exist now, and no earlier.
        name: the name that the verifier expects: who may say nothing about it vouches for nothing either.
    """
    stands: list[Record] = []
    void: list[Void] = []
    revoked: list[tuple[Record, Credential]] = []
    for found in unite(records):
        record = _without_tomorrow(found, now)
        credential = policy.credential_of(record.voice)
        why = _out_of_window(record, credential, now) if credential is not None else ""
        if found.times and not record.times and record.certified is not None:
            # A certificate is good for minutes, and these have not come yet.
            why = f"void: signed at {write_time(found.times[0].at)}, which has not come yet"
        if why:
            void.append(Void(record, why))
        elif credential is not None and credential.revoked_from is not None and credential.revoked_from <= now:
            revoked.append((record, credential))
        else:
            stands.append(record)
    vouched = _vouched(policy, stands, now, name) if revoked else {}
    for record, credential in revoked:
        if _existed(record, credential, vouched):
            stands.append(record)
        else:
            void.append(Void(record, _revoked_text(record, credential)))
    return sorted(stands, key=lambda one: one.identity), void


def _without_tomorrow(record: Record, now: datetime) -> Record:
    """Return a record without the times that have not come yet: a clock that is ahead proves nothing."""
    come = tuple(one for one in record.times if one.at - now <= CLOCK_SKEW)
    return record if come == record.times else replace(record, times=come)


def _out_of_window(record: Record, credential: Credential, now: datetime) -> str:
    # (1)
    if "timestamp" in credential.proven_by and not any(one.source == "timestamp" for one in record.times):
        return f"void: {credential.person}'s records must carry a timestamp of a pinned authority, and this has none"
    if "log" in credential.proven_by and not record.logged:
        return f"void: {credential.person}'s records must be in a pinned log, and this is in none"
    # (2)
    window = credential.window
    moment = record.times[0].at if record.times else now
    claimed = record.issued_at if not record.times else None
    for one, what in ((moment, "signed" if record.times else "known to exist"), (claimed, "written, as it says")):
        if one is not None and not window.holds(one):
            return (
                f"void: {what} at {write_time(one)}, when this key or identity did not speak for {credential.person} "
                f"({_span(credential)})"
            )
    return ""


def _span(credential: Credential) -> str:
    start, end = credential.window.start, credential.window.end
    return f"from {write_time(start) if start else 'ever'} until {write_time(end) if end else 'further notice'}"


def _vouched(
    policy: Policy, stands: Sequence[Record], now: datetime, name: Name
) -> dict[Identity, list[tuple[str, datetime]]]:
    """Return, for every record that a standing one links to: by whom, and when that was at the latest.

    Only people who may say such a thing here, and whom nobody revoked, vouch.
    """
    vouched: dict[Identity, list[tuple[str, datetime]]] = {}
    for record in stands:
        person = policy.owner_of(record.voice)
        moment = record.times[0].at if record.times else record.issued_at
        may = policy.who_may(record.voice, record.statement.predicate_type, name)
        if person is None or may is None or moment is None or moment > now:
            continue
        for linked in links_of(record):
            vouched.setdefault(linked, []).append((person, moment))
    return vouched


def _existed(
    record: Record, credential: Credential, vouched: Mapping[Identity, Sequence[tuple[str, datetime]]]
) -> bool:
    # (3)
    revoked = credential.revoked_from
    if revoked is None or (record.times and record.times[0].at < revoked):
        return True
    # Another key of the same person is the same voice.
    return any(person != credential.person and moment < revoked for person, moment in vouched.get(record.identity, ()))


def _revoked_text(record: Record, credential: Credential) -> str:
    revoked = write_time(credential.revoked_from) if credential.revoked_from else ""
    seen = f"seen first at {write_time(record.times[0].at)}" if record.times else "nothing but its own word says when"
    return (
        f"void: {credential.person}'s key or identity is revoked from {revoked}, and nothing proves that this record "
        f"existed before: {seen}"
    )
