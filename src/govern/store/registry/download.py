"""Blobs from a repository: hashed while they are written, renamed only when the digest is right.

One stream as a rule. Where one connection is slow and the blob is large, more connections fetch the rest in
ranges; the bytes are hashed where they have become contiguous.

Source: distribution spec 1.1, "Pulling blobs"; RFC 9110 §14.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from govern.errors import ContentMismatch, GovernError, NetworkError, ProtocolError, Undecided
from govern.limits import BUFFER_BYTES
from govern.oci.descriptor import Descriptor
from govern.progress import Progress
from govern.store.registry.answer import SLOWEST, Answer
from govern.store.registry.behind import Behind
from govern.store.registry.blob_request import BlobRequest, NoRange
from govern.store.registry.client import Client
from govern.store.registry.retry import Tries
from govern.store.regular_file import open_own

if TYPE_CHECKING:
    from hashlib import _Hash

LARGE: Final = 64 * 1024 * 1024
"""Blobs that have more than this to come may be fetched in ranges."""

SEGMENT: Final = 16 * 1024 * 1024
LOOK_AFTER: Final = 8 * 1024 * 1024
"""How many bytes of one stream are judged before others are opened."""

SLOW_STREAM: Final = 80 * 1024 * 1024
"""Bytes per second of waiting below which a single stream is called slow. A stream that is held up by this
machine's own work, hashing the others say, would not become faster by more of them."""

STREAMS: Final = 6


@dataclass(slots=True)
class Download:
    """One blob on its way to a file.

    Args:
        client: the registry.
        repository: where from.
        descriptor: what must come.
        part: the file that is written; renamed by the caller's caller.
        progress: told the bytes.
        slots: counts the extra streams of all downloads of this store.
    """

    client: Client
    repository: str
    descriptor: Descriptor
    part: Path
    progress: Progress
    slots: threading.Semaphore

    @property
    def what(self) -> str:
        """What is fetched, for messages."""
        return f"the blob {self.descriptor.digest}"

    def run(self) -> None:
        """Fetch, check, and leave the checked bytes in `part`.

        Raises:
            ContentMismatch: for other bytes or another length; the part is removed.
            Undecided: for passing trouble; the part stays and is gone on with.
        """
        try:
            with open_own(self.part) as file:
                hasher, resumed = self._receive(file)
                if resumed and hasher.hexdigest() != self.descriptor.id.encoded:
                    # The registry was not asked for all of these bytes: what lay here may be the wrong ones.
                    file.truncate(0)
                    self.progress.advance(-self.descriptor.size)
                    hasher, _ = self._receive(file)
        except OSError as fault:
            raise Undecided("a blob cannot be written", got=f"{self.what}: {fault.strerror}") from fault
        try:
            self.descriptor.id.check_hex(hasher.hexdigest(), self.what)
        except ContentMismatch:
            self.part.unlink(missing_ok=True)
            raise

    def _receive(self, file: FileIO) -> tuple[_Hash, bool]:
        """Go on from what the file holds to the end; return the hash, and whether an earlier try's bytes are in it."""
        hasher = self.descriptor.id.hasher()
        done = self._resume(file, hasher)
        resumed, tries = done > 0, Tries()
        mark, since = done, time.monotonic()
        while done < self.descriptor.size or self.descriptor.size == 0:
            try:
                self._stream(file, hasher, done)
                break
            except NoRange:
                file.truncate(0)
                self.progress.advance(-done)
                hasher, done, resumed = self.descriptor.id.hasher(), 0, False
            except _Cut as cut:
                done, now = cut.done, time.monotonic()
                if done - mark > SLOWEST * (now - since):
                    # Bytes came that were not there before: it is not the same trouble again. A drip
                    # is, also one of short answers, and so is a start over that is cut again.
                    tries, mark, since = Tries(), done, now
                if not tries.again():
                    raise cut.fault from cut
        file.truncate(self.descriptor.size)
        return hasher, resumed

    def _resume(self, file: FileIO, hasher: _Hash) -> int:
        """Hash what an earlier try left, up to the size that must come."""
        done = 0
        view = memoryview(bytearray(BUFFER_BYTES))
        while done < self.descriptor.size:
            count = file.readinto(view[: self.descriptor.size - done])
            if not count:
                break
            hasher.update(view[:count])
            done += count
        self.progress.advance(done)
        return done

    def _get(self, start: int, end: int | None) -> Answer:
        return BlobRequest(self.client, self.repository, self.descriptor).get(start, end)

    def _stream(self, file: FileIO, hasher: _Hash, done: int) -> int:
        answer = self._get(done, None)
        first, looked = done, False
        hashing = Behind(hasher.update)
        try:
            for data in answer.chunks(hold=2):
                if done + len(data) > self.descriptor.size:
                    raise self._wrong_size("more bytes")
                _write(file.fileno(), data, done)
                hashing.run(data)
                done += len(data)
                self.progress.advance(len(data))
                if not looked and done - first >= LOOK_AFTER:
                    looked = True
                    slow = done - first < SLOW_STREAM * answer.waited
                    extra = self._more_streams() if slow and self.descriptor.size - done > LARGE else 0
                    if extra:
                        hashing.finish()
                        return self._ranges(file, hasher, done, answer, extra)
        except NetworkError as fault:
            raise _Cut(done, fault) from fault
        finally:
            hashing.finish()
            answer.close()
        if done != self.descriptor.size:
            raise _Cut(
                done,
                NetworkError(f"{self.what} was cut off", got=f"{done} bytes", expected=f"{self.descriptor.size} bytes"),
            )
        return done

    def _more_streams(self) -> int:
        count = 0
        while count < STREAMS and self.slots.acquire(blocking=False):
            count += 1
        return count

    def _ranges(self, file: FileIO, hasher: _Hash, done: int, first: Answer, extra: int) -> int:
        """Fetch the rest in segments over `extra` connections; this thread hashes what is contiguous."""
        # The segments before the watermark's own stream end are not asked for twice: it is closed here.
        first.close()
        starts = list(range(done, self.descriptor.size, SEGMENT))
        stop = threading.Event()
        pool = ThreadPoolExecutor(extra, thread_name_prefix="range")
        try:
            futures: list[Future[None]] = [
                pool.submit(self._segment, file.fileno(), start, min(start + SEGMENT, self.descriptor.size), stop)
                for start in starts
            ]
            view = memoryview(bytearray(BUFFER_BYTES))
            for start, future in zip(starts, futures, strict=True):
                try:
                    future.result()
                except NetworkError as fault:
                    raise _Cut(start, fault) from fault
                end = min(start + SEGMENT, self.descriptor.size)
                while start < end:
                    count = os.preadv(file.fileno(), [view[: end - start]], start)
                    if not count:
                        raise Undecided("a file shrank while it was written", got=str(self.part))
                    hasher.update(view[:count])
                    start += count
                done = end
        except BaseException:
            stop.set()
            # What lies beyond the watermark has holes: a later try must not take it for done.
            pool.shutdown(cancel_futures=True)
            os.ftruncate(file.fileno(), done)
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            self.slots.release(extra)
        return done

    def _segment(self, descriptor: int, start: int, end: int, stop: threading.Event) -> None:
        tries, at = Tries(), start
        while at < end:
            if stop.is_set():
                raise NetworkError("stopped")
            try:
                answer = self._get(at, end)
                try:
                    for data in answer.chunks():
                        if at + len(data) > end:
                            raise self._wrong_size("more bytes than asked for")
                        _write(descriptor, data, at)
                        at += len(data)
                        self.progress.advance(len(data))
                        if stop.is_set():
                            raise NetworkError("stopped")
                finally:
                    answer.close()
                if at < end:
                    raise NetworkError(f"{self.what} was cut off", got=f"{at} bytes", expected=f"{end} bytes")
            except NetworkError:
                if stop.is_set() or not tries.again():
                    raise
            except NoRange as fault:
                raise ProtocolError(f"{self.what} came whole where a part was asked", expected="206") from fault

    def _wrong_size(self, got: str) -> GovernError:
        return BlobRequest(self.client, self.repository, self.descriptor).wrong_size(got)


def _write(file: int, data: memoryview, offset: int) -> None:
    """Write all of it: a disk that fills up takes a part, and says so only the next time."""
    while data:
        count = os.pwrite(file, data, offset)
        data, offset = data[count:], offset + count


class _Cut(Exception):
    """A stream ended early; `done` bytes are written and hashed."""

    def __init__(self, done: int, fault: GovernError) -> None:
        super().__init__(str(fault))
        self.done = done
        self.fault = fault
