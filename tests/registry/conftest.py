"""Fixtures of the tests that attack: somebody with an artifact that was pushed honestly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from govern.signing.key_file import generate_key_pair
from support.attacked import NAME, Attacked
from support.desk import MODEL
from support.fault_registry import Content, FaultRegistry
from support.trees import write_tree


@pytest.fixture(scope="session")
def _pushed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Content, str]:
    folder = tmp_path_factory.mktemp("attacked")
    write_tree(folder / "model", MODEL)
    for name in ("ci", "other"):
        generate_key_pair(folder / name, None)
    (folder / "deep").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOVERN_", "XDG_"))}
    with FaultRegistry() as registry:
        for line in (("push", "model", "REF"), ("annotate", "REF", "team=risk")):
            words = [word.replace("REF", f"{registry.host}/{NAME}:1.0") for word in line]
            subprocess.run(
                [sys.executable, "-m", "govern", *words, "--key", "ci.key"],
                check=True,
                capture_output=True,
                cwd=folder,
                env={**environment, "HOME": str(folder / "none")},
            )
        digest = registry.content.repositories[NAME].resolve("1.0")
    return folder, registry.content, digest


@pytest.fixture
def victim(_pushed: tuple[Path, Content, str]) -> Attacked:
    """Somebody who uses `acme/fraud:1.0`, of which an honest registry has a push and an annotation."""
    return Attacked(*_pushed)
