"""A file that the user named."""

from __future__ import annotations

from pathlib import Path

from govern.errors import InvalidInput
from govern.limits import Bound


def read_file(path: Path, what: str, bound: Bound, hint: str = "") -> bytes:
    """Return its bytes.

    Args:
        path: the file.
        what: what it is, for messages.
        bound: how large it may be.
        hint: what helps where it cannot be read.

    Raises:
        InvalidInput: where it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(bound.value + 1)
    except OSError as fault:
        raise InvalidInput(f"{what} cannot be read", got=f"{str(path)!r}: {fault.strerror}", hint=hint) from fault
    bound.check(len(data), what, InvalidInput)
    return data
