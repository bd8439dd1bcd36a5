"""Small weights files, made byte by byte, so that a test can break each of them where it wants."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, Literal

Order = Literal["little", "big"]


def safetensors(tensors: Mapping[str, tuple[str, list[int], int]], metadata: dict[str, str] | None = None) -> bytes:
    """Return a safetensors file of (dtype, shape, bytes) tensors, one after another."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    position = 0
    for name, (dtype, shape, length) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, position + length]}
        position += length
    return safetensors_of(json.dumps(header).encode(), bytes(position))


def safetensors_of(header: bytes, data: bytes = b"") -> bytes:
    """Return a safetensors file with exactly this header."""
    return len(header).to_bytes(8, "little") + header + data


def gguf_text(text: str | bytes, order: Order = "little") -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(8, order) + data


def gguf_pair(key: str, kind: int, value: bytes, order: Order = "little") -> bytes:
    return gguf_text(key, order) + kind.to_bytes(4, order) + value


def gguf_array(inner: int, count: int, values: bytes, order: Order = "little") -> bytes:
    return inner.to_bytes(4, order) + count.to_bytes(8, order) + values


def gguf_tensor(name: str, shape: list[int], kind: int, offset: int, order: Order = "little") -> bytes:
    dimensions = b"".join(item.to_bytes(8, order) for item in shape)
    return (
        gguf_text(name, order)
        + len(shape).to_bytes(4, order)
        + dimensions
        + kind.to_bytes(4, order)
        + offset.to_bytes(8, order)
    )


def gguf(
    pairs: Iterable[bytes] = (),
    tensors: Iterable[bytes] = (),
    data: int = 0,
    *,
    version: int = 3,
    order: Order = "little",
    alignment: int = 32,
) -> bytes:
    """Return a GGUF file with `data` zero bytes of tensors."""
    pairs, tensors = list(pairs), list(tensors)
    counts = len(tensors).to_bytes(8, order) + len(pairs).to_bytes(8, order)
    header = b"GGUF" + version.to_bytes(4, order) + counts + b"".join(pairs) + b"".join(tensors)
    return header + bytes(-len(header) % alignment) + bytes(data)


def varint(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(result) + bytes([value])


def pb(number: int, value: int | bytes | str) -> bytes:
    """Return one protobuf field: a varint, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_tensor(shape: list[int], kind: int = 1, raw: bytes | None = None, *more: bytes) -> bytes:
    """Return a TensorProto; `raw` None for none."""
    dimensions = b"".join(pb(1, item) for item in shape)
    return dimensions + pb(2, kind) + pb(8, "w") + (b"" if raw is None else pb(9, raw)) + b"".join(more)


def onnx_external(shape: list[int], location: str) -> bytes:
    entries = pb(13, pb(1, "location") + pb(2, location)) + pb(13, pb(1, "offset") + pb(2, "0"))
    return onnx_tensor(shape, 1, None, entries, pb(14, 1))


def onnx_graph(*initialisers: bytes, nodes: Iterable[bytes] = ()) -> bytes:
    parts = b"".join(pb(1, node) for node in nodes) + pb(2, "g") + b"".join(pb(5, one) for one in initialisers)
    return parts + pb(12, pb(1, "y"))


def onnx_model(graph: bytes, *more: bytes) -> bytes:
    """Return a ModelProto in the order in which protobuf writes it."""
    return pb(1, 8) + pb(2, "pytorch") + pb(3, "2.0") + pb(7, graph) + pb(8, pb(1, "") + pb(2, 17)) + b"".join(more)


def zip_of(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()
