"""Reads through a window: exactly what was asked for, or a refusal, and few reads of the file."""

from __future__ import annotations

import io

import pytest

from govern.artifact.headers.header import Window
from govern.errors import InvalidInput

DATA = bytes(range(256)) * 200


class Counting(io.BytesIO):
    """A file that counts how often it was read, and how much."""

    reads = 0
    bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.reads += 1
        self.bytes_read += len(data)
        return data


def window(data: bytes = DATA, size: int | None = None) -> tuple[Window, Counting]:
    file = Counting(data)
    return Window(file, len(data) if size is None else size, "the file 'm'"), file


@pytest.mark.parametrize(
    ("start", "count"), [(0, 1), (0, 0), (10_000, 300), (8_190, 5), (len(DATA) - 1, 1), (len(DATA), 0), (0, len(DATA))]
)
def test_exactly_these_bytes_come(start: int, count: int) -> None:
    reader, _ = window()
    for _ in range(2):
        assert reader.read(start, count) == DATA[start : start + count]


def test_reads_in_any_order_give_the_same_bytes() -> None:
    reader, _ = window()
    for start in (20_000, 5, 20_001, 0, 30_000, 19_999):
        assert reader.read(start, 9) == DATA[start : start + 9]


def test_neighbours_are_read_once() -> None:
    reader, file = window()
    for start in range(1_000, 9_000, 8):
        assert reader.read(start, 8) == DATA[start : start + 8]
    assert file.reads == 1


def test_what_lies_between_two_reads_is_not_read() -> None:
    reader, file = window(bytes(10_000_000))
    reader.read(0, 8)
    reader.read(9_999_000, 8)
    assert file.bytes_read < 20_000


@pytest.mark.parametrize(("start", "count"), [(len(DATA), 1), (len(DATA) - 1, 2), (0, len(DATA) + 1), (1 << 70, 1)])
def test_a_read_beyond_the_end_is_refused_before_it_is_made(start: int, count: int) -> None:
    reader, file = window()
    for ask in (reader.read, reader.inside):
        with pytest.raises(InvalidInput, match=f"got {len(DATA)} bytes, expected at least {start + count}"):
            ask(start, count)
    assert file.reads == 0


def test_the_end_of_a_part_is_told() -> None:
    assert window()[0].inside(7, 8) == 15


def test_a_file_that_shrank_while_it_was_read_is_refused() -> None:
    reader, _ = window(DATA[:100], size=1_000)
    assert reader.read(50, 50) == DATA[50:100]
    with pytest.raises(InvalidInput, match=r"ends in the middle.*got 100 bytes, expected at least 110"):
        reader.read(90, 20)
