"""Stands between a client and a fault registry, and changes what a function wants changed: any lie at all."""

from __future__ import annotations

import http.client
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from support.fault_registry import FaultRegistry

_ENDS_HERE: Final = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Args:
        method: the verb.
        path: path and query.
        headers: names in lower case.
        number: how many requests with this method and path came before.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    number: int


@dataclass(slots=True)
class Answered:
    """An answer, which may be changed; of a repeated header the last counts."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Change = Callable[[Asked, Callable[[], Answered]], Answered | None]
"""Told the request, and how to get the honest answer; returns the answer to send, or None for the honest one."""


@dataclass(slots=True)
class Meddler:
    """A registry between.

    Args:
        host: `127.0.0.1:PORT`.
        asked: every request.
    """

    host: str
    asked: list[Asked] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 5
    meddler: Meddler
    change: Change
    behind: str
    counts: Counter[tuple[str, str]]
    lock: threading.Lock

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        with self.lock:
            before = self.counts[self.command, self.path]
            self.counts[self.command, self.path] += 1
            asked = Asked(self.command, self.path, headers, before)
            self.meddler.asked.append(asked)
        answer = type(self).change(asked, lambda: self._honest(headers, body)) or self._honest(headers, body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "content-length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _honest(self, headers: Mapping[str, str], body: bytes) -> Answered:
        connection = http.client.HTTPConnection(self.behind, timeout=20)
        try:
            sent = {name: value for name, value in headers.items() if name not in _ENDS_HERE}
            # The host that the client wrote goes along, so that locations lead back here.
            connection.request(self.command, self.path, body, sent)
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _ENDS_HERE}
            if self.command == "HEAD" and (length := response.getheader("Content-Length")):
                kept["content-length"] = length
            return Answered(response.status, kept, response.read())
        finally:
            connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
        """Say nothing: tests read `Meddler.asked`."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about clients that went away; any other fault is one of the test."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def meddle(registry: FaultRegistry, change: Change) -> Iterator[Meddler]:
    """Run a server that passes requests on to a registry, and lets a function change the answers.

    Args:
        registry: who answers honestly.
        change: makes of an honest answer another one.
    """
    shared = {"behind": registry.host, "counts": Counter[tuple[str, str]](), "lock": threading.Lock()}
    handler = type("_BoundHandler", (_Handler,), {"change": staticmethod(change), **shared})
    with _Server(("127.0.0.1", 0), handler) as server:
        meddler = Meddler(f"127.0.0.1:{server.server_port}")
        handler.meddler = meddler  # type: ignore[attr-defined]
        # Handlers are no daemons: leaving the block joins them, so that no socket outlives its test.
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield meddler
        finally:
            server.shutdown()
            thread.join()
