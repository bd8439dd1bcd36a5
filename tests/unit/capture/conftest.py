"""Git repositories, real ones, and a program that tells when somebody runs it."""

from __future__ import annotations

import os

import pytest

from support.git_repositories import git


@pytest.fixture
def own_configuration(tmp_path, monkeypatch):
    """No configuration of whoever runs the tests, and none of a git hook they may run in."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def empty(tmp_path, own_configuration):
    """A repository without a commit."""
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    return repository


@pytest.fixture
def repository(empty):
    """A repository with one commit of two files."""
    (empty / "train.py").write_text("print(1)\n")
    (empty / "data").mkdir()
    (empty / "data" / "a.csv").write_text("1\n")
    git(empty, "add", ".")
    git(empty, "commit", "-q", "-m", "one")
    return empty


@pytest.fixture
def trap(tmp_path):
    """A program that leaves a trace when somebody runs it, and passes its input on as filters do."""
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat\n")
    program.chmod(0o755)
    return program
