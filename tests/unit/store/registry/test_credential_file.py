"""Credentials are kept where Docker and Podman keep them, readable for nobody else."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from govern.errors import AuthError, InvalidInput
from govern.settings import Settings
from govern.store.registry.credential_file import forget, keep
from govern.store.registry.credentials import Credentials

HOST = "registry.example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(environment={"DOCKER_CONFIG": str(tmp_path / "docker"), "PATH": str(tmp_path / "bin")})


def test_what_was_kept_is_found_and_forgotten(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "docker" / "config.json"
    assert keep(settings, HOST, "ci", "se:cret") == path
    found = Credentials(settings).find(HOST, "a/b")
    assert found is not None
    assert (found.username, found.password) == ("ci", "se:cret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["config.json"]
    assert forget(settings, HOST) is True
    assert forget(settings, HOST) is False
    assert Credentials(settings).find(HOST, "a/b") is None


def test_everything_else_in_the_file_stays(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "docker" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"auths": {"other": {"auth": "eDp5"}}, "HttpHeaders": {"a": "b"}}))
    keep(settings, HOST, "ci", "secret")
    forget(settings, HOST)
    assert json.loads(path.read_text()) == {"auths": {"other": {"auth": "eDp5"}}, "HttpHeaders": {"a": "b"}}


def test_docker_hub_is_kept_under_the_key_that_docker_uses(settings: Settings, tmp_path: Path) -> None:
    keep(settings, "docker.io", "ci", "secret")
    value = json.loads((tmp_path / "docker" / "config.json").read_text())
    assert list(value["auths"]) == ["https://index.docker.io/v1/"]


@pytest.mark.parametrize("where", ["credsStore", "credHelpers"])
def test_a_helper_keeps_them_instead_of_the_file(settings: Settings, tmp_path: Path, where: str) -> None:
    path = tmp_path / "docker" / "config.json"
    path.parent.mkdir()
    config = {where: "test" if where == "credsStore" else {HOST: "test"}}
    path.write_text(json.dumps(config))
    (tmp_path / "bin").mkdir()
    helper = tmp_path / "bin" / "docker-credential-test"
    helper.write_text(f'#!/bin/sh\n/bin/cat > "{tmp_path}/$1"\n')
    helper.chmod(0o755)
    assert keep(settings, HOST, "ci", "secret") == "docker-credential-test"
    assert json.loads((tmp_path / "store").read_text()) == {"ServerURL": HOST, "Username": "ci", "Secret": "secret"}
    assert forget(settings, HOST) is True
    assert (tmp_path / "erase").read_text() == HOST
    assert json.loads(path.read_text()) == config
    helper.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(AuthError, match="did not keep"):
        keep(settings, HOST, "ci", "secret")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="cannot be kept"):
        keep(Settings(environment={"DOCKER_CONFIG": str(tmp_path / "file")}), HOST, "ci", "secret")
    with pytest.raises(InvalidInput, match="no place for credentials"):
        keep(Settings(), HOST, "ci", "secret")
