"""ONNX models: what counts as a weight, which protobuf is one, and which file may hold weights beside it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from govern.artifact.headers import Header, read_header
from govern.errors import InvalidInput
from govern.limits import MAX_ONNX_DEPTH, MAX_ONNX_SCAN
from support.model_files import onnx_external, onnx_graph, onnx_model, onnx_tensor, pb, varint


def read(data: bytes, size: int | None = None) -> Header | None:
    return read_header(io.BytesIO(data), len(data) if size is None else size, "the file 'm'")


def known(*initialisers: bytes, nodes: tuple[bytes, ...] = ()) -> Header:
    header = read(onnx_model(onnx_graph(*initialisers, nodes=nodes)))
    assert header is not None
    return header


def node(operator: str, *attributes: bytes) -> bytes:
    return pb(1, "x") + pb(2, "y") + pb(4, operator) + b"".join(pb(5, one) for one in attributes)


def test_initialisers_are_counted_by_precision() -> None:
    header = known(
        onnx_tensor([2, 3], 1, bytes(24)),
        onnx_tensor([], 1, bytes(4)),
        onnx_tensor([5], 10, bytes(10)),
        onnx_tensor([4], 7, bytes(32)),
        onnx_tensor([5], 22, bytes(3)),
        onnx_tensor([5], 26, bytes(2)),
        onnx_tensor([0, 3], 1, b""),
    )
    assert header.format == "onnx"
    assert header.precisions == {"float32": 7, "float16": 5, "int64": 4, "int4": 5, "int2": 5}
    assert header.parameters == 26
    assert (header.architecture, header.quantization, header.external) == (None, None, ())


def test_packed_dimensions_are_read_too() -> None:
    tensor = pb(1, varint(300) + varint(2)) + pb(2, 1) + pb(9, bytes(2400))
    assert known(tensor).parameters == 600


def test_typed_data_needs_no_raw_data() -> None:
    assert known(onnx_tensor([2], 1, None, pb(4, bytes(8)))).parameters == 2


def test_texts_are_no_weights() -> None:
    assert known(onnx_tensor([2], 8, None, pb(6, "a"), pb(6, "b"))).parameters == 0


def test_an_unknown_element_type_is_counted_under_its_number() -> None:
    assert known(onnx_tensor([2], 77, b"abc")).precisions == {"onnx_type_77": 2}


def test_constants_with_dimensions_are_weights_if_they_are_floating() -> None:
    def value(tensor: bytes) -> bytes:
        return pb(1, "value") + pb(5, tensor) + pb(20, 4)

    header = known(
        nodes=(
            node("Constant", value(onnx_tensor([3, 2], 1, bytes(24)))),
            node("Constant", value(onnx_tensor([], 1, bytes(4)))),
            node("Constant", value(onnx_tensor([4], 7, bytes(32)))),
            node("ConstantOfShape", value(onnx_tensor([1], 1, bytes(4)))),
            pb(5, value(onnx_tensor([5], 1, bytes(20)))) + pb(4, "Constant"),
        )
    )
    assert header.precisions == {"float32": 11}


def test_subgraphs_functions_and_training_graphs_are_counted() -> None:
    weight = onnx_graph(onnx_tensor([7], 1, bytes(28)))
    branches = node("If", pb(1, "then_branch") + pb(6, weight), pb(1, "all") + pb(11, weight) + pb(11, weight))
    function = pb(1, "f") + pb(7, branches)
    training = pb(1, weight) + pb(2, weight)
    data = onnx_model(onnx_graph(nodes=[branches]), pb(20, training), pb(25, function))
    header = read(data)
    assert header is not None
    assert header.precisions == {"float32": 56}


def test_of_sparse_initialisers_the_values_are_counted() -> None:
    sparse = pb(1, onnx_tensor([3], 1, bytes(12))) + pb(2, onnx_tensor([3], 7, bytes(24))) + pb(3, 100)
    header = read(onnx_model(onnx_graph() + pb(15, sparse)))
    assert header is not None
    assert header.precisions == {"float32": 3}


def test_tensors_of_other_attributes_are_no_weights_and_may_lie_beside_the_model() -> None:
    sparse = pb(1, onnx_tensor([3], 1, bytes(12))) + pb(2, onnx_external([3], "indices"))
    function = pb(1, "f") + pb(11, pb(1, "default") + pb(5, onnx_external([2], "default")))
    data = onnx_model(onnx_graph(nodes=[node("Custom", pb(1, "s") + pb(22, sparse))]), pb(25, function))
    header = read(data)
    assert header is not None
    assert (header.parameters, header.external) == (0, ("default", "indices"))


def test_files_beside_the_model_are_named_once_and_in_order() -> None:
    attribute = pb(1, "value") + pb(5, onnx_external([2], "b.bin"))
    header = known(
        onnx_external([1000], "w/c.bin"),
        onnx_external([10], "./a.bin"),
        onnx_external([10], "a.bin"),
        nodes=(node("Custom", attribute),),
    )
    assert header.external == ("a.bin", "b.bin", "w/c.bin")
    assert header.precisions == {"float32": 1020}


@pytest.mark.parametrize(
    "location", ["../w", "/etc/passwd", "a/../../w", "", ".", "..", "a\\b", "a//b", "a\nb", "x" * 5000]
)
def test_a_file_that_is_not_beside_the_model_is_refused(location: str) -> None:
    with pytest.raises(InvalidInput):
        known(onnx_external([1], location))


def test_a_location_that_is_not_text_is_refused() -> None:
    entry = pb(13, pb(1, "location") + pb(2, b"\xff"))
    with pytest.raises(InvalidInput, match="UTF-8"):
        known(onnx_tensor([1], 1, None, entry, pb(14, 1)))


@pytest.mark.parametrize(
    ("tensor", "match"),
    [
        (onnx_tensor([2], 1, bytes(7)), "7 bytes for 2 elements"),
        (onnx_tensor([3], 22, bytes(3)), "3 bytes for 3 elements"),
        (onnx_tensor([2], 1), "no data"),
        (onnx_tensor([2], 0, bytes(8)), "data type"),
        (onnx_tensor([2**64 - 1], 1, bytes(8)), "2.63"),
        (onnx_tensor([2**32, 2**32], 1, bytes(8)), "2.63"),
        (onnx_tensor([1], 1, None, pb(9, 3)), "wire type 0"),
        (onnx_tensor([1], 1, None, pb(14, 1)), "path"),
        (onnx_tensor([1], 1, bytes(4)) + b"\x0b", "wire type 3"),
        (onnx_tensor([1], 1, bytes(4)) + b"\x00\x00", "field 0"),
        (onnx_tensor([1], 1, bytes(4)) + b"\x4a\x7f", "ends at"),
        (onnx_tensor([1], 1, bytes(4)) + b"\xff" * 12, "without end"),
    ],
)
def test_a_tensor_that_contradicts_itself_is_refused(tensor: bytes, match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        known(tensor)


def test_graphs_nest_up_to_a_bound() -> None:
    graph = onnx_graph(onnx_tensor([1], 1, bytes(4)))
    for _ in range(MAX_ONNX_DEPTH.value):
        graph = onnx_graph(nodes=[node("If", pb(6, graph))])
    header = read(onnx_model(graph))
    assert header is not None
    assert header.parameters == 1
    with pytest.raises(InvalidInput, match="MAX_ONNX_DEPTH"):
        read(onnx_model(onnx_graph(nodes=[node("If", pb(6, graph))])))


def test_the_number_of_fields_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    small = type(MAX_ONNX_SCAN)("MAX_ONNX_SCAN", 500, "fields")
    monkeypatch.setattr("govern.artifact.headers.protobuf.MAX_ONNX_SCAN", small)
    assert known(onnx_tensor([1], 1, bytes(4))).parameters == 1
    with pytest.raises(InvalidInput, match="MAX_ONNX_SCAN"):
        known(*[onnx_tensor([1], 1, bytes(4))] * 100)
    with pytest.raises(InvalidInput, match="MAX_ONNX_SCAN"):
        known(pb(1, b"\1" * 600) + onnx_tensor([1], 1, bytes(4)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\x08",
        onnx_model(onnx_graph()) + pb(99, 1),
        onnx_model(onnx_graph()) + pb(1, 8),
        onnx_model(onnx_graph()) + pb(7, onnx_graph()),
        onnx_model(onnx_graph() + pb(99, 1)),
        onnx_model(onnx_graph() + pb(5, 1)),
        onnx_model(b"graph"),
        pb(1, 21) + pb(7, onnx_graph()) + pb(8, pb(2, 17)),
        pb(1, 0) + pb(7, onnx_graph()) + pb(8, pb(2, 17)),
        pb(1, 8) + pb(7, onnx_graph()),
        pb(1, 8) + pb(7, onnx_graph()) + pb(8, pb(3, 17)),
        pb(1, 8) + pb(8, pb(2, 17)),
        pb(1, "piece") + pb(1, "piece"),
        pb(1, 1) + pb(2, pb(1, "serve")),
        pb(1, 3) + pb(2, "Ada") + pb(7, "born in London"),
        b"\x08\x03\x3a\x7f" + bytes(20),
    ],
)
def test_other_protobufs_are_not_taken_for_onnx(data: bytes) -> None:
    assert read(data) is None


def test_a_model_that_is_cut_off_in_its_graph_is_refused() -> None:
    data = onnx_model(onnx_graph(onnx_tensor([500], 1, bytes(2000))))
    for length in (len(data) - 1, len(data) - 8, 1000, 100, 30):
        with pytest.raises(InvalidInput):
            read(data[:length])


def test_weights_are_not_read(tmp_path: Path) -> None:
    length = 1 << 31
    head = pb(1, 8)
    tensor = pb(1, length // 4) + pb(2, 1) + varint(9 << 3 | 2) + varint(length)
    size = len(tensor) + length
    graph = varint(5 << 3 | 2) + varint(size) + tensor
    head += varint(7 << 3 | 2) + varint(len(graph) + length) + graph
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(head)
        file.seek(length, os.SEEK_CUR)
        file.write(pb(8, pb(2, 17)))
    taken = 0

    class Counting(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal taken
            data = super().read(-1 if size is None else size)
            taken += len(data)
            return data

    with Counting(path) as raw:
        header = read_header(raw, path.stat().st_size, "the file")
    assert header is not None
    assert header.parameters == length // 4
    assert taken < 200_000
