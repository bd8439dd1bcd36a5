"""Git facts, from real repositories, some of them hostile. Nothing that a repository names may run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from govern.capture import git as module
from govern.capture.git import GitFacts, capture_git
from govern.capture.redact import REDACTED
from govern.limits import Bound

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"), ("DATE", "2026-11-21T09:30:00Z"))
}


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path, monkeypatch):
    """No configuration of whoever runs the tests, and none of a git hook they may run in."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def git(directory: Path, *arguments: str) -> str:
    environment = {**os.environ, **IDENTITY}
    run = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, check=True, capture_output=True, text=True
    )
    return run.stdout.strip()


@pytest.fixture
def empty(tmp_path):
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


def facts(directory: Path) -> GitFacts:
    found = capture_git(directory)
    assert found is not None
    return found


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


# --- the remote ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://anna:geheim@git.example.com/a/b.git", "https://git.example.com/a/b.git"),
        ("https://geheim@git.example.com/a/b.git?x=geheim", "https://git.example.com/a/b.git"),
        ("git@git.example.com:a/b.git", "ssh://git.example.com/a/b.git"),
        ("https://anna:ge/heim@git.example.com/a", REDACTED),
        ("https://git.example.com/ghp_" + "a" * 36, REDACTED),
        ("/home/anna/b.git", None),
        ("file:///home/anna/b.git", None),
        ("../b.git", None),
        ("ext::sh -c geheim", REDACTED),
    ],
)
def test_the_remote_is_told_without_credentials_and_without_paths(repository, url, expected):
    git(repository, "config", "remote.origin.url", url)
    assert facts(repository).remote == expected


def test_the_branchs_upstream_comes_before_origin(repository):
    git(repository, "config", "remote.origin.url", "https://git.example.com/fork")
    git(repository, "config", "remote.up.stream.url", "https://git.example.com/upstream")
    git(repository, "config", "branch.main.remote", "up.stream")
    assert facts(repository).remote == "https://git.example.com/upstream"
    git(repository, "checkout", "-q", "--detach")
    assert facts(repository).remote == "https://git.example.com/fork"


def test_a_branch_and_a_tag_that_look_like_secrets_are_redacted(repository):
    git(repository, "checkout", "-q", "-b", "hf_" + "a" * 34)
    git(repository, "tag", "ghp_" + "a" * 36)
    found = facts(repository)
    assert (found.branch, found.tags) == (REDACTED, (REDACTED,))


# --- hostile repositories --------------------------------------------------------------------------


@pytest.fixture
def trap(tmp_path):
    """A program that leaves a trace when somebody runs it, and passes its input on as filters do."""
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat\n")
    program.chmod(0o755)
    return program


def sprung(trap: Path) -> bool:
    return (trap.parent / "sprung").exists()


def touch(repository: Path) -> None:
    """Give a file another time stamp and the same content, so that git reads it again."""
    os.utime(repository / "train.py", (1, 1))


def ask_plain_git(repository: Path) -> None:
    """What somebody without our precautions would run: it must spring the trap, or the test tests nothing."""
    subprocess.run(["git", "status", "--porcelain=v2"], cwd=repository, capture_output=True, timeout=30)


def check_trap(repository: Path, trap: Path) -> GitFacts:
    touch(repository)
    found = facts(repository)
    assert not sprung(trap)
    touch(repository)
    ask_plain_git(repository)
    assert sprung(trap)
    return found


def test_a_file_system_monitor_is_not_run(repository, trap):
    git(repository, "config", "core.fsmonitor", str(trap))
    assert check_trap(repository, trap).dirty is False


def test_a_hook_is_not_run(repository, trap):
    hook = repository / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(trap, hook)
    assert check_trap(repository, trap).dirty is False


@pytest.mark.parametrize("name", ["x", "lfs", "two words", "a.b", "ünïcode"])
@pytest.mark.parametrize("variable", ["clean", "CLEAN"])
def test_a_filter_of_the_repositorys_own_is_not_run(repository, trap, name, variable):
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    with (repository / ".git" / "config").open("a") as config:
        config.write(f'[filter "{name}"]\n\t{variable} = {trap}\n\trequired = true\n')
    if " " not in name:
        (repository / ".git" / "info" / "attributes").write_text(f"* filter={name}\n")
        found = check_trap(repository, trap)
    else:
        found = facts(repository)
    assert found.dirty is False
    assert "filters" in found.notes[0]


def test_a_filter_process_is_not_run(repository, trap):
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    git(repository, "config", "filter.x.process", str(trap))
    assert check_trap(repository, trap).dirty is False


@pytest.mark.parametrize("name", [b"x=y", b"x\xff"])
def test_a_filter_that_cannot_be_switched_off_leaves_dirty_unknown_or_does_not_run(repository, trap, name):
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_bytes(b"* filter=" + name + b"\n")
    with (repository / ".git" / "config").open("ab") as config:
        config.write(b'[filter "' + name + b'"]\n\tclean = ' + os.fsencode(trap) + b"\n")
    found = check_trap(repository, trap)
    assert found.commit is not None
    assert found.dirty is (None if b"=" in name else False)


def test_the_users_own_filter_is_run_because_the_tree_would_seem_dirty_without(repository, trap, tmp_path):
    git(repository, "config", "--file", str(tmp_path / "gitconfig"), "filter.x.clean", str(trap))
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    touch(repository)
    found = facts(repository)
    assert sprung(trap)
    assert (found.dirty, found.notes) == (False, ())


@pytest.mark.parametrize("key", ["lfs.extension.x.clean", "lfs.EXTENSION.x.clean"])
def test_an_extension_of_git_lfs_leaves_dirty_unknown(repository, trap, key):
    # Git LFS runs these from the repository's configuration, whoever installed its filter.
    git(repository, "config", key, str(trap))
    found = facts(repository)
    assert found.dirty is None
    assert found.commit is not None


def test_git_lfs_as_its_installer_writes_it_is_left_alone(repository):
    git(repository, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    git(repository, "config", "filter.lfs.process", "git-lfs filter-process")
    assert facts(repository).notes == ()


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


# --- bounds ----------------------------------------------------------------------------------------


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
    monkeypatch.setattr(module, "SECONDS", 0.5)
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
    monkeypatch.setattr(module, "MAX_GIT_OUTPUT", Bound("MAX_GIT_OUTPUT", 100_000))
    fake_git(f"while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{stream}; done")
    assert "did not answer" in facts(repository).notes[0]


def test_a_status_above_the_bound_leaves_dirty_unknown_and_keeps_the_commit(repository, monkeypatch):
    for number in range(50):
        (repository / f"{number:0100}").write_text("")
    monkeypatch.setattr(module, "MAX_GIT_OUTPUT", Bound("MAX_GIT_OUTPUT", 1_000))
    found = facts(repository)
    assert found.commit is not None
    assert found.dirty is None
    assert "not known" in found.notes[0]
