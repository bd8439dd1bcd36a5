"""A planted secret survives in nothing that is captured."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from govern.capture.ci import capture_ci
from govern.capture.redact import REDACTED, clean_json, clean_text, looks_secret, redact_url

_LETTERS = string.ascii_letters + string.digits
_BODY = st.text(_LETTERS, min_size=36, max_size=60)
TOKENS = st.one_of(
    st.sampled_from(["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "sk-", "sk-proj-", "xoxb-"]).flatmap(
        lambda start: _BODY.map(lambda body: start + body)
    ),
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16).map(lambda body: f"AKIA{body}"),
    st.tuples(_BODY, _BODY, _BODY).map(lambda parts: f"eyJ{parts[0]}.eyJ{parts[1]}.{parts[2]}"),
    _BODY.map(lambda body: f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"),
)
# Any letter that a URL may be given with, the separators included. Long enough not to occur by chance.
PASSWORDS = st.text(_LETTERS + "/?#@:%+-._~!$&'()*,;=", min_size=12, max_size=40).map(lambda body: f"p4ss{body}w0rd")
AROUND = st.text(max_size=20)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://anna:geheim@git.example.com/acme/fraud.git", "https://git.example.com/acme/fraud.git"),
        ("https://geheim@git.example.com:8443/a", "https://git.example.com:8443/a"),
        ("https://git.example.com/a?token=geheim#geheim", "https://git.example.com/a"),
        ("ssh://git@git.example.com:22/a", "ssh://git.example.com:22/a"),
        ("git@git.example.com:acme/fraud.git", "ssh://git.example.com/acme/fraud.git"),
        ("https://a:b@[::1]:80/a", "https://[::1]:80/a"),
        ("hf://datasets/acme/data@main", "hf://datasets/acme/data@main"),
        ("https://anna:ge/heim@git.example.com/a", REDACTED),
        ("https://anna:ge?heim@git.example.com/a", REDACTED),
        ("https://anna:12?heim@git.example.com/a", REDACTED),
        ("https://anna:geheim/a", REDACTED),
        ("https://anna:1/heim@git.example.com/a", REDACTED),
        ("https://anna:geheim @git.example.com/a", REDACTED),
        ("https:\\\\anna:geheim@git.example.com", REDACTED),
        ("anna:geheim@git.example.com/a", REDACTED),
    ],
)
def test_a_url_keeps_where_and_loses_who(url, expected):
    assert redact_url(url) == expected


@given(user=st.text(_LETTERS, max_size=10), password=PASSWORDS, scheme=st.sampled_from(["https", "http", "ssh", "git"]))
@example(user="a", password="p4ss1/w0rd", scheme="https")
@example(user="a", password="p4ss1?w0rd", scheme="https")
@example(user="", password="p4ss1#w0rd", scheme="ssh")
def test_no_password_survives_in_a_url(user, password, scheme):
    for url in (
        f"{scheme}://{user}:{password}@git.example.com/acme/fraud.git",
        f"{scheme}://{password}@git.example.com/acme/fraud.git",
        f"{scheme}://git.example.com/acme/fraud.git?private_token={password}",
        f"{scheme}://git.example.com/acme/fraud.git#{password}",
    ):
        assert password not in redact_url(url)


@given(token=TOKENS, before=AROUND, after=AROUND)
def test_a_token_is_seen_wherever_it_stands(token, before, after):
    text = before + token + after
    assert looks_secret(text)
    assert clean_text(text) == REDACTED
    assert clean_json({"a": [text, {text: 1}], "b": (text,)}) == {"a": [REDACTED, {REDACTED: 1}], "b": [REDACTED]}
    assert token not in redact_url(f"https://git.example.com/{token}/x")


@given(token=TOKENS, fill=st.integers(min_value=430, max_value=560))
def test_a_token_at_the_place_where_a_value_is_cut_leaves_no_half(token, fill):
    assert clean_text("x " * (fill // 2) + token) == REDACTED


@given(text=st.text(max_size=700))
def test_a_clean_value_is_printable_and_bounded(text):
    clean = clean_text(text)
    assert clean.isprintable()
    assert len(clean) <= 500


@pytest.mark.parametrize(
    "text",
    ["main", "release/2026.11", "a" * 40, "0" * 64, "refs/heads/feature-hf_tokens", "Build & test", "sk-learn", "v1.0"],
)
def test_ordinary_values_stay_as_they_are(text):
    assert clean_text(text) == text
    assert not looks_secret(text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("users/anna@example.com/x", f"users/{REDACTED}/x"),
        ("Anna <anna.b+c@mail.example.co.uk>", f"Anna <{REDACTED}>"),
        ("acme/fraud/.github/workflows/a.yml@refs/heads/release-1.0", None),
        ("acme/data@sha256:" + "a" * 64, None),
    ],
)
def test_a_mail_address_does_not_stay(text, clean):
    assert clean_text(text) == (text if clean is None else clean)


def test_a_long_value_takes_no_long_time():
    before = time.monotonic()
    assert len(clean_text("x" * 1_000_000)) == 500
    assert time.monotonic() - before < 30


CI_VARIABLES = {
    "github": ("GITHUB_ACTIONS", "GITHUB_WORKFLOW", "GITHUB_JOB", "GITHUB_REF", "GITHUB_SHA", "GITHUB_REPOSITORY"),
    "gitlab": ("GITLAB_CI", "CI_JOB_NAME", "CI_COMMIT_REF_NAME", "CI_JOB_URL", "CI_PROJECT_URL", "CI_CONFIG_PATH"),
    "azure": ("TF_BUILD", "BUILD_DEFINITIONNAME", "SYSTEM_TEAMPROJECT", "SYSTEM_COLLECTIONURI", "BUILD_REPOSITORY_URI"),
    "jenkins": ("JENKINS_URL", "JOB_NAME", "BUILD_URL", "GIT_URL", "GIT_BRANCH", "GIT_COMMIT"),
}


@given(token=TOKENS, before=st.text(_LETTERS, max_size=5), system=st.sampled_from(sorted(CI_VARIABLES)))
def test_a_token_survives_in_no_variable_of_ci(token, before, system):
    marker, *names = CI_VARIABLES[system]
    for name in names:
        for value in (
            before + token,
            f"https://x:{token}@ci.example.com/a",
            f"https://ci.example.com/{token}",
            f"acme/{token}",
        ):
            env = {
                "GITHUB_SERVER_URL": "https://github.example.com",
                "GITHUB_RUN_ID": "1",
                "BUILD_BUILDID": "1",
                "SYSTEM_COLLECTIONURI": "https://dev.example.com/",
                marker: "https://ci.example.com/" if marker == "JENKINS_URL" else "true",
                "GITHUB_TOKEN": token,
                "CI_JOB_TOKEN": token,
                name: value,
            }
            assert token not in repr(capture_ci(env))
