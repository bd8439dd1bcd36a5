"""Laws of `standing`, over every mixture of records, credentials and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from govern.ledger.state import CLOCK_SKEW
from govern.oci.digest import Digest
from govern.policy.model import Credential, Permission, Policy
from govern.policy.standing import standing
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.registration import TYPE as REGISTRATION
from govern.times import read_time, write_time
from govern.trust.anchors import Trust, Window
from govern.trust.identity import Identity
from govern.trust.records import Record, unite
from govern.trust.trusted_time import TrustedTime
from support.records import NAME, TIME, annotation_of, claim_of, key_of, provenance_of, record, registration_of

ISSUED: Final = read_time(TIME)
DAY: Final = timedelta(days=1)
TYPES: Final = frozenset({ANNOTATION, REGISTRATION})
PEOPLE: Final = ("ci", "anna", "bert")
ROBOT: Final = Identity("https://token.example.test", "https://ci.example.test/acme/job")

_BUILDS = [record(provenance_of(build=str(number)), label) for number in range(2) for label in PEOPLE]
_LINKS = [
    record(registration_of(evidence=[build], issuedAt=write_time(ISSUED + day * DAY)), label)
    for build in _BUILDS
    for label in (*PEOPLE, "stranger")
    for day in (0, 3)
]
_NOTES = [record(annotation_of(), label) for label in (*PEOPLE, "stranger")]
_ROBOTS = [replace(one, signer=ROBOT.signer, certified=ROBOT) for one in _BUILDS[:2]]
# Each in three places: of the wrappings of one record, one is shown.
_FOUND: Final = [
    replace(one, claim=claim_of(one.claim.bundle, Digest.of(bytes([place]))))
    for one in (*_BUILDS, *_LINKS, *_NOTES, *_ROBOTS)
    for place in range(3)
]

MOMENTS: Final = st.integers(-3, 8).map(lambda days: ISSUED + days * DAY)
TIMES: Final = st.lists(
    st.builds(TrustedTime, MOMENTS, st.sampled_from(["timestamp", "log"]), st.just("x")), max_size=2
)
WRAPPED: Final = st.builds(
    lambda one, times, logged: replace(
        one,
        times=tuple(sorted(set(times))),
        logged=logged,
    ),
    st.sampled_from(_FOUND),
    TIMES,
    st.booleans(),
)
RECORDS: Final = st.lists(WRAPPED, max_size=8)
WINDOWS: Final = st.builds(Window, st.none() | MOMENTS, st.none() | MOMENTS)
LIMITS: Final = st.tuples(WINDOWS, st.none() | MOMENTS, st.sampled_from([(), ("timestamp",), ("log",)]))


def _policy(limits: Sequence[tuple[Window, datetime | None, tuple[str, ...]]]) -> Policy:
    # Anna and Bert may be one person: then their words do not vouch for each other.
    voices: list[tuple[str, Digest | None, Identity | None]] = [(one, key_of(one).signer, None) for one in PEOPLE]
    voices.append(("ci", None, replace(ROBOT, subject="https://ci.example.test/acme/*")))
    credentials = tuple(
        Credential(person, signer, identity, window, revoked, proven_by)
        for (person, signer, identity), (window, revoked, proven_by) in zip(voices, limits, strict=True)
    )
    return Policy(
        "policy.yaml", None, Trust(), {one.signer: one.person for one in credentials if one.signer}, credentials,
        {}, tuple(Permission(one.person, "all", TYPES, ("**",), True) for one in credentials), (), {},
    )  # fmt: skip


POLICIES: Final = st.lists(LIMITS, min_size=4, max_size=4).map(_policy)


def who_stands(policy: Policy, records: Sequence[Record], now: datetime) -> set[tuple[Digest, Digest]]:
    stands, void = standing(policy, records, now, NAME)
    good, bad = {one.identity for one in stands}, {one.record.identity for one in void}
    assert good | bad == {one.identity for one in records}
    assert not good & bad
    assert len(stands) == len(good)
    assert len(void) == len(bad)
    assert all(one.why.startswith("void: ") for one in void)
    return good


@given(POLICIES, RECORDS, MOMENTS, st.randoms())
def test_order_and_repetition_do_not_matter(policy, records, now, random):
    mixed = records + records[:2]
    random.shuffle(mixed)
    assert standing(policy, mixed, now, NAME) == standing(policy, records, now, NAME)


@given(POLICIES, RECORDS, MOMENTS, st.lists(st.sampled_from([*_LINKS, *_NOTES]), max_size=4))
def test_a_strangers_record_never_changes_who_stands(policy, records, now, more):
    strangers = [one for one in more if one.signer == key_of("stranger").signer]
    before = who_stands(policy, records, now)
    after = who_stands(policy, [*records, *strangers], now)
    assert after == before | {one.identity for one in strangers}


@given(POLICIES, RECORDS, MOMENTS, st.data())
def test_a_timestamp_never_voids_a_key_signed_record(policy, records, now, data):
    stands, _ = standing(policy, records, now, NAME)
    before = {one.identity for one in stands}
    if not stands:
        return
    chosen = data.draw(st.sampled_from(stands))
    # Whoever stamps sees what is there already: after it was written, as it says, and first stamped, and before now.
    earliest = max([chosen.issued_at or now, *(one.at for one in chosen.times)])
    if earliest > now:
        return
    at = earliest + data.draw(st.integers(0, (now - earliest).days)) * DAY
    stamped = replace(chosen, times=tuple(sorted({*chosen.times, TrustedTime(at, "timestamp", "new")})))
    assert before <= who_stands(policy, [*records, stamped], now)


@given(POLICIES, RECORDS, MOMENTS, st.integers(0, 3), MOMENTS)
def test_revoking_never_makes_a_void_record_stand(policy, records, now, which, moment):
    credentials = list(policy.credentials)
    known = credentials[which].revoked_from
    credentials[which] = replace(credentials[which], revoked_from=moment if known is None else min(known, moment))
    after = who_stands(replace(policy, credentials=tuple(credentials)), records, now)
    assert after <= who_stands(policy, records, now)


@given(POLICIES, RECORDS, MOMENTS)
def test_a_record_of_a_revoked_voice_stands_only_by_others_word(policy, records, now):
    for one in standing(policy, records, now, NAME)[0]:
        credential = policy.credential_of(one.voice)
        revoked = credential.revoked_from if credential is not None else None
        if credential is None or revoked is None or revoked > now or any(time.at < revoked for time in one.times):
            continue
        assert any(
            policy.owner_of(other.voice) not in (None, credential.person)
            and one.statement.digest.encoded in str(other.statement.data)
            for other in records
        )


@given(POLICIES, RECORDS, MOMENTS)
def test_without_limits_everything_stands(policy, records, now):
    free = tuple(replace(one, window=Window(), revoked_from=None, proven_by=()) for one in policy.credentials)
    # But for certificates whose minutes have not come yet.
    come = [
        one for one in unite(records) if one.certified is None or not one.times or one.times[0].at - now <= CLOCK_SKEW
    ]
    assert who_stands(replace(policy, credentials=free), records, now) == {one.identity for one in come}
