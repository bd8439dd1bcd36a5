"""The header of a safetensors file.

    u64 little-endian length | JSON object of that length, padded with spaces | tensor bytes

The format has no magic number, so this is where the line runs. A file is *taken for* safetensors if its
length is below 2^40 (no text begins with three zero bytes there), the next bytes are `{` and a key, and
the key `"data_offsets"` stands in the header or, where the header is longer than the file or than the
bound, in its first 64 KiB. What is taken for it is valid or refused. A header without tensors has no such
key; it is taken only if it is valid and ends with the file. Everything else is some other file.

Source: safetensors README, "Format", and `read_metadata` and `validate` of its reference reader.
"""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from govern import canonical
from govern.artifact.headers.header import Header
from govern.errors import InvalidInput
from govern.limits import MAX_HEADER

_PROBE: Final = 64 * 1024
_PLAUSIBLE: Final = 1 << 40
_U64: Final = (1 << 64) - 1
_BEGINS: Final = re.compile(rb'\{[ \t\r\n]*(?:"|\}[ \t\r\n]*\Z)')
_METADATA: Final = "__metadata__"

_DTYPES: Final[dict[str, tuple[int, str]]] = {
    "BOOL": (8, "bool"),
    "F4": (4, "float4_e2m1"),
    "F6_E2M3": (6, "float6_e2m3"),
    "F6_E3M2": (6, "float6_e3m2"),
    "U8": (8, "uint8"),
    "I8": (8, "int8"),
    "F8_E5M2": (8, "float8_e5m2"),
    "F8_E4M3": (8, "float8_e4m3"),
    "F8_E8M0": (8, "float8_e8m0"),
    "F8_E4M3FNUZ": (8, "float8_e4m3fnuz"),
    "F8_E5M2FNUZ": (8, "float8_e5m2fnuz"),
    "I16": (16, "int16"),
    "U16": (16, "uint16"),
    "F16": (16, "float16"),
    "BF16": (16, "bfloat16"),
    "I32": (32, "int32"),
    "U32": (32, "uint32"),
    "F32": (32, "float32"),
    "C64": (64, "complex64"),
    "F64": (64, "float64"),
    "I64": (64, "int64"),
    "U64": (64, "uint64"),
}
"""Bits of one element and the name of the precision."""


def read_safetensors(file: BinaryIO, size: int, what: str) -> Header | None:
    """Read a safetensors header, or return None for a file that is none.

    Args:
        file: seekable and binary.
        size: its length in bytes.
        what: whose header it is, for messages.

    Raises:
        InvalidInput: for a file that is taken for safetensors and that the reference reader would not
            load, and for a key that stands twice.
    """
    file.seek(0)
    probe = file.read(min(size, 8 + _PROBE))
    length = int.from_bytes(probe[:8], "little")
    text = probe[8 : 8 + length]
    if len(probe) < 8 or length >= _PLAUSIBLE or _BEGINS.match(text) is None:
        return None
    whole = 8 + length <= size and length <= MAX_HEADER.value
    if not whole:
        if b'"data_offsets"' not in text:
            return None
        MAX_HEADER.check(length, f"the safetensors header of {what}", InvalidInput)
        raise _broken(what, f"a header of {length} bytes in a file of {size}", "a header that ends inside the file")
    if length > _PROBE:
        file.seek(8)
        text = file.read(length)
    certain = b'"data_offsets"' in text
    try:
        header = canonical.loads(text, f"the safetensors header of {what}", bound=MAX_HEADER)
        if not certain and (not isinstance(header, dict) or not set(header) <= {_METADATA}):
            return None
        return _validated(header, size - 8 - length, what)
    except InvalidInput:
        if certain:
            raise
        return None


def _validated(header: dict[str, Any], data_size: int, what: str) -> Header:
    metadata = header.pop(_METADATA, None)
    texts = isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
    if metadata is not None and not texts:
        raise _broken(what, f"{_METADATA} with {canonical.describe(metadata)}", "an object of texts")
    spans = []
    counts: Counter[str] = Counter()
    for name, entry in header.items():
        begin, end, precision, elements = _tensor(name, entry, what)
        spans.append((begin, end, name))
        counts[precision] += elements
    spans.sort()
    position = 0
    for begin, end, name in spans:
        # Holes and overlaps are how one file becomes two: bytes that no tensor covers are another format.
        if begin != position:
            raise _broken(what, f"the tensor {name[:100]!r} at {begin}", f"its bytes from {position} on")
        position = end
    if position != data_size:
        raise _broken(what, f"{data_size} bytes of tensors", f"{position}, as its header says")
    return Header(
        format="safetensors",
        parameters=counts.total(),
        precisions=MappingProxyType({name: count for name, count in counts.items() if count}),
        architecture=None,
        quantization=None,
    )


def _tensor(name: str, entry: object, what: str) -> tuple[int, int, str, int]:
    """Return where a tensor's bytes begin and end, its precision, and its number of elements."""
    where = f"the tensor {name[:100]!r}"
    if not isinstance(entry, dict):
        raise _broken(what, f"{where} as {canonical.describe(entry)}", "an object with dtype, shape and data_offsets")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    known = _DTYPES.get(dtype) if isinstance(dtype, str) else None
    if known is None:
        raise _broken(what, f"{where} with dtype {_shown(dtype)}", f"one of {', '.join(_DTYPES)}")
    if not isinstance(shape, list) or not all(_is_size(item) for item in shape):
        raise _broken(what, f"{where} with shape {_shown(shape)}", "a list of sizes")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_size(item) for item in offsets):
        raise _broken(what, f"{where} with data_offsets {_shown(offsets)}", "[begin, end]")
    elements = _product(shape)
    bits, precision = known
    if elements is None or elements * bits > _U64:
        raise _broken(what, f"{where} with shape {_shown(shape)}", "fewer than 2^64 bits")
    begin, end = offsets
    if elements * bits != 8 * (end - begin):
        raise _broken(what, f"{where} with {end - begin} bytes", f"{elements} elements of {bits} bits, in whole bytes")
    return begin, end, precision, elements


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= _U64


def _product(shape: list[int]) -> int | None:
    """Return the number of elements, or None where a u64 overflows, be it half-way to a zero."""
    total = 1
    for item in shape:
        total *= item
        if total > _U64:
            return None
    return total


def _shown(value: object) -> str:
    # The repr of a list of millions would be longer than the header.
    if isinstance(value, dict) or (isinstance(value, list) and not all(_is_size(item) for item in value[:9])):
        return canonical.describe(value)
    return repr(value[:9] if isinstance(value, list) else value)[:100]


def _broken(what: str, got: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"{what} looks like safetensors and is not valid",
        got=got,
        expected=expected,
        hint="copy or download it again, or write it again with the safetensors library",
    )
