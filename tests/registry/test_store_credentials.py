"""Credentials from every place where people keep them open real registries, and no other repository's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from govern.errors import AuthError
from govern.progress import SILENT
from support.logins import entry, keep, works
from support.registries import Running
from support.stores import USER, login_of, open_repository, put_artifact, some_blob
from support.token_server import TokenServer

OPS = ("ops", "word")
Write = Callable[[object], dict[str, str]]


# --- places --------------------------------------------------------------------------------------


def test_without_credentials_the_refusal_says_how_to_log_in(basic: Running, repository: str) -> None:
    with (
        contextlib.closing(open_repository(basic.host, repository)) as store,
        pytest.raises(AuthError, match=f"{basic.host} wants to know who you are") as caught,
    ):
        store.put_blob(some_blob(), SILENT)
    assert caught.value.hint == f"govern login {basic.host} --username NAME --password-stdin"


def test_wrong_credentials_are_refused(basic: Running, repository: str) -> None:
    assert works(basic.host, repository, login_of(basic.host))
    assert not works(basic.host, repository, login_of(basic.host, ("ci", "wrong")))
    # Those of another host are none.
    assert not works(basic.host, repository, login_of("registry.example.com"))


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_docker_config_opens_a_registry(
    kind: str, request: pytest.FixtureRequest, docker_config: Write, repository: str, tokens: TokenServer
) -> None:
    running: Running = request.getfixturevalue(kind)
    realms = (tokens.realm,)
    environment = docker_config({"auths": {running.host: entry(USER)}})
    assert works(running.host, f"t/ci/{repository}", environment, token_realms=realms)
    environment = docker_config({"auths": {"registry.example.com": entry(USER)}})
    assert not works(running.host, f"t/ci/{repository}", environment, token_realms=realms)


@pytest.mark.parametrize("word", ["credsStore", "credHelpers"])
def test_a_credential_helper_opens_a_registry(
    word: str, basic: Running, docker_config: Write, helper: Path, repository: str
) -> None:
    keep(helper, basic.host, *USER)
    environment = docker_config({word: "vault" if word == "credsStore" else {basic.host: "vault"}})
    assert works(basic.host, repository, environment)
    keep(helper, "registry.example.com", *USER)
    assert not works(basic.host, repository, environment)


@pytest.mark.parametrize("place", ["file", "helper", "environment"])
def test_an_identity_token_opens_a_registry(
    place: str, bearer: Running, tokens: TokenServer, docker_config: Write, helper: Path, repository: str
) -> None:
    def environment(token: str) -> dict[str, str]:
        if place == "environment":
            return {"GOVERN_AUTH_HOST": bearer.host, "GOVERN_AUTH_TOKEN": token}
        if place == "file":
            return docker_config({"auths": {bearer.host: {"auth": "", "identitytoken": token}}})
        keep(helper, bearer.host, "<token>", token)
        return docker_config({"credsStore": "vault"})

    repository = f"t/ci/{repository}"
    assert works(bearer.host, repository, environment("identity"), token_realms=(tokens.realm,))
    assert {one.user for one in tokens.requests if any(repository in scope for scope in one.scopes)} == {"ci"}
    assert not works(bearer.host, repository, environment("another"), token_realms=(tokens.realm,))


def test_registry_auth_file_has_entries_for_parts_of_a_host(
    bearer: Running, tokens: TokenServer, tmp_path: Path, repository: str
) -> None:
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {f"{bearer.host}/t/ci": entry(USER), f"{bearer.host}/t/ops": entry(OPS)}}))
    environment = {"REGISTRY_AUTH_FILE": str(file)}
    for user, other in (("ci", "ops"), ("ops", "ci")):
        assert works(bearer.host, f"t/{user}/{repository}", environment, token_realms=(tokens.realm,))
        # The registry gives neither of them the right to the other's.
        asked = {one.user for one in tokens.requests if any(f"t/{user}/{repository}" in scope for scope in one.scopes)}
        assert asked == {user}, other
    assert not works(bearer.host, f"t/elsewhere/{repository}", environment, token_realms=(tokens.realm,))


def test_a_blob_of_a_repository_that_is_another_s_is_sent_where_it_cannot_be_mounted(
    bearer: Running, tokens: TokenServer, repository: str
) -> None:
    blob, realms = some_blob(), (tokens.realm,)
    source, target = f"t/ops/{repository}", f"t/ci/{repository}"
    with contextlib.closing(
        open_repository(bearer.host, source, login_of(bearer.host, OPS), token_realms=realms)
    ) as one:
        one.put_blob(blob, SILENT)
    with contextlib.closing(
        open_repository(bearer.host, target, login_of(bearer.host, USER), token_realms=realms)
    ) as two:
        two.mount_from = (source,)
        two.put_blob(blob, SILENT)
        assert two.has_blob(blob.descriptor)


def test_a_token_service_that_is_not_listed_gets_no_credentials(
    bearer: Running, tokens: TokenServer, repository: str
) -> None:
    before = len(tokens.requests)
    with (
        contextlib.closing(open_repository(bearer.host, f"t/ci/{repository}", login_of(bearer.host))) as store,
        pytest.raises(AuthError, match="wants its credentials sent to another host") as caught,
    ):
        put_artifact(store)
    assert f'token_realms = ["{tokens.realm}"]' in caught.value.hint
    assert len(tokens.requests) == before
