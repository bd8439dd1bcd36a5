"""The code that a metadata file names: a commit, as the person says, and a directory, as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from govern.artifact.hashing import hash_files
from govern.artifact.metadata.model import Code
from govern.artifact.walk import find_files
from govern.capture.dir_hash import dir_hash
from govern.capture.provenance import Input
from govern.capture.redact import redact_url
from govern.errors import InvalidInput
from govern.limits import MAX_CODE_FILES, MAX_CODE_SIZE
from govern.operations.context import Context

NAME: Final = "training-code"
"""The commit that a push captures itself is called `code`; it is of the repository that pushes."""


def named_code(context: Context, folder: Path, code: Code) -> Iterator[Input]:
    """Yield the code that made an artifact, by digest.

    Args:
        context: the cache of digests.
        folder: what is pushed; a directory of code is named from there.
        code: what the metadata file says.

    Raises:
        InvalidInput: for a directory that is not there, has links out of it, or is beyond `MAX_CODE_FILES` or
            `MAX_CODE_SIZE`.
    """
    if code.commit is not None:
        url = redact_url(code.repository) if code.repository is not None else ""
        uri = f"git+{url}" if url.startswith(("https://", "http://", "ssh://")) else ""
        yield Input(NAME, uri, None, "code", "declared", {"gitCommit": code.commit})
    if code.path is not None:
        yield Input(NAME, "", None, "code", "at-push", {"dirHash": _digest(context, folder / code.path, code.path)})


def _digest(context: Context, folder: Path, named: str) -> str:
    if not folder.is_dir():
        raise InvalidInput(
            "the code that the metadata file names is not there",
            got=repr(named),
            expected="a directory, named from the one that is pushed",
            hint="correct code.path in govern.yaml, or remove it",
        )
    files = find_files(folder)
    MAX_CODE_FILES.check(len(files), "the directory of code", InvalidInput)
    MAX_CODE_SIZE.check(sum(one.size for one in files), "the directory of code", InvalidInput)
    found = hash_files(files, context.digests)
    return dir_hash({path: digest.encoded for path, digest in found.items()})
