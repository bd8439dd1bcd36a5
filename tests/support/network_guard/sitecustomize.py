"""Watches a process that has this folder on its `PYTHONPATH`: whom it connects to is written down, others are refused.

`GOVERN_TEST_CONNECTS` is the file to write to, `GOVERN_TEST_ALLOWED` has `HOST:PORT` of those it may connect to. Names
are looked up nowhere but on this machine.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def _watch() -> None:
    path = os.environ.get("GOVERN_TEST_CONNECTS")
    if not path:
        return
    allowed = set(os.environ.get("GOVERN_TEST_ALLOWED", "").split(","))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            where = f"{arguments[0]}:{arguments[1]}"
            refused = arguments[0] not in ("127.0.0.1", "localhost", "::1")
        elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
            where = f"{arguments[1][0]}:{arguments[1][1]}"
            refused = where not in allowed
        else:
            return
        os.write(file, f"{where}\n".encode())
        if refused:
            raise PermissionError(f"the test does not allow {where}")

    sys.addaudithook(hook)


_watch()
