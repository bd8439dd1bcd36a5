"""Layers go to a safe place, and a directory's tar is judged whole before anything of it is written."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from govern.errors import InvalidInput, ProtocolError
from govern.store.oras_files import pack_folder
from govern.store.oras_unpack import check_title, make_folder, part_of, place, unpack_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def written(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "layer").write_bytes(data)
    return tmp_path / "layer"


def tar_of(*infos: tuple[tarfile.TarInfo, bytes], **options: object) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", **options) as tar:  # type: ignore[call-overload]
        for info, data in infos:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize(
    ("title", "path"),
    [("a/b", "a/b"), ("./a", "a"), ("data/", "data"), (".govern-tar/doc-0000.tar", ".govern-tar/doc-0000.tar")],
)
def test_a_title_is_a_path(title: str, path: str) -> None:
    assert check_title(title) == path


@pytest.mark.parametrize(
    "title", ["", "/", "/a", "../a", "a/..", "./..", "a//b", "a/./b", ".govern-tar/", "a\0b", "\ud800"]
)
def test_a_title_that_leaves_is_refused(title: str) -> None:
    with pytest.raises(ProtocolError):
        check_title(title)


def test_a_place_is_made_inside_and_never_through_a_link(root: Path, tmp_path: Path) -> None:
    assert place(root, "a/b/c") == root / "a" / "b" / "c"
    assert (root / "a" / "b").is_dir()
    (root / "link").symlink_to(tmp_path)
    (root / "file").write_text("x")
    for path in ("link/x", "file/x", "a/b"):
        with pytest.raises(InvalidInput, match="in the way"):
            place(root, path)
    with pytest.raises(InvalidInput, match="in the way"):
        make_folder(root, "link")
    # A link with the name of the file itself is replaced, not followed.
    with part_of(place(root, "link")) as part:
        part.write_text("new")
    assert not (root / "link").is_symlink()


def test_a_part_that_fails_leaves_what_was_there(root: Path) -> None:
    (root / "x").write_text("old")

    def fail() -> None:
        with part_of(root / "x") as part:
            part.write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert below(root) == ["x"]
    assert (root / "x").read_text() == "old"


def test_a_packed_directory_comes_back(root: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "sub" / "empty").mkdir(parents=True)
    (data / "x").write_bytes(os.urandom(3_000_000))
    (data / "run").write_text("#!")
    (data / "run").chmod(0o755)
    (data / ("n" * 120)).write_text("a long name")
    pack_folder(data, tmp_path / "layer")
    assert unpack_folder(tmp_path / "layer", root, "data")
    assert below(root / "data") == below(data)
    assert (root / "data" / "x").read_bytes() == (data / "x").read_bytes()
    assert os.access(root / "data" / "run", os.X_OK)
    assert not os.access(root / "data" / "x", os.X_OK)
    assert unpack_folder(tmp_path / "layer", root, "data"), "over what is there already"
    assert unpack_folder(tmp_path / "layer", root, "elsewhere/data"), "as oras-py names members in a deeper title"
    assert below(root / "elsewhere" / "data") == below(data)


def test_members_may_be_named_by_the_whole_title_as_oras_does(root: Path, tmp_path: Path) -> None:
    data = gzip.compress(tar_of((tarfile.TarInfo("a/data/x"), b"x")))
    assert unpack_folder(written(tmp_path, data), root, "a/data")
    assert below(root) == ["a", "a/data", "a/data/x"]


def test_what_is_no_directory_is_not_unpacked(root: Path, tmp_path: Path) -> None:
    for data in (b"", b"x" * 5000, gzip.compress(tar_of((tarfile.TarInfo("other/x"), b"x")))):
        assert not unpack_folder(written(tmp_path, data), root, "data")
    assert below(root) == []


def test_broken_archives_are_refused_whole(root: Path, tmp_path: Path) -> None:
    tar = tar_of((tarfile.TarInfo("data/a"), b"a" * 600), (tarfile.TarInfo("data/b"), b"b" * 600))
    broken_header = bytearray(tar)
    broken_header[1536] ^= 0xFF
    for data in (
        gzip.compress(tar)[:-20],
        gzip.compress(tar[:1600]),
        gzip.compress(bytes(broken_header)),
        gzip.compress(b""),
        gzip.compress(b"x" * 5000),
        b"\x1f\x8b",
    ):
        with pytest.raises(ProtocolError, match="is not unpacked") as refusal:
            unpack_folder(written(tmp_path, data), root, "data")
        assert "download_blob" in refusal.value.hint
    assert below(root) == []


def test_a_name_without_end_is_not_read_into_memory(root: Path, tmp_path: Path) -> None:
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type = tarfile.GNUTYPE_LONGNAME
    data = gzip.compress(tar_of((long_name, b"n" * 2_000_000)))
    with pytest.raises(ProtocolError, match="MAX_MEMBER_HEADER"):
        unpack_folder(written(tmp_path, data), root, "data")


def test_sparse_members_are_refused(root: Path, tmp_path: Path) -> None:
    info = tarfile.TarInfo("data/x")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": "9",
    }
    data = gzip.compress(tar_of((info, b"x"), format=tarfile.PAX_FORMAT))
    with pytest.raises(ProtocolError, match="link, a device or something rarer"):
        unpack_folder(written(tmp_path, data), root, "data")
    assert below(root) == []
