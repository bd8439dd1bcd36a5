"""The stage of a pull where somebody prepared it: nothing in it leads out, and what an earlier pull left stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from govern.artifact.stage import hold_stage, remove_if_empty
from govern.artifact.tree import Tree, look_at, staged
from govern.errors import InvalidInput, Undecided, UsageError
from support.brought import ONE, bring, content, entries_of
from support.trees import Files, write_tree

WANTED: Final = frozenset({"setup.sh", "sub/setup.sh"})
PRECIOUS: Final = b"PRECIOUS\n"


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    stage = tmp_path / "out" / ".govern-part"
    for name in ("files", "layers"):
        (stage / name).mkdir(parents=True)
    return stage


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "home", {"bashrc": PRECIOUS}) / "bashrc"


def fill(stage: Path, files: Files) -> None:
    for path, data in files.items():
        (stage / path).parent.mkdir(parents=True, exist_ok=True)
        (stage / path).write_bytes(data)


def hold(stage: Path) -> None:
    os.close(hold_stage(stage, WANTED))


def cut_off(tree: Tree) -> None:
    (tree.parts / "0-0.part").write_bytes(b"half")
    raise Undecided("cut off", hint="wait")


PLANTED: Final = [
    "files/setup.sh",
    "files/sub/setup.sh",
    "layers/0-0",
    "layers/0-0.part",
    "layers/a/b/0",
    ".govern.lock.7",
]
WAYS: Final[dict[str, Callable[[Path, Path], object]]] = {
    "a link": lambda place, victim: place.symlink_to(victim),
    "a link to nowhere": lambda place, victim: place.symlink_to(victim.with_name("new")),
    "a link to a folder": lambda place, victim: place.symlink_to(victim.parent),
    "a second name": lambda place, victim: place.hardlink_to(victim),
    "a pipe": lambda place, _victim: os.mkfifo(place),
}


@pytest.mark.parametrize("plant", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("path", PLANTED)
def test_what_leads_out_of_the_stage_is_removed_and_not_what_it_leads_to(
    path: str, plant: Callable[[Path, Path], object], stage: Path, victim: Path
) -> None:
    (stage / path).parent.mkdir(parents=True, exist_ok=True)
    plant(stage / path, victim)
    hold(stage)
    assert not os.path.lexists(stage / path)
    assert victim.read_bytes() == PRECIOUS
    assert victim.stat().st_nlink == 1


def test_a_folder_that_is_a_link_is_removed_and_not_gone_through(stage: Path, victim: Path) -> None:
    (stage / "files" / "sub").symlink_to(victim.parent)
    hold(stage)
    assert list((stage / "files").iterdir()) == []
    assert victim.read_bytes() == PRECIOUS


def test_what_a_killed_pull_left_stays(stage: Path) -> None:
    left = {"files/setup.sh": b"x", "files/sub/setup.sh": b"y", "layers/0-0": b"z", "layers/1-0.part": b"hal"}
    fill(stage, left)
    hold(stage)
    assert content(stage) == left


def test_what_another_artifact_left_is_removed(stage: Path) -> None:
    fill(stage, {"files/other": b"x", "files/sub/other": b"x", "else/x": b"x", "y": b"y"})
    hold(stage)
    assert content(stage) == {"files/": b"", "layers/": b""}


@pytest.mark.parametrize("name", ["files", "layers"])
def test_a_file_where_a_folder_of_the_stage_goes_is_removed(name: str, stage: Path) -> None:
    (stage / name).rmdir()
    (stage / name).write_bytes(b"x")
    hold(stage)
    assert (stage / name).is_dir()


def test_folders_without_end_are_removed_too(stage: Path) -> None:
    deep = str(stage / "files")
    for _ in range(1_500):
        deep += "/d"
        os.mkdir(deep)
    hold(stage)
    assert content(stage) == {"files/": b"", "layers/": b""}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_what_is_another_users_is_not_used(stage: Path, tmp_path: Path) -> None:
    fill(stage, {"files/sub/setup.sh": b"theirs", "layers/0-0": b"theirs"})
    os.chown(stage / "files" / "sub", 12345, 12345)
    os.chown(stage / "layers" / "0-0", 12345, 12345)
    hold(stage)
    assert content(stage) == {"files/": b"", "layers/": b""}
    os.chown(stage, 12345, 12345)
    with pytest.raises(InvalidInput, match=r"is another user's: got '.*' of user 12345"):
        hold(stage)
    hold(tmp_path / "new" / ".govern-part")


def test_a_stage_that_cannot_be_looked_through_is_refused(stage: Path) -> None:
    deep = stage / "files"
    # Longer than any path may be, made step by step.
    here = os.open(deep, os.O_RDONLY)
    try:
        for _ in range(30):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        with pytest.raises(InvalidInput, match="cannot be removed"):
            hold(stage)
    finally:
        os.close(here)


def test_a_pull_that_fails_before_its_first_byte_leaves_no_stage(tmp_path: Path) -> None:
    tree = look_at(tmp_path / "out")
    with pytest.raises(Undecided) as caught, staged(tree, ()):
        raise Undecided("there is not enough room", hint="free some")
    assert caught.value.hint == "free some"
    assert list(tmp_path.iterdir()) == []


def test_a_pull_that_fails_later_says_what_it_left_and_who_goes_on_from_there(tmp_path: Path) -> None:
    tree = look_at(tmp_path / "out")
    with pytest.raises(Undecided) as caught, staged(tree, entries_of(ONE)):
        cut_off(tree)
    assert repr(tree.stage.name) in caught.value.hint
    assert caught.value.hint.startswith("wait; ")
    assert caught.value.hint.endswith("the same command goes on from there")
    assert (tree.parts / "0-0.part").read_bytes() == b"half"
    bring(tmp_path / "out", ONE)
    assert content(tmp_path / "out") == ONE


def test_a_stage_is_removed_only_where_it_is_empty(stage: Path) -> None:
    fill(stage, {"layers/0-0": b"x"})
    assert not remove_if_empty(stage)
    assert content(stage)["layers/0-0"] == b"x"


def test_a_stage_that_is_held_is_left_alone(stage: Path) -> None:
    held = hold_stage(stage, WANTED)
    fill(stage, {"layers/0-0": b"x", "files/other": b"x"})
    with pytest.raises(UsageError, match="another pull into this directory"):
        hold_stage(stage, frozenset())
    assert content(stage) == {"layers/0-0": b"x", "files/other": b"x"}
    os.close(held)
