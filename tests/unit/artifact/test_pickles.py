"""Pickles are found by their bytes wherever they are packed, and nothing else is taken for one."""

from __future__ import annotations

import bz2
import collections
import gzip
import io
import lzma
import os
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from govern.artifact.pickles import PickleFound, find_pickle
from govern.errors import InvalidInput
from govern.limits import MAX_NESTED_ZIP, MAX_NPY_HEADER, MAX_ZIP_DEPTH, Bound
from support.model_files import gguf, onnx_graph, onnx_model, onnx_tensor, safetensors, zip_of

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
SHELL = b"cos\nsystem\n(S'true'\ntR."
LEGACY_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
PICKLE = pickle.dumps(collections.OrderedDict(a=1), 2)


def find(data: bytes) -> PickleFound | None:
    return find_pickle(io.BytesIO(data), len(data), "the file 'm'")


def npy(header: str, version: tuple[int, int] = (1, 0), data: bytes = b"") -> bytes:
    text = header.encode("latin-1")
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def old_joblib(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


Pack = Callable[[bytes], bytes]
COMPRESSIONS: list[Pack] = [
    zlib.compress,
    gzip.compress,
    bz2.compress,
    lzma.compress,
    alone,
    old_joblib,
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [None, True, 7, -(10**30), 1.5, "text", b"bytes", [1, 2], {"a": (1, 2, 3, 4)}, {1, 2}, os.getcwd, PICKLE],
    ids=repr,
)
def test_every_protocol_is_found(value: object, protocol: int) -> None:
    assert find(pickle.dumps(value, protocol)) == PickleFound("")


@pytest.mark.parametrize("pack", COMPRESSIONS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_compressed_pickles_are_found(pack: Pack, protocol: int) -> None:
    assert find(pack(pickle.dumps({"a": [1.5, "x"], "b": os.getcwd}, protocol))) == PickleFound("")


def test_the_old_torch_format_is_found() -> None:
    assert find(LEGACY_MAGIC + pickle.dumps(1001, 2) + b"\0" * 100) == PickleFound("")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_torch_zip_is_found_by_its_member(method: int) -> None:
    data = zip_of({"m/version": b"3\n", "m/data/0": bytes(400), "m/data.pkl": PICKLE}, method)
    assert find(data) == PickleFound("m/data.pkl")


@pytest.mark.parametrize("outer", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inner", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_in_a_zip_is_looked_into(outer: int, inner: int) -> None:
    data = zip_of({"a.txt": b"hello", "b.pt": zip_of({"c/data.pkl": PICKLE}, inner)}, outer)
    assert find(data) == PickleFound("b.pt!c/data.pkl")


def test_a_compressed_pickle_in_a_zip_is_found() -> None:
    assert find(zip_of({"m.gz": gzip.compress(PICKLE)})) == PickleFound("m.gz")
    assert find(gzip.compress(zip_of({"m": PICKLE}))) == PickleFound("m")


def test_an_lzma_stream_that_asks_for_too_much_memory_is_refused() -> None:
    data = bytearray(alone(PICKLE))
    data[1:5] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(InvalidInput, match="cannot be told"):
        find(bytes(data))


def test_a_zip_behind_other_bytes_is_looked_into() -> None:
    assert find(safetensors({"a": ("F32", [9], 36)}) + zip_of({"m": PICKLE})) == PickleFound("m")


def test_names_say_nothing() -> None:
    assert find(zip_of({"m.safetensors": PICKLE})) == PickleFound("m.safetensors")
    assert find(zip_of({"data.pkl": b"this is a text\n"})) is None


@pytest.mark.parametrize(
    "data",
    [
        SHELL,
        SHELL + b"garbage that stops the unpickler too late",
        b"(cos\nsystem\nS'true'\no" + b"\xff",
        b"(S'true'\nios\nsystem\n" + b"\xff",
        b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R" + b"\xff",
        b"N0\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R" + b"\xff",
        b"cmodule\nplace\n}S'a'\nI1\nsb" + b"\xff",
        b"cos\nsystem\np5\n0g5\n(S'true'\nt\x81" + b"\xff",
        b"B" + struct.pack("<I", 70_000) + bytes(70_000) + b"0" + SHELL,
        b"V" + b"x" * 70_000 + b"\n0" + SHELL,
        b"\x80\x02cmy-module\nx\n" + b"\xff",
        b"\x80\x04\x82\x01.",
        b"N\x80\x04cos\nsystem\n" + b"\xff",
        b"(S'true'\nios\nsystem\xff",
        b"\x95\x03" + bytes(7) + b"\x8c\x05xaaaa\xff0" + SHELL,
        b"\x80\x03ios\nsystem\n.",
        b"cos\nsystem\np0\x00x\n(S'true'\ntR" + b"\xff",
        b"cos\nsystem\nI\x00x\n0(S'true'\ntR" + b"\xff",
        b"cos\nsystem\n](Vtrue\neR" + b"\xff",
        b"Vos\n(eVsystem\n\x93(S'true'\ntR" + b"\xff",
        b"\x95\x06" + bytes(7) + b"X\x00\x01\x00\x00xcos\nsystem\n(S'true'\ntR",
        b"\x95\x03" + bytes(7) + b"(ixx" + SHELL,
        b"(lp0\nI1\naI2\na.",
        b"\x80\x00I1\n.",
    ],
)
def test_streams_that_run_before_they_fail_are_found(data: bytes) -> None:
    assert find(data) == PickleFound("")


def test_a_long_string_in_front_hides_nothing_in_a_compressed_stream() -> None:
    hidden = b"B" + struct.pack("<I", 80 << 20) + bytes(80 << 20) + b"0" + SHELL + b"\xff"
    assert find(gzip.compress(hidden, 1)) == PickleFound("")
    assert find(zip_of({"m": hidden}, zipfile.ZIP_DEFLATED)) == PickleFound("m")


def test_an_empty_stream_in_front_hides_nothing() -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert find(pack(b"") * 3 + pack(PICKLE[:5]) + pack(PICKLE[5:])) == PickleFound("")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"N",
        b"\x80",
        b"\x80\x04",
        b"\x80\x04.",
        b"\x80\x04\x93" + b"\xff",
        b"\x80\x06N.",
        b"\x80\x04K",
        b"t.",
        b"N1.",
        b"(.",
        b"hello\n",
        b"colorama\nclick\ncoverage\ncython\nattrs\nblack\nRequests\n",
        b"cat\ndog\n.gitignore\n",
        b"(in progress)\n- one\n",
        b"Timestamp,Value\n1,2\n",
        b"# Title\n\nN. B.\n",
        b"I am a text.\n.",
        b"Some text\n.",
        b"Foo\n.",
        b"g0\n.",
        b"\x94.",
        b"N(tR" + b"\xff",
        b"cos\nsystem\n(o" + b"\xff",
        b"K\x01K\x02\x93(tR" + b"\xff",
        b"1950-01-01,3\n",
        b'{"a": 1}',
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        b"\xff\xd8\xff\xe0" + bytes(50),
        b"BZh is how this text begins",
        b"x^2 + y^2",
        b"]\x00" + bytes(90),
        b"\x1f\x8b" + bytes(90),
        b"ZF is how this text begins, too",
        bytes(100_000),
        b"PK: the primary key\n",
        b"\x93NUMB",
        safetensors({"a": ("F32", [200], 800)}),
        gguf(),
        onnx_model(onnx_graph(onnx_tensor([4], 1, bytes(16)))),
    ],
)
def test_other_files_are_no_pickles(data: bytes) -> None:
    assert find(data) is None
    assert find(gzip.compress(data)) is None
    assert find(zip_of({"a": data}, zipfile.ZIP_DEFLATED)) is None


def test_random_weights_are_no_pickles() -> None:
    source = random.Random(7)
    for first in range(256):
        # A first byte that begins an opcode must not be enough, whatever follows by chance.
        for _ in range(20):
            assert find(bytes([first]) + source.randbytes(500)) is None


@pytest.mark.parametrize(
    "descr", ["'|O'", "'O'", "'object'", "'O8'", "'i4,O'", "[('a', '<f4'), ('b', '|O')]", "('O', (2,))"]
)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_arrays_of_objects_are_pickles(descr: str, version: tuple[int, int]) -> None:
    data = npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}   \n", version, PICKLE)
    assert find(data) == PickleFound("")
    assert find(zip_of({"a.npy": npy("{'descr': '<f4'}"), "b.npy": data}, zipfile.ZIP_DEFLATED)) == PickleFound("b.npy")


@pytest.mark.parametrize("descr", ["\\x7cO", "\\dO"])
def test_an_element_type_written_with_an_escape_counts_as_objects(descr: str) -> None:
    assert find(npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,)}}")) == PickleFound("")


@pytest.mark.parametrize(
    "descr",
    ["'<f4'", "'|b1'", "'|S5'", "'<U3'", "'<M8[ns]'", "'|V2'", "'<c16'", "[('O', '<f4'), (('t', 'x'), '|u1', (2,))]"],
)
def test_other_arrays_are_not(descr: str) -> None:
    assert find(npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1, 3L), }}", data=bytes(40))) is None


@pytest.mark.parametrize(
    "header", ["", "{", "[]", "{}", "{'shape': (1,)}", "(" * 5000, "{'descr': open('x')}", "{'descr': 3"]
)
def test_an_array_header_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput, match="npy"):
        find(npy(header))


def test_an_array_header_has_a_bound() -> None:
    with pytest.raises(InvalidInput, match="MAX_NPY_HEADER"):
        find(npy("", (2, 0))[:8] + struct.pack("<I", MAX_NPY_HEADER.value + 1))


def test_numpy_arrays_of_objects_are_found_as_numpy_writes_them() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is missing: pip install numpy")
    for save in (numpy.savez, numpy.savez_compressed):
        file = io.BytesIO()
        save(file, a=numpy.arange(5), b=numpy.array([{}], dtype=object))
        assert find(file.getvalue()) == PickleFound("b.npy")
        file = io.BytesIO()
        save(file, a=numpy.arange(5), b=numpy.zeros(100_000), c=numpy.zeros(2, [("x", "<f4"), ("y", "S3")]))
        assert find(file.getvalue()) is None


def test_arrays_between_opcodes_hide_nothing() -> None:
    # joblib writes arrays raw into the stream, right behind the object that describes them.
    assert find(b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x06joblib\x8c\x01x\x93)\x81" + os.urandom(500)) == PickleFound("")


@pytest.mark.parametrize("cut", [10, 60, -1, -22])
def test_a_broken_zip_is_refused(cut: int) -> None:
    with pytest.raises(InvalidInput, match="broken zip"):
        find(zip_of({"a": b"text", "b": b"more"})[:cut])


def test_what_only_ends_like_a_zip_is_none() -> None:
    assert find(b"weights" * 100 + b"PK\x05\x06" + b"\1" * 18) is None


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(zip_of({"a": b"text"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidInput, match="encrypted"):
        find(bytes(data))


def test_a_rare_compression_is_refused() -> None:
    with pytest.raises(InvalidInput, match="compression method 14"):
        find(zip_of({"a": b"text"}, zipfile.ZIP_LZMA))


def test_a_member_that_is_not_where_it_should_be_is_refused() -> None:
    data = bytearray(zip_of({"a": b"text"}))
    data[0:4] = b"PK\x03\x05"
    with pytest.raises(InvalidInput, match="without a header"):
        find(bytes(b"PK\x03\x04" + data[4:4]) + bytes(26) + bytes(data))
    data = bytearray(zip_of({"a": b"text"}))
    start = data.index(b"PK\x01\x02")
    data[start + 20 : start + 28] = struct.pack("<2I", 5000, 5000)
    with pytest.raises(InvalidInput, match="cut off"):
        find(bytes(data))


def test_zips_nest_up_to_a_bound() -> None:
    data = b"text"
    for _ in range(MAX_ZIP_DEPTH.value):
        data = zip_of({"a": data})
    assert find(data) is None
    with pytest.raises(InvalidInput, match="MAX_ZIP_DEPTH"):
        find(zip_of({"a": data}))


def test_members_have_a_bound_over_all_zips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govern.artifact.pickles.MAX_ZIP_MEMBERS", Bound("MAX_ZIP_MEMBERS", 3, "members"))
    assert find(zip_of({"a": b"1", "b": b"2", "c": b"3"})) is None
    with pytest.raises(InvalidInput, match="MAX_ZIP_MEMBERS"):
        find(zip_of({"a": b"1", "b": zip_of({"c": b"2", "d": b"3"})}))


def test_the_directory_of_a_zip_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govern.artifact.pickles.MAX_ZIP_DIRECTORY", Bound("MAX_ZIP_DIRECTORY", 200))
    with pytest.raises(InvalidInput, match="MAX_ZIP_DIRECTORY"):
        find(zip_of({"a" * 100: b"1", "b" * 100: b"2"}))


def test_a_compressed_zip_that_is_too_large_to_hold_is_refused() -> None:
    inner = zip_of({"a": bytes(MAX_NESTED_ZIP.value)})
    with pytest.raises(InvalidInput, match="MAX_NESTED_ZIP"):
        find(zip_of({"b": inner}, zipfile.ZIP_DEFLATED))


def test_what_is_unpacked_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govern.artifact.byte_streams.MAX_PICKLE_UNPACKED", Bound("MAX_PICKLE_UNPACKED", 1_000_000))
    text = b"Timestamp,value\n" + b"1,2\n" * 400_000
    with pytest.raises(InvalidInput, match="cannot be told"):
        find(gzip.compress(text))
    # With PROTO in front there is no doubt left to wait for.
    data = b"\x80\x04\x8e" + struct.pack("<Q", 2_000_000) + bytes(2_000_000)
    assert find(gzip.compress(data)) == PickleFound("")


def test_opcodes_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "govern.artifact.byte_streams.MAX_PICKLE_OPCODES", Bound("MAX_PICKLE_OPCODES", 5_000, "opcodes")
    )
    assert find(b"(l" + b"I1\na" * 5_000) == PickleFound("")
    monkeypatch.setattr("govern.artifact.byte_streams.MAX_PICKLE_OPCODES", Bound("MAX_PICKLE_OPCODES", 100, "opcodes"))
    with pytest.raises(InvalidInput, match="cannot be told"):
        find(zip_of({f"{number}": b"text" for number in range(200)}))


def test_weights_of_a_large_file_are_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"B" + struct.pack("<I", (1 << 32) - 1))
        file.truncate((1 << 33) + 7)
    with path.open("rb") as file:
        assert find_pickle(file, path.stat().st_size, "the file") is None
