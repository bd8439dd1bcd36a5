"""Which files of a kind a repository has."""

from __future__ import annotations

from pathlib import Path

from govern.capture.git_program import NO_ANSWER, find_git


def tracked_files(top: Path, *patterns: str) -> tuple[str, ...] | None:
    """Return the files that git tracks, by path below the top of its work tree, in order; None if it will not say.

    The index is read and nothing else, so no filter and no hook has a part in it.

    Args:
        top: the top of a work tree.
        patterns: globs for the whole path, `**/*.dvc`.

    Source: git-ls-files(1); gitglossary(7), "pathspec".
    """
    git = find_git(top)
    if git is None:
        return None
    try:
        answer = git.ask("ls-files", "-z", "--cached", "--", *(f":(top,glob){one}" for one in patterns))
    except NO_ANSWER:
        return None
    return tuple(sorted({one for one in answer.text.split("\x00") if one})) if answer.code == 0 else None
