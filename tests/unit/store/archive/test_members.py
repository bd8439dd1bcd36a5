"""The tar of a layout is read by its headers alone; what others would unpack to somewhere else is refused."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern import limits
from govern.errors import GovernError, InvalidInput
from govern.limits import Bound
from govern.store.archive import members
from govern.store.archive.members import Member, find_members

HEX = "a" * 64
BLOB = f"blobs/sha256/{HEX}"


def tar_of(
    *entries: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None, **options: Any
) -> bytes:
    """Return a tar made by Python's own writer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as tar:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change is not None:
                change(info)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def found(data: bytes, folder: Path) -> dict[str, Member]:
    path = folder / "it.tar"
    path.write_bytes(data)
    with path.open("rb") as file:
        return find_members(file.fileno(), "the file")


def content(data: bytes, member: Member) -> bytes:
    return data[member.offset : member.offset + member.size]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("before", ["", "./"])
def test_the_files_of_a_layout_are_found_whoever_wrote_the_tar(form: int, before: str, tmp_path: Path) -> None:
    long = f"blobs/sha512/{'b' * 128}"
    entries = [("oci-layout", b"{}"), ("index.json", b"[]"), (BLOB, b"x" * 513), ("manifest.json", b"docker's")]
    if form != tarfile.USTAR_FORMAT:
        entries.append((long, b"long"))
    data = tar_of(*((before + name, body) for name, body in entries), format=form)
    there = found(data, tmp_path)
    wanted = {name: body for name, body in entries if name != "manifest.json"}
    assert {name: content(data, member) for name, member in there.items()} == wanted


def test_sizes_that_no_octal_number_holds_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tar"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo(BLOB)
        info.size = 9 << 30
        header = info.tobuf(form)
        with path.open("wb") as file:
            file.write(header)
            file.truncate(len(header) + info.size + 1024)
        with path.open("rb") as file:
            assert find_members(file.fileno(), "the file") == {BLOB: Member(len(header), 9 << 30)}
        path.unlink()


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", f"blobs/../../{HEX}", "a\\..\\b", "./../x", "blobs/.."])
def test_a_path_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="leads elsewhere"):
        found(tar_of((name, b"x")), tmp_path)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"S", b"7", b"V"]
)
def test_links_devices_and_sparse_files_are_refused(kind: bytes, tmp_path: Path) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, "/etc/passwd"

    with pytest.raises(InvalidInput, match="no file"):
        found(tar_of((BLOB, b""), change=change), tmp_path)


def test_a_file_that_stands_twice_is_refused(tmp_path: Path) -> None:
    for again in (BLOB, f"./{BLOB}"):
        with pytest.raises(InvalidInput, match="twice"):
            found(tar_of((BLOB, b"good"), (again, b"evil")), tmp_path)
    assert found(tar_of(("other", b"1"), ("other", b"2")), tmp_path) == {}


def test_a_tar_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = tar_of(("oci-layout", b"{}"), (BLOB, bytes(range(256)) * 8), format=tarfile.PAX_FORMAT)
    end = data.rindex(b"\xff") + 1
    for length in [*range(0, end, 100), end - 1, end]:
        with pytest.raises(InvalidInput, match="cut off"):
            found(data[:length], tmp_path)
    assert len(found(data, tmp_path)) == 2


@pytest.mark.parametrize(("magic", "hint"), [(b"\x1f\x8b", "gunzip"), (b"\x28\xb5", "unzstd"), (b"BZ", "bunzip2")])
def test_a_compressed_file_is_told_how_to_be_unpacked(magic: bytes, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        found(magic + bytes(2000), tmp_path)
    assert hint in refused.value.hint


def test_a_wrong_sum_is_no_tar(tmp_path: Path) -> None:
    data = bytearray(tar_of((BLOB, b"x")))
    data[5] ^= 1
    with pytest.raises(InvalidInput, match="sum is wrong"):
        found(bytes(data), tmp_path)


@pytest.mark.parametrize(
    "records",
    [b"8 path=x\n", b"0 path=x\n", b"path=x\n", b"99999999999 path=x\n", b"11 path=x\n", b"8 path=x", b"\xff",
     b"18 GNU.sparse.x=1\n", b"10 size=-\n", b"14 path=../../x\n", b"27 size=99999999999999999\n"],
)  # fmt: skip
def test_a_malformed_extended_header_is_refused(records: bytes, tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = b"x", len(records)
    data = info.tobuf() + records + bytes(-len(records) % 512) + tar_of((BLOB, b"x"))
    with pytest.raises(InvalidInput):
        found(data, tmp_path)


def test_global_headers_may_comment_and_not_rename(tmp_path: Path) -> None:
    data = tar_of((BLOB, b"x"), format=tarfile.PAX_FORMAT, pax_headers={"comment": "by git"})
    assert set(found(data, tmp_path)) == {BLOB}
    with pytest.raises(InvalidInput, match="plain tar"):
        found(tar_of((BLOB, b"x"), format=tarfile.PAX_FORMAT, pax_headers={"path": "index.json"}), tmp_path)


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = b"L", 2 << 30
    path = tmp_path / "it.tar"
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(3 << 30)
    with path.open("rb") as file, pytest.raises(InvalidInput, match="MAX_MEMBER_HEADER"):
        find_members(file.fileno(), "the file")


def test_members_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_ARCHIVE_MEMBERS", Bound("MAX_ARCHIVE_MEMBERS", 3, "members"))
    assert limits.MAX_ARCHIVE_MEMBERS.value > 3
    with pytest.raises(InvalidInput, match="MAX_ARCHIVE_MEMBERS"):
        found(tar_of(*((f"f{number}", b"") for number in range(4))), tmp_path)


@given(st.binary(max_size=3000), st.integers(0, 5000))
def test_no_bytes_make_anything_but_members_or_a_refusal(noise: bytes, at: int) -> None:
    data = bytearray(tar_of(("oci-layout", b"{}"), (BLOB, b"x" * 700), format=tarfile.PAX_FORMAT))
    data[at : at + len(noise)] = noise
    file = os.memfd_create("tar")
    try:
        os.write(file, data)
        there = find_members(file, "the file")
        assert all(0 <= one.offset <= one.offset + one.size <= len(data) for one in there.values())
    except GovernError:
        pass
    finally:
        os.close(file)
