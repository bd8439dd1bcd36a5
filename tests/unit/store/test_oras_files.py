"""Files and directories that a script pushes."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from govern.errors import InvalidInput
from govern.store.oras_errors import NoSuchFile
from govern.store.oras_files import describe_file, folder_name, pack_folder


def make(folder: Path, mode: int = 0o644, mtime: int = 1) -> Path:
    (folder / "sub" / "empty").mkdir(parents=True)
    for name, data in (("b.txt", b"b"), ("a.txt", b"a" * 2000), ("sub/run.sh", b"#!")):
        (folder / name).write_bytes(data)
        (folder / name).chmod(mode)
        os.utime(folder / name, (mtime, mtime))
    (folder / "sub" / "run.sh").chmod(mode | 0o100)
    return folder


def packed(folder: Path, target: Path) -> bytes:
    pack_folder(folder, target)
    return target.read_bytes()


def test_a_file_is_described_and_read_out_of_one_buffer(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "x").write_bytes(data)
    found = describe_file(tmp_path / "x")
    assert (found.descriptor.digest, found.descriptor.size) == ("sha256:" + hashlib.sha256(data).hexdigest(), len(data))
    assert b"".join(bytes(chunk) for chunk in found.chunks()) == data
    assert max(len(chunk) for chunk in found.chunks()) <= 1 << 20


def test_a_file_that_changed_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    found = describe_file(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"two")
    with pytest.raises(InvalidInput, match="changed while it was pushed"):
        next(found.chunks())


def test_what_a_script_says_of_a_file_is_held_against_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    digest = "sha256:" + "0" * 64
    assert describe_file(tmp_path / "x", digest, 3).descriptor.digest == digest  # the registry hashes
    with pytest.raises(InvalidInput, match="not as long as its file"):
        describe_file(tmp_path / "x", digest, 4)
    with pytest.raises(InvalidInput, match="not a digest"):
        describe_file(tmp_path / "x", "sha256:../x", 3)


def test_what_is_no_file_is_refused_and_dev_null_is_an_empty_one(tmp_path: Path) -> None:
    assert describe_file(Path(os.devnull)).descriptor.size == 0
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(InvalidInput):
            describe_file(path)
    with pytest.raises(FileNotFoundError):  # the name by which scripts catch it
        describe_file(tmp_path / "absent")
    assert issubclass(NoSuchFile, InvalidInput)


def test_a_directory_is_the_same_tar_for_everybody(tmp_path: Path) -> None:
    one = packed(make(tmp_path / "1" / "data"), tmp_path / "one")
    two = packed(make(tmp_path / "2" / "data", mode=0o600, mtime=99), tmp_path / "two")
    assert one == two
    with tarfile.open(fileobj=io.BytesIO(one)) as tar:
        assert [(info.name, info.mode, info.uid, info.mtime, info.uname) for info in tar] == [
            ("data", 0o755, 0, 0, ""),
            ("data/a.txt", 0o644, 0, 0, ""),
            ("data/b.txt", 0o644, 0, 0, ""),
            ("data/sub", 0o755, 0, 0, ""),
            ("data/sub/empty", 0o755, 0, 0, ""),
            ("data/sub/run.sh", 0o755, 0, 0, ""),
        ]


def test_a_directory_has_its_name_also_as_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "data")
    monkeypatch.chdir(tmp_path / "data")
    assert folder_name(Path()) == folder_name(Path("../data/")) == "data"
    assert packed(Path(), tmp_path / "one") == packed(tmp_path / "data", tmp_path / "two")


def test_what_does_not_compress_is_not_compressed(tmp_path: Path) -> None:
    for name, data in (("random", os.urandom(300_000)), ("text", b"words " * 50_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_bytes(data)
    whole = packed(tmp_path / "random", tmp_path / "1")
    assert len(whole) > 300_000
    assert (tmp_path / "random" / "x").read_bytes()[:1000] in whole, "stored as it is"
    assert len(packed(tmp_path / "text", tmp_path / "2")) < 10_000
    assert b"words words" in gzip.decompress((tmp_path / "2").read_bytes())


def test_links_inside_are_followed_and_others_refused(tmp_path: Path) -> None:
    data = make(tmp_path / "data")
    (data / "again").symlink_to("a.txt")
    with tarfile.open(fileobj=io.BytesIO(packed(data, tmp_path / "1"))) as tar:
        member = tar.extractfile("data/again")
        assert member is not None
        assert member.read() == b"a" * 2000
    (tmp_path / "secret").write_text("secret")
    for number, target in enumerate(("../secret", "/etc/passwd", "sub", "nowhere", "link")):
        (data / "link").symlink_to(target)
        with pytest.raises(InvalidInput, match="link"):
            pack_folder(data, tmp_path / f"x{number}")
        (data / "link").unlink()


def test_special_files_and_odd_names_are_refused(tmp_path: Path) -> None:
    data = make(tmp_path / "data")
    os.mkfifo(data / "pipe")
    with pytest.raises(InvalidInput, match="neither a file nor a directory"):
        pack_folder(data, tmp_path / "1")
    (data / "pipe").unlink()
    (data / "new\nline").write_text("x")
    with pytest.raises(InvalidInput, match="control"):
        pack_folder(data, tmp_path / "2")
