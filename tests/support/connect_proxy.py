"""The proxy of a company: it connects through to a TLS server, or fetches a plain URL for the client."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class ConnectProxy:
    """A proxy that connects through (`CONNECT`) or forwards one request with an absolute URL; keeps what it was asked.

    Args:
        asked: the first line of every request.
        credentials: what `Proxy-Authorization` held, decoded.
        user: `NAME:PASSWORD` without which it refuses, or None.
        listener: where it listens.
        threads: all that work for it.
        open: the connections of both sides.
    """

    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    user: str | None = None
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    threads: list[threading.Thread] = field(default_factory=list)
    open: list[socket.socket] = field(default_factory=list)

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until the listener ends."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.spawn(self._handle, client)

    def spawn(self, work: Callable[..., None], *arguments: object) -> None:
        """Do something on a thread that the end waits for."""
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _handle(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65_536)
            if not data:
                client.close()
                return
            head += data
        lines, _, rest = head.partition(b"\r\n\r\n")
        first, *headers = lines.decode().split("\r\n")
        self.asked.append(first)
        given = [line.partition(": ")[2] for line in headers if line.lower().startswith("proxy-authorization:")]
        self.credentials += [base64.b64decode(one.removeprefix("Basic ")).decode() for one in given]
        if self.user is not None and self.user not in self.credentials:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            client.close()
            return
        method, target, _ = first.split(" ")
        host = target if method == "CONNECT" else target.split("/")[2]
        upstream = socket.create_connection((host.rpartition(":")[0], int(host.rpartition(":")[2])))
        self.open += [client, upstream]
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            # One request for each connection is all that the tests need of plain http.
            path = "/" + target.split("/", 3)[3]
            kept = [line for line in headers if not line.lower().startswith(("proxy-", "connection:"))]
            upstream.sendall(
                "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode() + rest
            )
        self.spawn(_pump, client, upstream)
        _pump(upstream, client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def connect_proxy() -> Iterator[ConnectProxy]:
    """Run a proxy; every connection and thread of it ends with the block."""
    made = ConnectProxy()
    made.spawn(made.serve)
    try:
        yield made
    finally:
        made.listener.shutdown(socket.SHUT_RDWR)
        made.listener.close()
        for one in made.open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in made.threads:
            thread.join(10)
        for one in made.open:
            one.close()
