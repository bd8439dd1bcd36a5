"""Well-known secrets are seen; ordinary text is not; and no text makes the search slow."""

from __future__ import annotations

import time

import pytest

from govern.secret_shapes import find_shape

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
