"""The directory of a pull: nothing of a person's is lost, and nothing is written elsewhere."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from govern.artifact.lock import read_lock
from govern.artifact.tree import (
    Tree,
    check_reserved,
    check_space,
    look_at,
    staged,
)
from govern.artifact.walk import LOCK_FILE, PART_FOLDER
from govern.errors import InvalidInput, ProtocolError, Undecided, UsageError
from support.brought import ONE, TWO, bring, content, entries_of, lock_of
from support.trees import write_tree


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


# --- looking -------------------------------------------------------------------------------------


def test_a_new_directory_is_made_beside_its_place_and_one_that_exists_inside(out: Path) -> None:
    assert look_at(out) == Tree(out, True, None, out.with_name(f".out{PART_FOLDER}"))
    out.mkdir()
    assert look_at(out) == Tree(out, True, None, out / PART_FOLDER)
    (out / "x").write_bytes(b"x")
    assert not look_at(out).fresh


def test_a_link_to_a_directory_is_looked_through(out: Path, tmp_path: Path) -> None:
    out.mkdir()
    (tmp_path / "link").symlink_to(out)
    assert look_at(tmp_path / "link").folder == out


def _file(out: Path) -> Path:
    out.write_bytes(b"x")
    return out


def _dangling(out: Path) -> Path:
    out.symlink_to("nowhere")
    return out


def _below_a_file(out: Path) -> Path:
    return _file(out) / "deeper"


def _below_a_circle(out: Path) -> Path:
    out.symlink_to(out.name)
    return out / "deeper"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_file, "the output is a file"),
        (_dangling, "the output is a link to nowhere"),
        (_below_a_file, "the output"),
        (_below_a_circle, "the output"),
        (lambda out: Path("/"), "the output is the root"),
    ],
)
def test_what_is_no_directory_is_refused(out: Path, make: Callable[[Path], Path], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        bring(make(out), ONE)


@pytest.mark.parametrize(
    "path", [LOCK_FILE, "GOVERN.LOCK", PART_FOLDER, f"{PART_FOLDER}/x", f"{PART_FOLDER.upper()}/x"]
)
def test_an_artifact_cannot_bring_files_that_are_ours(path: str) -> None:
    with pytest.raises(ProtocolError, match="a file that govern keeps for itself"):
        check_reserved(entries_of({"README.md": b"", path: b""}))
    check_reserved(entries_of({f"deeper/{LOCK_FILE}": b"", f"deeper/{PART_FOLDER}/x": b""}))


def test_room_is_asked_for_before_the_first_byte(out: Path) -> None:
    tree = look_at(out)
    with staged(tree, ()):
        free = shutil.disk_usage(out.parent).free
        check_space(tree, free // 2)
        with pytest.raises(Undecided, match=r"not enough room: got [0-9]+ bytes free"):
            check_space(tree, free * 2)


def test_two_pulls_into_one_directory_wait_for_no_one(out: Path) -> None:
    tree = look_at(out)
    with staged(tree, ()), pytest.raises(UsageError, match="another pull into this directory"), staged(tree, ()):
        pytest.fail("both hold it")
    # What another process locks, a fork does not: the lock is the file's.
    descriptor = os.open(tree.stage, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with pytest.raises(UsageError, match="another pull"), staged(tree, ()):
        pytest.fail("both hold it")
    os.close(descriptor)
    with staged(tree, ()):
        pass


# --- what would be lost --------------------------------------------------------------------------


def test_a_new_and_an_empty_directory_are_filled_with_the_lock(out: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (out, tmp_path / "empty"):
        assert bring(folder, ONE) == set()
        assert content(folder) == ONE
        assert read_lock(folder) == lock_of(ONE)
    assert {path.name for path in tmp_path.iterdir()} == {"out", "empty"}


def test_files_that_are_right_already_are_kept_untouched(out: Path) -> None:
    bring(out, ONE)
    before = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file() and path.name != LOCK_FILE}
    assert bring(out, ONE) == set(ONE)
    assert {path: path.stat().st_ino for path in before} == before


def test_another_version_replaces_what_changed_and_removes_what_went(out: Path) -> None:
    bring(out, ONE)
    same = (out / "a" / "same.txt").stat().st_ino
    assert bring(out, TWO) == {"a/same.txt"}
    assert content(out) == TWO
    assert (out / "a" / "same.txt").stat().st_ino == same
    assert read_lock(out) == lock_of(TWO)


def test_what_a_person_put_beside_the_files_stays(out: Path) -> None:
    bring(out, ONE)
    (out / "a" / "b" / "mine.txt").write_bytes(b"mine")
    (out / "mine").mkdir()
    bring(out, TWO)
    assert content(out) == TWO | {"a/b/mine.txt": b"mine", "mine/": b""}


def test_after_a_partial_pull_nothing_is_removed(out: Path) -> None:
    bring(out, ONE)
    bring(out, {"README.md": b"one\n"}, selected=("include README.md",))
    assert content(out) == ONE


def _edit(path: Path) -> None:
    path.write_bytes(b"edited")


def _as_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere")


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "mine").write_bytes(b"mine")


EDITS: Final = [
    ("README.md", _edit, "README.md"),
    ("w.bin", _as_link, r"w.bin \(not a regular file\)"),
    ("w.bin", _as_folder, r"w.bin \(not a regular file\)"),
    ("a/b/old.txt", _edit, "a/b/old.txt"),
]


@pytest.mark.parametrize(("path", "edit", "said"), EDITS)
def test_edits_are_listed_and_not_lost_without_force(
    out: Path, path: str, edit: Callable[[Path], None], said: str
) -> None:
    bring(out, ONE)
    edit(out / path)
    before = content(out)
    with pytest.raises(InvalidInput, match=rf"would be lost:\n  {said}$") as caught:
        bring(out, TWO)
    assert "--force" in caught.value.hint
    assert content(out) == before
    bring(out, TWO, force=True)
    assert content(out) == TWO


def test_an_edit_that_is_what_the_artifact_wants_is_none(out: Path) -> None:
    bring(out, ONE)
    (out / "README.md").write_bytes(TWO["README.md"])
    assert bring(out, TWO) == {"README.md", "a/same.txt"}


def test_a_file_that_was_removed_comes_back(out: Path) -> None:
    bring(out, ONE)
    (out / "README.md").unlink()
    shutil.rmtree(out / "a")
    assert bring(out, ONE) == {"w.bin"}
    assert content(out) == ONE


def test_a_file_that_no_lock_knows_is_not_overwritten(out: Path) -> None:
    bring(out, ONE)
    write_tree(out / "a" / "c", {"new.txt": b"mine"})
    with pytest.raises(InvalidInput, match=r"\n  a/c/new.txt \(not from a pull\)$"):
        bring(out, TWO)


def test_many_edits_are_counted(out: Path) -> None:
    files = {f"{number:03d}": b"x" for number in range(30)}
    bring(out, files)
    for path in files:
        (out / path).write_bytes(b"edited")
    with pytest.raises(InvalidInput, match=r"\n  019\n  and 10 more$"):
        bring(out, files)


def test_a_directory_that_is_not_ours_is_not_filled_without_force(out: Path) -> None:
    write_tree(out, {"thesis.tex": b"years of work", "README.md": b"one\n"})
    with pytest.raises(InvalidInput, match="the output directory holds other things"):
        bring(out, ONE)
    bring(out, ONE, force=True)
    assert content(out) == ONE | {"thesis.tex": b"years of work"}


def test_an_unreadable_lock_is_not_taken_for_none(out: Path) -> None:
    bring(out, ONE)
    (out / LOCK_FILE).write_bytes(b"{}")
    with pytest.raises(InvalidInput, match=r"the lock .* is not valid"):
        bring(out, ONE, force=True)


# --- links in the way ----------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "elsewhere", {"same.txt": b"same\n", "b/old.txt": b"old\n"})


def test_a_folder_that_became_a_link_is_refused_and_never_written_through(out: Path, elsewhere: Path) -> None:
    bring(out, ONE)
    shutil.rmtree(out / "a")
    (out / "a").symlink_to(elsewhere)
    with pytest.raises(InvalidInput, match=r"a/b/old.txt \(not a regular file\)"):
        bring(out, TWO)
    bring(out, TWO, force=True)
    assert content(out) == TWO
    assert content(elsewhere) == {"same.txt": b"same\n", "b/old.txt": b"old\n"}


def test_a_link_inside_the_stage_is_removed(out: Path, elsewhere: Path) -> None:
    tree = look_at(out)
    tree.files.mkdir(parents=True)
    (tree.files / "a").symlink_to(elsewhere)
    bring(out, ONE)
    assert content(out) == ONE
    assert content(elsewhere) == {"same.txt": b"same\n", "b/old.txt": b"old\n"}
