"""Likely secrets: by name, by place, by content; and waived only aloud."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import govern
from govern.artifact.secrets import find_secret
from govern.errors import InvalidInput
from govern.limits import SCANNED_FOR_SECRETS
from govern.signing.key_file import generate_key_pair
from support.registration import waivers_at
from support.trees import write_tree

# Put together here, so that no scanner of this repository takes them for real ones.
TOKEN = "hf_" + "a1B2" * 10
PRIVATE_KEY = "-----BEGIN EC PRIVATE" + " KEY-----\n"


def why(path: str, data: bytes = b"hello\n") -> str | None:
    return find_secret(path, data[:8192], io.BytesIO(data), len(data))


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "deploy/.env.production",
        "prod.env",
        ".netrc",
        ".pypirc",
        ".npmrc",
        ".git-credentials",
        ".htpasswd",
        "keys/id_rsa",
        "id_ed25519",
        "server.pfx",
        "Server.P12",
        "trust.jks",
        "credentials.json",
        "service-account-prod.json",
        "kubeconfig",
        "secrets.yaml",
        "secrets.yml",
    ],
)
def test_a_name_that_holds_secrets_is_refused(path: str) -> None:
    assert why(path) == "its name"


@pytest.mark.parametrize(
    "path", [".aws/credentials", "home/.docker/config.json", ".ssh/known", "x/.huggingface/token", ".kube/config"]
)
def test_a_place_of_secrets_is_refused(path: str) -> None:
    assert why(path) == "its place"


@pytest.mark.parametrize(
    "path",
    [
        ".env.example",
        ".env.sample",
        "a/.env.template",
        "environment.yml",
        "config.json",
        "docker/config.json",
        "aws/credentials.md",
        "id_rsa.md",
        "tokenizer.json",
        "secrets.md",
    ],
)
def test_names_that_only_look_alike_are_none(path: str) -> None:
    assert why(path) is None


@pytest.mark.parametrize("before", [0, 8_000, 9_000, SCANNED_FOR_SECRETS.value - len(TOKEN)])
def test_a_secret_is_found_in_text_wherever_it_stands(before: int) -> None:
    # The first `before` bytes end with a line.
    text = b"caf\xc3\xa9 text " * before
    text = text[: max(0, before - 1)] + b"\n"[:before] + TOKEN.encode()
    assert why("notes.md", text) == "a Hugging Face token"


def test_a_private_key_in_a_text_is_found_and_a_binary_is_not_searched() -> None:
    assert why("notes.md", PRIVATE_KEY.encode()) == "a private key"
    assert why("model.bin", b"\x00" + PRIVATE_KEY.encode()) is None
    assert why("notes.md", b"\xff\xfe" + PRIVATE_KEY.encode()) == "a private key"


# --- the whole way -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {".env": b"A=1\n", "README.md": b"hello\n", "docs/howto (1).md": f"use {TOKEN}\n".encode()}
    generate_key_pair(tmp_path / "ci", None)
    return write_tree(tmp_path / "tree", files)


def test_a_push_names_every_likely_secret_and_sends_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="files look like secrets") as caught:
        govern.push(folder, f"layout:{tmp_path}/fraud:1", key=tmp_path / "ci.key")
    assert caught.value.got == ".env (its name), docs/howto (1).md (a Hugging Face token)"
    assert TOKEN not in caught.value.message
    assert "--allow-secret '.env'" in caught.value.hint
    assert not (tmp_path / "fraud").exists()


def test_a_waiver_is_for_what_it_names_alone(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"got docs/howto \(1\)\.md"):
        govern.push(folder, f"layout:{tmp_path}/fraud:1", key=tmp_path / "ci.key", allow_secrets=[".env"])


def test_a_waiver_is_recorded_in_the_registration(folder: Path, tmp_path: Path) -> None:
    reference = f"layout:{tmp_path}/fraud:1"
    govern.push(folder, reference, key=tmp_path / "ci.key", allow_secrets=[".env", "docs/*"])
    assert waivers_at(reference, tmp_path / "ci.pub") == {"secret": [".env", "docs/howto (1).md"]}


def test_an_ignored_secret_is_not_packed_and_not_waived(folder: Path, tmp_path: Path) -> None:
    (folder / ".governignore").write_text(".env\ndocs/\n")
    reference = f"layout:{tmp_path}/fraud:1"
    assert govern.push(folder, reference, key=tmp_path / "ci.key").files == 1
    assert waivers_at(reference, tmp_path / "ci.pub") == {}
