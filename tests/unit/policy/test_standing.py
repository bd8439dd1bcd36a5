"""Who still stands: validity windows, demands, revocation, and what others' records prove about time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from govern.policy.model import Credential, Permission, Policy
from govern.policy.standing import Void, standing
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.registration import TYPE as REGISTRATION
from govern.times import read_time, write_time
from govern.trust.anchors import Trust, Window
from govern.trust.identity import Identity
from govern.trust.records import Record
from govern.trust.trusted_time import TrustedTime
from support.records import NAME, TIME, annotation_of, key_of, provenance_of, record, registration_of

ISSUED = read_time(TIME)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NOW = ISSUED + 10 * DAY
ANNA = Identity("https://accounts.example.test", "anna@example.test")


def policy(*credentials: Credential) -> Policy:
    """Return a policy in which these speak for people."""
    people = {one.person for one in credentials}
    return Policy(
        source="policy.yaml",
        digest=None,
        trust=Trust(),
        owners={one.signer: one.person for one in credentials if one.signer is not None},
        credentials=credentials,
        kinds=dict.fromkeys(people, "human"),
        permissions=tuple(
            Permission(one, "all", frozenset({ANNOTATION, REGISTRATION}), ("**",), True) for one in people
        ),
        require=(),
        lines={},
    )


def key(label: str = "ci", person: str = "", **limits: object) -> Credential:
    """Return the key of a label; of a person of the same name where none is named."""
    return Credential(person or label, key_of(label).signer, **limits)  # type: ignore[arg-type]


def at(*moments: datetime, source: str = "timestamp") -> tuple[TrustedTime, ...]:
    return tuple(TrustedTime(one, source, "somebody") for one in moments)  # type: ignore[arg-type]


def why(policy: Policy, *records: Record, now: datetime = NOW) -> list[str]:
    """Return, for each record, why it is void, or empty."""
    stands, void = standing(policy, records, now, NAME)
    reasons = {one.record.identity: one.why for one in void}
    assert sorted([one.identity for one in stands] + list(reasons)) == sorted({one.identity for one in records})
    return [reasons.get(one.identity, "") for one in records]


NOTE = record(annotation_of())


# --- nothing is limited --------------------------------------------------------------------------


def test_without_limits_everything_stands():
    assert why(policy(key()), NOTE, record(provenance_of())) == ["", ""]


def test_what_is_a_strangers_is_not_judged_here():
    strangers = record(annotation_of(), "stranger")
    assert why(policy(key(revoked_from=ISSUED - DAY)), strangers) == [""]
    assert why(policy(), strangers, NOTE) == ["", ""]


def test_nothing_stands_of_nothing():
    assert standing(policy(key()), [], NOW, NAME) == ([], [])


# --- demands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demand", "times", "logged", "stands"),
    [
        (("timestamp",), (), False, False),
        (("timestamp",), (), True, False),
        (("timestamp",), at(ISSUED, source="log"), True, False),
        (("timestamp",), at(ISSUED), False, True),
        (("log",), at(ISSUED), False, False),
        (("log",), (), True, True),
        (("timestamp", "log"), at(ISSUED), False, False),
        (("timestamp", "log"), (), True, False),
        (("timestamp", "log"), at(ISSUED), True, True),
        ((), (), False, True),
    ],
)
def test_what_a_credential_demands_must_be_there(demand, times, logged, stands):
    one = replace(NOTE, times=times, logged=logged)
    (reason,) = why(policy(key(proven_by=demand)), one)
    assert (reason == "") is stands
    assert stands or reason.startswith("void: ci's records must")


# --- windows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "stands"),
    [
        (ISSUED, None, True),
        (ISSUED + SECOND, None, False),
        (None, NOW, True),
        (None, NOW - SECOND, False),
        (ISSUED, NOW, True),
        (NOW, None, False),
        (None, ISSUED, False),
    ],
)
def test_without_a_trusted_time_the_key_must_speak_now_and_when_it_says_that_it_wrote(start, end, stands):
    (reason,) = why(policy(key(window=Window(start, end))), NOTE)
    assert (reason == "") is stands
    if not stands:
        assert "did not speak for ci (from" in reason
        assert (write_time(start) if start else "from ever until") in reason
        assert (write_time(end) if end else "until further notice") in reason


def test_a_record_that_says_no_time_is_known_to_exist_now():
    build = record(provenance_of())
    assert why(policy(key(window=Window(None, NOW - SECOND))), build) != [""]
    assert why(policy(key(window=Window(NOW - SECOND, NOW))), build) == [""]


@pytest.mark.parametrize(
    ("moment", "stands"),
    [(ISSUED - SECOND, False), (ISSUED, True), (ISSUED + DAY, True), (ISSUED + DAY + SECOND, False)],
)
def test_with_a_trusted_time_the_window_is_judged_then_and_then_alone(moment, stands):
    limited = policy(key(window=Window(ISSUED, ISSUED + DAY)))
    (reason,) = why(limited, replace(NOTE, times=at(moment)))
    assert (reason == "") is stands
    assert stands or f"signed at {write_time(moment)}" in reason


def test_what_a_record_claims_does_not_count_against_its_trusted_time():
    limited = policy(key(window=Window(ISSUED + DAY, None)))
    assert why(limited, NOTE) != [""]
    assert why(limited, replace(NOTE, times=at(ISSUED + DAY))) == [""]


def test_the_earliest_time_is_when_it_was_signed():
    limited = policy(key(window=Window(ISSUED, ISSUED + DAY)))
    assert why(limited, replace(NOTE, times=at(ISSUED, NOW, NOW + DAY))) == [""]
    assert why(limited, replace(NOTE, times=at(ISSUED - DAY, ISSUED))) != [""]


def test_a_time_in_another_wrapping_counts():
    limited = policy(key(window=Window(ISSUED, ISSUED + DAY)))
    stamped = replace(NOTE, times=at(ISSUED))
    assert why(limited, NOTE) != [""]
    for order in ((NOTE, stamped), (stamped, NOTE)):
        stands, void = standing(limited, order, NOW, NAME)
        assert ([one.identity for one in stands], void) == ([NOTE.identity], [])


def test_a_clock_that_is_behind_takes_nothing_from_a_trusted_time():
    # The authority's clock is ahead of the verifier's: the record is there, so it existed.
    ahead = replace(NOTE, times=at(NOW + SECOND))
    assert why(policy(key()), ahead) == [""]
    assert why(policy(key(window=Window(ISSUED, NOW + DAY))), ahead) == [""]


# --- revocation ----------------------------------------------------------------------------------


def test_a_revoked_key_has_only_its_own_word_and_that_is_none():
    (reason,) = why(policy(key(revoked_from=ISSUED + DAY)), NOTE)
    assert reason == (
        f"void: ci's key or identity is revoked from {write_time(ISSUED + DAY)}, and nothing proves that this record "
        "existed before: nothing but its own word says when"
    )


@pytest.mark.parametrize("source", ["timestamp", "log"])
@pytest.mark.parametrize(("moment", "stands"), [(ISSUED + DAY - SECOND, True), (ISSUED + DAY, False), (NOW, False)])
def test_a_trusted_time_before_it_keeps_a_record(moment, stands, source):
    (reason,) = why(policy(key(revoked_from=ISSUED + DAY)), replace(NOTE, times=at(moment, source=source)))
    assert (reason == "") is stands
    assert stands or f"seen first at {write_time(moment)}" in reason


def test_being_in_a_log_that_says_no_time_proves_no_time():
    assert why(policy(key(revoked_from=ISSUED + DAY)), replace(NOTE, logged=True)) != [""]


def test_a_revocation_of_tomorrow_is_not_yet_one():
    # What is here now existed before tomorrow.
    assert why(policy(key(revoked_from=NOW + SECOND)), NOTE) == [""]
    assert why(policy(key(revoked_from=NOW)), NOTE) != [""]


def test_revocation_takes_back_nothing_that_a_window_took_before():
    both = key(revoked_from=NOW - SECOND, window=Window(None, ISSUED - DAY))
    assert why(policy(both), replace(NOTE, times=at(ISSUED))) != [""]


# --- what others' records prove ------------------------------------------------------------------

BUILD = record(provenance_of())


def linking(label: str = "anna", issued: datetime = ISSUED, **more: object) -> Record:
    """Return somebody's registration that lists the build of `ci`."""
    return replace(record(registration_of(evidence=[BUILD], issuedAt=write_time(issued)), label), **more)  # type: ignore[arg-type]


REVOKED = key(revoked_from=ISSUED + DAY)


def judged(*credentials: Credential, others: Sequence[Record], now: datetime = NOW) -> bool:
    return why(policy(REVOKED, *credentials), BUILD, *others, now=now)[0] == ""


def test_a_record_of_somebody_else_that_links_to_it_proves_that_it_existed():
    assert not judged(key("anna"), others=[])
    assert judged(key("anna"), others=[linking()])
    saw = record(annotation_of(saw=[BUILD.reference.to_json()]), "anna")
    assert judged(key("anna"), others=[saw])


def test_a_link_from_after_the_revocation_proves_nothing():
    assert judged(key("anna"), others=[linking(issued=ISSUED + DAY - SECOND)])
    assert not judged(key("anna"), others=[linking(issued=ISSUED + DAY)])


def test_a_trusted_time_of_the_link_goes_before_what_it_claims():
    assert not judged(key("anna"), others=[linking(times=at(ISSUED + 2 * DAY))])
    assert judged(key("anna"), others=[linking(issued=ISSUED + 2 * DAY, times=at(ISSUED))])


def test_a_strangers_link_proves_nothing():
    assert not judged(others=[linking("stranger")])


def test_the_same_persons_other_key_is_the_same_voice():
    assert not judged(key("anna", person="ci"), others=[linking()])


def test_the_revoked_keys_own_link_proves_nothing():
    assert not judged(key("anna"), others=[linking("ci")])


def test_another_revoked_persons_link_proves_nothing_even_where_it_stands():
    other = key("anna", revoked_from=ISSUED + DAY)
    assert not judged(other, others=[linking(times=at(ISSUED))])


def test_a_void_link_proves_nothing():
    assert not judged(key("anna", window=Window(None, ISSUED - DAY)), others=[linking()])
    assert not judged(key("anna", proven_by=("timestamp",)), others=[linking()])


def test_a_link_that_claims_to_be_from_the_future_proves_nothing():
    assert not judged(key("anna"), others=[linking(issued=NOW + DAY)])


def test_one_link_that_proves_it_is_enough():
    late, good = linking(issued=ISSUED + 2 * DAY), linking("bert")
    assert judged(key("anna"), key("bert"), others=[late, good, linking("stranger")])


# --- identities ----------------------------------------------------------------------------------


def certified(identity: Identity, **more: object) -> Record:
    one = record(provenance_of(build="x"))
    return replace(one, signer=identity.signer, certified=identity, **more)  # type: ignore[arg-type]


def test_an_identity_is_limited_as_a_key_is():
    anna = Credential("anna", identity=ANNA, revoked_from=ISSUED)
    assert why(policy(anna), certified(ANNA, times=at(ISSUED - SECOND))) == [""]
    assert why(policy(anna), certified(ANNA, times=at(ISSUED))) != [""]
    # The same address at another provider is another person.
    assert why(policy(anna), certified(replace(ANNA, issuer="https://other"), times=at(ISSUED))) == [""]


def test_the_longest_pattern_says_what_limits_an_identity():
    issuer, job = "https://token.example.test", "https://ci.example.test/acme/models/release@refs/tags/v1"
    wide = Credential("ci", identity=Identity(issuer, "https://ci.example.test/acme/*"))
    narrow = Credential("ci", identity=Identity(issuer, "https://ci.example.test/acme/models/*"), revoked_from=ISSUED)
    exact = Credential("ci", identity=Identity(issuer, job), window=Window(NOW, None))
    one = certified(Identity(issuer, job), times=at(ISSUED))
    assert why(policy(wide), one) == [""]
    for two in ((wide, narrow), (narrow, wide)):
        assert "revoked" in why(policy(*two), one)[0]
    for three in ((wide, narrow, exact), (exact, narrow, wide)):
        assert "did not speak for ci" in why(policy(*three), one)[0]


def test_a_key_is_not_an_identity_and_an_identity_no_key():
    keyed = Credential("ci", ANNA.signer, revoked_from=ISSUED)
    assert why(policy(keyed), certified(ANNA, times=at(ISSUED))) == [""]


def test_what_is_void_is_the_same_in_every_order():
    limited = policy(REVOKED, key("anna", proven_by=("log",)))
    records = [BUILD, NOTE, linking(), record(annotation_of(), "stranger")]
    first = standing(limited, records, NOW, NAME)
    assert standing(limited, records[::-1] + records, NOW, NAME) == first
    assert all(isinstance(one, Void) for one in first[1])


def test_a_certificate_of_tomorrow_signed_nothing():
    made = replace(record(annotation_of()), certified=Identity("https://issuer.example", "anna"))
    (void,) = standing(policy(), [replace(made, times=at(NOW + DAY))], NOW, NAME)[1]
    assert "has not come yet" in void.why
    assert standing(policy(), [replace(made, times=at(NOW))], NOW, NAME)[1] == []


def test_a_clock_that_is_ahead_proves_nothing():
    demanding = policy(key(proven_by=("timestamp",)))
    made = replace(record(annotation_of()), times=at(NOW + DAY))
    assert [one.record.times for one in standing(demanding, [made], NOW, NAME)[1]] == [()]


def test_who_may_say_nothing_here_vouches_for_nothing():
    silent = replace(policy(key(revoked_from=NOW), key("anna")), permissions=())
    made = record(annotation_of())
    link = record(annotation_of(saw=[made.reference.to_json()]), "anna")
    assert made.identity in {one.record.identity for one in standing(silent, [made, link], NOW, NAME)[1]}
