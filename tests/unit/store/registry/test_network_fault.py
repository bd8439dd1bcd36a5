"""Failures of the network in the words of people: never the repr of an object, never half of OpenSSL's text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from govern.settings import HostSettings, Settings
from govern.store.registry.http import Http
from govern.store.registry.network_fault import Untrusted
from support.tls import make_tls


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@contextmanager
def listening(tls: Path | None = None) -> Iterator[str]:
    """A server on the loopback, without TLS unless certificates are made in `tls`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        if tls is not None:
            server.socket = make_tls(tls).server_context().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def refusal(host: str) -> Untrusted:
    with closing(Http(Settings(environment={}), HostSettings())) as http, pytest.raises(Untrusted) as caught:
        http.send("GET", f"https://{host}/v2/")
    return caught.value


def test_a_registry_without_tls_is_called_one_and_the_hint_says_how_to_speak_to_it() -> None:
    with listening() as host:
        fault = refusal(host)
    assert fault.what == f"{host} speaks HTTP, not TLS"
    assert "--plain-http" in fault.hint
    assert "--ca-file" not in fault.hint
    assert "Pool" not in fault.message


def test_why_a_certificate_does_not_hold_is_said_in_full_and_without_a_place_in_the_source(tmp_path: Path) -> None:
    with listening(tmp_path / "tls") as host:
        fault = refusal(host)
    assert fault.got.startswith("certificate verify failed: ")
    assert not set("()[]") & set(fault.got)
    assert "--ca-file" in fault.hint
