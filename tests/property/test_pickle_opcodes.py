"""Against the real unpicklers, in C and in Python: what they would call is never let through."""

from __future__ import annotations

import io
import pickle
import struct
from typing import Any, Self

from hypothesis import event, given, settings
from hypothesis import strategies as st

from govern.artifact.byte_streams import Place, PlainStream, Work
from govern.artifact.pickle_opcodes import is_pickle

ARGUMENTS = (
    b"(", b"N", b"\x88", b"K\x01", b"J\x01\0\0\0", b"\x8a\x01\x01", b"I1\n", b"I\0x\n", b"I01\n", b"L1L\n", b"F1.5\n",
    b"G" + bytes(8), b"S'a'\n", b'S"a\n', b"Vx\n", b"U\x01a", b"X\x01\0\0\0a", b"\x8c\x02os", b"C\x01a", b")", b"t",
    b"\x85", b"\x86", b"\x87", b"]", b"l", b"a", b"e", b"}", b"d", b"s", b"u", b"\x8f", b"\x90", b"\x91",
)  # fmt: skip
STACK_AND_MEMO = (
    b"0", b"1", b"2", b"p0\n", b"p1\n", b"p0\0x\n", b"g0\n", b"g1\n", b"g0\0x\n", b"q\0", b"q\x01", b"h\0", b"h\x01",
    b"r\0\0\0\0", b"j\0\0\0\0", b"\x94",
)  # fmt: skip
CALLS = (b"R", b"b", b"\x81", b"\x92", b"o", b"ios\nsystem\n", b"\x93", b"cos\nsystem\n", b"\x8c\x02os\x8c\x01x\x93")
OTHERS = (
    b"\x80\x02",
    b"\x80\x04",
    b".",
    b"\xff",
    b"\n",
    b"P1\n",
    b"Q",
    *(b"\x95" + struct.pack("<Q", n) for n in (4, 12)),
)

IMPORTS = (b"cos\nsystem\n", b"\x8c\x02os\x8c\x01x\x93", b"Vos\nVx\n\x93", b"cos\nx\np0\n0g0\n", b"(cos\nx\n")
FINAL = (b")R", b"(tR", b"N\x85R", b"]R", b"}b", b"N\x85b", b")\x81", b")}\x92", b"o", b"No", b"(ios\nx\n", b"h\0)R")

noise = st.lists(
    st.one_of(*(st.sampled_from(group) for group in (ARGUMENTS, STACK_AND_MEMO, CALLS, OTHERS))), max_size=4
).map(b"".join)
streams = st.tuples(noise, st.sampled_from(IMPORTS), noise, st.sampled_from(FINAL), noise).map(b"".join)


def run(base: Any, data: bytes) -> set[str]:
    """Load a stream with one of Python's unpicklers, in which whatever is imported does nothing but tell of calls."""
    seen: set[str] = set()

    class Imported:
        def __new__(cls, *args: object, **kwargs: object) -> Self:
            seen.add("called")
            return object.__new__(cls)

        def __setstate__(self, state: object) -> None:
            seen.add("called")

    class Unpickler(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> type:
            seen.add("imported")
            return Imported

    # Whatever goes wrong later, what was called has run.
    try:
        Unpickler(io.BytesIO(data)).load()
    except Exception:  # noqa: BLE001 - an unpickler lets out anything
        seen.add("failed")
    return seen


@settings(max_examples=1_500)
@given(streams)
def test_what_an_unpickler_would_call_is_a_pickle(data: bytes) -> None:
    work = Work()
    found = is_pickle(PlainStream(Place(io.BytesIO(data), 0, len(data)), work), work)
    for base in (pickle.Unpickler, pickle._Unpickler):
        seen = run(base, data)
        if "called" in seen:
            event("called")
            assert found
        if data[:2] in (b"\x80\x02", b"\x80\x04") and "imported" in seen:
            event("imported behind PROTO")
            assert found
