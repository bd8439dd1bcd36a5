"""Opening what somebody else put there: nothing waits, and nothing is written through a link."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from govern.oci.descriptor import Descriptor
from govern.store.regular_file import holds, open_own, open_regular

NO_FILES: Final[dict[str, Callable[[Path], object]]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
    "a circle": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_file_is_neither_read_nor_written(
    make: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    make(Path("it"))
    for opened in (open_regular, open_own):
        with pytest.raises(OSError):
            opened(Path("it"))


def test_a_pipe_is_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "it")
    for opened in (open_regular, open_own):
        with pytest.raises(OSError, match="not a regular file"):
            opened(tmp_path / "it")


def test_a_link_is_followed_for_reading_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"
    with pytest.raises(OSError):
        open_regular(tmp_path / "link", follow=False)


def test_a_link_is_never_followed_for_writing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(OSError):
        open_own(tmp_path / "link")
    assert not (tmp_path / "nothing").exists()


def test_a_file_with_a_second_name_is_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "other").hardlink_to(tmp_path / "file")
    with open_regular(tmp_path / "other", follow=False) as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="another name"):
        open_own(tmp_path / "other")
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_file_of_our_own_is_made_and_opened_again_with_what_it_holds(tmp_path: Path) -> None:
    with open_own(tmp_path / "file") as file:
        file.write(b"half")
    with open_own(tmp_path / "file") as file:
        assert file.read() == b"half"
        file.write(b"whole")
    assert (tmp_path / "file").read_bytes() == b"halfwhole"


def test_a_file_holds_a_content_only_if_it_is_that_content(tmp_path: Path) -> None:
    path, link = tmp_path / "it", tmp_path / "link"
    wanted = Descriptor.of(b"content", "a/b")
    assert not holds(path, wanted)
    for data, same in ((b"content", True), (b"CONTENT", False), (b"content+", False), (b"", False)):
        path.write_bytes(data)
        assert holds(path, wanted) == same
    path.write_bytes(b"content")
    link.symlink_to(path)
    assert holds(link, wanted)
    assert not holds(link, wanted, follow=False)
    path.write_bytes(b"")
    assert holds(path, Descriptor.of(b"", "a/b"))
