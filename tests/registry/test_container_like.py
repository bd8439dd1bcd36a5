"""As in a container: a read-only root, no HOME, no variable at all, and a UID that nobody knows."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from support.desk import MODEL, Desk, make_desk
from support.fault_registry import FaultRegistry
from support.refusal import check_refusal, snapshot
from support.registries import Running
from support.stranger import run_as_stranger

GOVERN: Final = (sys.executable, "-m", "govern")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("container") / "desk")


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The only folder that may be written."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    return folder


def _govern(desk: Desk, mounted: Path, *line: str, env: Mapping[str, str] | None = None) -> str:
    before = desk.seen()
    # The desk itself is the working directory, and read-only.
    ran = run_as_stranger(*GOVERN, *line, cwd=desk.folder, writable=[mounted], env=env)
    assert ran.returncode == 0, ran.stderr
    assert desk.seen() == before
    return ran.stdout.strip()


def test_the_main_job_runs_without_home_and_on_a_read_only_root(
    registry: Running, repository: str, desk: Desk, mounted: Path
) -> None:
    reference = f"{registry.host}/{repository}:1.0"
    pinned = _govern(desk, mounted, "push", "model", reference, "--key", "ci.key")
    assert pinned.startswith(f"{registry.host}/{repository}@sha256:")
    _govern(desk, mounted, "annotate", reference, "team=risk", "--key", "ci.key")
    assert _govern(desk, mounted, "push", "model", reference, "--key", "ci.key") == pinned
    decision = json.loads(_govern(desk, mounted, "verify", pinned, "--key", "ci.pub", "--format", "json"))
    assert decision["outcome"] == "allowed"
    assert [one["word"] for one in decision["records"]].count("annotation") == 1
    assert _govern(desk, mounted, "pull", reference, "--key", "ci.pub", "-o", f"{mounted}/out") == f"{mounted}/out"
    pulled = snapshot(mounted)
    assert set(pulled) == {"out", "out/govern.lock", "out/model.sig", *(f"out/{name}" for name in MODEL)}
    for name, data in MODEL.items():
        assert (mounted / "out" / name).read_bytes() == data


def test_a_layout_and_keys_on_the_mounted_folder(desk: Desk, mounted: Path) -> None:
    reference = f"layout:{mounted}/fraud:1.0"
    _govern(desk, mounted, "key", "generate", "--output", f"{mounted}/new", "--no-passphrase")
    _govern(desk, mounted, "push", "model", reference, "--key", f"{mounted}/new.key")
    _govern(desk, mounted, "pull", reference, "--key", f"{mounted}/new.pub", "-o", f"{mounted}/out")
    assert (mounted / "out" / "README.md").read_bytes() == MODEL["README.md"]


def test_credentials_come_from_variables_alone(
    fault_registry: FaultRegistry, repository: str, desk: Desk, mounted: Path
) -> None:
    registry = fault_registry
    registry.switches.auth = "basic"
    reference = f"{registry.host}/{repository}:1.0"
    login = {"GOVERN_AUTH_HOST": registry.host, "GOVERN_AUTH_USERNAME": "ci", "GOVERN_AUTH_PASSWORD": "secret"}
    key = {"SIGNING_KEY": (desk.folder / "ci.key").read_text()}
    _govern(desk, mounted, "push", "model", reference, "--key", "env:SIGNING_KEY", env=login | key)
    _govern(desk, mounted, "pull", reference, "--key", "ci.pub", "-o", f"{mounted}/out", env=login)
    ran = run_as_stranger(*GOVERN, "verify", reference, "--key", "ci.pub", cwd=desk.folder)
    check_refusal(ran.returncode, ran.stderr, codes={3}, says="wants to know who you are", hint="govern login")


def test_what_must_be_written_and_cannot_be_is_said(desk: Desk, mounted: Path) -> None:
    reference = "layout:store/fraud:1.0"
    for line in (
        ("pull", reference, "--key", "ci.pub", "-o", "out"),
        ("annotate", reference, "a=b", "--key", "ci.key"),
        ("key", "generate", "--output", "new", "--no-passphrase"),
        ("init", "bare"),
    ):
        before = desk.seen()
        ran = run_as_stranger(*GOVERN, *line, cwd=desk.folder, writable=[mounted])
        check_refusal(ran.returncode, ran.stderr, says="Read-only file system")
        assert desk.seen() == before
