"""A way to a service that can be shut, so that one command meets it down, and the same command meets it back again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import requests

from support.sigstore.served import Handler, served

State = Literal["open", "silent", "refusing"]


@dataclass(slots=True)
class Gate:
    """A running gate. What is not set at the start may be changed while it runs.

    Args:
        url: what clients are told instead of the service's own URL.
        target: the service's own origin, without a path.
        state: `silent` ends connections without an answer, `refusing` answers 503.
        left: how many requests still pass; None is all of them. After that it is as if `silent`.
        asked: the path of every request.
        lock: of `left`.
    """

    url: str
    target: str
    state: State = "open"
    left: int | None = None
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self) -> State:
        """Return what becomes of the next request."""
        with self.lock:
            if self.left is None or self.state != "open":
                return self.state
            self.left -= 1
            return "open" if self.left >= 0 else "silent"


@contextmanager
def gate(url: str) -> Iterator[Gate]:
    """Run a gate before a service.

    Args:
        url: of the service; the gate's has the same path.
    """
    made: list[Gate] = []
    parts = urlsplit(url)

    class Keeper(Handler):
        def do_GET(self) -> None:
            self._pass("GET")

        def do_POST(self) -> None:
            self._pass("POST")

        def _pass(self, method: str) -> None:
            own, body = made[0], self.body()
            own.asked.append(self.path)
            match own.passes():
                case "silent":
                    self.close_connection = True
                case "refusing":
                    self.reply(503, b'{"message": "not now"}')
                case "open":
                    kept = {
                        name: one for name, one in self.headers.items() if name in ("Content-Type", "Authorization")
                    }
                    with requests.Session() as session:
                        session.trust_env = False
                        answer = session.request(method, own.target + self.path, data=body, headers=kept, timeout=30)
                    self.reply(answer.status_code, answer.content, answer.headers.get("Content-Type", "text/plain"))

    with served(Keeper) as own:
        made.append(Gate(own + parts.path, f"{parts.scheme}://{parts.netloc}"))
        yield made[0]
