"""A pull that was killed goes on, and one that was not keeps what a person has; on the way that a person goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

import govern
from govern.artifact.lock import read_lock
from govern.artifact.tree import look_at
from govern.artifact.walk import LOCK_FILE, PART_FOLDER
from govern.errors import InvalidInput
from govern.signing.key_file import generate_key_pair
from support.brought import ONE, TWO, bring, content, lock_of
from support.killed import killed_at
from support.trees import Files, write_tree


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


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
