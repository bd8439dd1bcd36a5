"""Metadata files out of a few words, and the faults of those that are wrong."""

from __future__ import annotations

from typing import Final

import pytest

from govern.artifact.metadata.model import MetadataFile
from govern.artifact.metadata.reading import read_metadata
from govern.errors import InvalidInput

DIGEST: Final = "sha256:" + "a" * 64


def read(text: str) -> MetadataFile:
    """Read a file that is valid."""
    return read_metadata(text.encode(), "govern.yaml")


def faults(text: str) -> list[str]:
    """Return what is said about a file that is not valid, one line each."""
    with pytest.raises(InvalidInput) as refused:
        read(text)
    return [line.strip() for line in refused.value.message.splitlines()[1:]]


def fault(text: str) -> str:
    """Return the only fault of a file."""
    (only,) = faults(text)
    return only
