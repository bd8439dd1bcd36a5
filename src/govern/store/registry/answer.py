"""An answer of a registry: its headers, and a body that is read under bounds of size and time."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle
from typing import Any, Final, TypeVar

import requests
import urllib3

from govern.errors import GovernError, LimitExceeded, NetworkError, ProtocolError
from govern.limits import BUFFER_BYTES, Bound
from govern.store.registry.deadline import Deadline
from govern.store.registry.network_fault import network_fault

SLOWEST: Final = 1024
"""Bytes per second below which a transfer is given up, averaged over one timeout."""

PATIENCE: Final = 0.05
"""Seconds after which a piece is handed over although its buffer is not full."""


_Read = TypeVar("_Read", bytes, int)


class Answer:
    """A response whose body is read under a bound, and given back to the pool.

    Args:
        url: what was asked.
        response: of `requests`, streamed.
        timeout: seconds; the window over which the rate is judged.
    """

    def __init__(self, url: str, response: requests.Response, timeout: float) -> None:
        self.url = url
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw: urllib3.HTTPResponse = response.raw
        self._socket = getattr(self._raw.connection, "watched", None)
        self._timeout = timeout
        self.waited = 0.0
        """Seconds that were spent reading the body; what the caller does in between is not counted."""
        self._window = 0.0
        self._in_window = 0

    @property
    def content_type(self) -> str:
        """The media type, without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """Content-Length, or None."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    def chunks(self, hold: int = 1) -> Iterator[memoryview]:
        """Yield the body as it comes, undecoded.

        Args:
            hold: how many of the views hold at a time: the next one overwrites the one that came so many before.

        Raises:
            NetworkError: for cuts, silence and drips.
            ProtocolError: for a body that was encoded.
        """
        if self.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise ProtocolError(
                "the registry encoded the content",
                got=f"Content-Encoding {self.headers['Content-Encoding'][:60]!r}",
                expected="the bytes as they are, which is what was asked for",
            )
        plain = _plain(self._raw)
        yield from self._framed() if plain is None or self._socket is None else self._straight(plain, hold)

    def _framed(self) -> Iterator[memoryview]:
        """Read a body whose frame `http.client` must take off: chunks, or an end that is the connection's."""
        # What is there, and not a whole chunk: for that a body that drips would be waited for without end, since
        # each byte of it comes in time.
        while data := self._timed(lambda: self._raw.read1(BUFFER_BYTES, decode_content=False), len):
            yield memoryview(data)

    def _straight(self, plain: http.client.HTTPResponse, hold: int) -> Iterator[memoryview]:
        """Read a body of known length from the socket into buffers that are used again.

        TLS hands out 16 KiB at a time, and the way through two libraries costs more than their decryption.
        """
        # (1) What came together with the headers lies in the reader's buffer.
        if plain.length:
            yield memoryview(self._timed(lambda: plain.read1(len(plain.peek()) or 1), len))
        # (2) The rest is in the socket.
        left = plain.length or 0
        buffers = cycle([memoryview(bytearray(min(BUFFER_BYTES, left))) for _ in range(hold)])
        while left:
            buffer = next(buffers)
            count = self._timed(partial(_fill, self._socket, buffer[:left]), int)
            left -= count
            yield buffer[:count]
        # (3) The whole answer was read, so the connection is free for the next request.
        plain.close()

    def _timed(self, read: Callable[[], _Read], count: Callable[[_Read], int]) -> _Read:
        """Read once, within the timeout, and judge the rate."""
        begun = time.monotonic()
        with Deadline(self._socket, self._timeout) as deadline:
            try:
                result = read()
            except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as fault:
                raise network_fault(self.url, TimeoutError() if deadline.missed else fault) from fault
        if deadline.missed:
            # A body without a length ends where its connection does: this one was ended by us.
            raise network_fault(self.url, TimeoutError())
        if count(result):
            self._judge_rate(count(result), time.monotonic() - begun)
        return result

    def _judge_rate(self, count: int, waited: float) -> None:
        self._in_window += count
        self._window += waited
        self.waited += waited
        if self._window >= self._timeout:
            if self._in_window < SLOWEST * self._timeout:
                raise NetworkError(
                    "the registry sends too slowly",
                    got=f"{self._in_window} bytes in {self._window:.0f} s",
                    expected=f"at least {SLOWEST} bytes a second",
                    hint="try again, or raise --timeout",
                )
            self._window, self._in_window = 0.0, 0

    def read(self, bound: Bound, what: str, error: type[GovernError] = LimitExceeded) -> bytes:
        """Return the whole body; raise `error` beyond the bound."""
        parts: list[bytes] = []
        size = 0
        try:
            if self.length is not None:
                bound.check(self.length, what, error)
            for data in self.chunks():
                size += len(data)
                bound.check(size, what, error)
                parts.append(bytes(data))
        finally:
            self.close()
        return b"".join(parts)

    def close(self) -> None:
        """Give the connection back; one whose body was not read to the end is closed."""
        self._raw.release_conn() if self._raw.closed else self._drop()

    def _drop(self) -> None:
        try:
            if self._raw.length_remaining == 0:
                # An answer without a body, to HEAD say, is over only once it was read; given back before,
                # the connection fails for whoever takes it next.
                self._raw.drain_conn()
                self._raw.release_conn()
                return
        except AttributeError:
            pass
        self._raw.close()
        self._raw.release_conn()


def _plain(raw: urllib3.HTTPResponse) -> http.client.HTTPResponse | None:
    """Return the answer under that of urllib3 if its length is known and its body needs no decoding."""
    plain = getattr(raw, "_fp", None)
    if isinstance(plain, http.client.HTTPResponse) and plain.length is not None and not plain.chunked:
        return plain
    return None


def _fill(connection: Any, view: memoryview) -> int:
    """Read until the view is full, the connection ends, or what came should wait no longer; return the bytes."""
    size, tls, until = len(view), isinstance(connection, ssl.SSLSocket), time.monotonic() + PATIENCE
    # A TLS socket's `read` is what its `recv_into` calls, without the checks: this happens for every 16 KiB.
    count: int = connection.read(size, view) if tls else connection.recv_into(view)
    if not count:
        raise ConnectionError("it was cut in the middle of an answer")
    timeout = connection.gettimeout()
    # What came is handed over although nothing follows: it is written then, and a later try does not ask for it.
    connection.settimeout(PATIENCE)
    try:
        while count < size and time.monotonic() < until:
            rest = view[count:]
            got = connection.read(size - count, rest) if tls else connection.recv_into(rest)
            if not got:
                break
            count += got
    except OSError:
        pass  # a fault that lasts is seen by the next call
    finally:
        connection.settimeout(timeout)
    return count
