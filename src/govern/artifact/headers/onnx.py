"""The weights of an ONNX model, read off the protobuf wire without its weights.

A protobuf has no magic number either. A file is taken for ONNX if its fields fill it exactly, all are
fields of `ModelProto` with their wire types, none that stands once stands twice, `ir_version` is 1 to 20,
`opset_import` is there and well formed, and so are the fields of `graph`. Any other protobuf is some other
file. One more is refused instead: a file that names its producer and breaks off inside its graph, which is
how a cut-off download looks.

Weights are the initialisers of every graph, also of subgraphs, functions and training graphs, and the
floating-point tensors of `Constant` nodes that have a dimension, for some exporters (spox) keep all
weights there. Text tensors are no weights.

Source: onnx/onnx.proto; docs/ExternalData.md; protobuf "Encoding".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import BinaryIO, Final

from govern.artifact.headers.header import Header, Window
from govern.artifact.headers.protobuf import BYTES, VARINT, Field, Wire
from govern.errors import InvalidInput
from govern.limits import MAX_ONNX_DEPTH
from govern.paths import check_path

_MAX_IR_VERSION: Final = 20
_I64: Final = (1 << 63) - 1

_MODEL: Final = dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES) | {1: VARINT, 5: VARINT}
_MODEL_REPEATED: Final = frozenset({8, 14, 20, 25, 26})
_GRAPH: Final = dict.fromkeys((1, 2, 5, 10, 11, 12, 13, 14, 15, 16), BYTES)
_OPSET: Final = {1: BYTES, 2: VARINT}
"""Wire types by field number of ModelProto, GraphProto and OperatorSetIdProto."""

_TYPES: Final[dict[int, tuple[str, int]]] = {
    1: ("float32", 32),
    2: ("uint8", 8),
    3: ("int8", 8),
    4: ("uint16", 16),
    5: ("int16", 16),
    6: ("int32", 32),
    7: ("int64", 64),
    9: ("bool", 8),
    10: ("float16", 16),
    11: ("float64", 64),
    12: ("uint32", 32),
    13: ("uint64", 64),
    14: ("complex64", 64),
    15: ("complex128", 128),
    16: ("bfloat16", 16),
    17: ("float8_e4m3", 8),
    18: ("float8_e4m3fnuz", 8),
    19: ("float8_e5m2", 8),
    20: ("float8_e5m2fnuz", 8),
    21: ("uint4", 4),
    22: ("int4", 4),
    23: ("float4_e2m1", 4),
    24: ("float8_e8m0", 8),
    25: ("uint2", 2),
    26: ("int2", 2),
    27: ("float6_e2m3", 0),
    28: ("float6_e3m2", 0),
}
"""Name and bits of an element by TensorProto.DataType; 0 where the packing in bytes is not simply these."""
_TEXT: Final = 8


def read_onnx(file: BinaryIO, size: int, what: str) -> Header | None:
    """Count the weights of an ONNX model, or return None for a file that is none.

    Element types that this list does not know count as `onnx_type_<number>`.

    Args:
        file: seekable and binary.
        size: its length in bytes.
        what: whose weights they are, for messages.

    Raises:
        InvalidInput: for a model whose inside is malformed, nested too deeply or too large to scan, whose
            tensors have another length than their shape says, or that keeps weights in a file outside its
            folder.
    """
    wire = Wire(Window(file, size, what))
    parts = _outline(wire)
    if parts is None:
        return None
    weights = _Weights(wire)
    for field in parts:
        match field.number:
            case 7:
                weights.graph(field, 0)
            case 20:
                for one in wire.fields(field.start, field.end):
                    if one.number in (1, 2):
                        weights.graph(wire.message(one), 0)
            case _:
                for one in wire.fields(field.start, field.end):
                    if one.number == 7:
                        weights.node(wire.message(one), 0)
                    elif one.number == 11:
                        weights.attribute(wire.message(one), 0, constant=False)
    return Header(
        format="onnx",
        parameters=weights.counts.total(),
        precisions=MappingProxyType({name: count for name, count in weights.counts.items() if count}),
        architecture=None,
        quantization=None,
        external=tuple(sorted(weights.external)),
    )


def _outline(wire: Wire) -> list[Field] | None:
    """Return the parts of a model that may hold weights, or None if this is no model."""
    parts: list[Field] = []
    seen: set[int] = set()
    named = False
    try:
        for field in wire.fields(0, wire.window.size):
            if _MODEL.get(field.number) != field.wire:
                return None
            if field.number in seen and field.number not in _MODEL_REPEATED:
                return None
            seen.add(field.number)
            match field.number:
                case 1 if not 1 <= field.value <= _MAX_IR_VERSION:
                    return None
                case 2:
                    producer = wire.window.read(field.start, min(100, field.end - field.start))
                    named = 1 in seen and producer != b"" and producer.decode("latin-1").isprintable()
                case 8 if not _follows(wire, field, _OPSET):
                    return None
                case 7:
                    if not _follows(wire, field, _GRAPH):
                        return None
                    parts.append(field)
                case 20 | 25:
                    parts.append(field)
    except InvalidInput:
        if named and wire.last in ((7, BYTES), (8, BYTES)):
            raise
        return None
    return parts if {1, 7, 8} <= seen else None


def _follows(wire: Wire, message: Field, known: Mapping[int, int]) -> bool:
    return all(known.get(field.number) == field.wire for field in wire.fields(message.start, message.end))


class _Weights:
    """Counts what the graphs of one model hold."""

    __slots__ = ("_wire", "counts", "external")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.counts: Counter[str] = Counter()
        self.external: set[str] = set()

    def graph(self, graph: Field, depth: int) -> None:
        MAX_ONNX_DEPTH.check(depth, f"the nesting of graphs of {self._wire.window.what}", InvalidInput)
        for field in self._wire.fields(graph.start, graph.end):
            if field.number == 1:
                self.node(self._wire.message(field), depth)
            elif field.number == 5:
                self._add(self.tensor(self._wire.message(field)))
            elif field.number == 15:
                self._sparse(self._wire.message(field), initialiser=True)

    def node(self, node: Field, depth: int) -> None:
        # An attribute may stand before the name of its operator, so both are collected first.
        attributes = []
        constant = False
        for field in self._wire.fields(node.start, node.end):
            if field.number == 4:
                length = self._wire.message(field).end - field.start
                constant = length == 8 and self._wire.window.read(field.start, 8) == b"Constant"
            elif field.number == 5:
                attributes.append(self._wire.message(field))
        for attribute in attributes:
            self.attribute(attribute, depth, constant=constant)

    def attribute(self, attribute: Field, depth: int, *, constant: bool) -> None:
        for field in self._wire.fields(attribute.start, attribute.end):
            match field.number:
                case 5 | 10:
                    precision, elements, dimensions = self.tensor(self._wire.message(field))
                    if constant and dimensions and "float" in precision:
                        self.counts[precision] += elements
                case 6 | 11:
                    self.graph(self._wire.message(field), depth + 1)
                case 22 | 23:
                    self._sparse(self._wire.message(field), initialiser=False)
                case 2 | 3 | 4 | 7 | 8 | 9:
                    # A number, a text or a list of them: an attribute has one value, so no tensor follows.
                    return

    def _sparse(self, sparse: Field, *, initialiser: bool) -> None:
        for field in self._wire.fields(sparse.start, sparse.end):
            if field.number in (1, 2):
                found = self.tensor(self._wire.message(field))
                if initialiser and field.number == 1:
                    self._add(found)

    def _add(self, found: tuple[str, int, int]) -> None:
        precision, elements, _ = found
        if precision != "text":
            self.counts[precision] += elements

    def tensor(self, tensor: Field) -> tuple[str, int, int]:
        """Return precision, elements and dimensions of a tensor, and note where its data is."""
        kind = dimensions = 0
        elements = 1
        raw = -1
        typed = external = False
        location = ""
        for field in self._wire.fields(tensor.start, tensor.end):
            match field.number:
                case 1:
                    for item in self._wire.numbers(field):
                        elements *= item
                        dimensions += 1
                        if item > _I64 or elements > _I64:
                            raise _broken(self._wire, "a tensor of 2^63 elements or more", "fewer")
                case 2:
                    kind = field.value
                case 4 | 5 | 6 | 7 | 10 | 11:
                    typed = True
                case 9:
                    raw = self._wire.message(field).end - field.start
                case 13:
                    location = self._location(self._wire.message(field)) or location
                case 14:
                    external = field.value == 1
        precision, bits = ("text", 0) if kind == _TEXT else _TYPES.get(kind, (f"onnx_type_{kind}", 0))
        if kind == 0:
            raise _broken(self._wire, "a tensor without a data type", "data_type")
        if external:
            self.external.add(self._local(location))
        elif raw >= 0 and bits and raw != (elements * bits + 7) // 8:
            raise _broken(
                self._wire, f"{raw} bytes for {elements} elements of {precision}", "as many as its shape says"
            )
        elif raw < 0 and not typed and elements:
            raise _broken(self._wire, f"a tensor of {elements} elements and no data", "its data, or where it is")
        return precision, elements, dimensions

    def _location(self, entry: Field) -> str | None:
        """Return the value of a `location` entry, or None for another key."""
        key = value = None
        for field in self._wire.fields(entry.start, entry.end):
            if field.number == 1:
                key = self._wire.text(field)
            elif field.number == 2:
                value = field
        return self._wire.text(value) if key == "location" and value is not None else None

    def _local(self, location: str) -> str:
        # The spec allows any relative POSIX path; `./weights` and `weights` are the same file.
        path = "/".join(part for part in location.split("/") if part != ".")
        return check_path(path, f"the external data of {self._wire.window.what}")


def _broken(wire: Wire, got: str, expected: str) -> InvalidInput:
    """Return the refusal of a model whose outside is right and whose inside is not."""
    return InvalidInput(
        f"{wire.window.what} is an ONNX model and is not valid",
        got=got,
        expected=expected,
        hint="copy or download it again; onnx.checker.check_model says more",
    )
