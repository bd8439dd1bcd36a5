"""Small objects that were read once, by digest, and hashed again when they are read (DESIGN §8).

Records and configs never change under their digest. Whatever goes wrong with the cache, reading goes on
without it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from govern.limits import CACHED_OBJECT
from govern.oci.digest import Digest


class ObjectCache:
    """A folder of objects.

    Args:
        folder: where, or None for a cache that forgets.
    """

    __slots__ = ("_folder",)

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, digest: Digest) -> bytes | None:
        """Return an object whose bytes still have this digest, or None."""
        if (path := self._path(digest)) is None:
            return None
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read(CACHED_OBJECT.value + 1)
        except OSError:
            return None
        hasher = digest.hasher()
        hasher.update(data)
        return data if hasher.hexdigest() == digest.encoded else None

    def put(self, digest: Digest, data: bytes) -> None:
        """Keep an object whose digest the caller has checked."""
        target = self._path(digest)
        if target is None or len(data) > CACHED_OBJECT.value:
            return
        temporary = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with contextlib.suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                temporary.write_bytes(data)
                temporary.replace(target)
            except OSError:
                temporary.unlink(missing_ok=True)

    def _path(self, digest: Digest) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / "objects" / digest.algorithm / digest.encoded[:2] / digest.encoded
