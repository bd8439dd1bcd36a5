"""The body of an answer: whole, in order, within its time, and the connection is free afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from govern.errors import NetworkError, ProtocolError
from govern.limits import BUFFER_BYTES
from govern.settings import HostSettings, load_settings
from govern.store.registry.answer import Answer
from govern.store.registry.http import Http

Piece = bytes | float


class Script:
    """A server that sends what it was told to: bytes, and pauses in seconds.

    Args:
        answers: for each request, in their order, the pieces of its answer; an empty list closes the connection.
    """

    def __init__(self, *answers: list[Piece]) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        while self._answers:
            request = b""
            while b"\r\n\r\n" not in request:
                if not (data := connection.recv(65536)):
                    return
                request += data
            pieces = self._answers.pop(0)
            for piece in pieces:
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                else:
                    time.sleep(piece)
            if not pieces or b"close" in bytes(pieces[0] if isinstance(pieces[0], bytes) else b"")[:200]:
                return

    def close(self) -> None:
        """End."""
        self._answers.clear()
        self._listener.close()
        self._thread.join(5)


def head(size: int, extra: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n{extra}\r\n".encode()


@contextmanager
def asked(*answers: list[Piece], timeout: float = 5.0) -> Iterator[tuple[Script, Http]]:
    script = Script(*answers)
    http = Http(load_settings({}, timeout=timeout), HostSettings())
    try:
        yield script, http
    finally:
        http.close()
        script.close()


def collect(answer: Answer, into: list[bytes], hold: int = 1) -> None:
    try:
        into.extend(bytes(view) for view in answer.chunks(hold))
    finally:
        answer.close()


def body_of(answer: Answer, hold: int = 1) -> bytes:
    parts: list[bytes] = []
    collect(answer, parts, hold)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, 7000, 9000, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3_500_001])
@pytest.mark.parametrize("hold", [1, 2])
def test_a_body_comes_whole_and_the_connection_serves_the_next_request(size: int, hold: int) -> None:
    data = os.urandom(size)
    with asked([head(size), data], [head(2) + b"ok"]) as (script, http):
        assert hashlib.sha256(body_of(http.send("GET", script.url), hold)).digest() == hashlib.sha256(data).digest()
        assert body_of(http.send("GET", script.url)) == b"ok"
        assert script.connections == 1


def test_a_body_in_the_same_packet_as_its_headers_and_in_many_small_ones() -> None:
    data = os.urandom(40_000)
    pieces: list[Piece] = [head(len(data)) + data[:10]]
    for at in range(10, len(data), 5000):
        pieces += [data[at : at + 5000], 0.01]
    with asked(pieces) as (script, http):
        assert body_of(http.send("GET", script.url)) == data


def test_of_two_views_that_hold_none_is_overwritten_by_the_next() -> None:
    data = os.urandom(3 * BUFFER_BYTES + 17)
    with asked([head(len(data)), data]) as (script, http):
        answer = http.send("GET", script.url)
        before, whole = None, b""
        for view in answer.chunks(hold=2):
            # Read one view late: it must be as it was.
            whole += bytes(before) if before is not None else b""
            before = view
        assert before is not None
        assert whole + bytes(before) == data
        answer.close()


def test_a_chunked_body_and_one_that_ends_with_its_connection_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    to_the_end = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world"
    for pieces in ([chunked], [to_the_end]):
        with asked(list(pieces)) as (script, http):
            assert body_of(http.send("GET", script.url)) == b"hello world"


@pytest.mark.parametrize("sent", [0, 10, 20_000, BUFFER_BYTES + 5])
def test_a_body_that_is_cut_is_a_fault_and_not_an_end(sent: int) -> None:
    data = os.urandom(sent)
    with asked([head(sent + 10, "Connection: close\r\n"), data]) as (script, http):
        answer = http.send("GET", script.url)
        got: list[bytes] = []
        with pytest.raises(NetworkError, match="failed"):
            collect(answer, got)
        assert b"".join(got) == data


def test_silence_in_the_middle_of_a_body_ends_in_time() -> None:
    with asked([head(100_000), bytes(50_000), 6.0], timeout=1.0) as (script, http):
        answer, begun = http.send("GET", script.url), time.monotonic()
        with pytest.raises(NetworkError, match="did not answer"):
            body_of(answer)
        assert time.monotonic() - begun < 4


def test_a_body_that_drips_ends_in_time() -> None:
    # 100 bytes a second, each in time for itself.
    drip: list[Piece] = [head(100_000)]
    for _ in range(60):
        drip += [bytes(10), 0.1]
    with asked(drip, timeout=1.0) as (script, http):
        answer, begun = http.send("GET", script.url), time.monotonic()
        with pytest.raises(NetworkError, match="too slowly"):
            body_of(answer)
        assert time.monotonic() - begun < 4


def test_the_time_of_the_reader_does_not_count_as_waiting() -> None:
    data = bytes(4 * BUFFER_BYTES)
    with asked([head(len(data)), data], timeout=1.0) as (script, http):
        answer = http.send("GET", script.url)
        for _ in answer.chunks():
            time.sleep(0.3)
        assert answer.waited < 0.6
        answer.close()


def test_an_encoded_body_is_refused() -> None:
    with asked([head(5, "Content-Encoding: gzip\r\n") + b"hello"]) as (script, http):
        answer = http.send("GET", script.url)
        with pytest.raises(ProtocolError, match="encoded"):
            body_of(answer)


def test_a_body_that_was_not_read_to_its_end_does_not_spoil_the_next_request() -> None:
    data = os.urandom(200_000)
    with asked([head(len(data)), data], [head(2) + b"ok"]) as (script, http):
        answer = http.send("GET", script.url)
        next(answer.chunks())
        answer.close()
        assert body_of(http.send("GET", script.url)) == b"ok"
        assert script.connections == 2
