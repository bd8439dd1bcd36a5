"""Fixtures of tests that race and kill whole commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.prepared import Prepared, prepared


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """Starts commands that have imported everything already, each with a HOME of its own."""
    with prepared(tmp_path_factory.mktemp("commands")) as made:
        yield made


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory, commands: Prepared) -> Path:
    """A signing key; the public one is beside it, as `.pub`."""
    prefix = tmp_path_factory.mktemp("key") / "ci"
    code, _, said = commands.run("key", "generate", "--output", prefix, "--no-passphrase")
    assert code == 0, said
    return prefix.with_suffix(".key")
