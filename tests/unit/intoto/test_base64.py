"""One text for some bytes, and no other."""

from __future__ import annotations

import pytest

from govern.errors import Denied, InvalidInput
from govern.intoto import base64


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", bytes(range(256)), b"\xfb\xff"])
def test_bytes_survive(data):
    assert base64.decode(base64.encode(data), "it") == data


@pytest.mark.parametrize(
    "text",
    [
        "-_-_", "a-b_", "YQ", "YQ=", "YR==", "YWJ=", "YWL=", "Y Q==", "YQ==\n", "\nYQ==", "YQ==YQ==", "YQ===", "=",
        "====", "Y=Q=", "YQ==x",
        "ä", "YQ==\u200b", "\ud800", "YQ\x00==", "\uff39Q==", None, 1, b"YQ==", ["YQ=="], {}, True,
    ],
)  # fmt: skip
def test_another_spelling_is_refused(text):
    with pytest.raises(Denied, match="the field"):
        base64.decode(text, "the field", Denied)
    with pytest.raises(InvalidInput):
        base64.decode(text, "the field")
