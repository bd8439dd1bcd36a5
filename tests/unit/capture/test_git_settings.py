"""Programs and remotes that configuration names: none of a repository's own is run, no password is told."""

from __future__ import annotations

import os

import pytest

from govern.capture.redact import REDACTED
from support.git_repositories import check_trap, facts, git, sprung, touch

pytestmark = pytest.mark.usefixtures("own_configuration")


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
    assert ("cannot be switched off" if b"=" in name else "were not run") in found.notes[0]


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
