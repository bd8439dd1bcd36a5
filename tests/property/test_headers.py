"""Whatever bytes a file has, header readers and the pickle search answer or refuse; they never break."""

from __future__ import annotations

import contextlib
import gzip
import io
import pickle
import re
import zipfile
from typing import Final, Self

from hypothesis import given, settings
from hypothesis import strategies as st

from govern.artifact.headers import Header, read_header
from govern.artifact.headers.modelpack import model_config
from govern.artifact.pickles import PickleFound, find_pickle
from govern.canonical import dumps
from govern.errors import InvalidInput
from support.model_files import (
    gguf,
    gguf_array,
    gguf_pair,
    gguf_tensor,
    gguf_text,
    onnx_external,
    onnx_graph,
    onnx_model,
    onnx_tensor,
    pb,
    safetensors,
    varint,
    zip_of,
)

SAFETENSORS: Final = safetensors({"a": ("F32", [2, 3], 24), "b": ("BF16", [4], 8)}, {"format": "pt"})
GGUF: Final = gguf(
    [
        gguf_pair("general.architecture", 8, gguf_text("llama")),
        gguf_pair("general.file_type", 4, (15).to_bytes(4, "little")),
        gguf_pair("tokens", 9, gguf_array(8, 2, gguf_text("a") + gguf_text("b"))),
    ],
    [gguf_tensor("a", [256], 12, 0), gguf_tensor("b", [3, 2], 0, 160)],
    184,
)
ONNX: Final = onnx_model(
    onnx_graph(
        onnx_tensor([2, 3], 1, bytes(24)),
        onnx_external([5], "w.bin"),
        nodes=[pb(4, "If") + pb(5, pb(1, "b") + pb(6, onnx_graph(onnx_tensor([2], 7, bytes(16)))))],
    )
)
WEIGHTS: Final = [SAFETENSORS, GGUF, ONNX]

NPY: Final = b"\x93NUMPY\x01\x00\x36\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}0000"
PACKED: Final = [
    pickle.dumps({"a": [1, 2.5, "x"]}, 0),
    pickle.dumps({"a": [1, 2.5, "x"]}, 4),
    gzip.compress(b"some text that is no pickle"),
    zip_of({"a/data": b"text", "b": NPY, "c.zip": zip_of({"d": b"x"})}),
    zip_of({"a/data": b"text", "b": NPY}, zipfile.ZIP_DEFLATED),
    NPY,
]


WHAT: Final = "the file 'm'"


def answer(data: bytes, size: int | None = None) -> None:
    """Ask both readers; anything but an answer or a refusal that names the file fails the test."""
    length = len(data) if size is None else size
    messages = []
    try:
        header = read_header(io.BytesIO(data), length, WHAT)
        assert header is None or isinstance(header, Header)
        if header is not None:
            assert header.parameters == sum(header.precisions.values())
            dumps(model_config([header], None))
    except InvalidInput as refusal:
        messages.append(refusal.message)
    try:
        found = find_pickle(io.BytesIO(data), length, WHAT)
        assert found is None or isinstance(found, PickleFound)
    except InvalidInput as refusal:
        messages.append(refusal.message)
    assert all(WHAT in message for message in messages)


STARTS: Final = st.sampled_from(
    [
        b"",
        b"GGUF\x03\0\0\0",
        b"\x08\x08\x12\x07pytorch",
        b"\x08\x08\x3a",
        b'\x40\0\0\0\0\0\0\0{"a":{"data_offsets"',
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x80\x04",
        b"\x1f\x8b\x08",
        b"\x78\x9c",
        b"BZh9",
        b"\xfd7zXZ\x00",
        b"\x5d\x00",
        b"\x93NUMPY\x01\x00",
        b"ZF0x10",
        b"c",
        b"(",
    ]
)


@given(STARTS, st.binary(max_size=300))
def test_any_bytes_are_answered_or_refused(start: bytes, rest: bytes) -> None:
    answer(start + rest)


@given(st.sampled_from(WEIGHTS + PACKED), st.data())
@settings(max_examples=400)
def test_a_cut_is_answered_or_refused(valid: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(valid)))
    answer(valid[:cut])
    answer(valid[:cut], len(valid))


@given(st.sampled_from(WEIGHTS + PACKED), st.data())
@settings(max_examples=1500)
def test_a_mutation_is_answered_or_refused(valid: bytes, data: st.DataObject) -> None:
    mutated = bytearray(valid)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        match data.draw(st.sampled_from(["set", "huge", "insert", "delete"])):
            case "set":
                mutated[place] = data.draw(st.integers(0, 255))
            case "huge":
                mutated[place : place + 8] = b"\xff" * data.draw(st.integers(1, 8))
            case "insert":
                mutated[place:place] = data.draw(st.binary(min_size=1, max_size=9))
            case _:
                del mutated[place : place + data.draw(st.integers(1, 9))]
        if not mutated:
            break
    answer(bytes(mutated))


FIELDS: Final = st.tuples(st.integers(1, 26), st.integers(0, 2**64 - 1) | st.binary(max_size=20))


@given(st.lists(FIELDS.filter(lambda field: field[0] != 8), max_size=8))
def test_a_protobuf_without_operator_sets_is_some_other_file(fields: list[tuple[int, int | bytes]]) -> None:
    data = b"".join(pb(*field) for field in fields)
    assert read_header(io.BytesIO(data), len(data), WHAT) is None


@given(st.integers(0, 2**64 - 1))
def test_the_protobuf_writer_of_the_tests_writes_varints(value: int) -> None:
    data = varint(value)
    assert sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(data)) == value


OBJECTS: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.sampled_from([len, int, range(3), 1j, bytearray(b"x")]),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


@given(OBJECTS, st.integers(0, pickle.HIGHEST_PROTOCOL), st.sampled_from([0, 1, 2, 3]))
def test_every_pickle_is_found_however_it_is_packed(value: object, protocol: int, packing: int) -> None:
    data = pickle.dumps(value, protocol)
    match packing:
        case 1:
            data = gzip.compress(data, 1)
        case 2:
            data = zip_of({"m": data}, zipfile.ZIP_DEFLATED)
        case 3:
            data = zip_of({"m": gzip.compress(data, 1)})
    member = "" if packing < 2 else "m"
    assert find_pickle(io.BytesIO(data), len(data), "the file") == PickleFound(member)


class Witness:
    """Stands for whatever a stream imports, and notes that it was called."""

    called = False

    def __new__(cls, *_: object, **__: object) -> Self:
        Witness.called = True
        return object.__new__(cls)

    def __setstate__(self, _: object) -> None:
        Witness.called = True


def witness(module: str, name: str) -> type[Witness]:
    """Import nothing; refuse what no module and no name in it is called."""
    if not re.fullmatch(r"[\w.]+", module) or not re.fullmatch(r"[\w.]+", name):
        raise ImportError(module)
    return Witness


class InC(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> type[Witness]:
        return witness(module, name)


class InPython(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> type[Witness]:
        return witness(module, name)


SEEDS: Final = [
    b"cos\nsystem\n(S'id'\ntR.",
    b"(cos\nsystem\nS'id'\no.",
    b"(S'id'\nios\nsystem\n.",
    b"\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
    b"\x80\x04\x95\x17\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x85\x94R\x94.",
    b"cos\nsystem\np0\n0](g0\nV1\nI2\n}(K\x01K\x02u)\x81}b.",
]
# Bytes that are opcodes at which the unpickler allocates what a stream asks for (r, j, B) are left out, here and above.
INSERTS: Final = st.sampled_from(
    b"NK0(2)]}tRboacspqgh.e\n\0019\x85\x86\x87\x88\x94\x93\x81\x92\x8f\x90\x95\x80ISVFMXUC1lQP"
)


@given(st.sampled_from(SEEDS), st.sampled_from([InC, InPython]), st.data())
@settings(max_examples=1500)
def test_a_stream_that_makes_an_unpickler_call_an_import_is_found(
    seed: bytes, unpickler: type[pickle.Unpickler], data: st.DataObject
) -> None:
    stream = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(stream)))
        if data.draw(st.booleans()):
            stream.insert(place, data.draw(INSERTS))
        else:
            del stream[place : place + 1]
    Witness.called = False
    with contextlib.suppress(Exception):
        unpickler(io.BytesIO(bytes(stream))).load()
    if Witness.called:
        assert find_pickle(io.BytesIO(bytes(stream)), len(stream), WHAT) == PickleFound("")
