"""The header of a GGUF file, versions 2 and 3.

    "GGUF" | u32 version | u64 tensors | u64 pairs | pairs | tensor infos | padding | tensor bytes

A text may begin with the word GGUF too (a README does). So the magic counts only with a version below 256
behind it, in one of the two byte orders; what then is not valid is refused.

Source: ggml docs/gguf.md; `gguf_init_from_reader` of ggml for what is refused; `llama_ftype` of llama.h.
"""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType
from typing import BinaryIO, Final, Literal

from govern.artifact.headers.header import Header, Window
from govern.errors import InvalidInput
from govern.limits import MAX_GGUF_DEPTH, MAX_GGUF_ENTRIES, MAX_GGUF_STRING, MAX_HEADER

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value by its type: u8 i8 u16 i16 u32 i32 f32 bool, then u64 i64 f64."""
_INTEGERS: Final = frozenset({0, 1, 2, 3, 4, 5, 10, 11})

_MAX_DIMENSIONS: Final = 4
_I64: Final = (1 << 63) - 1
_ARCHITECTURE: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")

_TYPES: Final[dict[int, tuple[str, int, int]]] = {
    0: ("float32", 1, 4),
    1: ("float16", 1, 2),
    2: ("q4_0", 32, 18),
    3: ("q4_1", 32, 20),
    6: ("q5_0", 32, 22),
    7: ("q5_1", 32, 24),
    8: ("q8_0", 32, 34),
    9: ("q8_1", 32, 40),
    10: ("q2_k", 256, 84),
    11: ("q3_k", 256, 110),
    12: ("q4_k", 256, 144),
    13: ("q5_k", 256, 176),
    14: ("q6_k", 256, 210),
    15: ("q8_k", 256, 292),
    16: ("iq2_xxs", 256, 66),
    17: ("iq2_xs", 256, 74),
    18: ("iq3_xxs", 256, 98),
    19: ("iq1_s", 256, 50),
    20: ("iq4_nl", 32, 18),
    21: ("iq3_s", 256, 110),
    22: ("iq2_s", 256, 82),
    23: ("iq4_xs", 256, 136),
    24: ("int8", 1, 1),
    25: ("int16", 1, 2),
    26: ("int32", 1, 4),
    27: ("int64", 1, 8),
    28: ("float64", 1, 8),
    29: ("iq1_m", 256, 56),
    30: ("bfloat16", 1, 2),
    34: ("tq1_0", 256, 54),
    35: ("tq2_0", 256, 66),
    39: ("mxfp4", 32, 17),
    40: ("nvfp4", 64, 36),
    41: ("q1_0", 128, 18),
    42: ("q2_0", 0, 0),
}
"""Name, elements of a block, bytes of a block, by ggml type. Type 42 is in use with two block sizes."""

_FILE_TYPES: Final = {
    2: "Q4_0",
    3: "Q4_1",
    4: "Q4_1_SOME_F16",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4_MOE",
    39: "NVFP4",
    40: "Q1_0",
    41: "Q2_0",
}
"""`general.file_type`, only the quantised ones: 0, 1 and 32 are F32, F16 and BF16."""


def read_gguf(file: BinaryIO, size: int, what: str) -> Header | None:
    """Read a GGUF header, or return None for a file that is none.

    Element types that this list does not know count as `ggml_type_<number>`.

    Args:
        file: seekable and binary.
        size: its length in bytes.
        what: whose header it is, for messages.

    Raises:
        InvalidInput: for version 1, a header that is cut off or contradicts itself or the file's length,
            and counts beyond the bounds.
    """
    window = Window(file, size, what)
    if size < 8 or window.read(0, 4) != _MAGIC:
        return None
    order = _order(window.read(4, 4))
    return None if order is None else _Reader(window, order).header()


def _order(version: bytes) -> Literal["little", "big"] | None:
    # A big-endian file has the same magic; only the version tells.
    if 0 < int.from_bytes(version, "little") < 256:
        return "little"
    return "big" if 0 < int.from_bytes(version, "big") < 256 else None


class _Reader:
    """Reads forward through one header."""

    __slots__ = ("_order", "_position", "_window")

    def __init__(self, window: Window, order: Literal["little", "big"]) -> None:
        self._window = window
        self._order = order
        self._position = len(_MAGIC)

    def header(self) -> Header:
        version = self._number(4)
        if version not in _VERSIONS:
            hint = "write it again with a newer llama.cpp" if version == 1 else "it is newer than this govern"
            raise self._broken(f"version {version}", "version 2 or 3", hint=hint)
        tensors = MAX_GGUF_ENTRIES.check(self._number(8), f"the tensor list of {self._window.what}", InvalidInput)
        pairs = MAX_GGUF_ENTRIES.check(self._number(8), f"the metadata of {self._window.what}", InvalidInput)
        known = self._pairs(pairs)
        counts = self._tensors(tensors, self._alignment(known.get(b"general.alignment")))
        quantised = any(name not in _PLAIN for name, count in counts.items() if count)
        return Header(
            format="gguf",
            parameters=counts.total(),
            precisions=MappingProxyType({name: count for name, count in counts.items() if count}),
            architecture=_architecture(known.get(b"general.architecture")),
            quantization=_file_type(known.get(b"general.file_type")) if quantised else None,
        )

    def _pairs(self, count: int) -> dict[bytes, bytes | int]:
        """Pass all pairs; return those with the keys that are asked for."""
        wanted = (b"general.alignment", b"general.architecture", b"general.file_type")
        known: dict[bytes, bytes | int] = {}
        keys: set[bytes] = set()
        for _ in range(count):
            key = self._string()
            if key in keys:
                raise self._broken(f"the key {key[:100]!r} twice", "every key once")
            keys.add(key)
            kind = self._number(4)
            if key in wanted and kind == _STRING:
                known[key] = self._string()
            elif key in wanted and kind in _INTEGERS:
                known[key] = self._number(_SCALARS[kind])
            else:
                self._skip_value(kind, 0)
        return known

    def _skip_value(self, kind: int, depth: int) -> None:
        if kind in _SCALARS:
            self._skip(_SCALARS[kind])
        elif kind == _STRING:
            self._skip_string()
        elif kind == _ARRAY:
            MAX_GGUF_DEPTH.check(depth, f"the nesting of an array of {self._window.what}", InvalidInput)
            inner, count = self._number(4), self._number(8)
            if inner in _SCALARS:
                self._skip(_SCALARS[inner] * count)
            else:
                MAX_GGUF_ENTRIES.check(count, f"an array of {self._window.what}", InvalidInput)
                for _ in range(count):
                    self._skip_value(inner, depth + 1)
        else:
            raise self._broken(f"a value of type {kind}", "types 0 to 12")

    def _tensors(self, count: int, alignment: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        spans: list[tuple[int, int]] = []
        names: set[bytes] = set()
        for _ in range(count):
            name = self._string()
            if name in names:
                raise self._broken(f"the tensor {name[:100]!r} twice", "every tensor once")
            names.add(name)
            precision, elements, length = self._shape(name)
            offset = self._number(8)
            if offset % alignment:
                raise self._broken(f"the tensor {name[:100]!r} at {offset}", f"a multiple of {alignment}")
            spans.append((offset, length))
            counts[precision] += elements
        start = -(-self._position // alignment) * alignment
        position = 0
        for offset, length in sorted(spans):
            if offset < position:
                raise self._broken(f"a tensor at {offset}", f"none before {position}, where another one ends")
            position = offset + length
        if spans:
            self._window.inside(start, position)
        return counts

    def _shape(self, name: bytes) -> tuple[str, int, int]:
        """Return the precision, the number of elements and, where known, the length of a tensor."""
        dimensions = self._number(4)
        if dimensions > _MAX_DIMENSIONS:
            raise self._broken(f"the tensor {name[:100]!r} with {dimensions} dimensions", "at most 4")
        shape = [self._number(8) for _ in range(dimensions)]
        kind = self._number(4)
        elements = 1
        for item in shape:
            elements *= item
            if item > _I64 or elements > _I64:
                raise self._broken(f"the tensor {name[:100]!r} of shape {shape}", "fewer than 2^63 elements")
        precision, block, length = _TYPES.get(kind, (f"ggml_type_{kind}", 0, 0))
        if not block:
            return precision, elements, 0
        row = shape[0] if shape else 1
        if row % block:
            raise self._broken(f"the tensor {name[:100]!r} with rows of {row}", f"a multiple of {block} ({precision})")
        return precision, elements, elements // block * length

    def _alignment(self, value: bytes | int | None) -> int:
        if value is None:
            return 32
        if not isinstance(value, int) or value <= 0 or value & (value - 1):
            raise self._broken(f"general.alignment {value!r:.40}", "a power of two")
        return value

    def _number(self, length: int) -> int:
        start = self._advance(length)
        return int.from_bytes(self._window.read(start, length), self._order)

    def _string(self) -> bytes:
        length = MAX_GGUF_STRING.check(self._number(8), f"a text in the header of {self._window.what}", InvalidInput)
        return self._window.read(self._advance(length), length)

    def _skip_string(self) -> None:
        self._skip(MAX_GGUF_STRING.check(self._number(8), f"a text of {self._window.what}", InvalidInput))

    def _skip(self, length: int) -> None:
        self._window.inside(self._advance(length), length)

    def _advance(self, length: int) -> int:
        """Move on by `length` and return where that began; the whole header has one bound."""
        start = self._position
        self._position += length
        MAX_HEADER.check(self._position, f"the GGUF header of {self._window.what}", InvalidInput)
        return start

    def _broken(self, got: str, expected: str, *, hint: str = "copy or download it again") -> InvalidInput:
        return InvalidInput(f"{self._window.what} is not valid GGUF", got=got, expected=expected, hint=hint)


_PLAIN: Final = frozenset(name for name, block, _ in _TYPES.values() if block == 1)


def _architecture(value: bytes | int | None) -> str | None:
    # Words only: this goes into the artifact and onto terminals.
    if isinstance(value, bytes) and _ARCHITECTURE.fullmatch(value) is not None:
        return value.decode("ascii")
    return None


def _file_type(value: bytes | int | None) -> str | None:
    return _FILE_TYPES.get(value) if isinstance(value, int) else None
