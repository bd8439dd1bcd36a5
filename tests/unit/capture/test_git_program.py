"""Running git: nothing that a repository names runs with it, and nothing runs without end."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from govern.capture import git_program
from govern.capture.git import capture_git
from govern.limits import Bound
from support.git_repositories import check_trap, facts, git, sprung, touch

pytestmark = pytest.mark.usefixtures("own_configuration")


def test_without_git_there_are_no_facts(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert capture_git(repository) is None


def test_variables_of_a_git_hook_do_not_make_git_speak_of_another_repository(repository, tmp_path, monkeypatch):
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    found = facts(repository)
    assert found.commit is not None
    assert found.dirty is False


def test_a_file_system_monitor_is_not_run(repository, trap):
    git(repository, "config", "core.fsmonitor", str(trap))
    assert check_trap(repository, trap).dirty is False


def test_a_hook_is_not_run(repository, trap):
    hook = repository / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(trap, hook)
    assert check_trap(repository, trap).dirty is False


def test_a_partial_clone_fetches_nothing(repository, trap):
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    (repository / ".git" / "index").unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", str(repository)),
        ("remote.origin.uploadpack", f"{trap} </dev/null; false"),
    ):
        git(repository, "config", key, value)
    found = check_trap(repository, trap)
    assert found.dirty is None
    assert found.notes


@pytest.mark.parametrize(
    "settings",
    [
        {"core.pager": "{}", "pager.status": "{}", "pager.config": "{}"},
        {"diff.external": "{}", "core.sshCommand": "{}", "core.askPass": "{}", "gpg.program": "{}"},
        {"alias.status": "!{}", "alias.rev-parse": "!{}", "status.submoduleSummary": "true"},
        {"credential.helper": "!{}", "core.editor": "{}", "core.gitProxy": "{}", "core.alternateRefsCommand": "{}"},
    ],
)
def test_no_other_program_that_configuration_can_name_is_run(repository, trap, settings):
    for key, value in settings.items():
        git(repository, "config", key, value.format(trap))
    (repository / ".gitattributes").write_text("* diff=x\n")
    git(repository, "config", "diff.x.textconv", str(trap))
    git(repository, "config", "diff.x.command", str(trap))
    touch(repository)
    assert facts(repository).untracked == 1
    assert not sprung(trap)


def test_a_program_in_the_directory_is_not_taken_for_git(repository, trap, monkeypatch):
    shutil.copy(trap, repository / "git")
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    assert facts(repository).commit is not None
    assert not sprung(trap)


def test_nothing_is_written_into_the_repository(repository):
    touch(repository)
    before = (repository / ".git" / "index").read_bytes()
    facts(repository)
    assert (repository / ".git" / "index").read_bytes() == before


@pytest.fixture
def fake_git(tmp_path, monkeypatch):
    """Something else called git: only so can it be slow, or say too much, when a test wants it."""

    def write(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return write


def test_a_git_that_does_not_end_is_ended_with_its_children(repository, fake_git, monkeypatch, tmp_path):
    monkeypatch.setattr(git_program, "SECONDS", 3)
    fake_git(f"sleep 60 &\necho $! > '{tmp_path}/child'\nwait")
    before = time.monotonic()
    assert "did not answer" in facts(repository).notes[0]
    assert time.monotonic() - before < 10
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    time.sleep(0.1)
    # Gone, or a zombie that nobody has waited for yet.
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("stream", ["", " >&2"])
def test_a_git_that_talks_without_end_is_ended(repository, fake_git, monkeypatch, stream):
    monkeypatch.setattr(git_program, "MAX_GIT_OUTPUT", Bound("MAX_GIT_OUTPUT", 100_000))
    fake_git(f"while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{stream}; done")
    assert "did not answer" in facts(repository).notes[0]
