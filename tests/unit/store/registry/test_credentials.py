"""Credentials are found where Docker and Podman keep them, the most specific first, and never shown."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from govern.errors import AuthError, InvalidInput, LimitExceeded
from govern.settings import Settings
from govern.store.registry.credentials import Credential, Credentials, key_of

HOST = "registry.example.com"
Write = Callable[..., Path]


def auth(name: str, password: str = "word") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def write(home: Path) -> Write:
    """Write a configuration file; by default Docker's, in HOME."""

    def run(value: Any, path: Path = home / ".docker" / "config.json") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    return run


def find(repository: str = "acme/fraud", host: str = HOST, **variables: str) -> Credential | None:
    environment: Mapping[str, str] = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], **variables}
    return Credentials(Settings(environment=environment)).find(host, repository)


def name_of(found: Credential | None) -> str | None:
    return found.username if found else None


# --- files ---------------------------------------------------------------------------------------


def test_without_any_file_nobody_is_known() -> None:
    assert find() is None
    assert Credentials(Settings()).find(HOST, "acme/fraud") is None


def test_a_docker_config_gives_name_and_password(write: Write) -> None:
    write({"auths": {HOST: auth("ci", "a:b:ü")}, "currentContext": "default"})
    assert find() == Credential("ci", "a:b:ü")
    assert find(host="other.example.com") is None
    assert find(host=f"{HOST}:5000") is None


def test_the_first_file_that_knows_the_host_wins(write: Write, home: Path, tmp_path: Path) -> None:
    runtime, named, docker = tmp_path / "run", tmp_path / "auth.json", tmp_path / "docker"
    places = [
        (home / ".config/containers/auth.json", {}),
        (runtime / "containers/auth.json", {"XDG_RUNTIME_DIR": str(runtime)}),
        (home / ".docker/config.json", {}),
        (docker / "config.json", {"DOCKER_CONFIG": str(docker)}),
        (named, {"REGISTRY_AUTH_FILE": str(named)}),
    ]
    variables: dict[str, str] = {}
    for number, (path, more) in enumerate(places):
        write({"auths": {HOST: auth(f"user-{number}")}}, path)
        variables |= more
        assert name_of(find(**variables)) == f"user-{number}"
    # A file that does not know the host leaves it to the next.
    write({"auths": {"other.example.com": auth("other")}}, named)
    assert name_of(find(**variables)) == "user-3"
    variables |= {"GOVERN_AUTH_HOST": HOST, "GOVERN_AUTH_USERNAME": "ci", "GOVERN_AUTH_PASSWORD": "word"}
    assert find(**variables) == Credential("ci", "word")
    assert name_of(find(host="other.example.com", **variables)) == "other"
    token = {"GOVERN_AUTH_HOST": HOST, "GOVERN_AUTH_TOKEN": "refresh"}
    assert find(**token) == Credential(identity_token="refresh")


def test_docker_config_stands_in_for_the_home_folder_s(write: Write, tmp_path: Path) -> None:
    write({"auths": {HOST: auth("at home")}})
    assert find(DOCKER_CONFIG=str(tmp_path)) is None


def test_the_longest_part_of_a_repository_wins(write: Write) -> None:
    entries = {HOST: "host", f"{HOST}/acme": "acme", f"{HOST}/acme/fraud": "fraud", f"{HOST}/acme/fra": "nobody"}
    write({"auths": {key: auth(name) for key, name in entries.items()}})
    assert name_of(find("acme/fraud")) == "fraud"
    assert name_of(find("acme/fraud/v2")) == "fraud"
    assert name_of(find("acme/other")) == "acme"
    assert name_of(find("acmecorp/fraud")) == "host"
    assert name_of(find("")) == "host"


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("https://registry.example.com", HOST),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("docker.io/library/x", "docker.io"),
    ],
)
def test_the_keys_that_docker_writes_are_known(key: str, host: str, write: Write) -> None:
    write({"auths": {key: auth("ci")}})
    assert name_of(find("library/x", host)) == "ci"
    assert key_of("docker.io") == "https://index.docker.io/v1/"
    assert key_of(HOST) == HOST


def test_other_forms_of_an_entry_are_read(write: Write) -> None:
    write({"auths": {HOST: {"identitytoken": "refresh", **auth("ignored")}}})
    assert find() == Credential(identity_token="refresh")
    write({"auths": {HOST: {"username": "ci", "password": "word"}}})
    assert find() == Credential("ci", "word")
    # Docker pads some passwords with zeros.
    write({"auths": {HOST: auth("ci", "word\0\0")}})
    assert find() == Credential("ci", "word")


@pytest.mark.parametrize(
    "entry", [{}, {"auth": ""}, {"auth": 7}, [], "x", None, {"identitytoken": ""}, {"username": "ci"}]
)
def test_an_entry_that_says_nothing_gives_nothing(entry: Any, write: Write) -> None:
    write({"auths": {HOST: entry}})
    assert find() is None


@pytest.mark.parametrize("text", ["{}", "", "  \n", '{"auths": []}', '{"auths": null, "credHelpers": 3}'])
def test_a_file_without_entries_gives_nothing(text: str, write: Write) -> None:
    write(text)
    assert find() is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '"x"', '{"auths": {"registry.example.com": {"auth": "%%"}}}', '{"a": 1, "a": 2}', "\ud800"]
)
def test_a_broken_file_is_named(text: str, write: Write) -> None:
    path = write("")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidInput) as caught:
        find()
    assert str(path) in caught.value.message


def test_a_file_has_a_bound(write: Write) -> None:
    write('{"auths": {}}' + " " * (4 * 1024 * 1024))
    with pytest.raises((InvalidInput, LimitExceeded), match="MAX_CREDENTIALS"):
        find()


def test_a_file_that_may_not_be_read_is_no_empty_one(write: Write, home: Path) -> None:
    (home / ".docker" / "config.json").mkdir(parents=True)
    with pytest.raises(AuthError, match="the credentials cannot be read"):
        find()


# --- helpers -------------------------------------------------------------------------------------


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Install a credential helper with a body in shell; returns the file of what it was asked."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    def install(name: str, body: str) -> Path:
        program, log = tmp_path / "bin" / f"docker-credential-{name}", tmp_path / f"{name}.log"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nasked=$(cat)\necho "$1 $asked" >> {log}\n{body}\n')
        program.chmod(0o755)
        return log

    return install


Helper = Callable[[str, str], Path]


def says(name: str, secret: str) -> str:
    return f"echo '{json.dumps({'ServerURL': HOST, 'Username': name, 'Secret': secret})}'"


def test_a_helper_of_a_host_is_asked_before_the_store_and_the_file(write: Write, helper: Helper) -> None:
    store, own = helper("store", says("store", "word")), helper("own", says("own", "word"))
    write({"credsStore": "store", "credHelpers": {HOST: "own"}, "auths": {HOST: auth("file")}})
    assert find() == Credential("own", "word")
    assert own.read_text() == f"get {HOST}\n"
    assert not store.exists()
    assert name_of(find(host="other.example.com")) == "store"
    # A store keeps hosts, not repositories.
    assert set(store.read_text().splitlines()) <= {"get other.example.com", "get https://other.example.com"}


def test_a_helper_gives_an_identity_token(write: Write, helper: Helper) -> None:
    helper("own", says("<token>", "refresh"))
    write({"credHelpers": {HOST: "own"}})
    assert find() == Credential(identity_token="refresh")


@pytest.mark.parametrize(
    "body",
    [
        "echo 'credentials not found in native keychain'; exit 1",
        "true",
        "echo no json",
        "echo '[]'",
        "echo '{}'",
        'echo \'{"Username": 1, "Secret": 2}\'',
    ],
)
def test_a_helper_that_knows_nothing_leaves_it_to_the_file(body: str, write: Write, helper: Helper) -> None:
    helper("own", body)
    write({"credsStore": "own", "auths": {HOST: auth("file")}})
    assert name_of(find()) == "file"


@pytest.mark.parametrize("name", ["../evil", "a/b", "a b", "a;b", "-", "..", "a..b"])
def test_a_helper_s_name_is_a_program_s(name: str, write: Write) -> None:
    write({"credsStore": name})
    with pytest.raises(AuthError, match="a credential helper has a name that is no program's"):
        find()


def test_a_helper_that_is_missing_is_named(write: Write) -> None:
    write({"credsStore": "nowhere"})
    with pytest.raises(AuthError, match="got docker-credential-nowhere, expected the program on PATH"):
        find()


def test_a_helper_sees_the_environment_of_the_command_alone(write: Write, helper: Helper) -> None:
    helper("own", 'printf \'{"Username": "%s", "Secret": "word"}\' "$VAULT"')
    write({"credsStore": "own"})
    assert name_of(find(VAULT="blue")) == "blue"


# --- showing and writing -------------------------------------------------------------------------


def test_a_credential_is_never_shown() -> None:
    text = repr(Credential("ci", "the password", "the token"))
    assert "the password" not in text
    assert "the token" not in text


def test_login_writes_to_the_first_place_there_is(home: Path, tmp_path: Path) -> None:
    def place(**variables: str) -> Path:
        return Credentials(Settings(environment=variables)).file_to_write()

    assert place(HOME=str(home)) == home / ".docker" / "config.json"
    assert place(HOME=str(home), DOCKER_CONFIG="/d") == Path("/d/config.json")
    assert place(REGISTRY_AUTH_FILE="/a.json", DOCKER_CONFIG="/d") == Path("/a.json")
    with pytest.raises(InvalidInput, match="there is no place for credentials"):
        place()
