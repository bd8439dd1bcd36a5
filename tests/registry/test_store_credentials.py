"""Credentials from every place where people keep them open real registries, and no other repository's."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from conftest import Cli
from govern.errors import AuthError
from govern.progress import SILENT
from support.parts import require_part
from support.registries import Running, distribution, zot
from support.stores import login_of, open_repository, put_artifact, put_record, shown, some_blob
from support.token_server import TokenServer, User, token_server

CI, OPS = ("ci", "secret"), ("ops", "word")
USERS = dict([CI, OPS])


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with distribution(tmp_path_factory.mktemp("basic"), basic=USERS) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    users = {"ci": User("secret", r"t/ci/.*"), "ops": User("word", r"t/ops/.*")}
    with token_server(tmp_path_factory.mktemp("tokens"), users, lifetime=300) as server:
        server.refresh_tokens["identity"] = "ci"
        yield server


@pytest.fixture(scope="module")
def bearer(tmp_path_factory: pytest.TempPathFactory, tokens: TokenServer) -> Iterator[Running]:
    with distribution(tmp_path_factory.mktemp("bearer"), token=tokens) as running:
        yield running


def auth(user: tuple[str, str]) -> dict[str, str]:
    return {"auth": base64.b64encode(":".join(user).encode()).decode()}


Write = Callable[[object], dict[str, str]]


@pytest.fixture
def docker_config(home: Path) -> Write:
    """Write `~/.docker/config.json`; gives the environment that finds it."""

    def write(value: object) -> dict[str, str]:
        (home / ".docker").mkdir(exist_ok=True)
        (home / ".docker" / "config.json").write_text(json.dumps(value))
        return {"HOME": str(home), "PATH": os.environ["PATH"]}

    return write


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credential helper `docker-credential-vault` on PATH, which keeps one secret for each host in this file."""
    program, vault = tmp_path / "bin" / "docker-credential-vault", tmp_path / "vault.json"
    program.parent.mkdir()
    program.write_text(
        f"""#!/usr/bin/env python3
import json, pathlib, sys
vault = pathlib.Path({str(vault)!r})
kept = json.loads(vault.read_text()) if vault.exists() else {{}}
asked = sys.stdin.read()
if sys.argv[1] == "get":
    if asked.strip() not in kept:
        sys.exit("credentials not found in native keychain")
    print(json.dumps(kept[asked.strip()]))
elif sys.argv[1] == "store":
    value = json.loads(asked)
    kept[value["ServerURL"]] = value
elif kept.pop(asked.strip(), None) is None:
    sys.exit("credentials not found in native keychain")
vault.write_text(json.dumps(kept))
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return vault


def keep(vault: Path, host: str, name: str, secret: str) -> None:
    vault.write_text(json.dumps({host: {"ServerURL": host, "Username": name, "Secret": secret}}))


def works(host: str, repository: str, environment: Mapping[str, str], **options: object) -> bool:
    """Whether a push and a reading of records go through; False for credentials that are missing or refused."""
    with contextlib.closing(open_repository(host, repository, environment, **options)) as store:
        try:
            subject = put_artifact(store, "1.0.0")
        except AuthError:
            return False
        record = put_record(store, subject.digest)
        assert shown(store, subject.digest) == {record.digest}
        return True


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
    environment = docker_config({"auths": {running.host: auth(CI)}})
    assert works(running.host, f"t/ci/{repository}", environment, token_realms=realms)
    environment = docker_config({"auths": {"registry.example.com": auth(CI)}})
    assert not works(running.host, f"t/ci/{repository}", environment, token_realms=realms)


@pytest.mark.parametrize("word", ["credsStore", "credHelpers"])
def test_a_credential_helper_opens_a_registry(
    word: str, basic: Running, docker_config: Write, helper: Path, repository: str
) -> None:
    keep(helper, basic.host, *CI)
    environment = docker_config({word: "vault" if word == "credsStore" else {basic.host: "vault"}})
    assert works(basic.host, repository, environment)
    keep(helper, "registry.example.com", *CI)
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
    assert {one.user for one in tokens.requests if repository in one.scopes[0]} == {"ci"}
    assert not works(bearer.host, repository, environment("another"), token_realms=(tokens.realm,))


def test_registry_auth_file_has_entries_for_parts_of_a_host(
    bearer: Running, tokens: TokenServer, tmp_path: Path, repository: str
) -> None:
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {f"{bearer.host}/t/ci": auth(CI), f"{bearer.host}/t/ops": auth(OPS)}}))
    environment = {"REGISTRY_AUTH_FILE": str(file)}
    for user, other in (("ci", "ops"), ("ops", "ci")):
        assert works(bearer.host, f"t/{user}/{repository}", environment, token_realms=(tokens.realm,))
        # The registry gives neither of them the right to the other's.
        asked = {one.user for one in tokens.requests if f"t/{user}/{repository}" in one.scopes[0]}
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
        open_repository(bearer.host, target, login_of(bearer.host, CI), token_realms=realms)
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


# --- login and logout ----------------------------------------------------------------------------


def resolves(cli: Cli, running: Running, repository: str) -> bool:
    """Whether the command line may read a tag."""
    ran = cli("resolve", f"{running.host}/{repository}:1.0.0")
    assert ran.returncode in (0, 3)
    return ran.returncode == 0


def test_login_keeps_what_the_registry_took_and_logout_forgets_it(
    cli: Cli, basic: Running, home: Path, repository: str
) -> None:
    file = home / ".docker" / "config.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"auths": {"registry.example.com": auth(OPS)}, "detachKeys": "ctrl-x"}))
    assert works(basic.host, repository, login_of(basic.host))
    assert not resolves(cli, basic, repository)
    refused = cli("login", basic.host, "--username", "ci", "--password-stdin", stdin="wrong\n")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "refused the credentials" in refused.stderr
    assert basic.host not in file.read_text()
    taken = cli("login", basic.host, "--username", "ci", "--password-stdin", stdin="secret\n")
    assert (taken.returncode, taken.stdout) == (0, "")
    assert "secret" not in taken.stderr
    assert resolves(cli, basic, repository)
    kept = json.loads(file.read_text())
    assert kept["auths"] == {"registry.example.com": auth(OPS), basic.host: auth(CI)}
    assert kept["detachKeys"] == "ctrl-x"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["config.json"]
    assert cli("logout", basic.host).returncode == 0
    assert not resolves(cli, basic, repository)
    assert json.loads(file.read_text())["auths"] == {"registry.example.com": auth(OPS)}
    again = cli("logout", basic.host)
    assert (again.returncode, "there were no credentials" in again.stderr) == (0, True)


def test_login_uses_a_helper_where_one_is_configured(
    cli: Cli, basic: Running, docker_config: Write, helper: Path, home: Path, repository: str
) -> None:
    docker_config({"credsStore": "vault"})
    assert works(basic.host, repository, login_of(basic.host))
    ran = cli("login", basic.host, "--username", "ci", "--password-stdin", stdin="secret")
    assert (ran.returncode, "docker-credential-vault" in ran.stderr) == (0, True)
    assert json.loads(helper.read_text())[basic.host]["Username"] == "ci"
    assert "auths" not in json.loads((home / ".docker" / "config.json").read_text())
    assert resolves(cli, basic, repository)
    assert cli("logout", basic.host).returncode == 0
    assert json.loads(helper.read_text()) == {}
    assert not resolves(cli, basic, repository)


def test_login_at_a_token_service_asks_it(
    cli: Cli, bearer: Running, tokens: TokenServer, home: Path, tmp_path: Path, repository: str
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[hosts."{bearer.host}"]\ntoken_realms = ["{tokens.realm}"]\n')
    env = {"GOVERN_CONFIG": str(settings)}
    for password, code in (("wrong", 3), ("secret", 0)):
        ran = cli("login", bearer.host, "--username", "ci", "--password-stdin", stdin=password, env=env)
        assert ran.returncode == code, ran.stderr
    assert works(
        bearer.host, f"t/ci/{repository}", {"HOME": str(home), "PATH": os.environ["PATH"]}, token_realms=(tokens.realm,)
    )


def test_login_finds_wrong_credentials_where_everybody_may_read(cli: Cli, tmp_path: Path, repository: str) -> None:
    with zot(tmp_path / "zot", basic=dict([CI]), anonymous_read=True) as running:
        for password, code in (("wrong", 3), ("secret", 0)):
            ran = cli("login", running.host, "--username", "ci", "--password-stdin", stdin=password)
            assert ran.returncode == code, ran.stderr
        environment = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
        assert works(running.host, repository, environment)
        assert not works(running.host, repository, {})


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("--username", "ci"), "secret", "there is no password"),
        (("--username", "ci", "--password-stdin"), "", "the password is empty"),
        (("--password-stdin",), "secret", "--username"),
    ],
)
def test_login_says_what_is_missing(
    cli: Cli, basic: Running, arguments: tuple[str, ...], stdin: str, said: str
) -> None:
    ran = cli("login", basic.host, *arguments, stdin=stdin)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr.lower()


def test_a_login_of_ours_is_a_login_of_oras_and_the_other_way_round(
    cli: Cli, basic: Running, home: Path, repository: str
) -> None:
    oras = require_part("oras")
    assert works(basic.host, repository, login_of(basic.host))
    assert cli("login", basic.host, "--username", "ci", "--password-stdin", stdin="secret").returncode == 0
    tags = [oras, "repo", "tags", "--plain-http", f"{basic.host}/{repository}"]
    assert subprocess.run(tags, check=True, capture_output=True, text=True).stdout.startswith("1.0.0\n")
    subprocess.run([oras, "logout", basic.host], check=True, capture_output=True)
    assert not resolves(cli, basic, repository)
    command = [oras, "login", "--plain-http", basic.host, "--username", "ci", "--password-stdin"]
    subprocess.run(command, check=True, capture_output=True, input=b"secret")
    assert resolves(cli, basic, repository)
