"""Which files are packed: links into the tree are followed, links elsewhere are refused, some are never packed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from govern.artifact.walk import NEVER_FILES, NEVER_FOLDERS, find_files, identity_of
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA
from support.trees import write_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", {"a.txt": b"a\n", "deep/er/b.txt": b"b\n"})


def paths(folder: Path, **options) -> list[str]:
    return [one.path for one in find_files(folder, **options)]


# --- files and folders ---------------------------------------------------------------------------


def test_files_come_in_the_order_of_utf_8_bytes(tmp_path: Path) -> None:
    names = ["\U0001f600", "\uff5e", "b/x", "b.x", "a", "Z", "\u00e9"]
    folder = write_tree(tmp_path / "tree", dict.fromkeys(names, b""))
    assert paths(folder) == ["Z", "a", "b.x", "b/x", "\u00e9", "\uff5e", "\U0001f600"]


def test_a_file_is_described_by_what_its_status_says(tree: Path) -> None:
    (first, _) = find_files(tree)
    status = (tree / "a.txt").stat()
    assert (first.real, first.size, first.identity) == (str(tree / "a.txt"), 2, identity_of(status))
    assert first.identity == (status.st_dev, status.st_ino, 2, status.st_mtime_ns, status.st_ctime_ns)


def test_a_single_file_is_packed_under_its_own_name(tree: Path) -> None:
    assert paths(tree / "deep" / "er" / "b.txt") == ["b.txt"]


def test_the_folder_itself_may_be_a_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)
    assert find_files(tmp_path / "link") == find_files(tree)


@pytest.mark.parametrize("name", sorted(NEVER_FILES))
def test_files_of_tools_and_systems_are_never_packed(tree: Path, name: str) -> None:
    (tree / name).write_bytes(b"\n")
    (tree / "deep" / name).write_bytes(b"\n")
    assert paths(tree) == ["a.txt", "deep/er/b.txt"]


@pytest.mark.parametrize("name", sorted(NEVER_FOLDERS))
def test_folders_of_tools_are_never_packed(tree: Path, name: str) -> None:
    write_tree(tree / "deep" / name, {"x/config": b"secret\n"})
    assert paths(tree) == ["a.txt", "deep/er/b.txt"]


def test_a_file_that_is_called_like_a_tool_s_folder_is_a_file(tree: Path) -> None:
    (tree / ".cache").write_bytes(b"\n")
    assert ".cache" in paths(tree)


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("*.txt\n", []),
        ("a.txt\n# a comment\n", ["deep/er/b.txt"]),
        ("/deep/\n", ["a.txt"]),
        ("*.txt\n!deep/er/b.txt\n", ["deep/er/b.txt"]),
        ("er/\n", ["a.txt"]),
        ("/b.txt\n", ["a.txt", "deep/er/b.txt"]),
    ],
)
def test_ignore_rules_are_those_of_git(tree: Path, rules: str, left: list[str]) -> None:
    (tree / ".governignore").write_text(rules)
    (tree / "kept.md").write_text("kept\n")
    assert paths(tree) == sorted([*left, "kept.md"])


def test_ignored_links_and_pipes_are_not_looked_at(tree: Path) -> None:
    (tree / "link").symlink_to("/etc")
    os.mkfifo(tree / "pipe")
    (tree / ".governignore").write_text("link\npipe\n")
    assert paths(tree) == ["a.txt", "deep/er/b.txt"]


def test_ignore_rules_that_are_no_text_are_refused(tree: Path) -> None:
    (tree / ".governignore").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"\.governignore cannot be read"):
        find_files(tree)


def test_ignore_rules_are_read_up_to_their_bound(tree: Path) -> None:
    rules = tree / ".governignore"
    rules.write_bytes(b"#" * (MAX_METADATA.value + 1))
    with pytest.raises(InvalidInput, match="MAX_METADATA"):
        find_files(tree)
    # A sparse file says that it is a terabyte; nobody may try to hold it.
    os.truncate(rules, 1 << 40)
    with pytest.raises(InvalidInput, match="MAX_METADATA"):
        find_files(tree)


# --- what is refused -----------------------------------------------------------------------------


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize("make", [_fifo, _socket])
def test_special_files_are_refused_without_being_opened(tree: Path, make: Callable[[Path], None]) -> None:
    make(tree / "special")
    with pytest.raises(InvalidInput, match=r"not a regular file.*'special'"):
        find_files(tree)


@pytest.mark.parametrize(
    "name",
    [
        b"back\\slash",
        b"line\nend",
        "cafe\u0301".encode(),
        "right\u202eleft".encode(),
        b"not unicode \xff",
        b".govern-tar/x.tar",
    ],
)
def test_names_that_an_artifact_cannot_hold_are_refused(tree: Path, name: bytes) -> None:
    target = os.path.join(os.fsencode(tree), name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(b"x")
    with pytest.raises(InvalidInput, match="a path that an artifact cannot hold") as caught:
        find_files(tree)
    assert ".governignore" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["GOVERN.LOCK", "Govern.Lock", ".GOVERN-PART/x", ".govern-part", "a/.GIT/config", "Govern.YAML", "git~1/x"]
)
def test_names_where_a_pull_writes_its_own_are_refused(tree: Path, name: str) -> None:
    (tree / name).parent.mkdir(exist_ok=True, parents=True)
    (tree / name).write_bytes(b"x")
    with pytest.raises(InvalidInput, match="a name that govern keeps for itself"):
        find_files(tree)


@pytest.mark.parametrize("names", [("A.txt",), ("Deep/x",), ("stra\u00dfe", "strasse")])
def test_paths_that_differ_only_in_case_are_refused(tree: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(b"x")
    with pytest.raises(InvalidInput, match="two paths differ only in case"):
        find_files(tree)


@pytest.mark.parametrize("files", [{}, {".git/config": b"x"}, {"govern.yaml": b"x"}, {"a/.DS_Store": b"x"}])
def test_a_tree_without_a_file_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(InvalidInput, match=r"nothing to pack: got no file in .*tree"):
        find_files(write_tree(tmp_path / "tree", files))


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nothing to pack: got .*nowhere.*No such file"):
        find_files(tmp_path / "nowhere")


# --- links ---------------------------------------------------------------------------------------


def test_links_to_files_inside_the_tree_are_followed(tree: Path) -> None:
    (tree / "first").symlink_to("deep/er/b.txt")
    (tree / "second").symlink_to("first")
    (tree / "deep" / "up").symlink_to("../a.txt")
    (tree / "absolute").symlink_to(tree / "a.txt")
    found = {one.path: one for one in find_files(tree)}
    assert found["first"].real == found["second"].real == str(tree / "deep" / "er" / "b.txt")
    assert found["deep/up"].real == found["absolute"].real == str(tree / "a.txt")
    assert found["first"].identity == found["deep/er/b.txt"].identity


def _outside(tree: Path) -> str:
    (tree.parent / "outside.txt").write_bytes(b"x")
    return "../outside.txt"


def _through_a_link(tree: Path) -> str:
    # The link's own folder looks like one of the tree and is not.
    _outside(tree)
    (tree / "inner").symlink_to(tree.parent)
    return "inner/outside.txt"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (_outside, "leaves the tree"),
        (_through_a_link, "leaves the tree"),
        (lambda tree: "/etc/passwd", "leaves the tree"),
        (lambda tree: "deep", "points to a folder"),
        (lambda tree: ".", "points to a folder"),
        (lambda tree: "nowhere", "points nowhere"),
        (lambda tree: "bad", "points nowhere"),
    ],
)
def test_other_links_are_refused(tree: Path, target: Callable[[Path], str], why: str) -> None:
    (tree / "bad").symlink_to(target(tree))
    with pytest.raises(InvalidInput, match=why) as caught:
        find_files(tree)
    assert "→" in caught.value.got


def test_a_link_to_a_neighbour_whose_name_begins_alike_leaves_the_tree(tree: Path) -> None:
    write_tree(tree.with_name("tree-2"), {"x": b"x"})
    (tree / "x").symlink_to("../tree-2/x")
    with pytest.raises(InvalidInput, match="leaves the tree"):
        find_files(tree)


def test_a_link_into_a_named_root_is_followed(tree: Path, tmp_path: Path) -> None:
    store = write_tree(tmp_path / "store", {"weights/w.bin": b"\x00", "other": b"x"})
    (tree / "w.bin").symlink_to("../store/weights/w.bin")
    with pytest.raises(InvalidInput, match="leaves the tree") as caught:
        find_files(tree)
    assert f"--link-root {store / 'weights'}" in caught.value.hint
    assert "w.bin" in paths(tree, link_roots=[store / "weights"])
    (tree / "other").symlink_to("../store/other")
    with pytest.raises(InvalidInput, match=r"leaves the tree.*'other'"):
        find_files(tree, link_roots=[store / "weights"])


def test_a_named_root_that_is_a_link_to_itself_allows_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "x").write_bytes(b"x")
    (tree / "x").symlink_to("../x")
    with pytest.raises(InvalidInput, match="leaves the tree"):
        find_files(tree, link_roots=[tmp_path / "circle"])


# --- Hugging Face --------------------------------------------------------------------------------


def snapshot(home: Path) -> Path:
    write_tree(home / "blobs", {"aa11": b"{}", "bb22": b"\x00"})
    folder = home / "snapshots" / "0123abc"
    (folder / "onnx").mkdir(parents=True)
    (folder / "config.json").symlink_to("../../blobs/aa11")
    (folder / "onnx" / "model.bin").symlink_to("../../../blobs/bb22")
    return folder


def test_a_hugging_face_snapshot_is_followed_and_named(tmp_path: Path) -> None:
    home = tmp_path / "models--acme--fraud"
    notes: list[str] = []
    found = find_files(snapshot(home), note=notes.append)
    assert [(one.path, one.real) for one in found] == [
        ("config.json", str(home / "blobs" / "aa11")),
        ("onnx/model.bin", str(home / "blobs" / "bb22")),
    ]
    assert notes == [f"this is a Hugging Face cache: links into {home / 'blobs'} are followed"]


def test_what_only_looks_like_a_hugging_face_snapshot_is_not_followed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="leaves the tree"):
        find_files(snapshot(tmp_path / "fraud"))


def test_a_link_out_of_a_hugging_face_cache_is_refused(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "models--acme--fraud")
    (folder / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match=r"leaves the tree.*'passwd'"):
        find_files(folder)
