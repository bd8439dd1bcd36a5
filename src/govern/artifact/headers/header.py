"""What the header of a weights file says, and the window through which headers are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from govern.errors import InvalidInput

_BLOCK: Final = 8 * 1024
"""Bytes per read: larger than most fields, and small enough to be read anew behind every skipped tensor."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a weights file says about itself.

    Args:
        format: "safetensors", "gguf" or "onnx".
        parameters: the exact number of tensor elements, or None if it is not known.
        precisions: number of elements by precision name, without zeros. Names are those of ModelPack
            where it has one, and the format's own, in lower case, where it has none.
        architecture: e.g. "llama", or None.
        quantization: e.g. "Q4_K_M", or None.
        external: files that hold weights of this one: relative paths with `/`, inside the folder of the
            file, sorted, each once.
    """

    format: str
    parameters: int | None
    precisions: Mapping[str, int]
    architecture: str | None
    quantization: str | None
    external: tuple[str, ...] = ()


class Window:
    """Reads of a file at any place through one small buffer; a read beyond the end is a refusal.

    Args:
        file: seekable and binary; its position is moved.
        size: its length in bytes.
        what: what is read, for messages.
    """

    __slots__ = ("_block", "_file", "_start", "size", "what")

    def __init__(self, file: BinaryIO, size: int, what: str) -> None:
        self._file = file
        self._block = b""
        self._start = 0
        self.size = size
        self.what = what

    def read(self, start: int, count: int) -> bytes:
        """Return exactly `count` bytes from `start`; the caller bounds `count`.

        Raises:
            InvalidInput: if the file ends before.
        """
        self.inside(start, count)
        offset = start - self._start
        if offset < 0 or offset + count > len(self._block):
            self._file.seek(start)
            self._block = self._file.read(max(count, min(_BLOCK, self.size - start)))
            self._start, offset = start, 0
            # A file that shrinks while it is read is cut off, whatever its size was.
            if len(self._block) < count:
                raise self._cut(start + count, start + len(self._block))
        return self._block[offset : offset + count]

    def inside(self, start: int, count: int) -> int:
        """Return the end of `count` bytes from `start`; raise `InvalidInput` if the file ends before."""
        end = start + count
        if end > self.size:
            raise self._cut(end, self.size)
        return end

    def _cut(self, wanted: int, size: int) -> InvalidInput:
        return InvalidInput(
            f"{self.what} ends in the middle of its header or weights",
            got=f"{size} bytes",
            expected=f"at least {wanted}",
            hint="copy or download it again",
        )
