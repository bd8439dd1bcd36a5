"""Reading the metadata file: every fault at once, each with its line and in the words of the file's writer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError

from govern import canonical
from govern.artifact.metadata.model import MetadataFile
from govern.document import Fault, Path, dotted, faults_in, faulty
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA
from govern.secret_shapes import find_given, find_named, find_shape
from govern.yaml_text import read_yaml

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CREDENTIALS: Final = re.compile(
    r"https?://[^/?#\s]*@|://[^/?#\s@]*:[^/?#\s@]*@"
    r"|[?&](?:x-(?:amz|goog)-(?:signature|credential)|sig|(?:access_|private_)?token|password)=",
    re.IGNORECASE,
)

_COMMANDS: Final = (("code",), ("training",), ("hyperparameters",))
"""Sections that may hold a command line. A description may speak of `--token` as well."""

_SPELLINGS: Final[Mapping[str, str]] = {
    "license": "licence", "licenses": "licence", "author": "owners", "authors": "owners", "maintainers": "owners",
    "risk": "risk_class", "intended_use": "intended_purpose", "params": "hyperparameters", "parents": "base_models",
}  # fmt: skip


def read_metadata(data: bytes, source: str, is_there: Callable[[str], bool] | None = None) -> MetadataFile:
    """Read a metadata file. An empty one is valid: it says nothing.

    Args:
        data: the bytes of the file.
        source: its path, for messages.
        is_there: whether a path is a file in the directory that it speaks of; None where nobody knows which that is.

    Raises:
        InvalidInput: with every fault, its line and what was expected; for secrets and credentials too.
    """
    what = f"the metadata file {source}"
    document = read_yaml(data, what, bound=MAX_METADATA)
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} is not a mapping", got=canonical.describe(value), expected="lines of `name: value`")
    faults = [Fault(document.line(path), dotted(path), message) for path, message in _unsignable(value, ())]
    try:
        metadata = MetadataFile.model_validate(value)
    except ValidationError as fault:
        faults += [_reworded(one) for one in faults_in(fault, document)]
    else:
        if is_there is not None:
            faults += [
                Fault(document.line(path), dotted(path), f"there is no file {named!r} in the directory")
                for path, named in _named_files(metadata)
                if not is_there(named)
            ]
        if not faults:
            return metadata
    raise faulty(what, faults)


def _named_files(metadata: MetadataFile) -> Iterator[tuple[Path, str]]:
    if metadata.card is not None:
        yield ("card",), metadata.card
    if metadata.training is not None:
        for key in ("lock_files", "logs"):
            for number, one in enumerate(getattr(metadata.training, key)):
                yield ("training", key, number), one


def _unsignable(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """What must not stand in a signed record, wherever it stands."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _unsignable(key, (*path, key))
                yield from _unsignable(item, (*path, key))
                if path == ("hyperparameters",) and type(item) in (str, int) and find_shape(str(item)) is None:
                    yield from _secret(find_named(str(key), item), (*path, key))
        case list():
            for number, item in enumerate(value):
                yield from _unsignable(item, (*path, number))
        case str():
            if shape := find_shape(value) or (find_given(value) if path[:1] in _COMMANDS else None):
                yield from _secret(shape, path)
            elif _CREDENTIALS.search(value):
                yield path, "is an address with credentials; write it without user, password and token"
            elif _CONTROL.search(value):
                yield path, "holds control characters; write plain text"
        case _:
            pass


def _secret(shape: str | None, path: Path) -> Iterator[tuple[Path, str]]:
    if shape is not None:
        yield path, f"looks like {shape}; what is signed stays for ever: take it out, and revoke it"


def _reworded(fault: Fault) -> Fault:
    """Say what pydantic means in the words of the file's writer."""
    _, dot, key = fault.place.rpartition(".")
    message = fault.message.replace("a valid tuple", "a list, as [a, b]")
    message = re.sub(r"a valid dictionary(?: or instance of \w+)?", "lines of `name: value`", message)
    if message.startswith("is not known here"):
        near = get_close_matches(key, MetadataFile.model_fields, n=1, cutoff=0.8) if not dot else []
        word = _SPELLINGS.get(key) or (near[0] if near else None)
        if word is not None and not dot:
            message = f"is spelled {word} here"
    return replace(fault, message=message)
