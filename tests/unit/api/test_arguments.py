"""What the Python API takes: values, paths and variables mean the same, and every mistake is one of govern's errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from govern.api.arguments import context_of, policy_of, signer_of, verifier_of
from govern.errors import InvalidInput, UsageError
from govern.operations.context import Context
from govern.policy.template import policy_template
from govern.settings import Settings
from govern.signing.key_file import generate_key_pair
from govern.signing.key_record_signer import KeyRecordSigner
from support.records import key_of, signer


@pytest.fixture
def context() -> Context:
    return Context(Settings())


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    private, public, _ = generate_key_pair(tmp_path / "ci", b"secret")
    return private, public


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(policy_template([("ci", key_of())], ["acme/**"]))
    return path


def test_without_settings_those_of_the_environment_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVERN_JOBS", "7")
    assert context_of(None).settings.jobs == 7
    assert context_of(Settings(jobs=3)).settings.jobs == 3


def test_a_signer_is_a_value_or_the_key_at_a_path(context: Context, pair: tuple[Path, Path]) -> None:
    made = signer()
    own = KeyRecordSigner(made)
    assert signer_of(context, own, None) is own
    assert signer_of(context, made, None).label == own.label
    private, _ = pair
    opened = [signer_of(context, private, "secret"), signer_of(context, str(private), "secret")]
    assert opened[0].label == opened[1].label


def test_a_passphrase_of_the_call_comes_before_that_of_the_environment(pair: tuple[Path, Path]) -> None:
    private, _ = pair
    context = Context(Settings(environment={"GOVERN_KEY_PASSPHRASE": "secret"}))
    assert signer_of(context, private, None).label
    with pytest.raises(InvalidInput, match="a wrong passphrase"):
        signer_of(context, private, "other")
    with pytest.raises(InvalidInput, match="is encrypted"):
        signer_of(Context(Settings()), private, None)


def test_a_policy_is_a_value_or_the_file_at_a_path(policy: Path) -> None:
    read = policy_of(policy)
    assert read is not None
    assert read.source == str(policy)
    assert policy_of(str(policy)) == read
    assert policy_of(read) is read
    assert policy_of(None) is None


def test_a_policy_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the policy cannot be read"):
        policy_of(tmp_path / "nothing.yaml")


def test_one_key_is_as_good_as_a_list_of_it(context: Context, pair: tuple[Path, Path]) -> None:
    _, public = pair
    one, text, listed = (verifier_of(context, key, None) for key in (public, str(public), [public]))
    assert one == text == listed
    assert one.keys[0][0] == str(public)


def test_keys_by_value_and_by_path_go_together(pair: tuple[Path, Path]) -> None:
    _, public = pair
    context = Context(Settings(environment={"CI_KEY": key_of("env").to_pem()}))
    verifier = verifier_of(context, [key_of(), public, "env:CI_KEY"], None, ["registration"])
    assert [label for label, _ in verifier.keys] == [str(key_of().signer), str(public), "env:CI_KEY"]
    assert verifier.keys[2][1].signer == key_of("env").signer
    assert verifier.require == ("registration",)


def test_a_policy_is_what_is_decided_under(context: Context, policy: Path) -> None:
    verifier = verifier_of(context, None, policy)
    assert (verifier.keys, verifier.policy) == ((), policy_of(policy))


def test_exactly_one_of_key_and_policy_is_asked_for(context: Context, policy: Path) -> None:
    with pytest.raises(UsageError, match="whom to trust"):
        verifier_of(context, None, None)
    with pytest.raises(UsageError, match="whom to trust"):
        verifier_of(context, key_of(), policy)
