"""Fixtures of tests with peers: the tool of another project, and an artifact that either of us pushed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import govern
from conftest import Cli
from support.cosign import Cosign
from support.parts import require_part
from support.registries import Running


@pytest.fixture(scope="session")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Cosign:
    """cosign with an encrypted pair of its own, told to sign offline."""
    tool = Cosign(require_part("cosign"), tmp_path_factory.mktemp("cosign"))
    for arguments in (
        ("generate-key-pair", "--output-key-prefix", "co"),
        ("signing-config", "create", "--out", "sc.json"),
    ):
        done = tool(*arguments)
        assert done.returncode == 0, done.stderr
    return tool


@pytest.fixture
def keys(tmp_path: Path, cli: Cli) -> tuple[Path, Path]:
    """A pair of `govern key generate`."""
    assert cli("key", "generate", "--output", tmp_path / "ci", "--no-passphrase").returncode == 0
    return tmp_path / "ci.key", tmp_path / "ci.pub"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text("a model\n")
    (folder / "weights.bin").write_bytes(bytes(range(256)))
    return folder


@pytest.fixture
def pushed(registry: Running, repository: str, model: Path, keys: tuple[Path, Path]) -> str:
    """The pinned reference of a model that govern pushed."""
    return str(govern.push(model, f"{registry.host}/{repository}:1.0.0", key=keys[0]).pinned)


@pytest.fixture
def plain(registry: Running, repository: str, tmp_path: Path) -> str:
    """The pinned reference of an artifact that oras pushed, and nobody registered."""
    (tmp_path / "weights.bin").write_bytes(b"weights")
    done = subprocess.run(
        [
            require_part("oras"),
            "push",
            "--plain-http",
            "--format",
            "json",
            f"{registry.host}/{repository}:1",
            "weights.bin",
        ],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    return f"{registry.host}/{repository}@{json.loads(done.stdout)['digest']}"
