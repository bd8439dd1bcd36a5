"""No read of the network waits without end, however its bytes come.

The time-out of a socket counts from its last byte. A status line, a header, the frame around a chunk: each is
read until it is whole, so a server that sends one byte a second keeps such a read alive for hours. So every
read is watched from outside as well, and its connection is shut down when its time is over.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final, Self

_LOOK_EVERY: Final = 0.5
_GRACE: Final = 1.0
"""Seconds that are added, so that plain silence is found by the socket's own time-out, which says so."""


@dataclass(slots=True, eq=False)
class Deadline:
    """A context: while it lasts, one read of a connection, which must end in time.

    Args:
        connection: the socket, or what TLS inside of TLS has in its place.
        seconds: how long the read may take in all.
        missed: whether it did not, and the connection was shut down.
    """

    connection: Any
    seconds: float
    missed: bool = False
    until: float = field(init=False, default=0.0)

    def __enter__(self) -> Self:
        self.until = time.monotonic() + self.seconds + _GRACE
        _watch.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _watch.remove(self)

    def end(self) -> None:
        """Shut the connection down: whoever reads from it sees its end."""
        self.missed = True
        # The plain socket's method: that of a TLS socket would take its state away under the reader.
        plain = getattr(self.connection, "socket", self.connection)
        try:
            socket.socket.shutdown(plain, socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already


class _Watch:
    """One thread that looks at every deadline of the process; it ends when there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Deadline] = set()
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self._lock:
            self._open.add(deadline)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()

    def remove(self, deadline: Deadline) -> None:
        # Under the lock: afterwards the connection may serve another request, which nobody must end.
        with self._lock:
            self._open.discard(deadline)

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY)
            with self._lock:
                now = time.monotonic()
                for one in [one for one in self._open if one.until <= now]:
                    self._open.discard(one)
                    one.end()
                if not self._open:
                    self._thread = None
                    return


_watch: Final = _Watch()
