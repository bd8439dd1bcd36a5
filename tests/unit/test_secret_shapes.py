"""Well-known secrets are seen; ordinary text is not; and no text makes the search slow."""

from __future__ import annotations

import time

import pytest

from govern.secret_shapes import find_given, find_named, find_shape

SECRETS = {
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "x\n-----BEGIN " + "RSA PRIVATE KEY-----\n": "a private key",
    "-----BEGIN " + "ENCRYPTED SIGSTORE PRIVATE KEY-----": "a private key",
    "ghp" + "_" + "a" * 36: "a GitHub token",
    "github_pat" + "_" + "a" * 30: "a GitHub token",
    "glpat" + "-" + "a" * 20: "a GitLab token",
    "AKIA" + "A" * 16: "an AWS access key",
    "hf" + "_" + "a" * 34: "a Hugging Face token",
    "xoxb" + "-1234567890": "a Slack token",
    "sk-proj" + "-" + "a" * 40: "an API key",
    "AIza" + "a" * 35: "a Google API key",
    "pypi-AgE" + "a" * 60: "a PyPI token",
    "eyJ" + "a" * 10 + ".eyJ" + "a" * 10 + "." + "a" * 10: "a JSON web token",
}


@pytest.mark.parametrize(("text", "what"), SECRETS.items())
@pytest.mark.parametrize("around", ["{}", "key={}\n", '"{}"', "https://user:{}@host/"])
def test_a_planted_secret_is_seen(text, what, around):
    assert find_shape(around.format(text)) == what


@pytest.mark.parametrize(
    "text",
    ["", "risk", "-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----", "sha256:" + "a" * 64,
    "task-" + "a" * 40, "shf_" + "a" * 40,
     "0123456789abcdef" * 8, "eyJhbGciOi", "AKIA"],
)  # fmt: skip
def test_ordinary_text_is_none(text):
    assert find_shape(text) is None


@pytest.mark.parametrize("part", ["-eyJ", "eyJ-.", "-----BEGIN ", "-----BEGIN A ", "sk-a", "AKIA", "gl", "pypi-AgE"])
def test_the_search_takes_time_in_proportion_to_the_text(part):
    def seconds(length: int) -> float:
        text = (part * length)[:length]
        start = time.process_time()
        find_shape(text)
        return time.process_time() - start

    # Bounded bodies make it linear; quadratic time would be 25 times as long, not 5.
    assert seconds(100_000) < 12 * seconds(20_000) + 0.05


@pytest.mark.parametrize(
    "command",
    ["train.py --password=X", "train.py --token X", "train.py --hf-token abc", "HF_TOKEN=abc python t.py",
     "t --db-password 'x y'", "t --api-key k1", "t -password x", "t --client-secret=1", "t --Secret_Key zz"],
)  # fmt: skip
def test_what_a_command_is_given_as_a_secret_is_seen(command):
    assert find_given(command) is not None


@pytest.mark.parametrize(
    "command",
    ["train.py --max-tokens 512", "t --token-limit=512", "t --tokenizer bert", "t --pad-token PAD", "t --num-tokens=5",
     "t --password $PW", "t --token TOKEN", "t --token <token>", "t --token=***", "t --password-file x", "t --token",
     "HF_TOKEN=$X python t.py", "MAX_TOKENS=512 t", "t --key-metrics 5", "t --secret-santa x"],
)  # fmt: skip
def test_a_command_without_one_is_ordinary(command):
    assert find_given(command) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("token", "sk-abcdefgh1234"), ("password", "hunter2"), ("db.password", 1234), ("api_key", "abc"),
     ("auth_token", "1f3ac9d8e77b4a21c0de"), ("token", "550e8400-e29b-41d4-a716-446655440000")],
)  # fmt: skip
def test_a_value_is_a_secret_by_its_name_and_form(name, value):
    assert find_named(name, value) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [("token_limit", 512), ("max_tokens", "512"), ("tokenizer", "bert-base-uncased-1234567890abcd"), ("token", 5),
     ("pad_token", "<|endoftext|>"), ("mask_token", "reserved_special_token_0"), ("token", "word"), ("key", "user_id"),
     ("password", "$PW"), ("password", "none"), ("secret_sharing", 5), ("sort_key", "created_at_2024"),
     ("api_key", "")],
)  # fmt: skip
def test_an_ordinary_parameter_is_none(name, value):
    assert find_named(name, value) is None


@pytest.mark.parametrize("part", ["--a_", "-a-", "A_", "a.", "PASSWORD=", "--password    ", "abcdefgh_"])
def test_the_search_for_what_is_given_takes_time_in_proportion(part):
    def seconds(length: int) -> float:
        text = (part * length)[:length]
        start = time.process_time()
        find_given(text)
        find_named("token", text)
        return time.process_time() - start

    assert seconds(100_000) < 12 * seconds(20_000) + 0.05
