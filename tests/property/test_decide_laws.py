"""Laws of the fold and of `decide`, over every mixture of real records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from govern import canonical
from govern.errors import Denied, GovernError, NetworkError
from govern.ledger.heads import heads, links_of
from govern.ledger.state import fold
from govern.oci.digest import Digest
from govern.oci.reference import LayoutPlace, Pinned, RegistryPlace
from govern.policy.decide import Artifact, Completeness, decide
from govern.policy.decision import Decision
from govern.policy.keys_only import policy_of_keys
from govern.policy.model import Policy
from govern.trust.records import Record, Rejected
from support.records import (
    AT,
    LINE,
    NAME,
    OTHER,
    VERSION,
    D,
    annotation_of,
    key_of,
    provenance_of,
    record,
    registration_of,
)

BUILD = record(provenance_of())
POOL: list[Record] = [
    BUILD,
    record(provenance_of(), on=LINE),
    record(provenance_of(), "stranger"),
    record(annotation_of()),
    record(registration_of()),
    record(registration_of(), on=LINE),
    record(registration_of(), "stranger"),
    record(registration_of(evidence=[BUILD])),
    record(registration_of(evidence=[BUILD]), on=LINE),
    record(registration_of(version="9.9.9")),
    record(registration_of(OTHER)),
    record(registration_of(OTHER), "stranger"),
    record(registration_of(OTHER, "1.3.0"), on=LINE),
    record(registration_of(issuedAt="2027-01-01T00:00:00Z")),
    record(annotation_of(issuedAt="2020-01-01T00:00:00Z"), "stranger"),
]
REFUSED = [
    Rejected(Digest.of(b"1"), Denied("no trusted key")),
    Rejected(Digest.of(b"2"), Denied("about another"), "x:y", "hint", about_another=True),
    Rejected(Digest.of(b"3"), NetworkError("gone"), "\x1b[31m"),
]
FAULTS = [NetworkError("cut"), Denied("changed bytes")]

RECORDS = st.lists(st.sampled_from(POOL), max_size=8)
REFUSALS = st.lists(st.sampled_from(REFUSED), max_size=3, unique_by=lambda one: one.manifest)
KINDS = ["registration", "provenance", "annotation", "https://example.com/x"]
POLICIES = st.builds(
    lambda require, keys: policy_of_keys([(label, key_of(label)) for label in keys], NAME, require),
    st.lists(st.sampled_from(KINDS), max_size=3, unique=True),
    st.sampled_from([("ci",), ("stranger",), ("ci", "stranger"), ("nobody",)]),
)
ARTIFACTS = st.builds(
    lambda place, digest, tag, name, version: Artifact(Pinned(place, digest, tag), NAME, name, version, "model"),
    st.sampled_from([RegistryPlace("r.example.com", "acme/fraud"), LayoutPlace("./store")]),
    st.sampled_from([D, D, OTHER]),
    st.sampled_from([None, VERSION, "1.3.0", "latest", "govern.line"]),
    st.sampled_from([NAME, NAME, None, "acme/other", ""]) | st.text(max_size=5),
    st.sampled_from([VERSION, None, "1.3.0"]) | st.text(max_size=5),
)
COMPLETE = Completeness()
PARTS = st.builds(Completeness, st.integers(0, 2), st.lists(st.sampled_from(FAULTS), max_size=2).map(tuple))
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 54), timezones=st.just(UTC)) | st.just(AT)


def judge(
    policy: Policy,
    artifact: Artifact,
    records: Sequence[Record],
    refused: Sequence[Rejected] = (),
    complete: Completeness = COMPLETE,
    at: datetime = AT,
) -> Decision:
    return decide(policy, artifact, fold(records, at), refused, complete, at)


def as_bytes(decision: Decision) -> bytes:
    return canonical.dumps(decision.to_json())


@given(POLICIES, ARTIFACTS, RECORDS, REFUSALS, PARTS, MOMENTS)
def test_every_question_has_an_answer(policy, artifact, records, refused, complete, at):
    decision = judge(policy, artifact, records, refused, complete, at)
    assert Decision.model_validate(json.loads(as_bytes(decision))) == decision
    outcomes = {one.outcome for one in decision.reasons}
    assert decision.outcome == ("denied" if "denied" in outcomes else "undecided" if outcomes else "allowed")
    if decision.outcome == "allowed":
        # Empty is never yes: every requirement has a record that its signer was allowed to say.
        assert decision.requirements
        assert all(one.satisfied and one.by for one in decision.requirements)
        said = {one.statement for one in decision.records if one.authorised and not one.note}
        assert {statement for one in decision.requirements for statement in one.by} <= said
    try:
        assert decision.require() is decision
    except GovernError:
        assert decision.outcome != "allowed"


@given(POLICIES, ARTIFACTS, RECORDS, REFUSALS, PARTS, st.randoms())
def test_the_same_question_has_the_same_bytes_whatever_the_order(policy, artifact, records, refused, complete, random):
    first = as_bytes(judge(policy, artifact, records, refused, complete))
    mixed, others = records + records[:2], list(refused)
    random.shuffle(mixed)
    random.shuffle(others)
    assert as_bytes(judge(policy, artifact, mixed, others, complete)) == first


@given(POLICIES, ARTIFACTS, RECORDS, REFUSALS, REFUSALS, PARTS)
def test_a_refused_claim_never_helps_and_never_hurts(policy, artifact, records, refused, more, complete):
    one = judge(policy, artifact, records, refused, complete)
    other = judge(policy, artifact, records, more, complete)
    assert one.outcome == other.outcome
    assert [reason.code for reason in one.reasons] == [reason.code for reason in other.reasons]


@given(POLICIES, ARTIFACTS, RECORDS, st.data())
@settings(max_examples=200)
def test_hiding_a_record_turns_no_denial_into_a_yes_but_where_the_record_was_the_reason(
    policy, artifact, records, data
):
    """Who hides records must not win by it.

    Three reasons are *made* by records, and go with them: CONFLICT (a rival registration), VERSION-MISMATCH
    and TAG-MISMATCH (a registration under another version). Without a snapshot nobody can tell; the
    decision says `absence: unproven`.
    """
    assume(records)
    before = judge(policy, artifact, records)
    hidden = data.draw(st.sampled_from(records))
    after = judge(policy, artifact, [one for one in records if one.identity != hidden.identity])
    if before.outcome == "denied" and after.outcome == "allowed":
        assert {one.code.value for one in before.reasons} <= {"CONFLICT", "VERSION-MISMATCH", "TAG-MISMATCH"}
        assert hidden.word == "registration"
        assert after.absence == "unproven"


@given(POLICIES, ARTIFACTS, RECORDS, PARTS)
def test_an_incomplete_listing_is_never_a_yes(policy, artifact, records, complete):
    decision = judge(policy, artifact, records, (), complete)
    if complete.unread or complete.failures:
        assert decision.outcome != "allowed"
        assert {"LISTING", "UNREAD"} & {one.code.value for one in decision.reasons}
    else:
        assert decision.outcome != "undecided"


@given(POLICIES, ARTIFACTS, RECORDS)
def test_what_an_unknown_signer_says_changes_nothing(policy, artifact, records):
    known = [one for one in records if policy.owners.get(one.signer)]
    one, other = judge(policy, artifact, records), judge(policy, artifact, known)
    assert one.outcome == other.outcome
    assert [reason.code for reason in one.reasons] == [reason.code for reason in other.reasons]


@given(POLICIES, ARTIFACTS, RECORDS)
def test_no_record_of_another_name_says_anything_here(policy, artifact, records):
    elsewhere = replace(artifact, expected=type(NAME)("acme/elsewhere"), name=None)
    assert judge(policy, elsewhere, records).outcome == "denied"


@given(RECORDS, MOMENTS, st.randoms())
def test_a_fold_does_not_depend_on_order_or_repetition(records, at, random):
    mixed = records + records[1:]
    random.shuffle(mixed)
    assert fold(mixed, at) == fold(records, at)
    assert heads(mixed) == heads(records)


@given(RECORDS, MOMENTS)
def test_a_fold_loses_nothing(records, at):
    state = fold(records, at)
    assert {one.identity for one in (*state.records, *state.later)} == {one.identity for one in records}
    assert not {one.identity for one in state.records} & {one.identity for one in state.later}


@given(RECORDS)
def test_every_record_is_a_head_or_reached_from_one(records):
    by_identity = {one.identity: one for one in records}
    reached = {(one.statement.id, one.signer.id) for one in heads(records)}
    queue = list(reached)
    while queue:
        found = by_identity.get(queue.pop())
        for link in links_of(found) if found else ():
            if link not in reached:
                reached.add(link)
                queue.append(link)
    assert set(by_identity) <= reached
