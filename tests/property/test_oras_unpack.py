"""Whatever a layer holds, unpacking writes below its directory or refuses in our own words."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from govern.errors import GovernError
from govern.store.oras_unpack import unpack_folder

NAMES = st.lists(st.sampled_from(["data", "..", ".", "", "a", "b", "~", "data2", "é", "a\\b"]), min_size=1, max_size=4)
TYPES = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CONTTYPE, b"x", b"L"]
)
MEMBERS = st.tuples(NAMES.map("/".join), TYPES, st.binary(max_size=40))


def tar_of(members: list[tuple[str, bytes, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, kind, data in [("data", tarfile.DIRTYPE, b""), *members]:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), "../../outside"
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


@settings(max_examples=150)
@given(st.lists(MEMBERS, max_size=4), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=3))
def test_nothing_is_written_outside_of_the_directory(
    members: list[tuple[str, bytes, bytes]], flips: list[tuple[int, int]]
) -> None:
    data = bytearray(tar_of(members))
    for position, value in flips:
        data[position % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "a" / "root"
        root.mkdir(parents=True)
        layer = Path(folder) / "layer"
        layer.write_bytes(gzip.compress(bytes(data), 1))
        try:
            unpack_folder(layer, root, "data")
        except GovernError:
            assert list(root.iterdir()) == [], "a refusal comes before the first file"
        assert {path.name for path in Path(folder).iterdir()} == {"a", "layer"}
        assert {path.name for path in root.parent.iterdir()} == {"root"}
        assert {path.name for path in root.iterdir()} <= {"data"}
        assert not any(path.is_symlink() for path in root.rglob("*"))
