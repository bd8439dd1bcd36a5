"""Progress that adds up what it is told, from several threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Told:
    """A `Progress`.

    Args:
        done: bytes that were said to be done, less those that were taken back.
        notes: the sentences that were said.
    """

    done: int = 0
    notes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, label: str, total: int) -> None:
        """See `Progress.start`."""

    def advance(self, count: int) -> None:
        """See `Progress.advance`."""
        with self._lock:
            self.done += count

    def note(self, message: str) -> None:
        """See `Progress.note`."""
        with self._lock:
            self.notes.append(message)

    def finish(self) -> None:
        """See `Progress.finish`."""
