"""Tar layers: the bytes of FORMAT §3, and what everybody else's tar reads in them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from govern.artifact.contents import TarContent, hash_tar
from govern.artifact.tar import END, member_header, member_size, padding
from govern.artifact.walk import SourceFile, find_files
from govern.errors import InvalidInput
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from support.trees import write_tree

NAMES = {
    "short": "a.txt",
    "100 bytes": "d/" + "n" * 98,
    "101 bytes": "d/" + "n" * 99,
    "beyond ASCII": "caf\u00e9.txt",
    "100 bytes beyond ASCII": "\u00e9" + "n" * 98,
    "a character over byte 100": "n" * 99 + "\u00e9",
    "deep": "/".join(["folder-of-a-deep-tree"] * 40) + "/x.csv",
    "a length that grows by its own digits": "p" * 87 + "\u00e9",
    "spaces and signs": "a b/%s=[*] ~x",
}


def tar_of(files: dict[str, bytes]) -> bytes:
    parts = [
        part for path, data in files.items() for part in (member_header(path, len(data)), data, padding(len(data)))
    ]
    return b"".join([*parts, END])


@pytest.mark.parametrize("path", NAMES.values(), ids=NAMES)
def test_python_reads_back_every_name(path: str) -> None:
    data = tar_of({path: b"hello\n", "z": b""})
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == [path, "z"]
        member = archive.getmembers()[0]
        content = archive.extractfile(member)
        assert content is not None
        assert content.read() == b"hello\n"
    assert (member.mode, member.uid, member.gid, member.mtime) == (0o644, 0, 0, 0)
    assert (member.uname, member.gname, member.type, member.linkname) == ("", "", tarfile.REGTYPE, "")


def test_gnu_tar_unpacks_every_name_with_its_bytes(tmp_path: Path) -> None:
    tar = shutil.which("tar")
    if tar is None or "GNU tar" not in subprocess.run([tar, "--version"], capture_output=True, text=True).stdout:
        pytest.skip("GNU tar is missing: apt-get install tar")
    files = {path: f"content of {word}".encode() * 99 for word, path in NAMES.items()} | {"empty": b""}
    (tmp_path / "x.tar").write_bytes(tar_of(files))
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run([tar, "-xvf", "x.tar", "-C", out], cwd=tmp_path, capture_output=True, check=True)
    assert not done.stderr
    there = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert there == files


@pytest.mark.parametrize(
    ("word", "extended"),
    [("short", False), ("100 bytes", False), ("101 bytes", True), ("beyond ASCII", True)],
)
def test_only_a_long_name_or_one_beyond_ascii_has_a_pax_header(word: str, extended: bool) -> None:
    header = member_header(NAMES[word], 7)
    assert len(header) == (512 * 3 if extended else 512)
    assert header[156:157] == (b"x" if extended else b"0")
    assert (header[:15] == b"././@PaxHeader\x00") is extended


def test_a_pax_header_holds_only_the_path_and_the_name_field_stays_ascii() -> None:
    path = "caf\u00e9/" + "n" * 120
    header = member_header(path, 7)
    record = header[512:1024].rstrip(b"\0")
    assert record == b"%d path=%b\n" % (len(record), path.encode())
    assert header[1024:1124] == b"caf__/" + b"n" * 94


def test_a_header_is_these_bytes() -> None:
    wanted = b"".join(
        (
            b"a.txt".ljust(100, b"\0"),
            b"0000644\x000000000\x000000000\x00",
            b"00000000005\x0000000000000\x00",
            b"010161\x00 ",
            b"0" + bytes(100),
            b"ustar\x0000" + bytes(64),
            b"0000000\x000000000\x00" + bytes(167),
        )
    )
    assert member_header("a.txt", 5) == wanted
    assert len(wanted) == 512


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 4_194_304])
def test_a_member_is_padded_to_a_block(size: int) -> None:
    assert padding(size) == bytes((512 - size) % 512)
    assert member_size("a", size) == len(member_header("a", size)) + size + len(padding(size))
    assert member_size("a", size) % 512 == 0


def test_a_tar_ends_with_exactly_two_zero_blocks() -> None:
    assert tar_of({"a": b"x"})[-1536:] == b"x" + bytes(511) + bytes(1024)


# --- the layer's content -------------------------------------------------------------------------


@pytest.fixture
def members(tmp_path: Path) -> tuple[SourceFile, ...]:
    files = {f"{number:02d}.csv": b"%d," % number * number for number in range(40)} | {NAMES["deep"]: b"deep"}
    return find_files(write_tree(tmp_path / "tree", files))


def layer_of(members: tuple[SourceFile, ...]) -> TarContent:
    hashed = hash_tar(members)
    return TarContent(Descriptor(media_type="a/b", digest=hashed.digest, size=hashed.size), members)


def test_a_layer_is_made_twice_with_the_same_bytes(members: tuple[SourceFile, ...]) -> None:
    layer = layer_of(members)
    first, second = (b"".join(map(bytes, layer.chunks())) for _ in range(2))
    assert first == second
    assert (Digest.of(first), len(first)) == (layer.descriptor.digest, layer.descriptor.size)
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        assert archive.getnames() == [one.path for one in members]


def test_offsets_and_digests_are_of_the_content(members: tuple[SourceFile, ...]) -> None:
    hashed = hash_tar(members)
    data = b"".join(map(bytes, layer_of(members).chunks()))
    for one, offset, sha256 in zip(members, hashed.offsets, hashed.digests, strict=True):
        content = data[offset : offset + one.size]
        assert content == Path(one.real).read_bytes()
        assert Digest.of(content).encoded == sha256


def _grow(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"x")


def _swap(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


@pytest.mark.parametrize("change", [_grow, _swap, lambda file: os.truncate(file, 1), lambda file: file.unlink()])
def test_a_member_that_changed_after_the_look_is_refused(members: tuple[SourceFile, ...], change) -> None:
    layer = layer_of(members)
    change(Path(members[5].real))
    with pytest.raises(InvalidInput, match=r"changed while it was packed|cannot be read"):
        list(layer.chunks())
    with pytest.raises(InvalidInput, match=r"changed while it was packed|cannot be read"):
        hash_tar(members)
