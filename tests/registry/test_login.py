"""`govern login` and `govern logout` against real registries, and with a helper and a tool of others."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Cli
from support.logins import entry, works
from support.parts import require_part
from support.registries import Running, zot
from support.stores import USER, login_of
from support.token_server import TokenServer

OPS = ("ops", "word")
Write = Callable[[object], dict[str, str]]


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
    file.write_text(json.dumps({"auths": {"registry.example.com": entry(OPS)}, "detachKeys": "ctrl-x"}))
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
    assert kept["auths"] == {"registry.example.com": entry(OPS), basic.host: entry(USER)}
    assert kept["detachKeys"] == "ctrl-x"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["config.json"]
    assert cli("logout", basic.host).returncode == 0
    assert not resolves(cli, basic, repository)
    assert json.loads(file.read_text())["auths"] == {"registry.example.com": entry(OPS)}
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
    with zot(tmp_path / "zot", basic=dict([USER]), anonymous_read=True) as running:
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
    oras = str(require_part("oras"))
    assert works(basic.host, repository, login_of(basic.host))
    assert cli("login", basic.host, "--username", "ci", "--password-stdin", stdin="secret").returncode == 0
    tags = [oras, "repo", "tags", "--plain-http", f"{basic.host}/{repository}"]
    assert "1.0.0" in subprocess.run(tags, check=True, capture_output=True, text=True).stdout.splitlines()
    subprocess.run([oras, "logout", basic.host], check=True, capture_output=True)
    assert not resolves(cli, basic, repository)
    command = [oras, "login", "--plain-http", basic.host, "--username", "ci", "--password-stdin"]
    subprocess.run(command, check=True, capture_output=True, input=b"secret")
    assert resolves(cli, basic, repository)
