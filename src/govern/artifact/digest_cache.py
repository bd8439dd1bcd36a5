"""What was hashed before: sha256 by device, inode, size, mtime and ctime, in nanoseconds.

ctime is in the key because mtime can be set back by anyone. An entry is not written while the file is
younger than two seconds: a second write within one tick of the clock would keep the key (DESIGN §8).
The cache only saves time: whatever goes wrong with it, hashing goes on without.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from govern.artifact.walk import SourceFile
from govern.errors import InvalidInput
from govern.oci.digest import Digest

YOUNG_SECONDS: Final = 2
MAX_ROWS: Final = 2_000_000
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS digests (device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER,"
    " sha256 TEXT NOT NULL, PRIMARY KEY (device, inode)) WITHOUT ROWID"
)


class DigestCache(Protocol):
    """A memory of digests."""

    def lookup(self, files: Sequence[SourceFile]) -> dict[str, Digest]:
        """Return the digests that are known, by path."""
        ...

    def remember(self, found: Sequence[tuple[SourceFile, Digest]]) -> None:
        """Keep digests for the next time."""
        ...


class NoCache:
    """A memory that forgets."""

    __slots__ = ()

    def lookup(self, files: Sequence[SourceFile]) -> dict[str, Digest]:  # noqa: ARG002
        """Know nothing."""
        return {}

    def remember(self, found: Sequence[tuple[SourceFile, Digest]]) -> None:
        """Forget."""


class FileCache:
    """A memory in an SQLite file.

    Args:
        path: the file; its folder is made when needed.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def lookup(self, files: Sequence[SourceFile]) -> dict[str, Digest]:
        """See `DigestCache.lookup`."""
        known: dict[str, Digest] = {}
        if not self._path.exists():
            return known
        with contextlib.suppress(sqlite3.Error, OSError, InvalidInput), self._open() as connection:
            query = "SELECT sha256 FROM digests WHERE device=? AND inode=? AND size=? AND mtime=? AND ctime=?"
            for one in files:
                row = connection.execute(query, one.identity).fetchone()
                if row is not None:
                    known[one.path] = Digest.from_hex(row[0])
        return known

    def remember(self, found: Sequence[tuple[SourceFile, Digest]]) -> None:
        """See `DigestCache.remember`."""
        limit = time.time_ns() - YOUNG_SECONDS * 10**9
        rows = [
            (*one.identity, digest.encoded)
            for one, digest in found
            if one.identity[3] < limit and one.identity[4] < limit and one.identity[1] < 2**63
        ]
        if not rows:
            return
        with contextlib.suppress(sqlite3.Error, OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._open() as connection:
                connection.execute(_SCHEMA)
                connection.executemany("INSERT OR REPLACE INTO digests VALUES (?,?,?,?,?,?)", rows)
                (count,) = connection.execute("SELECT count(*) FROM digests").fetchone()
                if count > MAX_ROWS:
                    connection.execute("DELETE FROM digests")

    @contextlib.contextmanager
    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a context manager of sqlite3.Connection
        connection = sqlite3.connect(self._path, timeout=5)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
