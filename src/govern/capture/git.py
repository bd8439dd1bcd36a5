"""The commit a directory is at, asked of git in a way that runs nothing of the repository's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from govern.capture.git_program import NO_ANSWER, Answer, Git, find_git
from govern.capture.git_settings import Setting, read_settings, remote_of, without_filters
from govern.capture.redact import clean_text
from govern.limits import MAX_GIT_TAGS

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class GitFacts:
    """What git says of a directory.

    Args:
        commit: 40 or 64 hex digits, or None where there is no commit, or git would not say.
        work_tree: whether the directory is in a work tree; False in a bare repository or in `.git`.
        dirty: whether the whole work tree differs from the commit, untracked files included and ignored
            ones not; None where that is unknown, which is never to be read as clean. Changes inside
            submodules are not looked at; a submodule at another commit is a change.
        changed: tracked files that differ, in the index or in the work tree.
        untracked: files and directories that git does not know and does not ignore; a directory counts once.
        remote: the URL of the branch's upstream, else of `origin`, without credentials; None for a path
            of this machine.
        branch: the branch, or None where HEAD is detached.
        tags: tags of the commit, in order of name, at most `MAX_GIT_TAGS`.
        notes: what could not be found out and why, in sentences for the person who pushes.
    """

    commit: str | None
    work_tree: bool
    dirty: bool | None
    changed: int
    untracked: int
    remote: str | None
    branch: str | None
    tags: tuple[str, ...]
    notes: tuple[str, ...] = ()


_NOTHING: Final = GitFacts(None, False, None, 0, 0, None, None, ())


def capture_git(directory: Path) -> GitFacts | None:
    """Return what git says of a directory, or None without git or outside of a repository.

    Args:
        directory: one that exists.

    Source: git(1), git-status(1) "Porcelain Format Version 2", git-config(1) "--show-scope" (git 2.26).
    """
    git = find_git(directory)
    if git is None:
        return None
    try:
        return _capture(git)
    except NO_ANSWER:
        # The faults' own messages hold paths of this machine.
        return replace(_NOTHING, notes=("git did not answer, was too slow or said too much; no commit was recorded",))


def _capture(git: Git) -> GitFacts | None:
    inside = git.ask("rev-parse", "--is-inside-work-tree")
    if inside.code != 0:
        return _refused(inside)
    work_tree = inside.text.strip() == "true"
    head = git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    commit = head if head is not None and _COMMIT.fullmatch(head) else None
    full = git.line("symbolic-ref", "--quiet", "HEAD")
    branch = full.removeprefix("refs/heads/") if full is not None else None
    settings = list(read_settings(git))
    notes: list[str] = []
    dirty, changed, untracked = _status(git, settings, notes) if work_tree else (None, 0, 0)
    return GitFacts(
        commit=commit,
        work_tree=work_tree,
        dirty=dirty,
        changed=changed,
        untracked=untracked,
        remote=remote_of(settings, branch),
        branch=clean_text(branch) if branch is not None else None,
        tags=_tags(git, commit) if commit is not None else (),
        notes=tuple(notes),
    )


def _refused(answer: Answer) -> GitFacts | None:
    # LC_ALL=C: these words are git's own, and have been the same since 2.35.2.
    if "not a git repository" in answer.complaint:
        return None
    if "dubious ownership" in answer.complaint or "unsafe repository" in answer.complaint:
        note = (
            "git does not trust this directory, which belongs to another user; no commit was recorded "
            "(git config --global --add safe.directory DIRECTORY, if you trust it)"
        )
    else:
        note = "git could not read this repository; no commit was recorded (git status says why)"
    return replace(_NOTHING, notes=(note,))


def _tags(git: Git, commit: str) -> tuple[str, ...]:
    found = git.line(
        "for-each-ref", f"--points-at={commit}", f"--count={MAX_GIT_TAGS.value}", "--format=%(refname)", "refs/tags"
    )
    return tuple(clean_text(ref.removeprefix("refs/tags/")) for ref in (found or "").splitlines())


def _status(git: Git, settings: Sequence[Setting], notes: list[str]) -> tuple[bool | None, int, int]:
    """Return dirty, changed and untracked; (None, 0, 0) where nobody can say."""
    options = without_filters(settings, notes)
    if options is None:
        return None, 0, 0
    try:
        answer = git.ask(
            *options,
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=normal",
            "--no-renames",
            # Looking into submodules would start a git in each, under configuration not seen here.
            "--ignore-submodules=dirty",
        )
    except NO_ANSWER:
        notes.append("git status was too slow or said too much; whether the tree is clean is not known")
        return None, 0, 0
    if answer.code != 0:
        notes.append("git status failed; whether the tree is clean is not known")
        return None, 0, 0
    entries = answer.text.split("\x00")
    changed = sum(entry.startswith(("1 ", "u ")) for entry in entries)
    untracked = sum(entry.startswith("? ") for entry in entries)
    return bool(changed or untracked), changed, untracked
