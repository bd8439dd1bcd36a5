"""Progress, as something that work reports to and somebody else shows."""

from __future__ import annotations

from typing import Final, Protocol


class Progress(Protocol):
    """Where work says how far it is. Implementations must be safe to call from several threads."""

    def start(self, label: str, total: int) -> None:
        """A piece of work of `total` bytes begins; totals of several pieces add up."""
        ...

    def advance(self, count: int) -> None:
        """`count` more bytes are done."""
        ...

    def note(self, message: str) -> None:
        """Say one sentence to the person, on stderr."""
        ...

    def finish(self) -> None:
        """The work is over; nothing more is shown for it."""
        ...


class Silent:
    """Progress that nobody watches."""

    __slots__ = ()

    def start(self, label: str, total: int) -> None:
        """See `Progress.start`."""

    def advance(self, count: int) -> None:
        """See `Progress.advance`."""

    def note(self, message: str) -> None:
        """See `Progress.note`."""

    def finish(self) -> None:
        """See `Progress.finish`."""


SILENT: Final = Silent()
