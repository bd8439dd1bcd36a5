"""`--key`: short for a policy about one name (FORMAT §8)."""

from __future__ import annotations

import pytest

from govern.errors import UsageError
from govern.names import NAMESPACE, Name
from govern.policy.keys_only import policy_of_keys
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.kinds import SLSA_V1
from govern.predicates.registration import TYPE as REGISTRATION
from govern.trust.identity import Voice
from support.records import NAME, key_of

CI = ("ci.pub", key_of("ci"))


@pytest.mark.parametrize("kind", [REGISTRATION, ANNOTATION, SLSA_V1, "https://example.com/x"])
def test_the_key_may_sign_evidence_and_notes_about_the_expected_name(kind):
    policy = policy_of_keys([CI], NAME)
    assert policy.who_may(Voice(key_of("ci").signer), kind, NAME) is not None
    assert policy.who_may(Voice(key_of("ci").signer), kind, Name("acme/fraud/x")) is None
    assert policy.who_may(Voice(key_of("ci").signer), kind, Name("acme")) is None
    assert policy.who_may(Voice(key_of("other").signer), kind, NAME) is None


@pytest.mark.parametrize("word", ["approval", "transition", "exception", "own"])
def test_the_key_may_not_decide(word):
    assert policy_of_keys([CI], NAME).who_may(Voice(key_of("ci").signer), f"{NAMESPACE}{word}/v0.1", NAME) is None


def test_the_registration_is_required_unless_something_else_is():
    assert policy_of_keys([CI], NAME).require == (REGISTRATION,)
    assert policy_of_keys([CI], NAME, ["provenance", "annotation", SLSA_V1]).require == (SLSA_V1, ANNOTATION)
    with pytest.raises(UsageError):
        policy_of_keys([CI], NAME, ["nothing"])


def test_no_key_is_no_policy():
    with pytest.raises(UsageError):
        policy_of_keys([], NAME)


def test_two_files_of_one_key_are_one_person():
    policy = policy_of_keys([CI, ("copy.pub", key_of("ci"))], NAME)
    assert len(policy.trust.keys) == 1
    found = policy.who_may(Voice(key_of("ci").signer), REGISTRATION, NAME)
    assert found is not None
    assert found.person == policy.owners[key_of("ci").signer]


def test_two_keys_may_both_speak():
    policy = policy_of_keys([CI, ("other.pub", key_of("other"))], NAME)
    for label in ("ci", "other"):
        assert policy.who_may(Voice(key_of(label).signer), REGISTRATION, NAME) is not None
