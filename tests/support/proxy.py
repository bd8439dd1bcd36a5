"""A TCP proxy with the latency and bandwidth of a distant registry, in a process of its own.

Bytes go from socket to pipe to socket by splice(2) and never come into Python. The pipe is the delay line: what was
read is written `delay` later. Each connection reads at most `rate` bytes a second in each direction. A client that
connects waits for nothing, so its first bytes are held back for the round trip that a real handshake takes. There is
no loss and no slow start: a real line of these figures is never faster.

Run as a script it prints one line of JSON with its port, then a report for each line that comes on standard input.
It ends with standard input, so that it never outlives who started it. Linux only.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_RECEIVE_BYTES: Final = 1 << 19
_QUANTUM_SECONDS: Final = 0.002
"""A flow at its rate reads once in so long. Shorter is smoother, and costs more."""

_PAUSE_SECONDS: Final = 0.0005
"""The shortest time from one look at the sockets to the next: bounds what a busy proxy costs."""

_EDGES: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_STOP_SECONDS: Final = 5


class _Flow:
    """One direction of one connection: what was read and not yet written, and what may be read now."""

    def __init__(self, proxy: _Proxy, source: socket.socket, target: socket.socket, not_before: float) -> None:
        self.proxy = proxy
        self.source = source.fileno()
        self.target = target
        self.not_before = not_before
        self.read_end, self.write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # The pipe has to hold `rate` times `delay`. Without privileges 1 MiB is the most.
        with suppress(PermissionError):
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, 1 << 20)
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, 4 << 20)
        self.held: deque[tuple[float, int]] = deque()
        self.readable = self.writable = self.ended = self.finished = False
        self.allowance = 0.0
        self.filled = 0.0
        self.moved = 0

    def step(self, now: float) -> float:
        """Move what may be moved; return when to come again at the latest."""
        self._write(now)
        if self.readable:
            self._read(now)
        if self.ended and not self.held and not self.finished:
            self.finished = True
            self.target.shutdown(socket.SHUT_WR)
        wake = self.held[0][0] if self.held and self.writable else math.inf
        if self.readable:
            wake = min(wake, now + max(self.proxy.quantum - self.allowance, 0) / self.proxy.rate)
        return wake

    def _write(self, now: float) -> None:
        while self.writable and self.held and self.held[0][0] <= now:
            due, size = self.held.popleft()
            while self.held and self.held[0][0] <= now:
                size += self.held.popleft()[1]
            try:
                went = os.splice(self.read_end, self.target.fileno(), size, flags=os.SPLICE_F_NONBLOCK)
            except BlockingIOError:
                went, self.writable = 0, False
            self.moved += went
            if went < size:
                self.held.appendleft((due, size - went))

    def _read(self, now: float) -> None:
        rate, quantum = self.proxy.rate, self.proxy.quantum
        self.allowance = min(self.allowance + (now - self.filled) * rate, 2 * quantum)
        self.filled = now
        while self.readable and self.allowance >= quantum:
            try:
                came = os.splice(self.source, self.write_end, int(self.allowance), flags=os.SPLICE_F_NONBLOCK)
            except BlockingIOError:
                # Nothing to read, or no room in the pipe. With bytes in the pipe it cannot be told: look again.
                self.readable = bool(self.held)
                self.allowance = min(self.allowance, quantum - 1) if self.held else self.allowance
                return
            if came == 0:
                self.readable, self.ended = False, True
                return
            self.allowance -= came
            self.held.append((max(now + self.proxy.delay, self.not_before), came))

    def close(self) -> None:
        os.close(self.read_end)
        os.close(self.write_end)


class _Connection:
    """A client, the upstream, and the flows between them."""

    def __init__(self, proxy: _Proxy, client: socket.socket, upstream: socket.socket, now: float) -> None:
        self.sockets = (client, upstream)
        self.up = _Flow(proxy, client, upstream, now + 3 * proxy.delay)
        self.down = _Flow(proxy, upstream, client, 0.0)

    def mark(self, descriptor: int, events: int) -> None:
        """Note what an edge says about one of the sockets."""
        reads, writes = (self.up, self.down) if descriptor == self.sockets[0].fileno() else (self.down, self.up)
        if events & ~select.EPOLLOUT and not reads.ended:
            reads.readable = True
        if events & ~select.EPOLLIN:
            writes.writable = True

    def close(self, *, reset: bool) -> None:
        for one in self.sockets:
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        self.up.close()
        self.down.close()


class _Proxy:
    """The event loop."""

    def __init__(self, upstream: tuple[str, int], delay: float, rate: float) -> None:
        self.upstream = upstream
        self.delay = delay
        self.rate = rate
        self.quantum = rate * _QUANTUM_SECONDS
        self.accepted = self.bytes_up = self.bytes_down = 0
        self.connections: dict[int, _Connection] = {}
        self.listener = socket.socket()
        # Inherited by what is accepted: the sender feels the rate instead of filling megabytes of buffer.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(256)
        self.listener.setblocking(False)
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)
        self.epoll.register(sys.stdin, select.EPOLLIN)

    def run(self) -> None:
        """Serve until standard input ends."""
        wake = math.inf
        while True:
            wait = wake - time.monotonic()
            # Not the timeout of epoll itself, which counts in whole milliseconds.
            select.select([self.epoll], [], [], None if wait == math.inf else max(wait, 0))
            for descriptor, events in self.epoll.poll(0):
                if descriptor == self.listener.fileno():
                    self._accept()
                elif descriptor in self.connections:
                    self.connections[descriptor].mark(descriptor, events)
                elif not os.read(descriptor, 4096):
                    return
                else:
                    print(json.dumps(self.report()), flush=True)
            wake = self._step(time.monotonic())
            time.sleep(_PAUSE_SECONDS)

    def report(self) -> dict[str, Any]:
        """Return what went through, and what it cost."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        flows = set(self.connections.values())
        return {
            "connections": self.accepted,
            "bytes_up": self.bytes_up + sum(one.up.moved for one in flows),
            "bytes_down": self.bytes_down + sum(one.down.moved for one in flows),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "at": time.monotonic(),
        }

    def _accept(self) -> None:
        try:
            client, _ = self.listener.accept()
        except BlockingIOError:
            return
        upstream = socket.socket()
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        for one in (client, upstream):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream.connect_ex(self.upstream)
        connection = _Connection(self, client, upstream, time.monotonic())
        self.accepted += 1
        for one in (client, upstream):
            self.connections[one.fileno()] = connection
            self.epoll.register(one, _EDGES)

    def _step(self, now: float) -> float:
        wake = math.inf
        for connection in set(self.connections.values()):
            try:
                wake = min(wake, connection.up.step(now), connection.down.step(now))
            except OSError:
                self._drop(connection, reset=True)
            else:
                if connection.up.finished and connection.down.finished:
                    self._drop(connection, reset=False)
        return wake

    def _drop(self, connection: _Connection, *, reset: bool) -> None:
        self.bytes_up += connection.up.moved
        self.bytes_down += connection.down.moved
        for one in connection.sockets:
            del self.connections[one.fileno()]
        connection.close(reset=reset)


@dataclass(frozen=True, slots=True)
class Report:
    """What went through the proxy so far.

    Args:
        connections: how many were accepted.
        bytes_up: bytes from clients to the upstream.
        bytes_down: bytes from the upstream to clients.
        cpu_seconds: the proxy's own processor time, user and system.
        at: when, in seconds of the monotonic clock.
    """

    connections: int
    bytes_up: int
    bytes_down: int
    cpu_seconds: float
    at: float


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy: `host` is `127.0.0.1:PORT`."""

    host: str
    process: subprocess.Popen[str]

    def report(self) -> Report:
        """Return what went through so far."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write("\n")
        stdin.flush()
        return Report(**json.loads(stdout.readline()))


@contextmanager
def proxied(upstream: str, *, round_trip: float = 0.020, rate: float = 50e6) -> Iterator[Proxy]:
    """Run a proxy before a server.

    Args:
        upstream: `HOST:PORT`.
        round_trip: seconds for there and back.
        rate: bytes a second, for each connection and direction.
    """
    command = [sys.executable, str(Path(__file__).resolve()), upstream, str(round_trip / 2), str(rate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Proxy(f"127.0.0.1:{json.loads(process.stdout.readline())['port']}", process)
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _main() -> None:
    parser = argparse.ArgumentParser(description="A TCP proxy that delays and throttles.")
    parser.add_argument("upstream", metavar="HOST:PORT")
    parser.add_argument("delay", type=float, help="seconds each way")
    parser.add_argument("rate", type=float, help="bytes a second for each connection and direction")
    given = parser.parse_args()
    host, _, port = given.upstream.rpartition(":")
    proxy = _Proxy((host, int(port)), given.delay, given.rate)
    print(json.dumps({"port": proxy.listener.getsockname()[1]}), flush=True)
    proxy.run()


if __name__ == "__main__":
    _main()
