"""A small HTTP server on a thread of the test's process, ended without anything left open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    # A connection that a client keeps open is waited for at the end, for as long as the handler's own time-out.
    daemon_threads = False
    request_queue_size = 64


class Handler(BaseHTTPRequestHandler):
    """A handler that says nothing, and waits for nobody longer than two seconds."""

    timeout = 2

    def reply(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        """Answer, and end the connection.

        Args:
            status: the HTTP status.
            body: the bytes.
            media_type: what they are.
        """
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        """Return what the client sent."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def served(handler: type[Handler]) -> Iterator[str]:
    """Serve on a free port of the loopback; gives the URL without a slash at the end.

    Args:
        handler: a class of the caller's own, which may carry what it answers with.
    """
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
