"""What DVC's files say: `.dvc`, written by `dvc add` and `dvc import`, and `dvc.lock`, written by `dvc repro`.

DVC's ids are MD5, of a file's bytes, of text with other line ends (`md5-dos2unix`, DVC 2), or of a list of files
(`.dir`). They tell which content somebody meant and withstand nobody who wants to deceive. So they never stand
under `md5`, where a reader who takes that for a digest would accept it: they are `dvc`, an id that only DVC resolves.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from govern.capture.redact import REDACTED, redact_url
from govern.errors import InvalidInput
from govern.limits import MAX_DVC_FILE
from govern.yaml_text import read_yaml

_ID: Final = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HASH: Final = re.compile(r"[a-z0-9-]{1,20}")
_OLD_HASH: Final = "md5-dos2unix"
"""What DVC 2 wrote, and did not name."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A file or directory that DVC knows.

    Args:
        path: below the tree; "" for what is elsewhere.
        uri: of what is elsewhere, without credentials, or "".
        id: 32 hex digits, with `.dir` for a directory; or None.
        hash: how DVC made the id.
        size: bytes, or None.
        files: how many files, or None.
        repository: for an import: the git repository, or "".
        commit: the commit in it, or "".
    """

    path: str
    uri: str = ""
    id: str | None = None
    hash: str = ""
    size: int | None = None
    files: int | None = None
    repository: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline, as it was last run.

    Args:
        lock: the file that says so, by its path below the tree.
        name: its name.
        command: the command line; not safe to be signed.
        dependencies: what it read.
        outputs: what it wrote.
        parameters: by file, as the document holds them; not safe to be signed.
    """

    lock: str
    name: str
    command: str
    dependencies: tuple[Tracked, ...]
    outputs: tuple[Tracked, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A file that ends in `.dvc`.

    Args:
        outputs: what it stands for.
        imports: where that came from.
    """

    outputs: tuple[Tracked, ...]
    imports: tuple[Tracked, ...]


def read_pointer(data: bytes, path: str) -> Pointer:
    """Read a `.dvc` file.

    Args:
        data: its bytes.
        path: below the tree.

    Raises:
        InvalidInput: for what is no such file; the message may quote it.

    Source: dvc.org, "User Guide: .dvc Files"; DVC 3.67, `dvc/schema.py`.
    """
    document = _mapping(read_yaml(data, "the file of DVC", bound=MAX_DVC_FILE).value)
    folder = posixpath.join(posixpath.dirname(path), _text(document.get("wdir", ".")))
    outputs = tuple(_tracked(one, folder) for one in _list(document.get("outs")))
    imports = tuple(_tracked(one, folder) for one in _list(document.get("deps")))
    if not outputs:
        raise _wrong()
    return Pointer(outputs, imports)


def read_pipeline_lock(data: bytes, path: str) -> tuple[Stage, ...]:
    """Read a `dvc.lock`.

    Args:
        data: its bytes.
        path: below the tree.

    Raises:
        InvalidInput: for what is no such file; the message may quote it.

    Source: dvc.org, "User Guide: dvc.yaml Files", "dvc.lock file"; DVC 3.67, `dvc/schema.py`.
    """
    document = _mapping(read_yaml(data, "the file of DVC", bound=MAX_DVC_FILE).value)
    # Before DVC 2 the stages were the document.
    stages = _mapping(document.get("stages", {} if "schema" in document else document))
    return tuple(_stage(path, name, _mapping(stage)) for name, stage in stages.items())


def _stage(path: str, name: str, stage: Mapping[str, Any]) -> Stage:
    command, folder = stage.get("cmd", ""), posixpath.dirname(path)
    return Stage(
        lock=path,
        name=name,
        command=" && ".join(_text(one) for one in command) if isinstance(command, list) else _text(command),
        dependencies=tuple(_tracked(one, folder) for one in _list(stage.get("deps"))),
        outputs=tuple(_tracked(one, folder) for one in _list(stage.get("outs"))),
        parameters=_mapping(stage.get("params") or {}),
    )


def _tracked(value: Any, folder: str) -> Tracked:
    entry = _mapping(value)
    place, given = _text(entry.get("path", "")), entry.get("md5")
    known = isinstance(given, str) and _ID.fullmatch(given) is not None
    repository = _mapping(entry.get("repo") or {})
    path, uri = _place(place, folder)
    commit = repository.get("rev_lock")
    said = entry.get("hash")
    return Tracked(
        # The path of an import is one in the other repository.
        path=place if repository and path else path,
        uri=uri,
        id=given if known else None,
        hash=(said if isinstance(said, str) and _HASH.fullmatch(said) else _OLD_HASH) if known else "",
        size=_count(entry.get("size")),
        files=_count(entry.get("nfiles")),
        repository=_remote(repository.get("url")),
        commit=commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else "",
    )


def _place(place: str, folder: str) -> tuple[str, str]:
    """Return (path below the tree, URI); neither for a path of this machine, which says nothing elsewhere."""
    if "://" in place:
        uri = redact_url(place)
        return "", "" if uri == REDACTED else uri
    path = posixpath.normpath(posixpath.join(folder, place))
    outside = not place or "\\" in place or path.startswith(("/", "../", "~")) or path in (".", "..")
    return ("", "") if outside else (path, "")


def _remote(url: Any) -> str:
    if not isinstance(url, str):
        return ""
    uri = redact_url(url)
    return uri if uri.startswith(("https://", "http://", "ssh://", "git://")) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong()
    return value


def _list(value: Any) -> Iterator[Any]:
    if value is None:
        return iter(())
    if not isinstance(value, list):
        raise _wrong()
    return iter(value)


def _text(value: Any) -> str:
    if not isinstance(value, str | int):
        raise _wrong()
    return str(value)


def _wrong() -> InvalidInput:
    return InvalidInput("a file of DVC's is not what DVC writes")
