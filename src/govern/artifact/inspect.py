"""One look at every file before it is packed: header, pickle, secret, role."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from govern import canonical
from govern.artifact.headers import read_header
from govern.artifact.headers.header import Header
from govern.artifact.pickles import find_pickle
from govern.artifact.roles import HEAD_BYTES, Look, Role, role_of
from govern.artifact.secrets import find_secret
from govern.artifact.walk import SourceFile
from govern.errors import InvalidInput, UsageError, shortened
from govern.limits import MAX_CONFIG
from govern.progress import SILENT, Progress

_CONFIG_FILE: Final = "config.json"
_MODEL_ENDINGS: Final = (".safetensors", ".gguf", ".onnx")
_SHOWN: Final = 10
_NEAR: Final = 3
_COMPARED: Final = 2_000
"""Among how many paths the nearest to a mistyped pattern are sought."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person who pushes said about files.

    Args:
        roles: (pattern, role) overrides.
        allow_pickle: whether pickles are packed, and recorded.
        allow_secrets: patterns of paths that look like secrets and are none.
    """

    roles: tuple[tuple[str, Role], ...] = ()
    allow_pickle: bool = False
    allow_secrets: tuple[str, ...] = ()


@dataclass(slots=True)
class Findings:
    """What the files are.

    Args:
        roles: role by path.
        headers: the headers that were read, in path order.
        config: the root `config.json` of a Hugging Face layout, or None.
        pickles: paths of pickles that were allowed.
        secrets: paths that look like secrets and were allowed.
        headerless: paths that are called like weights and have no header of any.
    """

    roles: dict[str, Role] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    config: Mapping[str, Any] | None = None
    pickles: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    headerless: list[str] = field(default_factory=list)


def inspect(files: Sequence[SourceFile], rules: Rules, *, dataset: bool, progress: Progress = SILENT) -> Findings:
    """Look at every file once.

    Args:
        files: what will be packed.
        rules: overrides and waivers.
        dataset: whether the artifact is a dataset, whose files all have that role.
        progress: told how far it is.

    Raises:
        UsageError: for a pattern of the rules that no file has.
        InvalidInput: for pickles and likely secrets that nobody allowed, and for broken headers.
    """
    _check_patterns(rules, [one.path for one in files])
    found = Findings()
    refused_pickles: list[str] = []
    unreadable: list[str] = []
    refused_secrets: list[str] = []
    known = {one.path for one in files}
    for one in files:
        try:
            _look(one, rules, found, refused_pickles, refused_secrets, known, dataset=dataset)
        except OSError as fault:
            unreadable.append(f"{one.given!r}: {fault.strerror}")
    if unreadable:
        raise InvalidInput(
            "a file cannot be read" if len(unreadable) == 1 else f"{len(unreadable)} files cannot be read",
            got=_names(unreadable),
            hint="let whoever runs govern read them, or leave them out with .governignore",
        )
    if refused_secrets:
        raise InvalidInput(
            "files look like secrets",
            got=_names(refused_secrets),
            expected="nothing that must not be published: what is pushed is read by others, and stays",
            hint="leave them out with .governignore; if it is none: "
            f"--allow-secret '{refused_secrets[0].rpartition(' (')[0]}'",
        )
    if refused_pickles:
        raise InvalidInput(
            "files are Python pickles, which run code when they are loaded",
            got=_names(refused_pickles),
            expected="weights that are data, for example safetensors or ONNX",
            hint="convert them (safetensors.torch.save_file); to push them all the same: "
            "--allow-pickle, which is recorded",
        )
    if found.headerless:
        progress.note(
            f"no model header was found in {_names(found.headerless)}: packed as it is; is it a broken copy, "
            "or a pointer that Git LFS left there?"
        )
    progress.note(_summary(len(files), len(found.headers), dataset=dataset))
    return found


def _check_patterns(rules: Rules, paths: Sequence[str]) -> None:
    """Refuse a pattern that no file has: who mistyped it would believe that it was heeded."""
    said = [("--role", pattern, f"{pattern}={role}") for pattern, role in rules.roles]
    said += [("--allow-secret", pattern, pattern) for pattern in rules.allow_secrets]
    for option, pattern, text in said:
        if not any(fnmatchcase(path, pattern) for path in paths):
            near = get_close_matches(pattern, paths[:_COMPARED], n=_NEAR, cutoff=0.0)
            raise UsageError(
                "a pattern matches no file",
                got=f"{option} {shortened(text)}",
                expected=f"a path that is packed, such as {', '.join(near)}",
                hint="paths begin in the pushed directory; * also matches /",
            )


def _look(
    one: SourceFile,
    rules: Rules,
    found: Findings,
    pickles: list[str],
    secrets: list[str],
    known: set[str],
    *,
    dataset: bool,
) -> None:
    with open(one.real, "rb") as file:
        head = file.read(HEAD_BYTES)
        if (why := find_secret(one.path, head, file, one.size)) is not None:
            allowed = any(fnmatchcase(one.path, pattern) for pattern in rules.allow_secrets)
            (found.secrets if allowed else secrets).append(one.path if allowed else f"{one.path} ({why})")
        header = read_header(file, one.size, f"the file {one.path!r}")
        # Asked of every file: a zip with a pickle in it may stand behind a good header.
        pickle = find_pickle(file, one.size, f"the file {one.path!r}")
        if pickle is not None:
            member = f" (member {pickle.member})" if pickle.member else ""
            (found.pickles if rules.allow_pickle else pickles).append(
                one.path if rules.allow_pickle else f"{one.path}{member}"
            )
        if header is not None:
            found.headers.append(header)
            _check_external(one.path, header, known)
        elif pickle is None and one.path.lower().endswith(_MODEL_ENDINGS):
            found.headerless.append(one.path)
        if one.path == _CONFIG_FILE and not dataset and one.size <= MAX_CONFIG.value:
            file.seek(0)
            found.config = _config(file.read(MAX_CONFIG.value + 1))
    look = Look(one.path, head, header.format if header else "", pickle is not None)
    found.roles[one.path] = "dataset" if dataset else role_of(look, rules.roles)


def _check_external(path: str, header: Header, known: set[str]) -> None:
    folder = path.rpartition("/")[0]
    for location in header.external:
        wanted = f"{folder}/{location}" if folder else location
        if wanted not in known:
            raise InvalidInput(
                "a model keeps weights in a file that is not packed",
                got=f"{path!r} needs {wanted!r}",
                expected="every external data file beside the model",
            )


def _config(data: bytes) -> Mapping[str, Any] | None:
    # A config.json that is none says nothing about the model; it is packed as it is.
    try:
        value = canonical.loads(data, _CONFIG_FILE, bound=MAX_CONFIG)
    except (InvalidInput, json.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _summary(files: int, headers: int, *, dataset: bool) -> str:
    text = "1 file" if files == 1 else f"{files} files"
    return text if dataset and not headers else f"{text}, {headers} with a model header"


def _names(paths: Sequence[str]) -> str:
    rest = len(paths) - _SHOWN
    return ", ".join(paths[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
