"""What stands at the paths of a directory: regular files of its own, and no link leads to others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govern.artifact.there import files_there, is_folder, is_inside, is_occupied
from govern.artifact.walk import identity_of
from support.trees import write_tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "folder", {"a.txt": b"a", "deep/b.txt": b"bb"})


def there(folder: Path, *paths: str) -> list[str]:
    return [one.path for one in files_there(folder, paths)]


def test_files_are_described_in_the_order_that_was_asked_for(folder: Path) -> None:
    found = files_there(folder, ["deep/b.txt", "a.txt"])
    status = (folder / "deep" / "b.txt").stat()
    assert [(one.path, one.size) for one in found] == [("deep/b.txt", 2), ("a.txt", 1)]
    assert (found[0].real, found[0].identity) == (str(folder / "deep" / "b.txt"), identity_of(status))


def test_what_is_not_there_or_no_regular_file_is_left_out(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("a.txt")
    assert there(folder, "a.txt", "deep", "pipe", "link", "nothing", "nothing/b.txt", "a.txt/x") == ["a.txt"]


def test_a_folder_that_is_a_link_out_of_the_directory_is_not_entered(folder: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "folder-2", {"b.txt": b"theirs"})
    (folder / "out").symlink_to("../folder-2")
    (folder / "in").symlink_to("deep")
    assert there(folder, "in/b.txt", "out/b.txt", "out/c.txt") == ["in/b.txt"]
    assert not is_inside(folder, folder / "out" / "b.txt")
    assert is_inside(folder, folder / "in" / "b.txt")


def test_a_folder_that_is_not_there_yet_is_inside(folder: Path) -> None:
    assert is_inside(folder, folder / "new" / "er" / "b.txt")
    assert not is_inside(folder, folder / ".." / "new" / "b.txt")


def test_links_in_a_circle_lead_to_no_file_and_end_nothing(folder: Path) -> None:
    (folder / "circle").symlink_to("circle")
    assert there(folder, "circle/b.txt", "a.txt") == ["a.txt"]


def test_a_path_is_occupied_by_whatever_is_there(folder: Path) -> None:
    (folder / "nowhere").symlink_to("nothing")
    (folder / "circle").symlink_to("circle")
    assert all(is_occupied(folder / name) for name in ("a.txt", "deep", "nowhere", "circle"))
    assert not is_occupied(folder / "nothing")
    assert not is_occupied(folder / "a.txt" / "below")


def test_a_folder_is_one_without_a_link_and_a_name_that_is_too_long_is_none(folder: Path) -> None:
    (folder / "link").symlink_to("deep")
    assert is_folder(folder / "deep")
    assert not any(is_folder(folder / name) for name in ("a.txt", "link", "nothing", "n" * 300, "n/" * 3_000 + "n"))
