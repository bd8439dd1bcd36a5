"""Key services that nobody reaches: exit code 3, soon, without a secret, and without a way beyond the loopback."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from conftest import Cli

SECRET: Final = "s3cr3t-0815"
NOBODY: Final = "http://127.0.0.1:9"
"""The discard port, where nothing listens; as a proxy it keeps everything else on the loopback too."""

GUARD: Final = """
import ipaddress, os, socket

def beyond(host):
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host not in ("localhost", None)

def guarded(real, host_of):
    def call(*arguments, **options):
        host = host_of(arguments)
        if beyond(host):
            with open(os.environ["BEYOND"], "a") as file:
                file.write(f"{host}\\n")
            raise OSError("beyond the loopback")
        return real(*arguments, **options)
    return call

connect = socket.socket.connect
socket.socket.connect = guarded(connect, lambda all: all[1][0] if isinstance(all[1], tuple) else "localhost")
socket.getaddrinfo = guarded(socket.getaddrinfo, lambda all: all[0])
"""
GCP: Final = "gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
AZURE: Final = {"AZURE_CLIENT_ID": "ci", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": SECRET}
AWS: Final = {"AWS_ACCESS_KEY_ID": "AKIA0815", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SECRET}
VAULT: Final = {"VAULT_ADDR": NOBODY, "VAULT_TOKEN": SECRET}


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """Variables of a process that reaches nobody, and that writes down whom else it tried."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), NOBODY)
    return proxies | {
        "PYTHONPATH": str(tmp_path / "guard"),
        "BEYOND": str(tmp_path / "beyond"),
        "NO_PROXY": "127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "NO_GCE_CHECK": "true",
    }


@pytest.fixture
def service_account(tmp_path: Path) -> Path:
    """Credentials of Google's whose token server is nobody."""
    key = rsa.generate_private_key(65_537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "account.json"
    value = {"type": "service_account", "project_id": "p", "private_key_id": SECRET, "private_key": key.decode()}
    file.write_text(json.dumps(value | {"client_email": "a@example.com", "token_uri": f"{NOBODY}/token"}))
    return file


def refused(cli: Cli, tmp_path: Path, env: dict[str, str], uri: str, code: int = 3) -> str:
    """Return what is said where a key cannot be opened, having looked at what must not happen."""
    began = time.monotonic()
    done = cli("key", "show", uri, env=env)
    assert done.returncode == code, done.stderr
    assert time.monotonic() - began < 30
    assert done.stdout == ""
    assert SECRET not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "beyond").exists(), (tmp_path / "beyond").read_text()
    return done.stderr


def test_the_guard_sees_who_leaves_the_loopback(cli: Cli, tmp_path: Path, alone: dict[str, str]) -> None:
    cli("key", "show", "hv:ci", env=alone | VAULT | {"VAULT_ADDR": "http://192.0.2.1:9", "NO_PROXY": "*"})
    assert (tmp_path / "beyond").read_text().startswith("192.0.2.1")


@pytest.mark.parametrize("more", [{"AWS_ENDPOINT_URL_KMS": NOBODY}, {}])
def test_aws_that_does_not_answer_is_undecided(
    cli: Cli, tmp_path: Path, alone: dict[str, str], more: dict[str, str]
) -> None:
    said = refused(cli, tmp_path, alone | AWS | {"AWS_REGION": "eu-west-1"} | more, "awskms:///alias/ci")
    assert "the service of the key awskms:///alias/ci does not answer" in said


def test_aws_takes_the_region_of_an_arn_and_asks_for_one_without(
    cli: Cli, tmp_path: Path, alone: dict[str, str]
) -> None:
    arn = "awskms:///arn:aws:kms:eu-west-1:123456789012:alias/ci"
    assert "does not answer" in refused(cli, tmp_path, alone | AWS, arn)
    assert "AWS_REGION" in refused(cli, tmp_path, alone | AWS, "awskms:///alias/ci", code=2)
    assert "does not accept who asks" in refused(cli, tmp_path, alone, arn)


def test_google_cloud_that_does_not_answer_is_undecided(
    cli: Cli, tmp_path: Path, alone: dict[str, str], service_account: Path
) -> None:
    env = alone | {"GOOGLE_APPLICATION_CREDENTIALS": str(service_account)}
    assert "does not answer" in refused(cli, tmp_path, env, GCP)
    env["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "nothing.json")
    assert "does not accept who asks" in refused(cli, tmp_path, env, GCP)


def test_azure_that_does_not_answer_is_undecided(cli: Cli, tmp_path: Path, alone: dict[str, str]) -> None:
    said = refused(cli, tmp_path, alone | AZURE, "azurekms://v.vault.azure.net/ci")
    assert "the service of the key azurekms://v.vault.azure.net/keys/ci does not answer" in said


def test_vault_that_does_not_answer_is_undecided(cli: Cli, tmp_path: Path, alone: dict[str, str]) -> None:
    assert "does not answer" in refused(cli, tmp_path, alone | VAULT, "hashivault://ci")
    said = refused(cli, tmp_path, alone | {"VAULT_ADDR": NOBODY}, "hashivault://ci")
    assert "nothing says who asks" in said
    leaking = f"http://user:{SECRET}@127.0.0.1:9"
    assert "does not answer" in refused(cli, tmp_path, alone | VAULT | {"VAULT_ADDR": leaking}, "hv:ci/1")


def test_nothing_is_attached_where_the_service_is_down(cli: Cli, tmp_path: Path, alone: dict[str, str]) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    done = cli("push", "model", f"layout:{tmp_path}/store:1", "--key", "hv:ci", "--name", "a/b", env=alone | VAULT)
    assert done.returncode == 3
    assert not (tmp_path / "store").exists()
