"""The policy that is written for somebody says what they said, and reads back as that."""

from __future__ import annotations

import pytest

from govern.errors import UsageError
from govern.names import Name
from govern.policy.model import Policy
from govern.policy.reading import read_policy
from govern.policy.template import policy_template
from govern.predicates.kinds import SLSA_V1, resolve_type
from govern.predicates.registration import TYPE as REGISTRATION
from govern.trust.identity import Voice
from support.records import key_of


def made(*arguments, **options) -> Policy:
    return read_policy(policy_template(*arguments, **options).encode(), "policy.yaml")


def test_a_key_may_describe_the_names_that_were_given_and_no_others() -> None:
    policy = made([("ci", key_of())], ["acme/**", "other"])
    for kind in (REGISTRATION, SLSA_V1, resolve_type("test-result"), resolve_type("annotation")):
        assert policy.who_may(Voice(key_of().signer), kind, Name("acme/fraud")) is not None
        assert policy.who_may(Voice(key_of().signer), kind, Name("other")) is not None
        assert policy.who_may(Voice(key_of().signer), kind, Name("third")) is None
    assert policy.who_may(Voice(key_of().signer), resolve_type("vsa"), Name("other")) is None
    assert policy.who_may(Voice(key_of("stranger").signer), REGISTRATION, Name("other")) is None
    assert policy.require == (REGISTRATION,)


def test_several_keys_of_one_person_are_one_voice() -> None:
    policy = made([("ci", key_of()), ("anna", key_of("anna")), ("ci", key_of("second"))], ["**"])
    assert policy.owners == {
        key_of().signer: "ci",
        key_of("second").signer: "ci",
        key_of("anna").signer: "anna",
    }
    assert set(policy.kinds) == {"ci", "anna"}


def test_lines_and_requirements_are_written() -> None:
    policy = made(
        [("ci", key_of())],
        ["acme/**"],
        [("mirror.example.com/m/**", "acme/**"), ("r.example.com/x", "acme/fraud")],
        ("registration", "provenance"),
    )
    assert policy.expected_name("mirror.example.com/m/card") == "acme/card"
    assert policy.expected_name("r.example.com/x") == "acme/fraud"
    assert policy.require == (REGISTRATION, SLSA_V1)


def test_words_that_yaml_reads_otherwise_are_still_what_was_said() -> None:
    uri = "https://example.com/audit/v1"
    policy = made([("2026", key_of()), ("true", key_of("t"))], ["**", "123"], [("r.example.com/a", "456")], (uri,))
    assert policy.owners == {key_of().signer: "2026", key_of("t").signer: "true"}
    assert policy.who_may(Voice(key_of("t").signer), REGISTRATION, Name("acme/fraud")) is not None
    assert policy.expected_name("r.example.com/a") == "456"
    assert policy.require == (uri,)


def test_every_key_is_named_by_its_digest_for_those_who_read_it() -> None:
    assert f"# {key_of().signer}" in policy_template([("ci", key_of())], ["**"])


@pytest.mark.parametrize(("keys", "names"), [([], ["**"]), ([("ci", key_of())], [])])
def test_a_policy_of_nobody_or_of_nothing_is_not_written(keys, names) -> None:
    with pytest.raises(UsageError, match="at least one key or identity, and one name"):
        policy_template(keys, names)
