"""Identity tokens are read to know whom the certificate will be about, and shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from govern.errors import Undecided
from govern.signing.keyless.id_token import read_id_token
from govern.trust.identity import Identity
from support.id_tokens import ISSUER, part, token


@pytest.mark.parametrize(
    ("claims", "subject"),
    [
        ({}, "who"),
        ({"email": "alice@example.test"}, "alice@example.test"),
        (
            {"job_workflow_ref": "acme/models/.github/workflows/release.yml@refs/heads/main"},
            "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/main",
        ),
        (
            {"ci_config_ref_uri": "gitlab.com/acme/models//.gitlab-ci.yml@refs/heads/main"},
            "https://gitlab.com/acme/models//.gitlab-ci.yml@refs/heads/main",
        ),
        ({"organization_slug": "acme", "pipeline_slug": "train"}, "https://buildkite.com/acme/train"),
    ],
)
def test_the_identity_of_its_certificate_is_known_before(claims: dict[str, Any], subject: str) -> None:
    read = read_id_token(token(**claims), "the token")
    assert read.may_be(Identity(ISSUER, subject))
    assert not read.may_be(Identity(ISSUER, f"{subject}x"))
    assert not read.may_be(Identity("https://other.example.test", subject))


def test_a_provider_that_passes_on_leaves_its_place() -> None:
    read = read_id_token(token(federated_claims={"connector_id": "https://github.com/login/oauth"}), "the token")
    assert read.may_be(Identity("https://github.com/login/oauth", "who"))
    assert read.issuer == ISSUER


@pytest.mark.parametrize(
    "odd", [{"email": 1}, {"email": ""}, {"federated_claims": "x"}, {"federated_claims": {}}, {"pipeline_slug": "x"}]
)
def test_claims_of_other_kinds_say_nothing(odd: dict[str, Any]) -> None:
    read = read_id_token(token(**odd), "the token")
    assert (read.subjects, read.issuers) == (frozenset({"who"}), frozenset({ISSUER}))


def test_audiences_are_read_in_both_spellings() -> None:
    for given, read in (("a", ("a",)), (["a", "b"], ("a", "b")), ([1, "b"], ("b",)), (None, ()), (3, ())):
        assert read_id_token(token(aud=given), "the token").audience == read


def test_white_space_around_it_is_not_part_of_it() -> None:
    assert read_id_token(f" {token()}\n", "the token").raw == token()


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a.b", "a.b.c", "a.b.c.d", f"{part({})}.{part([])}.x", token(payload=b"\xff"), token(payload=b"{"),
        token(payload=b'{"iss": "a", "iss": "b"}'), token(payload=b"[" * 1000), token(iss=None), token(sub=None),
        token(exp=None), token(iss=1), token(sub=["x"]), token(exp="soon"), "é.é.é", "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_token_is_undecided_and_not_repeated(text: str) -> None:
    with pytest.raises(Undecided) as refusal:
        read_id_token(text, "the token")
    assert "planted" not in refusal.value.message
    assert len(refusal.value.message) < 300


def test_its_text_is_in_no_repr() -> None:
    assert "planted" not in repr(read_id_token(token(), "the token"))
