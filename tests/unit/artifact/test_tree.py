"""The directory of a pull: nothing of a person's is lost, and a killed pull goes on."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

import govern
from govern.artifact.digest_cache import NoCache
from govern.artifact.file_list import Entry
from govern.artifact.lock import Lock, LockedFile, read_lock
from govern.artifact.tree import (
    Tree,
    check_reserved,
    check_space,
    commit,
    kept_and_edited,
    look_at,
    refuse_loss,
    staged,
)
from govern.artifact.walk import LOCK_FILE, PART_FOLDER
from govern.errors import InvalidInput, ProtocolError, Undecided, UsageError
from govern.oci.digest import Digest
from govern.signing.key_file import generate_key_pair
from support.killed import killed_at
from support.trees import Files, write_tree

ONE: Final[Files] = {"README.md": b"one\n", "a/b/old.txt": b"old\n", "a/same.txt": b"same\n", "w.bin": b"\x00one"}
TWO: Final[Files] = {"README.md": b"two\n", "a/same.txt": b"same\n", "a/c/new.txt": b"new\n", "w.bin": b"\x00two"}


def entries_of(files: Files) -> tuple[Entry, ...]:
    return tuple(
        Entry(Digest.of(data), 0, path, Digest.of(data).encoded, len(data)) for path, data in sorted(files.items())
    )


def lock_of(files: Files, selected: tuple[str, ...] = ()) -> Lock:
    return Lock(
        reference=f"localhost:5000/acme/fraud@{Digest.of(b'it')}",
        tag="1.0.0",
        name="acme/fraud",
        version="1.0.0",
        kind="model",
        digest=Digest.of(b"it"),
        pulled_at="2026-11-21T09:30:00Z",
        verified=None,
        selected=selected,
        files=tuple(LockedFile(path=one.path, sha256=one.sha256, size=one.size) for one in entries_of(files)),
    )


def bring(folder: Path, files: Files, *, force: bool = False, selected: tuple[str, ...] = ()) -> set[str]:
    """Bring files into a directory as a pull does; return the paths that were there already."""
    tree, entries = look_at(folder), entries_of(files)
    kept, edited = kept_and_edited(tree, entries, NoCache())
    refuse_loss(tree, edited, force=force)
    with staged(tree, entries):
        for path, data in files.items():
            if path not in kept:
                (tree.files / path).parent.mkdir(parents=True, exist_ok=True)
                (tree.files / path).write_bytes(data)
        assert commit(tree, entries, kept, lock_of(files, selected)) == folder.resolve() / LOCK_FILE
    return kept


def content(folder: Path) -> dict[str, bytes]:
    """Return what is below a folder, with links and empty folders, but for the lock."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        elif path.is_dir():
            if not any(path.iterdir()):
                found[name + "/"] = b""
        elif name != LOCK_FILE:
            found[name] = path.read_bytes()
    return found


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


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_file, "the output is a file"),
        (_dangling, "the output is a link to nowhere"),
        (_below_a_file, "the output"),
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


# --- what was killed -----------------------------------------------------------------------------


def test_what_another_artifact_left_in_the_stage_does_not_come_in(out: Path) -> None:
    tree = look_at(out)
    left = {"evil.py": b"x", "a": b"a file where a folder will be", LOCK_FILE: b"{}", "w.bin/deep/x": b"x"}
    write_tree(tree.files, left)
    bring(out, ONE)
    assert content(out) == ONE
    assert [path.name for path in out.parent.iterdir()] == ["out"]


STARTS: Final[dict[str, Callable[[Path], object]]] = {
    "a new directory": lambda _out: None,
    "an empty directory": lambda out: out.mkdir(),
    "an earlier version": lambda out: bring(out, ONE),
    "the same version": lambda out: bring(out, TWO),
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_pull_that_was_killed_anywhere_goes_on(tmp_path: Path, start: Callable[[Path], object]) -> None:
    number, killed = 0, True
    while killed:
        # A directory each: the fork leaves nothing behind but its files.
        out = tmp_path / f"run-{number}" / "out"
        out.parent.mkdir()
        start(out)
        killed = killed_at(number, out.parent, lambda out=out: bring(out, TWO))  # type: ignore[misc]
        if killed:
            for path, data in content(out).items() if out.exists() else ():
                # Whatever stands under a final path is whole.
                if not path.startswith(f"{PART_FOLDER}/"):
                    assert data in (ONE.get(path), TWO.get(path), b""), (number, path)
            bring(out, TWO)
        assert content(out) == TWO, number
        assert read_lock(out) == lock_of(TWO)
        assert [path.name for path in out.parent.iterdir()] == ["out"], number
        number += 1
    assert number > 3


# --- the whole way -------------------------------------------------------------------------------


@pytest.fixture
def pushed(tmp_path: Path) -> Callable[[Files, str], str]:
    private, _, _ = generate_key_pair(tmp_path / "ci", None)

    def push(files: Files, version: str) -> str:
        reference = f"layout:{tmp_path}/fraud:{version}"
        govern.push(write_tree(tmp_path / version, files), reference, key=private)
        return reference

    return push


def test_a_pull_lists_edits_keeps_what_is_there_and_obeys_force(
    out: Path, tmp_path: Path, pushed: Callable[[Files, str], str]
) -> None:
    one, two, key = pushed(ONE, "1"), pushed(TWO, "2"), tmp_path / "ci.pub"
    assert govern.pull(one, out, key=key).fetched == 4
    assert govern.pull(one, out, key=key).fetched == 0
    (out / "README.md").write_bytes(b"mine\n")
    with pytest.raises(InvalidInput, match=r"would be lost:\n  README.md$"):
        govern.pull(two, out, key=key)
    pulled = govern.pull(two, out, key=key, force=True)
    assert (pulled.files, pulled.fetched) == (4, 3)
    assert content(out) == TWO


def test_a_pull_of_a_part_fetches_only_that_part(
    out: Path, tmp_path: Path, pushed: Callable[[Files, str], str]
) -> None:
    reference, key = pushed(ONE, "1"), tmp_path / "ci.pub"
    assert govern.pull(reference, out, key=key, include=["a/*"], roles=["weight.config"]).files == 2
    assert set(content(out)) == {"a/b/old.txt", "a/same.txt"}
    lock = read_lock(out)
    assert lock is not None
    assert lock.selected == ("include a/*", "role weight.config")
    assert govern.pull(reference, out, key=key, roles=["weight"]).files == 1
    assert govern.pull(reference, out, key=key).fetched == 1
    assert content(out) == ONE


@pytest.mark.parametrize("start", ["a new directory", "an earlier version"])
def test_after_a_killed_pull_another_version_comes_in_whole(
    tmp_path: Path, start: str, pushed: Callable[[Files, str], str]
) -> None:
    one, two, key = pushed(ONE, "1"), pushed(TWO, "2"), tmp_path / "ci.pub"
    number, killed = 0, True
    while killed:
        out = tmp_path / f"run-{number}" / "out"
        out.parent.mkdir()
        if start == "an earlier version":
            govern.pull(one, out, key=key)
        killed = killed_at(number, out.parent, lambda out=out: govern.pull(two, out, key=key))  # type: ignore[misc]
        # The person changes their mind, and takes another version than the one that was killed.
        govern.pull(one, out, key=key, force=True)
        left = {path: data for path, data in content(out).items() if path not in ONE and not path.endswith("/")}
        assert {path: data for path, data in content(out).items() if path in ONE} == ONE, number
        # What was in place already stays, as a person's own file would; what was in the stage does not come in.
        assert left in ({}, {"a/c/new.txt": TWO["a/c/new.txt"]} if start == "an earlier version" else {}), number
        assert [path.name for path in out.parent.iterdir()] == ["out"], number
        number += 1
    assert number > 6
