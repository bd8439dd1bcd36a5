"""What a provenance is worth: by the pair that the policy names, never by what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from govern.intoto.statement import write_statement
from govern.ledger.state import fold
from govern.names import CLIENT_BUILDER, Name
from govern.policy.build_level import lacking_level, level_of
from govern.policy.keys_only import policy_of_keys
from govern.policy.model import Policy, TrustedBuilder
from govern.predicates.kinds import SLSA_V02, SLSA_V1
from govern.trust.records import Record
from support.records import AT, NAME, OTHER, VERSION, D, annotation_of, key_of, record

HOSTED = "https://build.example.test/hosted"


def policy(*builders: TrustedBuilder, level: int | None = None) -> Policy:
    keys = policy_of_keys([(label, key_of(label)) for label in ("ci", "anna")], NAME)
    return replace(keys, builders=builders, level=level)


def provenance(builder: Any = HOSTED, label: str = "ci", *, kind: str = SLSA_V1, digest: Any = D) -> Record:
    shape = {"runDetails": {"builder": {"id": builder}}} if kind == SLSA_V1 else {"builder": {"id": builder}}
    return record(write_statement([(f"{NAME}@{VERSION}", digest)], kind, shape), label)


def odd(predicate: dict[str, Any]) -> Record:
    return record(write_statement([(f"{NAME}@{VERSION}", D)], SLSA_V1, predicate))


PAIR = TrustedBuilder(HOSTED, frozenset({"ci"}), 3)


def lacking(policy: Policy, *records: Record, undecided: bool = False, name: Name = NAME) -> list[str]:
    reasons = lacking_level(policy, fold(records, AT), D, name, undecided=undecided)
    assert all(one.outcome == ("undecided" if undecided else "denied") for one in reasons)
    return [one.message for one in reasons]


@pytest.mark.parametrize("kind", [SLSA_V1, SLSA_V02])
def test_the_level_follows_from_signer_and_builder(kind):
    assert level_of(policy(PAIR), provenance(kind=kind)) == 3
    assert level_of(policy(PAIR), provenance(HOSTED + "/", kind=kind)) == 1
    assert level_of(policy(PAIR), provenance(HOSTED.upper(), kind=kind)) == 1
    assert level_of(policy(PAIR), provenance(label="anna", kind=kind)) == 1
    assert level_of(policy(PAIR), provenance(label="stranger", kind=kind)) == 1
    assert level_of(policy(), provenance(kind=kind)) == 1


def test_of_several_pairs_the_best_counts():
    pairs = (replace(PAIR, level=2), PAIR, replace(PAIR, level=1), TrustedBuilder("x", frozenset({"ci"}), 3))
    assert level_of(policy(*pairs), provenance()) == 3


@pytest.mark.parametrize("kind", [SLSA_V1, SLSA_V02])
def test_what_a_client_says_of_itself_is_of_the_first_level_whatever_the_pair_says(kind):
    assert level_of(policy(replace(PAIR, builder=CLIENT_BUILDER)), provenance(CLIENT_BUILDER, kind=kind)) == 1


def test_other_records_have_no_level():
    assert level_of(policy(PAIR), record(annotation_of())) is None


@pytest.mark.parametrize(
    "predicate",
    [
        {},
        {"runDetails": None},
        {"runDetails": "x"},
        {"runDetails": {}},
        {"runDetails": {"builder": None}},
        {"runDetails": {"builder": HOSTED}},
        {"runDetails": {"builder": {"id": None}}},
        {"runDetails": {"builder": {"id": [HOSTED]}}},
        {"runDetails": {"builder": {"id": {"id": HOSTED}}}},
        # The place of the older version is not a second chance.
        {"runDetails": {"builder": {}}, "builder": {"id": HOSTED}},
        {"level": 3, "buildLevel": "SLSA_BUILD_LEVEL_3"},
    ],
)
def test_a_provenance_that_names_no_builder_is_of_the_first_level(predicate):
    assert level_of(policy(PAIR, TrustedBuilder("", frozenset({"anna"}), 3)), odd(predicate)) == 1


def test_nothing_is_lacking_where_nothing_is_asked():
    assert lacking(policy(PAIR)) == []
    assert lacking(policy(PAIR), provenance("elsewhere")) == []


@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_is_asked_for_must_be_there(level):
    assert lacking(policy(PAIR, level=level), provenance()) == []
    assert lacking(policy(PAIR, level=level)) == [
        f"there is no provenance by anyone who may sign one, expected at least level {level}"
    ]
    assert lacking(policy(PAIR, level=level), undecided=True)


def test_the_best_one_counts_and_the_best_one_is_told():
    asked = policy(PAIR, TrustedBuilder("other", frozenset({"anna"}), 2), level=3)
    assert lacking(asked, provenance("elsewhere"), provenance()) == []
    (message,) = lacking(asked, provenance("elsewhere"), provenance("other", "anna"))
    assert message == (
        "the best provenance is of build level 2: anna signed for the builder 'other', expected at least level 3"
    )


def test_whoever_may_not_sign_provenance_lifts_no_level():
    trusted = policy(TrustedBuilder(HOSTED, frozenset({"ci"}), 3), level=2)
    silent = replace(trusted, permissions=tuple(one for one in trusted.permissions if one.person != "ci"))
    assert "there is no provenance" in lacking(silent, provenance())[0]
    assert "there is no provenance" in lacking(trusted, provenance(), name=Name("acme/other"))[0]
    assert "there is no provenance" in lacking(trusted, provenance(label="stranger"))[0]


def test_a_provenance_of_other_content_lifts_no_level():
    other = replace(provenance(), statement=write_statement([(f"{NAME}@9.9.9", OTHER)], SLSA_V1, {}))
    assert "there is no provenance" in lacking(policy(PAIR, level=2), other)[0]
