"""NVIDIA's program may hang, babble or fail, and a push goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from govern.capture import nvidia_smi
from govern.capture.hardware import capture_hardware
from govern.capture.nvidia_smi import ask_nvidia_smi

THERE = (Path("/"),)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program in the place of `nvidia-smi`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(script: str) -> None:
        file = folder / "nvidia-smi"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    return write


def test_its_answer_is_understood(program, tmp_path):
    program("echo 'NVIDIA A100-SXM4-80GB, 535.129.03'; echo 'NVIDIA A100-SXM4-80GB, 535.129.03'")
    found = capture_hardware(tmp_path, THERE)
    assert found["gpus"] == [{"count": 2, "model": "NVIDIA A100-SXM4-80GB"}]
    assert found["gpuDriver"] == "535.129.03"


def test_it_is_not_asked_where_there_is_no_device(program, tmp_path):
    program(f"touch {tmp_path}/asked; echo 'X, 1.2'")
    assert "gpus" not in capture_hardware(tmp_path, [tmp_path / "none"])
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    "script",
    ["sleep 60", "echo 'X, 1.2'; sleep 60", "trap '' TERM; sleep 60 & wait", "yes", "exit 9",
     "echo 'NVIDIA-SMI has failed'; exit 9", "echo 'X, 1.2'; exec >&-; sleep 60"],
)  # fmt: skip
def test_one_that_hangs_babbles_or_fails_says_nothing_and_is_gone_soon(program, script, monkeypatch):
    monkeypatch.setattr(nvidia_smi, "SECONDS", 0.3)
    program(script)
    before = time.monotonic()
    assert ask_nvidia_smi() == ""
    assert time.monotonic() - before < 20


def test_it_is_not_run_from_the_working_directory(program, tmp_path, monkeypatch):
    program(f"touch {tmp_path}/asked")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"bin{os.pathsep}{os.pathsep}.")
    assert ask_nvidia_smi() == ""
    assert not (tmp_path / "asked").exists()


def test_it_does_not_see_our_environment(program, monkeypatch, tmp_path):
    program(f"env > {tmp_path}/env")
    monkeypatch.setenv("GOVERN_SECRET", "hunter2")
    ask_nvidia_smi()
    assert "hunter2" not in (tmp_path / "env").read_text()
