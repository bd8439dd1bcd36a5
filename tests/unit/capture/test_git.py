"""Git facts, from real repositories: what was changed, and what nobody can say."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from govern.capture import git_program
from govern.capture.git import GitFacts, capture_git
from govern.capture.redact import REDACTED
from govern.limits import Bound
from support.git_repositories import IDENTITY, ask_plain_git, facts, git, sprung

pytestmark = pytest.mark.usefixtures("own_configuration")


def test_a_clean_tree_is_told(repository):
    assert facts(repository) == GitFacts(
        commit=git(repository, "rev-parse", "HEAD"),
        work_tree=True,
        dirty=False,
        changed=0,
        untracked=0,
        remote=None,
        branch="main",
        tags=(),
    )


def test_a_directory_inside_the_tree_speaks_of_the_whole_tree(repository):
    (repository / "train.py").write_text("print(2)\n")
    assert facts(repository / "data").changed == 1


def test_changed_staged_deleted_and_untracked_files_are_counted(repository):
    (repository / ".gitignore").write_text("*.log\n")
    git(repository, "add", ".gitignore")
    (repository / "train.py").write_text("print(2)\n")
    (repository / "data" / "a.csv").unlink()
    (repository / "ignored.log").write_text("")
    (repository / "new\nname").write_text("")
    (repository / "folder").mkdir()
    (repository / "folder" / "one").write_text("")
    (repository / "folder" / "two").write_text("")
    found = facts(repository)
    assert (found.dirty, found.changed, found.untracked) == (True, 3, 2)


def test_an_untracked_file_alone_makes_the_tree_dirty(repository):
    (repository / "new.py").write_text("")
    found = facts(repository)
    assert (found.dirty, found.changed, found.untracked) == (True, 0, 1)


def test_the_repositorys_own_wish_to_hide_changes_is_not_followed(repository):
    git(repository, "config", "status.showUntrackedFiles", "no")
    (repository / "new.py").write_text("")
    assert facts(repository).untracked == 1


def test_a_conflict_counts_as_a_change(repository):
    git(repository, "checkout", "-q", "-b", "other")
    (repository / "train.py").write_text("print(2)\n")
    git(repository, "commit", "-q", "-am", "two")
    git(repository, "checkout", "-q", "main")
    (repository / "train.py").write_text("print(3)\n")
    git(repository, "commit", "-q", "-am", "three")
    subprocess.run(["git", "merge", "-q", "other"], cwd=repository, env={**os.environ, **IDENTITY}, capture_output=True)
    found = facts(repository)
    assert (found.dirty, found.changed) == (True, 1)


def test_a_submodule_at_another_commit_is_a_change(repository, tmp_path):
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(repository), str(other))
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "part")
    git(repository, "commit", "-q", "-m", "with a part")
    assert facts(repository).dirty is False
    git(repository / "part", "commit", "-q", "--allow-empty", "-m", "moved")
    assert facts(repository).changed == 1


def test_a_detached_head_has_a_commit_and_no_branch(repository):
    git(repository, "checkout", "-q", "--detach")
    found = facts(repository)
    assert found.branch is None
    assert found.commit == git(repository, "rev-parse", "HEAD")


def test_a_repository_without_commits_has_a_branch_and_no_commit(empty):
    found = facts(empty)
    assert (found.commit, found.branch, found.dirty, found.tags) == (None, "main", False, ())


def test_tags_of_the_commit_are_told_annotated_or_not(repository):
    git(repository, "tag", "v1.0")
    git(repository, "tag", "-a", "-m", "release", "release/1.0")
    git(repository, "commit", "-q", "--allow-empty", "-m", "two")
    assert facts(repository).tags == ()
    git(repository, "checkout", "-q", "v1.0")
    assert facts(repository).tags == ("release/1.0", "v1.0")


def test_a_sha256_repository_has_a_longer_commit(tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256", "-b", "main", "long")
    git(tmp_path / "long", "commit", "-q", "--allow-empty", "-m", "one")
    assert re.fullmatch(r"[0-9a-f]{64}", facts(tmp_path / "long").commit or "")


def test_a_bare_repository_and_the_git_directory_are_no_work_tree(repository, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare")
    for directory in (tmp_path / "bare", repository / ".git"):
        found = facts(directory)
        assert (found.work_tree, found.dirty) == (False, None)
        assert found.commit == git(repository, "rev-parse", "HEAD")


def test_outside_of_a_repository_there_are_no_facts(tmp_path):
    assert capture_git(tmp_path) is None


def test_a_branch_and_a_tag_that_look_like_secrets_are_redacted(repository):
    git(repository, "checkout", "-q", "-b", "hf_" + "a" * 34)
    git(repository, "tag", "ghp_" + "a" * 36)
    found = facts(repository)
    assert (found.branch, found.tags) == (REDACTED, (REDACTED,))


def test_the_configuration_of_a_submodule_is_not_used(repository, trap, tmp_path):
    git(tmp_path, "clone", "-q", str(repository), "other")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "part")
    git(repository, "commit", "-q", "-m", "with a part")
    git(repository / "part", "config", "filter.x.clean", str(trap))
    attributes = repository / ".git" / "modules" / "part" / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("* filter=x\n")
    os.utime(repository / "part" / "train.py", (1, 1))
    assert facts(repository).dirty is False
    assert not sprung(trap)
    ask_plain_git(repository)
    assert sprung(trap)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
def test_a_repository_of_another_user_is_a_note_and_no_crash(repository):
    for path in [repository, *repository.rglob("*")]:
        os.chown(path, 12345, 12345)
    found = facts(repository)
    assert (found.commit, found.dirty) == (None, None)
    assert "safe.directory" in found.notes[0]
    assert str(repository) not in found.notes[0]


@pytest.mark.parametrize("config", ["[core", "[core]\n\trepositoryformatversion = 99\n", "\x00"])
def test_a_repository_that_git_cannot_read_is_a_note_and_no_crash(repository, config):
    (repository / ".git" / "config").write_text(config)
    found = facts(repository)
    assert found.commit is None
    assert "could not read" in found.notes[0]


def test_a_status_above_the_bound_leaves_dirty_unknown_and_keeps_the_commit(repository, monkeypatch):
    for number in range(50):
        (repository / f"{number:0100}").write_text("")
    monkeypatch.setattr(git_program, "MAX_GIT_OUTPUT", Bound("MAX_GIT_OUTPUT", 1_000))
    found = facts(repository)
    assert found.commit is not None
    assert found.dirty is None
    assert "not known" in found.notes[0]
