"""Hashing of files: two threads, one buffer each, and a memory of what was hashed before.

hashlib, sockets and files release the GIL, so two threads hash on two cores.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from govern.artifact.digest_cache import DigestCache
from govern.artifact.walk import SourceFile, identity_of
from govern.errors import InvalidInput
from govern.limits import BUFFER_BYTES
from govern.oci.digest import Digest
from govern.progress import SILENT, Progress

HASH_THREADS: Final = 2
_local: Final = threading.local()


def hash_files(
    files: Sequence[SourceFile],
    cache: DigestCache,
    *,
    progress: Progress = SILENT,
    unhashed: Callable[[Sequence[SourceFile]], None] | None = None,
) -> dict[str, Digest]:
    """Return the sha256 of every file, by path.

    Args:
        files: what to hash.
        cache: what is known already; told what is new.
        progress: told the bytes.
        unhashed: told which files are hashed now, before that begins.

    Raises:
        InvalidInput: for a file that changed while it was read, or cannot be read.
    """
    known = cache.lookup(files)
    missing = [one for one in files if one.path not in known]
    if unhashed is not None:
        unhashed(missing)
    progress.start("hashing", sum(one.size for one in missing))
    # Large files first: the last one to start should not be the longest.
    waiting = deque(sorted(missing, key=lambda one: -one.size))

    def work() -> None:
        while True:
            try:
                one = waiting.popleft()
            except IndexError:
                return
            try:
                known[one.path] = hash_file(one, progress)
            except BaseException:
                waiting.clear()
                raise

    # One future for each thread, not for each file: 100,000 of them would take 150 MiB.
    with ThreadPoolExecutor(HASH_THREADS, thread_name_prefix="hash") as pool:
        for done in [pool.submit(work) for _ in range(HASH_THREADS)]:
            done.result()
    cache.remember([(one, known[one.path]) for one in missing])
    return known


def hash_file(file: SourceFile, progress: Progress = SILENT) -> Digest:
    """Return the sha256 of one file; see `hash_files`."""
    hasher = hashlib.sha256()
    view = _buffer()
    try:
        with open(file.real, "rb", buffering=0) as source:
            while count := source.readinto(view):
                hasher.update(view[:count])
                progress.advance(count)
            after = identity_of(os.fstat(source.fileno()))
    except OSError as fault:
        raise InvalidInput("a file cannot be read", got=f"{file.path!r}: {fault.strerror}") from fault
    if after != file.identity:
        raise changed(file.path)
    return Digest.from_hex(hasher.hexdigest())


def changed(path: str) -> InvalidInput:
    """Return the refusal of a file that changed under our hands."""
    return InvalidInput(
        "a file changed while it was packed",
        got=repr(path),
        expected="files that nobody writes during a push",
        hint="wait for the training to end, then push again",
    )


def _buffer() -> memoryview:
    # One buffer per thread for its whole life: 100,000 files must not mean 100,000 allocations.
    view: memoryview | None = getattr(_local, "view", None)
    if view is None:
        view = _local.view = memoryview(bytearray(BUFFER_BYTES))
    return view
