"""The fault registry as a server: its endpoints, its start and its end."""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

from support.fault_registry.blobs import Blobs
from support.fault_registry.content import Content, Refused
from support.fault_registry.manifests import Manifests
from support.fault_registry.switches import Switches
from support.fault_registry.wire import Reply, Request, State
from support.tls import TlsFiles

_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_ACTION: Final = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


class Routes(Blobs, Manifests):
    """All endpoints (distribution spec 1.1, "Endpoints")."""

    def route(self) -> Reply:
        """Find the endpoint, check the credentials, and answer."""
        self.take_apart()
        path = unquote(self.url.path)
        if path == "/token":
            return self.issue_token()
        if path == "/v2/":
            self.authorize(None, "pull")
            return Reply(200, {"Content-Type": "application/json"}, b"{}")
        for pattern, methods in _ENDPOINTS:
            match = re.fullmatch(rf"/v2/(.+)/{pattern}", path)
            if match is None:
                continue
            self.name, *rest = match.groups()
            if _NAME.fullmatch(self.name) is None:
                raise Refused(400, "NAME_INVALID")
            self.authorize(self.name, _ACTION.get(self.command, "push"))
            if self.command not in methods:
                raise Refused(405, "UNSUPPORTED")
            return methods[self.command](self, *rest)
        raise Refused(404, "NOT_FOUND")


_ENDPOINTS: Final[tuple[tuple[str, dict[str, Callable[..., Reply]]], ...]] = (
    ("blobs/uploads/", {"POST": Routes.start_upload}),
    (
        "blobs/uploads/([^/]+)",
        {
            "GET": Routes.upload_status,
            "PATCH": Routes.patch_upload,
            "PUT": Routes.finish_upload,
            "DELETE": Routes.cancel_upload,
        },
    ),
    ("blobs/([^/]+)", {"GET": Routes.read_blob, "HEAD": Routes.read_blob, "DELETE": Routes.delete_blob}),
    (
        "manifests/([^/]+)",
        {
            "GET": Routes.read_manifest,
            "HEAD": Routes.read_manifest,
            "PUT": Routes.put_manifest,
            "DELETE": Routes.delete_manifest,
        },
    ),
    ("tags/list", {"GET": Routes.list_tags}),
    ("referrers/([^/]+)", {"GET": Routes.list_referrers}),
)


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that the end need not wait for clients that keep them open."""

    request_queue_size = 128
    tls: ssl.SSLContext | None = None

    def __init__(self, handler: type[Routes]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.connections: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self.accepted = 0
        self.faults: list[BaseException] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the TLS handshake is left to the connection's own thread."""
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.connections.add(connection)
        self.accepted += 1
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own."""
        # Daemons, so that a run that is interrupted before `stop` is through still ends; `stop` joins them.
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self.threads = [one for one in self.threads if one.is_alive()] + [thread]
        thread.start()

    def close_request(self, request: Any) -> None:
        """Forget and close a connection."""
        self.connections.discard(request)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what is no fault of the connection: it is a fault of this registry, and `stop` raises it."""
        fault = sys.exception()
        if fault is not None and not isinstance(fault, OSError):
            self.faults.append(fault)

    def hang_up(self) -> None:
        """End every connection, and wait for its thread, which then sees the end of its input."""
        for connection in list(self.connections):
            try:
                # The plain method, since that of a TLS socket takes its state away under the other thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self.threads:
            thread.join()


class FaultRegistry:
    """A registry on a free port of the loopback. A context manager, or `start` and `stop`.

    Args:
        switches: its faults, which may be turned while it runs.
        content: what it stores; give another registry's to serve the same.
        tls: answer https with this certificate.
    """

    def __init__(
        self, switches: Switches | None = None, *, content: Content | None = None, tls: TlsFiles | None = None
    ) -> None:
        self.switches = switches or Switches()
        self.content = content or Content()
        self._state = State(self.switches, self.content)
        self._server = _Server(type("_BoundRoutes", (Routes,), {"state": self._state}))
        self._server.tls = tls.server_context() if tls else None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"

    def start(self) -> Self:
        """Serve, until `stop`."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection and thread; raise the first fault of the registry's own, if there was one."""
        self._state.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        if self._server.faults:
            raise AssertionError("the fault registry failed by itself") from self._server.faults[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    def requests(self, method: str = ".*", path: str = "") -> list[Request]:
        """Return the logged requests in the order of arrival.

        Args:
            method: a regular expression that the method matches in full.
            path: a regular expression found in the path with its query.
        """
        with self._state.lock:
            return [
                one for one in self._state.requests if re.fullmatch(method, one.method) and re.search(path, one.path)
            ]

    @property
    def bytes_in(self) -> int:
        """Bytes of bodies that came."""
        return self._state.bytes_in

    @property
    def bytes_out(self) -> int:
        """Bytes of bodies that went."""
        return self._state.bytes_out

    @property
    def connections(self) -> int:
        """Connections that were ever accepted."""
        return self._server.accepted
