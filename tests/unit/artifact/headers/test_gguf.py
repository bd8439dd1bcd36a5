"""GGUF headers: both versions, both byte orders, every kind of value, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from govern.artifact.headers import Header, read_header
from govern.errors import InvalidInput
from govern.limits import MAX_GGUF_DEPTH, MAX_GGUF_ENTRIES, MAX_GGUF_STRING, MAX_HEADER
from support.model_files import Order, gguf, gguf_array, gguf_pair, gguf_tensor, gguf_text


def read(data: bytes, size: int | None = None) -> Header | None:
    return read_header(io.BytesIO(data), len(data) if size is None else size, "the file 'm'")


def known(data: bytes) -> Header:
    header = read(data)
    assert header is not None
    return header


def u32(value: int, order: Order = "little") -> bytes:
    return value.to_bytes(4, order)


def u64(value: int) -> bytes:
    return value.to_bytes(8, "little")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("order", ["little", "big"])
def test_a_quantised_model_says_what_it_is(version: int, order: Order) -> None:
    data = gguf(
        [
            gguf_pair("general.architecture", 8, gguf_text("llama", order), order),
            gguf_pair("general.file_type", 4, u32(15, order), order),
        ],
        [
            gguf_tensor("a", [256, 2], 12, 0, order),
            gguf_tensor("b", [256], 14, 288, order),
            gguf_tensor("c", [3, 2, 1, 1], 0, 512, order),
            gguf_tensor("d", [5], 1, 544, order),
        ],
        554,
        version=version,
        order=order,
    )
    header = known(data)
    assert (header.format, header.architecture, header.quantization) == ("gguf", "llama", "Q4_K_M")
    assert header.precisions == {"q4_k": 512, "q6_k": 256, "float32": 6, "float16": 5}
    assert header.parameters == 779


def test_every_kind_of_value_is_passed_over() -> None:
    widths = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    pairs = [gguf_pair(f"k{kind}", kind, bytes(width)) for kind, width in widths.items()]
    pairs += [gguf_pair(f"a{kind}", 9, gguf_array(kind, 3, bytes(3 * width))) for kind, width in widths.items()]
    pairs += [
        gguf_pair("s", 8, gguf_text(b"\xff\xfe")),
        gguf_pair("as", 9, gguf_array(8, 2, gguf_text("x") + gguf_text(""))),
        gguf_pair("aa", 9, gguf_array(9, 2, gguf_array(4, 1, u32(1)) + gguf_array(8, 1, gguf_text("y")))),
        gguf_pair("none", 9, gguf_array(9, 0, b"")),
        gguf_pair("general.architecture", 8, gguf_text("gemma3")),
    ]
    assert known(gguf(pairs)).architecture == "gemma3"


@pytest.mark.parametrize(("file_type", "name"), [(0, None), (1, None), (32, None), (7, "Q8_0"), (1024, None)])
def test_the_quantization_is_that_of_the_file_type(file_type: int, name: str | None) -> None:
    pairs = [gguf_pair("general.file_type", 4, u32(file_type))]
    assert known(gguf(pairs, [gguf_tensor("a", [32], 8, 0)], 34)).quantization == name


def test_a_file_type_without_quantised_tensors_is_not_believed() -> None:
    pairs = [gguf_pair("general.file_type", 4, u32(15))]
    assert known(gguf(pairs, [gguf_tensor("a", [32], 0, 0)], 128)).quantization is None


@pytest.mark.parametrize("value", [gguf_text("llama\x1b[2J"), gguf_text(b"\xff"), gguf_text("")])
def test_an_architecture_that_is_no_word_is_unknown(value: bytes) -> None:
    assert known(gguf([gguf_pair("general.architecture", 8, value)])).architecture is None


def test_an_unknown_element_type_is_counted_under_its_number() -> None:
    header = known(gguf([], [gguf_tensor("a", [7], 140, 0), gguf_tensor("b", [128], 42, 32)], 96))
    assert header.precisions == {"ggml_type_140": 7, "q2_0": 128}


BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 40),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
    40: (64, 36),
    41: (128, 18),
}
"""GGML_QUANT_SIZES of the gguf package 0.19, by type: elements and bytes of a block."""


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_tensor_takes_as_many_bytes_as_its_type_says(kind: int) -> None:
    block, length = BLOCKS[kind]
    tensor = gguf_tensor("a", [2 * block, 3], kind, 0)
    assert known(gguf([], [tensor], 6 * length)).parameters == 6 * block
    with pytest.raises(InvalidInput, match="ends in the middle"):
        read(gguf([], [tensor], 6 * length - 1))


def test_the_alignment_of_the_file_holds() -> None:
    pairs = [gguf_pair("general.alignment", 4, u32(128))]
    tensors = [gguf_tensor("a", [1], 0, 0), gguf_tensor("b", [1], 0, 128)]
    assert known(gguf(pairs, tensors, 132, alignment=128)).parameters == 2
    with pytest.raises(InvalidInput, match="multiple of 128"):
        read(gguf(pairs, [gguf_tensor("a", [1], 0, 32)], 200, alignment=128))
    for value in (0, 3, 96):
        with pytest.raises(InvalidInput, match="power of two"):
            read(gguf([gguf_pair("general.alignment", 4, u32(value))]))
    with pytest.raises(InvalidInput, match="power of two"):
        read(gguf([gguf_pair("general.alignment", 8, gguf_text("32"))]))


def test_version_1_is_refused_with_a_reason() -> None:
    with pytest.raises(InvalidInput, match="version 1") as caught:
        read(gguf(version=1))
    assert "llama.cpp" in caught.value.hint


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(InvalidInput, match="version 4"):
        read(gguf(version=4))


@pytest.mark.parametrize(
    "data", [b"GGUF", b"GGUF\x03\x00\x00", b"GGUF files of this model\n" * 40, b"GGUF\r\n\r\n" * 9]
)
def test_a_text_that_begins_with_the_word_is_some_other_file(data: bytes) -> None:
    assert read(data) is None


@pytest.mark.parametrize(
    ("tensors", "data", "match"),
    [
        ([gguf_tensor("a", [1], 0, 0)] * 2, 4, "twice"),
        ([gguf_tensor("a", [1] * 5, 0, 0)], 4, "5 dimensions"),
        ([gguf_tensor("a", [33], 8, 0)], 99, "rows of 33"),
        ([gguf_tensor("a", [2**63], 0, 0)], 4, "2.63"),
        ([gguf_tensor("a", [2**32, 2**32, 2**32], 0, 0)], 4, "2.63"),
        ([gguf_tensor("a", [1], 0, 7)], 40, "multiple of 32"),
        ([gguf_tensor("a", [16], 0, 0), gguf_tensor("b", [1], 0, 32)], 64, "another one ends"),
        ([gguf_tensor("a", [16], 0, 0)], 63, "ends in the middle"),
        ([gguf_tensor("a", [1], 0, 2**63)], 64, "ends in the middle"),
    ],
)
def test_tensors_that_contradict_each_other_or_the_file_are_refused(
    tensors: list[bytes], data: int, match: str
) -> None:
    with pytest.raises(InvalidInput, match=match):
        read(gguf([], tensors, data))


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        read(gguf([gguf_pair("a", 7, b"\1"), gguf_pair("a", 7, b"\0")]))


def test_an_unknown_kind_of_value_is_refused() -> None:
    with pytest.raises(InvalidInput, match="type 13"):
        read(gguf([gguf_pair("a", 13, b"")]))
    with pytest.raises(InvalidInput, match="type 13"):
        read(gguf([gguf_pair("a", 9, gguf_array(13, 1, b""))]))


def test_every_count_has_a_bound() -> None:
    with pytest.raises(InvalidInput, match="MAX_GGUF_ENTRIES"):
        read(b"GGUF" + u32(3) + u64(MAX_GGUF_ENTRIES.value + 1) + u64(0))
    with pytest.raises(InvalidInput, match="MAX_GGUF_ENTRIES"):
        read(b"GGUF" + u32(3) + u64(0) + u64(2**64 - 1))
    with pytest.raises(InvalidInput, match="MAX_GGUF_ENTRIES"):
        read(gguf([gguf_pair("a", 9, gguf_array(8, MAX_GGUF_ENTRIES.value + 1, b""))]))
    with pytest.raises(InvalidInput, match="MAX_GGUF_STRING"):
        read(gguf([gguf_pair("a", 8, u64(MAX_GGUF_STRING.value + 1))]))
    with pytest.raises(InvalidInput, match="MAX_HEADER"):
        read(gguf([gguf_pair("a", 9, gguf_array(10, 2**61, b""))]), 1 << 62)
    with pytest.raises(InvalidInput, match="MAX_HEADER"):
        read(gguf([gguf_pair("a", 9, gguf_array(0, MAX_HEADER.value, b""))]), 1 << 30)


def test_nested_arrays_have_a_bound() -> None:
    value = gguf_array(0, 0, b"")
    for _ in range(MAX_GGUF_DEPTH.value):
        value = gguf_array(9, 1, value)
    assert read(gguf([gguf_pair("a", 9, value)])) is not None
    with pytest.raises(InvalidInput, match="MAX_GGUF_DEPTH"):
        read(gguf([gguf_pair("a", 9, gguf_array(9, 1, value))]))


def test_every_cut_of_a_file_is_refused() -> None:
    data = gguf(
        [gguf_pair("general.architecture", 8, gguf_text("llama")), gguf_pair("x", 9, gguf_array(8, 1, gguf_text("t")))],
        [gguf_tensor("a", [2, 2], 0, 0)],
        16,
    )
    for length in range(8, len(data)):
        with pytest.raises(InvalidInput):
            read(data[:length])


def test_a_file_that_shrinks_while_it_is_read_is_refused() -> None:
    data = gguf([gguf_pair("general.architecture", 8, gguf_text("llama"))])
    for length in range(8, len(data) - 31):
        with pytest.raises(InvalidInput, match="ends in the middle"):
            read(data[:length], len(data))


def test_weights_are_not_read(tmp_path: Path) -> None:
    head = gguf([], [gguf_tensor("a", [1 << 30], 0, 0)])
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + (1 << 32))
    with path.open("rb") as file:
        header = read_header(file, path.stat().st_size, "the file")
        assert file.tell() < 65_536
    assert header is not None
    assert header.parameters == 1 << 30
