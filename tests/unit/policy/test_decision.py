"""A decision as an answer: what unlocks, what is shown, and at which moments it can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from govern.errors import Denied, GovernError, NetworkError, Undecided
from govern.ledger.state import fold
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.reference import LayoutPlace, Pinned, RegistryPlace
from govern.policy.decide import Artifact, Completeness, decide
from govern.policy.decision import Decision
from govern.policy.keys_only import policy_of_keys
from govern.times import read_time
from govern.trust.records import Record, Rejected
from support.records import AT, NAME, ON_LINE, OTHER, VERSION, D, key_of, provenance_of, record, registration_of

ARTIFACT = Artifact(
    Pinned(RegistryPlace("registry.example.com", "acme/fraud"), D, VERSION), NAME, NAME, VERSION, "model"
)
REJECTED = Rejected(Digest.of(b"junk"), Denied("no trusted key made this signature"))
FAULT = NetworkError("the listing was cut", hint="try again")
BUILD = record(provenance_of())
D_ALL = [BUILD, record(registration_of(evidence=[BUILD]))]
RIVAL = record(registration_of(OTHER))


def judge(
    records: Sequence[Record],
    artifact: Artifact = ARTIFACT,
    *,
    refused: Sequence[Rejected] = (),
    complete: Completeness = Completeness(),  # noqa: B008 - frozen
    at: datetime = AT,
) -> Decision:
    policy = policy_of_keys([("ci", key_of())], NAME)
    return decide(policy, artifact, fold(records, at), refused, complete, at)


def codes(decision: Decision) -> list[tuple[str, str]]:
    return [(one.code.value, one.outcome) for one in decision.reasons]


def test_only_an_enforced_yes_unlocks():
    yes = judge(D_ALL)
    assert yes.require() is yes
    with pytest.raises(Undecided):
        yes.model_copy(update={"enforced": False}).require()
    with pytest.raises(Denied, match="MISSING"):
        judge([]).require()
    with pytest.raises(Undecided, match="LISTING"):
        judge(D_ALL, complete=Completeness(failures=(FAULT,))).require()
    with pytest.raises(Denied, match=r"CONFLICT.*1 more"):
        judge([*D_ALL, RIVAL], complete=Completeness(unread=3)).require()
    with pytest.raises(GovernError):
        judge([]).model_copy(update={"outcome": "allowed", "enforced": False}).require()


def test_the_json_of_a_decision_reads_back():
    for decision in (judge(D_ALL, refused=[REJECTED]), judge([])):
        assert Decision.model_validate(decision.to_json()) == decision
        assert decision.to_json()["version"] == "govern.decision/v0.1"


def test_a_decision_names_its_policy():
    decision = judge(D_ALL)
    assert (decision.policy.source, decision.policy.digest, decision.at) == ("--key", None, "2026-11-22T00:00:00Z")


@pytest.mark.parametrize("name", ["\x1b[31m", "x" * 1000, "\u202e", "acme/fraud\n"])
def test_a_hostile_name_inside_is_a_mismatch_and_no_crash(name):
    assert codes(judge(D_ALL, replace(ARTIFACT, name=name))) == [("NAME-MISMATCH", "denied")]


def test_a_refusal_is_short_however_long_the_name_inside():
    (reason,) = judge(D_ALL, replace(ARTIFACT, name="x" * 1_000_000)).reasons
    assert len(reason.message) + len(reason.hint) < 2000


def test_a_layout_is_decided_like_a_registry():
    decision = judge(D_ALL, replace(ARTIFACT, pinned=Pinned(LayoutPlace("./store"), D, VERSION)))
    assert decision.subject.reference == f"layout:./store@{D}"


@pytest.mark.parametrize(
    "at",
    [
        "1970-01-01T00:00:00Z",
        "1000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0999-12-31T23:59:59Z",
        pytest.param("9999-12-31T23:59:59Z"),
    ],
)  # fmt: skip
def test_any_moment_that_can_be_read_can_be_asked_about(at):
    assert judge(D_ALL, at=read_time(at)).at == at


def test_nothing_was_registered_before_it_was_registered():
    assert judge(D_ALL, at=datetime(2020, 1, 1, tzinfo=UTC)).outcome == "denied"


def test_the_expected_name_is_never_the_artifacts_own_word():
    # The artifact calls itself acme/other, and acme/other's producer registered it so: that is not acme/fraud.
    about = record(registration_of(name="acme/other"), subject=replace(ON_LINE, name=Name("acme/other")))
    decision = judge([about], replace(ARTIFACT, name="acme/other"))
    assert ("NAME-MISMATCH", "denied") in codes(decision)
