"""Large files that nobody hashed yet are sent while they are hashed (DESIGN §8)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Final

from govern.artifact.contents import FileContent, read_file
from govern.artifact.walk import SourceFile
from govern.oci.content import Content
from govern.progress import Progress
from govern.store.protocol import BeginsBlobs, BegunBlob, Store

AHEAD_FROM: Final = 64 * 1024 * 1024
"""Bytes from which a file is worth it."""


class SentAhead(AbstractContextManager["SentAhead"]):
    """What is on its way before it has a digest. At the end, what was not stored is called back.

    Args:
        store: where to; one that cannot do this is sent nothing ahead.
        jobs: how many files at once.
    """

    def __init__(self, store: Store, jobs: int) -> None:
        self._store = store
        self._jobs = jobs
        self._going: dict[str, BegunBlob] = {}

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._going:
            self._going.popitem()[1].cancel()

    def begin(self, files: Sequence[SourceFile]) -> None:
        """Begin to send the largest of these files, which are about to be hashed."""
        if not isinstance(self._store, BeginsBlobs):
            return
        large = sorted((one for one in files if one.size >= AHEAD_FROM), key=lambda one: -one.size)
        for one in large[: self._jobs]:
            begun = self._store.begin_blob(one.size, partial(read_file, one))
            if begun is not None:
                self._going[one.path] = begun

    def put_blob(self, content: Content, progress: Progress) -> None:
        """Store a blob as `Store.put_blob` does; what was sent ahead is only waited for."""
        begun = self._going.get(content.file.path) if isinstance(content, FileContent) else None
        if begun is not None:
            if self._store.has_blob(content.descriptor):
                begun.cancel()
                progress.advance(content.descriptor.size)
                return
            if begun.finish(content.descriptor, progress):
                return
        self._store.put_blob(content, progress)
