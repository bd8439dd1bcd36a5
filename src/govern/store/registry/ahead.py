"""A blob that is sent while its digest is still being computed: opened, streamed, and named at the end.

So Docker pushes, and every registry takes it. Hashing and sending then take as long as the slower of the two. It
is a wager that the registry has not got the blob; who loses it has sent what fits into the time of hashing.

Source: distribution spec 1.1, "Pushing a blob in chunks", with one chunk.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from govern.errors import GovernError, InvalidInput, NetworkError
from govern.oci.descriptor import Descriptor
from govern.progress import SILENT, Progress
from govern.store.registry.client import Client, read_write
from govern.store.registry.upload import begin_upload, commit_upload, location_of

_log = logging.getLogger("govern.http")


class Ahead:
    """One blob on its way, begun at once in a thread of its own.

    Args:
        client: the registry.
        repository: where to.
        size: of the blob, bytes.
        chunks: yields its bytes from the first one.
    """

    def __init__(
        self, client: Client, repository: str, size: int, chunks: Callable[[], Iterator[bytes | memoryview]]
    ) -> None:
        self._client = client
        self._repository = repository
        self._size = size
        self._chunks = chunks
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._progress: Progress = SILENT
        self._sent = 0
        self._session: str | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._sending = self._pool.submit(self._send)

    def _send(self) -> None:
        self._session = begin_upload(self._client, self._repository)
        answer = self._client.request(
            "PATCH",
            self._session,
            read_write(self._repository),
            headers={"Content-Type": "application/octet-stream"},
            body=self._counted,
            length=self._size,
            repeat=False,
        )
        if answer.status not in (201, 202):
            raise self._client.fault(answer, "a blob cannot be sent before it has a name")
        self._session = location_of(self._client, answer)

    def _counted(self) -> Iterator[bytes | memoryview]:
        self._tell(-self._sent)  # a body that is sent again, with other credentials say
        for chunk in self._chunks():
            if self._stop.is_set():
                raise NetworkError("stopped")
            yield chunk
            self._tell(len(chunk))
        if self._sent != self._size:
            raise InvalidInput("a file changed while it was pushed", expected=f"{self._size} bytes")

    def _tell(self, count: int) -> None:
        with self._lock:
            self._sent += count
            self._progress.advance(count)

    def finish(self, descriptor: Descriptor, progress: Progress) -> bool:
        """Wait until all is sent, and name it.

        Args:
            descriptor: what it is.
            progress: told what was sent, and what is sent from now on.

        Returns:
            Whether the registry stored it. If not, nothing is lost: it can be sent as usual.
        """
        with self._lock:
            self._progress = progress
            progress.advance(self._sent)
        try:
            self._sending.result()
            if self._session is not None:
                answer = commit_upload(self._client, self._repository, self._session, descriptor)
                answer.close()
                if answer.status in (201, 204):
                    self._session = None
                    return True
        except GovernError as fault:
            _log.debug("sending ahead failed: %s", fault.what)
        with self._lock:
            self._progress = SILENT
            progress.advance(-self._sent)
        self.cancel()
        return False

    def cancel(self) -> None:
        """Stop, and tell the registry to forget what was not named."""
        self._stop.set()
        with contextlib.suppress(GovernError):
            self._sending.result()
        self._pool.shutdown()
        if self._session is not None:
            session, self._session = self._session, None
            with contextlib.suppress(GovernError):
                self._client.request("DELETE", session, read_write(self._repository), repeat=False).close()
