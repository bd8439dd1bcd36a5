"""A blob as a stream of bytes, for whoever passes it on and keeps nothing of it.

A stream that is cut is gone on with where it ended. The bytes are not hashed here: who passes them on does that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from govern.errors import NetworkError
from govern.store.registry.answer import SLOWEST
from govern.store.registry.blob_request import BlobRequest, NoRange
from govern.store.registry.retry import Tries


def stream_blob(request: BlobRequest) -> Iterator[memoryview]:
    """Yield a blob's bytes in order; see `Blobs.stream_blob`.

    Raises:
        ContentMismatch: for more bytes than its descriptor says.
        Undecided: for trouble that does not pass.
    """
    size, done, tries = request.descriptor.size, 0, Tries()
    mark, since = done, time.monotonic()
    while True:
        try:
            for data in _from(request, done):
                done += len(data)
                if done > size:
                    raise request.wrong_size("more bytes")
                yield data
            if done == size:
                return
            raise NetworkError(f"{request.what} was cut off", got=f"{done} bytes", expected=f"{size} bytes")
        except NetworkError:
            now = time.monotonic()
            if done - mark > SLOWEST * (now - since):
                # Bytes came that were not there before: it is not the same trouble again.
                tries, mark, since = Tries(), done, now
            if not tries.again():
                raise


def _from(request: BlobRequest, start: int) -> Iterator[memoryview]:
    """Yield the bytes from `start` on; what a registry without ranges sends before them is passed over."""
    try:
        answer, over = request.get(start, None), 0
    except NoRange:
        answer, over = request.get(0, None), start
    try:
        for data in answer.chunks():
            passed = min(over, len(data))
            over -= passed
            if passed < len(data):
                yield data[passed:]
    finally:
        answer.close()
