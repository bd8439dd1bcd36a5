"""What the headers of weights files say: format, exact number of parameters, precision.

Files are known by their content, never by their name, and only headers are read.
"""

from __future__ import annotations

from typing import BinaryIO

from govern.artifact.headers.gguf import read_gguf
from govern.artifact.headers.header import Header
from govern.artifact.headers.onnx import read_onnx
from govern.artifact.headers.safetensors import read_safetensors

__all__ = ["Header", "read_header"]


def read_header(file: BinaryIO, size: int, what: str) -> Header | None:
    """Read the header of a safetensors, GGUF or ONNX file, or return None for any other file.

    Each format says in its own module what is taken for it.

    Args:
        file: seekable and binary; its position is moved.
        size: its length in bytes.
        what: the file, for messages ("the file 'model.onnx'").

    Raises:
        InvalidInput: for a file that is taken for one of the formats and is not valid, or beyond a bound.
    """
    return read_gguf(file, size, what) or read_safetensors(file, size, what) or read_onnx(file, size, what)
