"""Safetensors headers: what is taken for one, and what of that is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from govern.artifact.headers import Header, read_header
from govern.errors import InvalidInput
from govern.limits import MAX_HEADER
from support.model_files import safetensors, safetensors_of


def read(data: bytes, size: int | None = None) -> Header | None:
    return read_header(io.BytesIO(data), len(data) if size is None else size, "the file 'm'")


def entry(dtype: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def one(entries: object, data: int = 4) -> bytes:
    return safetensors_of(json.dumps(entries).encode(), bytes(data))


def test_elements_are_counted_by_precision() -> None:
    data = safetensors(
        {"a": ("F32", [2, 3], 24), "b": ("BF16", [4], 8), "c": ("F32", [], 4), "d": ("F8_E4M3", [5], 5)},
        {"format": "pt"},
    )
    header = read(data)
    assert header is not None
    assert (header.format, header.parameters) == ("safetensors", 16)
    assert header.precisions == {"float32": 7, "bfloat16": 4, "float8_e4m3": 5}
    assert (header.architecture, header.quantization, header.external) == (None, None, ())


@pytest.mark.parametrize(
    ("dtype", "elements", "length", "precision"),
    [
        ("F4", 6, 3, "float4_e2m1"),
        ("F6_E2M3", 4, 3, "float6_e2m3"),
        ("F6_E3M2", 8, 6, "float6_e3m2"),
        ("BOOL", 3, 3, "bool"),
        ("U8", 3, 3, "uint8"),
        ("I8", 3, 3, "int8"),
        ("F8_E5M2", 3, 3, "float8_e5m2"),
        ("F8_E8M0", 3, 3, "float8_e8m0"),
        ("I16", 3, 6, "int16"),
        ("U16", 3, 6, "uint16"),
        ("F16", 3, 6, "float16"),
        ("I32", 3, 12, "int32"),
        ("U32", 3, 12, "uint32"),
        ("C64", 3, 24, "complex64"),
        ("F64", 3, 24, "float64"),
        ("I64", 3, 24, "int64"),
        ("U64", 3, 24, "uint64"),
    ],
)
def test_every_element_type_has_its_width(dtype: str, elements: int, length: int, precision: str) -> None:
    header = read(safetensors({"a": (dtype, [elements], length)}))
    assert header is not None
    assert header.precisions == {precision: elements}
    with pytest.raises(InvalidInput, match="whole bytes"):
        read(safetensors({"a": (dtype, [elements], length + 1)}))


@pytest.mark.parametrize("length", [1, 2])
def test_elements_that_do_not_fill_their_last_byte_are_refused(length: int) -> None:
    with pytest.raises(InvalidInput, match="whole bytes"):
        read(safetensors({"a": ("F4", [3], length)}))


def test_a_hole_between_tensors_is_refused() -> None:
    with pytest.raises(InvalidInput, match="from 4 on"):
        read(one({"a": entry(), "b": entry(offsets=[8, 12])}, 12))


def test_a_size_that_overflows_on_the_way_to_zero_is_refused() -> None:
    with pytest.raises(InvalidInput, match="fewer than"):
        read(one({"a": entry(shape=[2**40, 2**40, 0], offsets=[0, 0])}, 0))


def test_empty_tensors_may_share_an_offset_with_others() -> None:
    header = read(one({"a": entry(), "b": entry(shape=[0, 7], offsets=[4, 4]), "c": entry(shape=[0], offsets=[0, 0])}))
    assert header is not None
    assert header.parameters == 1


@pytest.mark.parametrize("header", [b"{}", b"{}      ", b'{"__metadata__":{"format":"pt"}}'])
def test_a_file_without_tensors_is_one_if_it_ends_with_its_header(header: bytes) -> None:
    found = read(safetensors_of(header))
    assert found is not None
    assert found.parameters == 0
    assert read(safetensors_of(header, b"more")) is None


@pytest.mark.parametrize(
    "entries",
    [
        {"a": entry("F33")},
        {"a": entry(shape=[-1])},
        {"a": entry(shape=[True])},
        {"a": entry(shape=[1.0])},
        {"a": entry(shape="1")},
        {"a": entry(shape=[2**64])},
        {"a": entry(shape=[2**63], offsets=[0, 2**65])},
        {"a": entry(offsets=[0])},
        {"a": entry(offsets=[4, 0])},
        {"a": entry(offsets=[0, "4"])},
        {"a": entry(offsets=None)},
        {"a": {"shape": [1], "data_offsets": [0, 4]}},
        {"a": entry(), "b": 3},
        {"__metadata__": {"a": 1}, "a": entry()},
        {"__metadata__": "x", "a": entry()},
        {"a": entry(offsets=[1, 5])},
        {"a": entry(), "b": entry(offsets=[5, 9])},
        {"a": entry(), "b": entry(offsets=[0, 4])},
        {"a": entry(shape=[2], offsets=[0, 8])},
        {"a": entry(shape=[0], offsets=[0, 0])},
    ],
)
def test_what_the_reference_reader_refuses_is_refused(entries: object) -> None:
    with pytest.raises(InvalidInput, match="looks like safetensors"):
        read(one(entries))


def test_a_tensor_named_twice_is_refused() -> None:
    text = json.dumps({"a": entry()})[:-1] + "," + json.dumps({"a": entry()})[1:]
    with pytest.raises(InvalidInput, match="twice"):
        read(safetensors_of(text.encode(), bytes(4)))


def test_a_file_that_is_cut_off_is_refused() -> None:
    data = safetensors({"a": ("F32", [1000], 4000), "b": ("F32", [1], 4)})
    for length in (len(data) - 1, len(data) - 4000, 120):
        with pytest.raises(InvalidInput, match="looks like safetensors"):
            read(data[:length])


def test_a_file_that_shrinks_while_it_is_read_is_refused() -> None:
    data = safetensors({"a": ("F32", [1], 4)})
    with pytest.raises(InvalidInput, match="not valid JSON"):
        read(data[:-5], len(data))


def test_a_header_beyond_the_bound_is_refused_without_being_read() -> None:
    data = (MAX_HEADER.value + 1).to_bytes(8, "little") + json.dumps({"a": entry()}).encode()
    with pytest.raises(InvalidInput, match="MAX_HEADER"):
        read(data, 1 << 40)


def test_a_long_header_is_read_whole() -> None:
    names = {f"layer.{number}.weight": ("F16", [2], 4) for number in range(3000)}
    header = read(safetensors(names))
    assert header is not None
    assert header.precisions == {"float16": 6000}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02",
        bytes(4096),
        bytes(range(256)) * 40,
        b'weights={"a": {"dtype": "F32", "data_offsets": [0, 4]}}',
        safetensors_of(b'{"files":{"a":{"size":3}}}', b"abc"),
        safetensors_of(b'{"a" not json', b"abc"),
        safetensors_of(b'["data_offsets"]'),
        (123).to_bytes(8, "little") + (123).to_bytes(8, "little") * 100,
        safetensors_of(b" " + json.dumps({"a": entry()}).encode(), bytes(4)),
    ],
)
def test_other_files_are_not_taken_for_safetensors(data: bytes) -> None:
    assert read(data) is None


def test_only_the_header_is_read(tmp_path: Path) -> None:
    head = safetensors_of(json.dumps({"a": entry(shape=[1 << 30], offsets=[0, 1 << 32])}).encode())
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + (1 << 32))
    with path.open("rb", buffering=0) as raw:
        header = read_header(raw, path.stat().st_size, "the file")
        assert raw.tell() <= len(head) + 65_536
    assert header is not None
    assert header.parameters == 1 << 30


def test_the_library_and_this_reader_agree(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is missing: pip install numpy")
    library = pytest.importorskip("safetensors.numpy", reason="safetensors is missing: pip install safetensors")
    tensors = {
        "a": numpy.zeros((3, 5), numpy.float32),
        "b": numpy.ones((7,), numpy.float16),
        "c": numpy.arange(4),
        "d": numpy.zeros((0, 3), numpy.float64),
        "e": numpy.array(1.0, numpy.float32),
    }
    library.save_file(tensors, tmp_path / "m.bin", {"format": "np"})
    header = read((tmp_path / "m.bin").read_bytes())
    assert header is not None
    assert header.parameters == sum(one.size for one in tensors.values())
    assert header.precisions == {"float32": 16, "float16": 7, "int64": 4}
