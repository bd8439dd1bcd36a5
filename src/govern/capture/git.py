"""The commit a directory is at, asked of git in a way that runs nothing of the repository's.

A repository's own configuration can name programs: monitors, hooks, filters, helpers that fetch missing
objects. A directory that somebody unpacked or a runner checked out may be hostile, so every command here is
one that reads, and every setting through which reading could start a program is overridden.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from govern.capture.redact import REDACTED, clean_text, redact_url
from govern.errors import LimitExceeded
from govern.limits import Bound, KiB, MiB

MAX_GIT_OUTPUT: Final = Bound("MAX_GIT_OUTPUT", 16 * MiB)
"""What one git command may print; a status of this size is of a tree that nobody committed."""

SECONDS: Final = 10.0
"""How long one git command may take."""

MAX_TAGS_AT_COMMIT: Final = 16

_NO_ANSWER: Final = (OSError, ValueError, subprocess.TimeoutExpired, LimitExceeded)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FILTER: Final = re.compile(r"filter\.(.*)\.(?:clean|process)", re.DOTALL)
_WANTED: Final = (
    r"^(filter\..*\.(clean|process)|lfs\.[Ee][Xx][Tt][Ee][Nn][Ss][Ii][Oo][Nn]\..*|remote\..*\.url|branch\..*\.remote)$"
)
_NETWORK_URL: Final = ("https://", "http://", "ssh://", "git://", "ftp://", "ftps://")

_KNOWN_FILTERS: Final = frozenset({"git-lfs clean -- %f", "git-lfs filter-process"})
"""What `git lfs install --local` writes, letter for letter: it names a program on the user's own PATH."""

_KEPT: Final = re.compile(
    r"HOME|XDG_CONFIG_HOME|TMPDIR|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|(?:KEY|VALUE)_[0-9]+)"
)
"""Variables that reach git: the user's own configuration, where `safe.directory` stands, and nothing else.
GIT_DIR and its like would make git speak of another repository."""

_SAFE_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A partial clone fetches what is missing while status reads it, and runs what `uploadpack` names.
    "GIT_NO_LAZY_FETCH": "1",
    # Gits before 2.39.4 do not know the line above; no protocol has this name, so none is allowed.
    "GIT_ALLOW_PROTOCOL": "none",
}
_SAFE_OPTIONS: Final = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


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
        tags: tags of the commit, in order of name, at most 16.
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
    # A relative entry of PATH would find programs that lie in the directory being asked about.
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    program = shutil.which("git", path=path)
    if program is None:
        return None
    try:
        return _capture(_Git(program, path, directory))
    except _NO_ANSWER:
        # The faults' own messages hold paths of this machine.
        return replace(_NOTHING, notes=("git did not answer, was too slow or said too much; no commit was recorded",))


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    text: str
    complaint: str


class _Git:
    """The git program, asked about one directory."""

    def __init__(self, program: str, path: str, directory: Path) -> None:
        self._start = (program, "-C", os.fspath(directory), *_SAFE_OPTIONS)
        inherited = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        self._environment = {**inherited, **_SAFE_ENVIRONMENT, "PATH": path}

    def ask(self, *arguments: str) -> _Answer:
        process = subprocess.Popen(
            (*self._start, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
            # A group of its own, so that children it started can be ended with it.
            start_new_session=True,
        )
        with process:
            try:
                out, complaint = _read(process, time.monotonic() + SECONDS)
            except BaseException:
                # Also on Ctrl-C: leaving `with` would wait for a program that may never end.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        # Names that are not UTF-8 must go back to git letter for letter, or a filter would not be switched off.
        return _Answer(process.returncode, out.decode("utf-8", "surrogateescape"), complaint.decode("utf-8", "replace"))

    def line(self, *arguments: str) -> str | None:
        """The one line of an answer, or None where the command failed."""
        answer = self.ask(*arguments)
        return answer.text.removesuffix("\n") if answer.code == 0 else None


def _read(process: subprocess.Popen[bytes], until: float) -> tuple[bytearray, bytearray]:
    out, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, text in ((process.stdout, out), (process.stderr, complaint)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, text)
        while selector.get_map():
            ready = selector.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired("git", SECONDS)
            for key, _ in ready:
                chunk = os.read(key.fd, 64 * KiB)
                if not chunk:
                    selector.unregister(key.fileobj)
                key.data.extend(chunk)
                MAX_GIT_OUTPUT.check(len(key.data), "the answer of git")
    process.wait(max(0.0, until - time.monotonic()))
    return out, complaint


def _capture(git: _Git) -> GitFacts | None:
    inside = git.ask("rev-parse", "--is-inside-work-tree")
    if inside.code != 0:
        return _refused(inside)
    work_tree = inside.text.strip() == "true"
    head = git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    commit = head if head is not None and _COMMIT.fullmatch(head) else None
    full = git.line("symbolic-ref", "--quiet", "HEAD")
    branch = full.removeprefix("refs/heads/") if full is not None else None
    settings = list(_settings(git))
    notes: list[str] = []
    dirty, changed, untracked = _status(git, settings, notes) if work_tree else (None, 0, 0)
    return GitFacts(
        commit=commit,
        work_tree=work_tree,
        dirty=dirty,
        changed=changed,
        untracked=untracked,
        remote=_remote(settings, branch),
        branch=clean_text(branch) if branch is not None else None,
        tags=_tags(git, commit) if commit is not None else (),
        notes=tuple(notes),
    )


def _refused(answer: _Answer) -> GitFacts | None:
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


@dataclass(frozen=True, slots=True)
class _Setting:
    """One value of git's configuration; `own` if the repository itself sets it."""

    key: str
    value: str
    own: bool


def _settings(git: _Git) -> Iterator[_Setting]:
    answer = git.ask("config", "--show-scope", "-z", "--get-regexp", _WANTED)
    if answer.code not in (0, 1):
        # Without the list of filters no status can be asked for safely.
        raise OSError("git config failed")
    parts = answer.text.split("\x00")
    for scope, pair in zip(parts[0::2], parts[1::2], strict=False):
        key, _, value = pair.partition("\n")
        yield _Setting(key, value, own=scope not in ("system", "global", "command"))


def _remote(settings: list[_Setting], branch: str | None) -> str | None:
    # The last value of a key is the one that git uses.
    values = {setting.key: setting.value for setting in settings}
    upstream = values.get(f"branch.{branch}.remote", "origin") if branch is not None else "origin"
    raw = values.get(f"remote.{upstream}.url") or values.get("remote.origin.url")
    if not raw:
        return None
    url = redact_url(raw)
    # A path of this machine says nothing elsewhere, and often names its user.
    if url != REDACTED and not url.startswith(_NETWORK_URL):
        return None
    return clean_text(url)


def _tags(git: _Git, commit: str) -> tuple[str, ...]:
    found = git.line(
        "for-each-ref", f"--points-at={commit}", f"--count={MAX_TAGS_AT_COMMIT}", "--format=%(refname)", "refs/tags"
    )
    return tuple(clean_text(ref.removeprefix("refs/tags/")) for ref in (found or "").splitlines())


def _status(git: _Git, settings: list[_Setting], notes: list[str]) -> tuple[bool | None, int, int]:
    """Return dirty, changed and untracked; (None, 0, 0) where nobody can say."""
    options = _without_filters(settings, notes)
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
    except _NO_ANSWER:
        notes.append("git status was too slow or said too much; whether the tree is clean is not known")
        return None, 0, 0
    if answer.code != 0:
        notes.append("git status failed; whether the tree is clean is not known")
        return None, 0, 0
    entries = answer.text.split("\x00")
    changed = sum(entry.startswith(("1 ", "u ")) for entry in entries)
    untracked = sum(entry.startswith("? ") for entry in entries)
    return bool(changed or untracked), changed, untracked


def _without_filters(settings: list[_Setting], notes: list[str]) -> list[str] | None:
    """Options that switch off the filter programs which the repository itself names; None if one cannot be.

    `git status` pipes a file whose time stamp changed through its clean filter: a program that any
    repository may name. The user's own filters (global, system) and Git LFS stay.
    """
    own = [setting for setting in settings if setting.own]
    names = {
        match[1]
        for setting in own
        if setting.value not in _KNOWN_FILTERS and (match := _FILTER.fullmatch(setting.key)) is not None
    }
    # `-c` splits at the first equals sign; and an extension is run by Git LFS, whoever configured that.
    if any("=" in name for name in names) or any(setting.key.lower().startswith("lfs.extension.") for setting in own):
        notes.append("the repository names programs that cannot be switched off; whether it is clean is not known")
        return None
    if names:
        notes.append("filters that the repository's own configuration names were not run; files may count as changed")
    return [
        option
        for name in sorted(names)
        for setting in ("clean=", "process=", "required=false")
        for option in ("-c", f"filter.{name}.{setting}")
    ]
