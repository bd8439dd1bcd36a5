"""How the fault registry reads requests and sends answers: the log, and the faults of bodies and connections."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import ClassVar, Final

from support.fault_registry.content import Content, Refused
from support.fault_registry.switches import Burst, Cut, Hold, Switches

_BLOCK: Final = 65_536


@dataclass(slots=True)
class Request:
    """One line of the log.

    Args:
        method: the method.
        path: path and query, as they came.
        headers: the headers, names in lower case.
        body_length: bytes of the body that were read.
        status: the status that was answered; 0 if the connection was cut or is still served.
    """

    method: str
    path: str
    headers: dict[str, str]
    body_length: int = 0
    status: int = 0


@dataclass(slots=True)
class State:
    """What all connections of one fault registry share.

    Args:
        switches: its faults.
        content: what it stores.
        requests: every request, in the order of arrival.
        bytes_in: bytes of bodies that came.
        bytes_out: bytes of bodies that went.
        token_uses: how often each bearer token was shown.
        stopping: set when the registry ends; whoever waits looks at it.
    """

    switches: Switches
    content: Content
    requests: list[Request] = field(default_factory=list)
    bytes_in: int = 0
    bytes_out: int = 0
    token_uses: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class Reply:
    """An answer before any fault: status, headers without `Content-Length`, body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class CutShort(Exception):
    """A body was cut by the switches; the connection ends without an answer.

    Args:
        data: the bytes that passed.
        cut: the switch.
    """

    def __init__(self, data: bytes, cut: Cut) -> None:
        super().__init__()
        self.data = data
        self.cut = cut


class Wire(BaseHTTPRequestHandler):
    """Serves one connection. `route`, of the subclass, says what is answered."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: ClassVar[State]

    def route(self) -> Reply:
        """Return the answer to the request, or raise `Refused`."""
        raise NotImplementedError

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.entry = Request(self.command, self.path, headers)
        self._body: bytes | None = None
        with self.state.lock:
            self.state.requests.append(self.entry)
        hold = self.state.switches.hold
        held = hold is not None and self._reached(hold)
        if hold is not None and held and not self._serves(hold):
            self._stand_still(hold)
            return
        try:
            burst = next((one for one in self.state.switches.status_burst if self._strikes(one)), None)
            if burst is None:
                reply = self._routed()
            else:
                reply = Reply(burst.status, {"Retry-After": burst.retry_after} if burst.retry_after else {})
            if burst is not None and burst.early:
                self.close_connection = True
            else:
                self.body()
            if hold is not None and held:
                self._send_begin(reply, hold)
            else:
                self._send(reply)
        except CutShort as short:
            self._hang_up(reset=short.cut.reset)

    # The base class looks for one method for each verb.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _routed(self) -> Reply:
        try:
            return self.route()
        except Refused as refused:
            error = {"errors": [{"code": refused.code, "message": refused.code.lower().replace("_", " ")}]}
            headers = {"Content-Type": "application/json", **refused.headers}
            return Reply(refused.status, headers, json.dumps(error).encode())

    def _reached(self, hold: Hold) -> bool:
        """Whether the client is to stand still at this request."""
        if re.fullmatch(hold.method, self.command) is None or re.search(hold.path, self.path) is None:
            return False
        with self.state.lock:
            hold.after -= 1
            return hold.after < 0

    def _serves(self, hold: Hold) -> bool:
        """Whether a request that is held takes effect: the first one, where it is told so."""
        with self.state.lock:
            first, hold.served = hold.served, False
        return first

    def _stand_still(self, hold: Hold) -> None:
        hold.held.set()
        while not (hold.let_go.wait(0.02) or self.state.stopping.is_set()):
            pass
        self._hang_up(reset=False)

    def _strikes(self, fault: Burst | Cut) -> bool:
        """Count one time of a fault down, if it is meant for this request and has one left."""
        if isinstance(fault, Burst) and re.fullmatch(fault.method, self.command) is None:
            return False
        if re.search(fault.path, self.path) is None:
            return False
        with self.state.lock:
            fault.times -= 1
            if fault.times >= 0:
                return True
            fault.times = 0
            return False

    # --- bodies that come ------------------------------------------------------------------------

    def body(self) -> bytes:
        """Return the body of the request; raise `CutShort` where the switches cut it."""
        if self._body is None:
            cut = self.state.switches.cut_upload
            data = bytearray()
            self._body = b""
            for block in self._blocks():
                data += block
                self.entry.body_length += len(block)
                with self.state.lock:
                    self.state.bytes_in += len(block)
                if cut is not None and len(data) > cut.after and self._strikes(cut):
                    raise CutShort(bytes(data[: cut.after]), cut)
            self._body = bytes(data)
        return self._body

    def _blocks(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            # RFC 9112 §7.1; trailers are read and dropped.
            while left := int(self.rfile.readline(1024).split(b";")[0], 16):
                yield from self._exactly(left)
                self.rfile.readline(1024)
            while self.rfile.readline(65_537) not in (b"\r\n", b"\n", b""):
                pass
        else:
            yield from self._exactly(int(self.headers.get("Content-Length", "0")))

    def _exactly(self, left: int) -> Iterator[bytes]:
        while left > 0:
            block = self.rfile.read(min(left, _BLOCK))
            if not block:
                raise ConnectionAbortedError("the client went away within a body")
            left -= len(block)
            yield block

    # --- bodies that go --------------------------------------------------------------------------

    def _send(self, reply: Reply) -> None:
        switches = self.state.switches
        body = reply.body
        read = self.command == "GET" and reply.status in (200, 206)
        if read and matches(switches.gzip_body, self.path):
            body = gzip.compress(body)
            reply.headers["Content-Encoding"] = "gzip"
        endless = read and matches(switches.endless_body, self.path)
        self.send_response(reply.status)
        self.entry.status = reply.status
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if switches.warning:
            self.send_header("Warning", f'299 - "{switches.warning}"')
        if endless:
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.status != 204:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = switches.cut_download
        if endless:
            self._send_for_ever(body)
        elif read and cut is not None and len(body) > cut.after and self._strikes(cut):
            self._write(body[: cut.after])
            raise CutShort(body[: cut.after], cut)
        elif read and matches(switches.slow_drip, self.path):
            self._drip(body)
        else:
            self._write(body)

    def _send_begin(self, reply: Reply, hold: Hold) -> None:
        if hold.body_bytes:
            self.send_response(reply.status)
            self.entry.status = reply.status
            for name, value in (*reply.headers.items(), ("Content-Length", str(len(reply.body)))):
                self.send_header(name, value)
            self.end_headers()
            self._write(reply.body[: hold.body_bytes])
        self._stand_still(hold)

    def _write(self, data: bytes) -> None:
        # Counted before it goes, so that a client that has its answer finds it counted.
        with self.state.lock:
            self.state.bytes_out += len(data)
        self.wfile.write(data)

    def _send_for_ever(self, body: bytes) -> None:
        block = body or bytes(_BLOCK)
        while not self.state.stopping.is_set():
            self._write(b"%x\r\n%b\r\n" % (len(block), block))
            block = bytes(_BLOCK)
        self._hang_up(reset=False)

    def _drip(self, body: bytes) -> None:
        for position in range(len(body)):
            self._write(body[position : position + 1])
            if self.state.stopping.wait(self.state.switches.drip_seconds):
                self._hang_up(reset=False)
                break

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            # Closed with no time to linger, and before the server's own orderly shutdown: a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
        """Say nothing: tests read the log."""


def matches(pattern: str, path: str) -> bool:
    """Whether a switch that is a regular expression is meant for a path."""
    return bool(pattern) and re.search(pattern, path) is not None
