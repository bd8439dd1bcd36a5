"""The file list: every file of an artifact, by path, with where its bytes are (FORMAT §3).

100,000 files make 23 MB, so entries are plain tuples and the list is written in one pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from govern import canonical
from govern.canonical import MAX_SAFE_INTEGER
from govern.errors import ContentMismatch, GovernError, ProtocolError
from govern.limits import MAX_FILE_LIST, MAX_FILES
from govern.oci.digest import Digest
from govern.paths import check_collisions, check_path, order

_HEX: Final = re.compile(r"[0-9a-f]{64}")


class Entry(NamedTuple):
    """A file.

    Args:
        layer: the digest of the layer that holds it.
        offset: where its content begins in the layer; 0 for raw layers.
        path: its path.
        sha256: hex digits of its content.
        size: bytes.
    """

    layer: str
    offset: int
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FileList:
    """The files of an artifact, in the order of their UTF-8 path bytes.

    Args:
        entries: the files.
    """

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> FileList:
        """Return a list in the order of FORMAT §3."""
        return cls(tuple(sorted(entries, key=lambda one: order(one.path))))

    def to_bytes(self) -> bytes:
        """Return the canonical bytes.

        Keys are ASCII and stand in order, and values are text and integers, for which this writer and
        RFC 8785 agree; a property test holds them against each other. A general writer takes five
        times as long for 100,000 files.
        """
        return json.dumps(
            [one._asdict() for one in self.entries], ensure_ascii=False, separators=(",", ":"), sort_keys=True
        ).encode("utf-8")

    def summary(self) -> tuple[int, Digest, int]:
        """Return (count, digest of the list, sum of sizes): `files` of FORMAT §3."""
        return len(self.entries), Digest.of(self.to_bytes()), sum(one.size for one in self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


def read_file_list(data: bytes, layers: Iterable[str], error: type[GovernError] = ProtocolError) -> FileList:
    """Read the file list layer of an artifact.

    Args:
        data: the layer, whose digest was checked.
        layers: digests of the artifact's other layers; an entry in none of them is refused.
        error: the class to raise.

    Raises:
        error: for entries that are malformed, out of order, unsafe or colliding.
        ContentMismatch: for bytes that are not the canonical ones of what they say.
    """
    value = canonical.loads(data, "the file list", bound=MAX_FILE_LIST, floats=False, error=error)
    if not isinstance(value, list) or not value:
        raise error("the file list is not a list of files", got=canonical.describe(value), expected="an array")
    MAX_FILES.check(len(value), "the file list", error)
    known = set(layers)
    entries = [_entry(item, known, error) for item in value]
    if any(order(a.path) >= order(b.path) for a, b in pairwise(entries)):
        raise error("the file list is not in order", expected="every path once, by UTF-8 bytes")
    check_collisions((one.path for one in entries), error)
    files = FileList(tuple(entries))
    if files.to_bytes() != data:
        raise ContentMismatch("the file list is not canonical", expected="RFC 8785 bytes of exactly these entries")
    return files


def _entry(item: Any, layers: set[str], error: type[GovernError]) -> Entry:
    if not isinstance(item, dict) or set(item) != set(Entry._fields):
        raise error(
            "an entry of the file list has other fields", got=str(item)[:200], expected=", ".join(Entry._fields)
        )
    entry = Entry(**item)
    for number in (entry.offset, entry.size):
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_SAFE_INTEGER:
            raise error("an entry of the file list has a wrong number", got=repr(number)[:60], expected="0 to 2^53 - 1")
    if not isinstance(entry.sha256, str) or _HEX.fullmatch(entry.sha256) is None:
        raise error("an entry of the file list has no sha256", got=repr(entry.sha256)[:80], expected="64 hex digits")
    if not isinstance(entry.layer, str) or entry.layer not in layers:
        raise error(
            "an entry of the file list is in no layer", got=repr(entry.layer)[:100], expected="a layer of this artifact"
        )
    if not isinstance(entry.path, str):
        raise error("an entry of the file list has no path", got=repr(entry.path)[:60], expected="text")
    check_path(entry.path, "an entry of the file list", error)
    return entry
