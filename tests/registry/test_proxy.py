"""The proxy delays, throttles, counts, and ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support import proxy as proxy_module
from support.proxy import proxied

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the proxy needs splice(2) and epoll")


@contextmanager
def echo_server() -> Iterator[str]:
    """A server of one connection that sends back what it gets, and ends when the client does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                while data := accepted.recv(1 << 20):
                    accepted.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_the_proxy_delays_and_throttles_and_changes_no_byte() -> None:
    data = os.urandom(2_000_000)
    with echo_server() as upstream, proxied(upstream, round_trip=0.040, rate=10e6) as proxy:
        host, _, port = proxy.host.partition(":")
        started = proxy.report().cpu_seconds
        with closing(socket.create_connection((host, int(port)))) as client:
            began = time.monotonic()
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            first = time.monotonic() - began
            began = time.monotonic()
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            second = time.monotonic() - began
            began = time.monotonic()
            sender = threading.Thread(target=client.sendall, args=(data,), daemon=True)
            sender.start()
            got = b""
            while len(got) < len(data):
                got += client.recv(1 << 20)
            third = time.monotonic() - began
            sender.join()
        report = proxy.report()
    assert got == data
    # The first bytes wait for a handshake too. Only lower bounds: a busy machine is slower, never faster.
    assert first >= 0.080
    assert second >= 0.040
    assert third >= 0.040 + 2_000_000 / 10e6 - 0.010
    assert (report.connections, report.bytes_up, report.bytes_down) == (1, 2_000_002, 2_000_002)
    assert 0 < report.cpu_seconds - started < third


def test_the_proxy_ends_with_who_started_it(tmp_path: Path) -> None:
    starter = (
        "import os; from support.proxy import proxied\n"
        "with proxied('127.0.0.1:9') as proxy: print(proxy.process.pid, flush=True); os._exit(0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", starter],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(proxy_module.__file__).parents[1])},
    )
    status = Path(f"/proc/{int(run.stdout)}/stat")
    end = time.monotonic() + 5
    while not _is_gone(status) and time.monotonic() < end:
        time.sleep(0.01)
    assert _is_gone(status)


def _is_gone(status: Path) -> bool:
    try:
        return status.read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
