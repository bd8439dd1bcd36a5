"""`decide`: is it authorised? A table of reasons, and what each is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from govern.errors import Denied, NetworkError
from govern.intoto.statement import write_statement
from govern.ledger.state import fold
from govern.oci.digest import Digest
from govern.oci.reference import Pinned, RegistryPlace
from govern.policy.decide import Artifact, Completeness, decide
from govern.policy.decision import Code, Decision
from govern.policy.keys_only import policy_of_keys
from govern.policy.model import Credential, Permission, Policy, TrustedBuilder
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.kinds import SLSA_V1, TEST_RESULT
from govern.predicates.registration import TYPE as REGISTRATION
from govern.trust.anchors import Trust
from govern.trust.identity import Voice
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

PLACE = RegistryPlace("registry.example.com", "acme/fraud")
ARTIFACT = Artifact(Pinned(PLACE, D, VERSION), NAME, NAME, VERSION, "model")
UNTAGGED = replace(ARTIFACT, pinned=Pinned(PLACE, D))
REJECTED = Rejected(Digest.of(b"junk"), Denied("no trusted key made this signature"))

BUILD = record(provenance_of())
FULL = record(registration_of(evidence=[BUILD]))
BARE = record(registration_of())
NOTE = record(annotation_of())
OLDER = record(registration_of(OTHER, "1.3.0"))
RIVAL = record(registration_of(OTHER))
STRANGER = record(registration_of(), "stranger")
STRANGERS_RIVAL = record(registration_of(OTHER), "stranger")
FUTURE_RIVAL = record(registration_of(OTHER, issuedAt="2027-01-01T00:00:00Z"))
STRANGERS_FUTURE_RIVAL = record(registration_of(OTHER, issuedAt="2027-01-01T00:00:00Z"), "stranger")
PASSED, FAILED = (
    record(write_statement([(f"{NAME}@{VERSION}", D)], TEST_RESULT, {"result": result, "configuration": []}))
    for result in ("PASSED", "FAILED")
)
BUILDER = "https://build.example/builder"
FUTURE = record(registration_of(issuedAt="2027-01-01T00:00:00Z"))


def policy(*require: str, **keys: str) -> Policy:
    """Return a policy in which `ci` may say everything about the name, and `stranger` is known and may say nothing."""
    made = policy_of_keys([("ci", key_of("ci"))], NAME, require or ("registration",))
    known = {"stranger": "stranger", **keys}
    return replace(
        made,
        trust=Trust({**made.trust.keys, **{key_of(label).signer: key_of(label) for label in known}}),
        owners={**made.owners, **{key_of(label).signer: person for label, person in known.items()}},
        credentials=(
            *made.credentials,
            *(Credential(person, key_of(label).signer) for label, person in known.items()),
        ),
    )


def judge(
    records: Sequence[Record],
    artifact: Artifact = ARTIFACT,
    *require: str,
    refused: Sequence[Rejected] = (),
    complete: Completeness = Completeness(),  # noqa: B008 - frozen
    at: datetime = AT,
) -> Decision:
    return decide(policy(*require), artifact, fold(records, at), refused, complete, at)


def codes(decision: Decision) -> list[tuple[str, str]]:
    return [(one.code.value, one.outcome) for one in decision.reasons]


D_ALL = [BUILD, FULL]


@pytest.mark.parametrize(
    ("records", "artifact", "require", "outcome", "expected"),
    [
        # --- allowed
        (D_ALL, ARTIFACT, (), "allowed", []),
        (D_ALL, UNTAGGED, (), "allowed", []),
        ([BARE], ARTIFACT, (), "allowed", []),
        ([*D_ALL, OLDER], ARTIFACT, (), "allowed", []),
        ([*D_ALL, STRANGER, STRANGERS_RIVAL], ARTIFACT, (), "allowed", []),
        (D_ALL, ARTIFACT, ("registration", "provenance"), "allowed", []),
        ([BUILD], ARTIFACT, ("provenance",), "allowed", []),
        ([NOTE], UNTAGGED, ("annotation",), "allowed", []),
        ([BARE], replace(ARTIFACT, name=None, version=None), (), "allowed", []),
        # --- MISSING
        ([], ARTIFACT, (), "denied", [("MISSING", "denied")]),
        ([BUILD], ARTIFACT, (), "denied", [("MISSING", "denied")]),
        ([NOTE], ARTIFACT, (), "denied", [("MISSING", "denied")]),
        ([OLDER], ARTIFACT, (), "denied", [("MISSING", "denied")]),
        ([STRANGER], ARTIFACT, (), "denied", [("MISSING", "denied")]),
        ([FUTURE], ARTIFACT, (), "denied", [("MISSING", "denied")]),
        ([BARE], ARTIFACT, ("registration", "provenance"), "denied", [("MISSING", "denied")]),
        ([], ARTIFACT, ("registration", "provenance"), "denied", [("MISSING", "denied")] * 2),
        ([], ARTIFACT, ("https://example.com/x",), "denied", [("MISSING", "denied")]),
        # --- INCONCLUSIVE
        ([FULL], ARTIFACT, (), "denied", [("INCONCLUSIVE", "denied")]),
        ([FULL, record(provenance_of(), "stranger")], ARTIFACT, (), "denied", [("INCONCLUSIVE", "denied")]),
        ([FULL, record(provenance_of(build="2"))], ARTIFACT, (), "denied", [("INCONCLUSIVE", "denied")]),
        ([FULL, BARE], ARTIFACT, (), "allowed", []),
        # --- CONFLICT
        ([*D_ALL, RIVAL], ARTIFACT, (), "denied", [("CONFLICT", "denied")]),
        ([BUILD, FULL, RIVAL], UNTAGGED, ("provenance",), "denied", [("CONFLICT", "denied")]),
        ([*D_ALL, FUTURE_RIVAL], ARTIFACT, (), "denied", [("CONFLICT", "denied")]),
        ([*D_ALL, STRANGERS_FUTURE_RIVAL], ARTIFACT, (), "allowed", []),
        # --- results
        ([PASSED], ARTIFACT, ("test-result",), "allowed", []),
        ([PASSED, FAILED], ARTIFACT, ("test-result",), "allowed", []),
        ([FAILED], ARTIFACT, ("test-result",), "denied", [("MISSING", "denied")]),
        # --- names, versions and tags
        (D_ALL, replace(ARTIFACT, name="acme/other"), (), "denied", [("NAME-MISMATCH", "denied")]),
        (D_ALL, replace(ARTIFACT, name=""), (), "denied", [("NAME-MISMATCH", "denied")]),
        (D_ALL, replace(ARTIFACT, name="ACME/fraud"), (), "denied", [("NAME-MISMATCH", "denied")]),
        (D_ALL, replace(ARTIFACT, version="1.4.1"), (), "denied", [("VERSION-MISMATCH", "denied")]),
        (D_ALL, replace(ARTIFACT, pinned=Pinned(PLACE, D, "latest")), (), "denied", [("TAG-MISMATCH", "denied")]),
        (D_ALL, replace(ARTIFACT, pinned=Pinned(PLACE, D, "1.3.0")), (), "denied", [("TAG-MISMATCH", "denied")]),
        ([*D_ALL, OLDER], replace(ARTIFACT, pinned=Pinned(PLACE, D, "1.3.0")), (), "denied", [("TAG-MISMATCH",
        "denied")]),
        (
            [RIVAL],
            replace(ARTIFACT, name="x", version="2", pinned=Pinned(PLACE, OTHER, "3")),
            (),
            "denied",
            [("NAME-MISMATCH", "denied"), ("VERSION-MISMATCH", "denied"), ("TAG-MISMATCH", "denied")],
        ),
    ],
)  # fmt: skip
def test_the_table_of_reasons(records, artifact, require, outcome, expected):
    decision = judge(records, artifact, *require)
    assert (decision.outcome, codes(decision)) == (outcome, expected)
    for reason in decision.reasons:
        assert reason.message
        assert reason.hint


FAULT = NetworkError("the listing was cut", hint="try again")


@pytest.mark.parametrize(
    ("records", "complete", "outcome", "expected"),
    [
        (D_ALL, Completeness(failures=(FAULT,)), "undecided", [("LISTING", "undecided")]),
        (D_ALL, Completeness(unread=1), "undecided", [("UNREAD", "undecided")]),
        (
            D_ALL,
            Completeness(2, (FAULT, FAULT)),
            "undecided",
            [("LISTING", "undecided")] * 2 + [("UNREAD", "undecided")],
        ),
        ([], Completeness(failures=(FAULT,)), "undecided", [("MISSING", "undecided"), ("LISTING", "undecided")]),
        ([FULL], Completeness(unread=1), "undecided", [("INCONCLUSIVE", "undecided"), ("UNREAD", "undecided")]),
        ([*D_ALL, RIVAL], Completeness(unread=1), "denied", [("CONFLICT", "denied"), ("UNREAD", "undecided")]),
    ],
)
def test_what_was_not_read_is_never_a_yes_and_takes_back_no_no(records, complete, outcome, expected):
    decision = judge(records, complete=complete)
    assert (decision.outcome, codes(decision)) == (outcome, expected)
    assert decision.unread == complete.unread


@pytest.mark.parametrize(
    ("signer", "outcome", "expected"),
    [("ci", "undecided", [("NEWER", "undecided")]), ("nobody", "allowed", []), (None, "allowed", [])],
)
def test_what_only_a_newer_govern_knows_is_never_a_yes(signer, outcome, expected):
    newer = Voice(key_of(signer).signer) if signer else None
    refused = Rejected(Digest.of(b"newer"), Denied("a kind that this govern does not know"), newer=newer)
    decision = judge(D_ALL, refused=[refused])
    assert (decision.outcome, codes(decision)) == (outcome, expected)


def test_who_asks_about_the_past_gets_no_conflict_of_later_times():
    later, now = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    assert later > AT
    decision = decide(policy(), ARTIFACT, fold([*D_ALL, FUTURE_RIVAL], AT, now), [], Completeness(), AT)
    assert decision.outcome == "allowed"
    assert decide(policy(), ARTIFACT, fold([*D_ALL, FUTURE_RIVAL], now), [], Completeness(), now).outcome == "denied"


def test_a_name_that_is_none_is_not_offered_as_a_flag():
    told = judge(D_ALL, replace(ARTIFACT, name="x\nverified: yes; rm -rf ~")).reasons[0]
    assert "--name" not in told.hint
    assert "\n" not in told.message + told.hint
    assert "--name acme/other" in judge(D_ALL, replace(ARTIFACT, name="acme/other")).reasons[0].hint


@pytest.mark.parametrize(
    ("asked", "builder", "people", "level", "expected"),
    [
        (None, "", (), 1, []),
        (1, "", (), 1, []),
        (2, "https://build.example/b", ("ci",), 1, [("LEVEL", "denied")]),
        (2, BUILDER, ("stranger",), 1, [("LEVEL", "denied")]),
        (2, BUILDER, ("ci",), 2, []),
        (3, BUILDER, ("ci",), 2, [("LEVEL", "denied")]),
    ],
)
def test_a_provenance_is_worth_what_its_signer_and_builder_are(asked, builder, people, level, expected):
    made = record(write_statement([(f"{NAME}@{VERSION}", D)], SLSA_V1, {"runDetails": {"builder": {"id": BUILDER}}}))
    pair = TrustedBuilder(builder, frozenset(people), 2)
    decision = decide(
        replace(policy(), builders=(pair,), level=asked), ARTIFACT, fold([*D_ALL, made], AT), [], Completeness(), AT
    )
    assert codes(decision) == expected
    assert [one.build_level for one in decision.records if one.statement == made.statement.digest] == [level]


def test_every_code_of_this_version_has_a_case():
    tables: list[Any] = [
        test_the_table_of_reasons,
        test_what_was_not_read_is_never_a_yes_and_takes_back_no_no,
        test_what_only_a_newer_govern_knows_is_never_a_yes,
        test_a_provenance_is_worth_what_its_signer_and_builder_are,
    ]
    seen = {code for table in tables for case in table.pytestmark[0].args[1] for code, _ in case[-1]}
    assert seen == {code.value for code in Code}


@pytest.mark.parametrize(
    ("records", "tag", "verdict"),
    [
        (D_ALL, None, "none"),
        (D_ALL, VERSION, "registered"),
        (D_ALL, "latest", "mismatch"),
        ([BUILD], VERSION, "unproven"),
        ([STRANGER], VERSION, "unproven"),
    ],
)
def test_a_tag_is_worth_what_the_line_says(records, tag, verdict):
    decision = judge(records, replace(ARTIFACT, pinned=Pinned(PLACE, D, tag)), "provenance")
    assert (decision.tag.typed, decision.tag.verdict) == (tag, verdict)


# FORMAT §6: "this holds from the first authorised registration on". The line gives 1.4.0 to OTHER.
def test_a_tag_that_the_line_gives_to_other_content_is_a_mismatch():
    decision = judge([BUILD, RIVAL], ARTIFACT, "provenance")
    assert decision.outcome == "denied"


def test_an_artifact_that_claims_a_version_of_another_is_denied():
    assert judge([BUILD, RIVAL], UNTAGGED, "provenance").outcome == "denied"


def test_a_line_is_not_a_registered_artifact():
    itself = Artifact(Pinned(PLACE, LINE, "govern.line"), NAME, None, None, "application/vnd.govern.line.v1+json")
    assert judge([BARE], itself).outcome == "denied"


def test_a_registration_that_is_inconclusive_proves_no_tag():
    assert judge([FULL, NOTE], ARTIFACT, "annotation").tag.verdict != "registered"


def test_a_registration_whose_evidence_is_missing_is_said_to_be_there():
    decision = judge([FULL], refused=[REJECTED])
    (reason,) = decision.reasons
    assert reason.message.startswith("the registration by ci is there and does not count: expected the evidence")
    assert f"{BUILD.statement.digest} by {BUILD.signer}, found no such record that holds (1 claim was" in reason.message
    (view,) = decision.records
    assert "evidence that it lists is missing" in view.note
    assert [one.note for one in judge(D_ALL).records] == ["", ""]


# --- who may say it ------------------------------------------------------------------------------


def test_a_person_may_say_only_what_the_role_gives():
    made = policy()
    for permission, allowed in (
        (Permission("ci", "r", frozenset({REGISTRATION}), ("acme/**",)), True),
        (Permission("ci", "r", frozenset({REGISTRATION}), ("acme/other",)), False),
        (Permission("ci", "r", frozenset({ANNOTATION}), ("**",)), False),
        (Permission("someone", "r", frozenset({REGISTRATION}), ("**",)), False),
    ):
        decision = decide(replace(made, permissions=(permission,)), ARTIFACT, fold([BARE], AT), (), Completeness(), AT)
        assert decision.outcome == ("allowed" if allowed else "denied")
        (view,) = decision.records
        assert (view.authorised, bool(view.note)) == (allowed, not allowed)
    assert decide(replace(made, permissions=()), ARTIFACT, fold([BARE], AT), (), Completeness(), AT).outcome == "denied"


def test_only_the_authorised_make_a_conflict():
    assert judge([*D_ALL, STRANGERS_RIVAL]).outcome == "allowed"


def test_a_requirement_names_the_records_that_satisfy_it():
    decision = judge(D_ALL, ARTIFACT, "registration", "provenance", "annotation")
    assert [(one.word, one.satisfied, one.by) for one in decision.requirements] == [
        ("registration", True, (FULL.statement.digest,)),
        ("provenance", True, (BUILD.statement.digest,)),
        ("annotation", False, ()),
    ]


def test_everything_that_was_seen_is_shown():
    decision = judge([*D_ALL, STRANGER, FUTURE], refused=[REJECTED])
    assert {(one.statement, one.signer) for one in decision.records} == {
        one.identity for one in (*D_ALL, STRANGER, FUTURE)
    }
    notes = {one.statement: one.note for one in decision.records if one.person == "ci"}
    assert "later than the moment" in notes[FUTURE.statement.digest]
    assert [(one.manifest, one.reason) for one in decision.refused] == [(REJECTED.manifest, REJECTED.reason.message)]
    assert decision.absence == "unproven"
