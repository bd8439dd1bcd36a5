"""The file list: canonical bytes, in order, and nothing unsafe is read from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govern import canonical
from govern.artifact.file_list import Entry, FileList, read_file_list
from govern.errors import ContentMismatch, Denied, GovernError, InvalidInput, ProtocolError
from govern.limits import MAX_FILE_LIST
from govern.oci.digest import Digest

LAYER = Digest.of(b"a layer")
OTHER = Digest.of(b"another layer")
HEX = "ab" * 32
ENTRIES = (
    Entry(LAYER, 512, "a/b.csv", HEX, 7),
    Entry(OTHER, 0, "b.csv", HEX, 0),
    Entry(LAYER, 2048, "caf\u00e9.csv", HEX, 2**40),
)


def as_json(*entries: Entry) -> list[dict[str, Any]]:
    return [one._asdict() for one in entries]


def test_a_list_is_in_the_order_of_utf_8_bytes_whatever_comes() -> None:
    paths = ["\U0001f600", "\uff5e", "a", "Z", "a/b", "a.b", "\u00e9"]
    listed = FileList.of(Entry(LAYER, 0, path, HEX, 1) for path in paths)
    assert [one.path for one in listed] == ["Z", "a", "a.b", "a/b", "\u00e9", "\uff5e", "\U0001f600"]


def test_the_bytes_are_canonical_and_read_back() -> None:
    listed = FileList.of(reversed(ENTRIES))
    data = listed.to_bytes()
    assert data == canonical.dumps(as_json(*ENTRIES))
    assert read_file_list(data, [LAYER, OTHER]) == listed
    assert listed.summary() == (3, Digest.of(data), 7 + 2**40)


def test_a_list_is_these_bytes() -> None:
    listed = FileList.of([Entry(LAYER, 512, "caf\u00e9", HEX, 7)])
    wanted = f'[{{"layer":"{LAYER}","offset":512,"path":"caf\u00e9","sha256":"{HEX}","size":7}}]'
    assert listed.to_bytes() == wanted.encode()


def with_changes(**changes: Any) -> list[dict[str, Any]]:
    return [as_json(ENTRIES[0])[0] | changes]


MALFORMED: dict[str, Any] = {
    "no array": {"files": []},
    "empty": [],
    "an entry that is text": ["a"],
    "a field too many": with_changes(mode=420),
    "a field too few": [{"path": "a"}],
    "a negative offset": with_changes(offset=-1),
    "an offset that is true": with_changes(offset=True),
    "a size that is text": with_changes(size="7"),
    "a size that is none": with_changes(size=None),
    "a short sha256": with_changes(sha256=HEX[1:]),
    "a sha256 in capitals": with_changes(sha256=HEX.upper()),
    "a sha256 with its algorithm": with_changes(sha256=f"sha256:{HEX}"),
    "a layer that is not there": with_changes(layer=Digest.of(b"no layer")),
    "a layer that is a list": with_changes(layer=[LAYER]),
    "a path that is half a character": with_changes(path="\ud800"),
    "a path that is a number": with_changes(path=7),
    "a path out of the tree": with_changes(path="../a"),
    "an absolute path": with_changes(path="/etc/passwd"),
    "a path with a control character": with_changes(path="a\u202eb"),
    "a path of the tars": with_changes(path=".govern-tar/dataset-0000.tar"),
    "out of order": as_json(*reversed(ENTRIES)),
    "the same path twice": as_json(ENTRIES[0], ENTRIES[0]),
    "paths that differ in case": as_json(Entry(LAYER, 0, "A/x", HEX, 1), Entry(LAYER, 0, "a/y", HEX, 1)),
    "a file that is a folder too": as_json(Entry(LAYER, 0, "a", HEX, 1), Entry(LAYER, 0, "a/y", HEX, 1)),
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("error", [ProtocolError, InvalidInput, Denied])
def test_a_malformed_list_is_refused(value: Any, error: type[GovernError]) -> None:
    with pytest.raises(error):
        read_file_list(json.dumps(value).encode(), [LAYER, OTHER], error)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(as_json(*ENTRIES)).encode(),
        json.dumps(as_json(*ENTRIES), separators=(",", ":")).encode(),
        canonical.dumps(as_json(*ENTRIES)) + b"\n",
        canonical.dumps([dict(reversed(as_json(ENTRIES[0])[0].items()))]).replace(b'"size":7', b'"size":7 '),
    ],
    ids=["spaces", "escapes", "a line end", "one space"],
)
def test_bytes_that_are_not_canonical_are_no_list(data: bytes) -> None:
    with pytest.raises(ContentMismatch, match="not canonical"):
        read_file_list(data, [LAYER, OTHER])


@pytest.mark.parametrize("data", [b"", b"[", b"\xff", b'[{"a":1,"a":2}]', b"[1.5]", b"[" * 100_000])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_file_list(data, [LAYER])


def test_a_list_beyond_the_bound_is_refused_by_its_name() -> None:
    with pytest.raises(GovernError, match="MAX_FILE_LIST"):
        read_file_list(b" " * (MAX_FILE_LIST.value + 1), [LAYER])
