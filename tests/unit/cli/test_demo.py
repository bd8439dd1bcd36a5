"""The demo where it cannot be done: the exit code of the reason, and nothing left in the way of the next try."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from conftest import Cli
from support.refusal import check_refusal
from support.stranger import run_as_stranger

REGISTRY = ("--registry", "127.0.0.1:1/x")


def test_a_registry_that_does_not_answer_is_undecided_and_leaves_no_half_demo(cli: Cli, tmp_path: Path) -> None:
    done = cli("demo", *REGISTRY)
    check_refusal(done.returncode, done.stderr, codes={3}, says="connection to 127.0.0.1:1 failed", hint="network")
    assert not (tmp_path / "govern-demo").exists()


def test_an_empty_directory_that_was_there_stays_there(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert cli("demo", *REGISTRY, "--output", "mine").returncode == 3
    assert os.listdir(tmp_path / "mine") == []


def test_a_place_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    done = run_as_stranger(sys.executable, "-m", "govern", "demo", cwd=tmp_path)
    check_refusal(done.returncode, done.stderr, codes={2}, says="directory cannot be made", hint="--output")
