"""Git repositories for tests, and a trap for those who run what a repository names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from govern.capture.git import GitFacts, capture_git

IDENTITY: Final = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"), ("DATE", "2026-11-21T09:30:00Z"))
}


def git(directory: Path, *arguments: str) -> str:
    """Run git as somebody who writes into a repository, and return what it says."""
    environment = {**os.environ, **IDENTITY}
    run = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, check=True, capture_output=True, text=True
    )
    return run.stdout.strip()


def facts(directory: Path) -> GitFacts:
    """Return what is captured of a repository."""
    found = capture_git(directory)
    assert found is not None
    return found


def sprung(trap: Path) -> bool:
    """Whether somebody ran the trap."""
    return (trap.parent / "sprung").exists()


def touch(repository: Path) -> None:
    """Give a file another time stamp and the same content, so that git reads it again."""
    os.utime(repository / "train.py", (1, 1))


def ask_plain_git(repository: Path) -> None:
    """What somebody without our precautions would run: it must spring the trap, or the test tests nothing."""
    subprocess.run(["git", "status", "--porcelain=v2"], cwd=repository, capture_output=True, timeout=30)


def check_trap(repository: Path, trap: Path) -> GitFacts:
    """Return what is captured of a repository whose trap plain git springs, and we do not."""
    touch(repository)
    found = facts(repository)
    assert not sprung(trap)
    touch(repository)
    ask_plain_git(repository)
    assert sprung(trap)
    return found
