"""Paths that an artifact may hold, in both directions (DESIGN §4)."""

from __future__ import annotations

import tracemalloc

import pytest

from govern import paths as paths_module
from govern.errors import Denied, InvalidInput
from govern.limits import MAX_PATH, MAX_SEGMENT, Bound
from govern.paths import check_collisions, check_path, order


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "model.safetensors",
        "a/b/c",
        "a b",
        "ä/ö",
        "…",
        ".hidden",
        "a/..b",
        "a/...",
        "日本/モデル",
        "x" * 255,
        "~",
        "a/.govern-tar/b",
    ],
)
def test_a_relative_path_may_stand(path):
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/a", "//a", "a/", "a//b", ".", "..", "./a", "../a", "a/../b", "a/.", "a/..", "a\\b", "..\\a",
        "a\x00", "a\nb", "a\x7f",
        "a\x85", "a\u202eb", "a\u200bb", "a\u2028b", "a\ufeff", "a\u00adb", "e\u0301", "\u212b", "\udcff", "\ud800/a",
        ".govern-tar/a", ".Govern-Tar/a", ".govern-tar", "x" * 256, "é" * 128, "a/" * 2000 + "a",
    ],
)  # fmt: skip
def test_a_path_that_could_leave_or_hide_is_refused(path):
    with pytest.raises(Denied):
        check_path(path, error=Denied)


def test_the_bounds_of_a_path_are_named():
    with pytest.raises(InvalidInput, match="MAX_PATH"):
        check_path("a/" * 2000 + "a")
    with pytest.raises(InvalidInput, match="MAX_SEGMENT"):
        check_path("x" * 256)
    assert (MAX_PATH.value, MAX_SEGMENT.value) == (4_000, 255)


@pytest.mark.parametrize(
    "paths",
    [
        ("a", "a"),
        ("a", "A"),
        ("a/x", "A/y"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("a/b/c", "a/b"),
        ("A", "a/x"),
        ("straße", "strasse"),
        ("x/y/z", "x/Y/w"),
        ("a/b/c/d", "a/b/c"),
        ("q", "a/b/c", "a/b/d", "a/B"),
        # Two spellings that a file system without case holds to be one (Unicode §3.13, D145).
        ("\u0390", "\u03aa\u0301"),
    ],
)  # fmt: skip
def test_paths_that_would_meet_are_refused(paths):
    for ordering in (paths, tuple(reversed(paths))):
        with pytest.raises(Denied):
            check_collisions(ordering, Denied)


@pytest.mark.parametrize(
    "paths", [(), ("a",), ("a/b", "a/c"), ("a", "b"), ("a-b", "a/b", "a.b"), ("a/b/c", "a/b/d", "a/e/c")]
)
def test_paths_that_stay_apart_may_stand(paths):
    check_collisions(paths)


def test_the_memory_of_the_check_is_bounded_by_the_paths():
    paths = [check_path(f"{number}/" + "a/" * 120 + "x") for number in range(100)]
    tracemalloc.start()
    try:
        check_collisions(paths)
        assert tracemalloc.get_traced_memory()[1] < 500 * sum(map(len, paths))
    finally:
        tracemalloc.stop()


def test_the_order_is_that_of_utf_8_bytes():
    paths = ["\ufb33", "\U0001f600", "z", "Z", "é"]
    assert sorted(paths, key=order) == ["Z", "z", "é", "\ufb33", "\U0001f600"]


def test_a_tree_of_more_folders_than_the_bound_is_refused(monkeypatch):
    monkeypatch.setattr(paths_module, "MAX_TREE", Bound("MAX_TREE", 300, "files and folders"))
    deep = [f"{number}" + "/a" * 9 for number in range(30)]
    check_collisions(deep, Denied)
    with pytest.raises(Denied, match="MAX_TREE"):
        check_collisions([*deep, "x"], Denied)
