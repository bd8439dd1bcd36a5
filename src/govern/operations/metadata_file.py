"""The metadata file of a push: `govern.yaml` in the tree, or the one that was named."""

from __future__ import annotations

import os
from pathlib import Path

from govern.artifact.metadata.model import FILE_NAME, MetadataFile
from govern.artifact.metadata.reading import read_metadata
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA


def load_metadata(path: Path, named: Path | None) -> MetadataFile | None:
    """Return what the metadata file says, or None where there is none.

    Args:
        path: what is pushed.
        named: a file that was named and must be there, or None for `govern.yaml` in `path`.

    Raises:
        InvalidInput: for a file that is not there or not valid, and for a card or lock files that are not there.
    """
    file = named or (path / FILE_NAME)
    if named is None and os.path.lexists(file) and not file.is_file():
        # A pipe, say, from which nothing would ever come.
        raise InvalidInput("the metadata file is not a regular file", got=str(file), expected="a file")
    try:
        with file.open("rb") as source:
            data = source.read(MAX_METADATA.value + 1)
    except (FileNotFoundError, NotADirectoryError) as fault:
        if named is None:
            return None
        raise InvalidInput(
            "the metadata file is not there", got=str(named), expected="a file", hint="govern init writes one"
        ) from fault
    except OSError as fault:
        raise InvalidInput("the metadata file cannot be read", got=f"{str(file)!r}: {fault.strerror}") from fault
    folder = path if path.is_dir() else path.parent
    # A file of another name that is checked where it lies may speak of a directory that is elsewhere.
    elsewhere = named is not None and named.name != FILE_NAME and named.parent == folder
    return read_metadata(data, str(file), None if elsewhere else lambda one: (folder / one).is_file())
