"""Keys in a real Vault, or OpenBao: signed with there, verified here; what it lacks or forbids is exit code 3.

Needs the `vault` or `bao` program, which no package registry has: `GOVERN_TEST_VAULT` names it, or `PATH` has it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from conftest import Cli
from govern.errors import NetworkError
from govern.signing.open_signer import open_signer

SECRET: Final = "hvs.s3cr3t-0815"


@dataclass(frozen=True, slots=True)
class Vault:
    """A running Vault with the engine `transit` and another one at `elsewhere`.

    Args:
        environment: where it is, and its token.
        process: its process.
    """

    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def __call__(self, path: str, **data: Any) -> Any:
        url, token = self.environment["VAULT_ADDR"], self.environment["VAULT_TOKEN"]
        answer = requests.post(f"{url}/v1/{path}", json=data, headers={"X-Vault-Token": token}, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    program = os.environ.get("GOVERN_TEST_VAULT") or shutil.which("vault") or shutil.which("bao")
    if not program:
        pytest.skip("vault is missing: HashiCorp's release of Vault, or OpenBao's bao")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = tmp_path / "vault.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [program, "server", "-dev", f"-dev-listen-address={address}"], stdout=file, stderr=subprocess.STDOUT
        )
    try:
        ends = time.monotonic() + 60
        while "Root Token: " not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.05)
        token = log.read_text().partition("Root Token: ")[2].split()[0]
        running = Vault({"VAULT_ADDR": f"http://{address}", "VAULT_TOKEN": token}, process)
        while not requests.get(f"http://{address}/v1/sys/health", timeout=10).ok:
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.05)
        for mount in ("transit", "elsewhere"):
            running(f"sys/mounts/{mount}", type="transit")
        for name, kind in (("ci", "ecdsa-p256"), ("rsa", "rsa-2048"), ("p384", "ecdsa-p384"), ("aes", "aes256-gcm96")):
            running(f"transit/keys/{name}", type=kind)
        running("elsewhere/keys/ci", type="ecdsa-p256")
        yield running
    finally:
        process.kill()
        process.wait()


def nobody(label: str) -> bytes | None:
    raise AssertionError(label)


def test_a_key_in_vault_signs_and_its_newest_version_is_taken(vault: Vault, cli: Cli, tmp_path: Path) -> None:
    first = open_signer("hashivault://ci", nobody, vault.environment)
    vault("transit/keys/ci/rotate")
    second, again = (open_signer(uri, nobody, vault.environment) for uri in ("hv:ci", "hv:ci/1"))
    assert again.public_key.signer == first.public_key.signer != second.public_key.signer
    # A signer stays with the version that it showed.
    for signer in (first, second, again):
        signer.public_key.verify(signer.sign(b"data"), b"data")

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    reference = f"layout:{tmp_path}/store:1"
    done = cli("push", "model", reference, "--key", "hashivault://ci", "--name", "a/b", env=vault.environment)
    assert done.returncode == 0, done.stderr
    (tmp_path / "ci.pub").write_text(cli("key", "show", "hashivault://ci", env=vault.environment).stdout)
    assert cli("verify", reference, "--key", "ci.pub", "--name", "a/b").returncode == 0
    token = vault.environment["VAULT_TOKEN"].encode()
    assert not any(token in path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())


def test_another_mount_has_another_key(vault: Vault) -> None:
    here = open_signer("hv:ci", nobody, vault.environment)
    there = open_signer("hv:ci", nobody, vault.environment | {"TRANSIT_SECRET_ENGINE_PATH": "elsewhere"})
    assert here.public_key.signer != there.public_key.signer
    there.public_key.verify(there.sign(b"data"), b"data")


@pytest.mark.parametrize(
    ("uri", "env", "code", "word"),
    [
        ("hv:nothing", {}, 3, "has no such key"),
        ("hv:ci/7", {}, 3, "has no such version: got up to 1"),
        ("hv:ci", {"VAULT_TOKEN": SECRET}, 3, "does not accept who asks"),
        ("hv:ci", {"TRANSIT_SECRET_ENGINE_PATH": "nowhere"}, 3, "has no such key"),
        ("hv:rsa", {}, 2, "is of another kind: got rsa-2048"),
        ("hv:p384", {}, 2, "is of another kind: got ecdsa-p384"),
        ("hv:aes", {}, 2, "is of another kind: got aes256-gcm96"),
    ],
)
def test_what_vault_lacks_or_forbids_is_told(
    vault: Vault, cli: Cli, uri: str, env: dict[str, str], code: int, word: str
) -> None:
    done = cli("key", "show", uri, env=vault.environment | env)
    assert done.returncode == code, done.stderr
    assert word in done.stderr
    assert SECRET not in done.stderr
    assert vault.environment["VAULT_TOKEN"] not in done.stderr


def test_a_vault_that_goes_away_is_undecided(vault: Vault) -> None:
    signer = open_signer("hv:ci", nobody, vault.environment)
    vault.process.kill()
    vault.process.wait()
    with pytest.raises(NetworkError, match="the service of the key hv:ci/1 does not answer"):
        signer.sign(b"data")
