"""Files below a folder: regular ones, within a bound, and reached by no link."""

from __future__ import annotations

import hashlib
import os

import pytest

from govern.capture.tree_file import hash_below, open_below, read_below
from govern.errors import LimitExceeded
from govern.limits import Bound

BOUND = Bound("TEST", 10)


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "a" / "b").write_bytes(b"content")
    (tree / "link").symlink_to("../outside/secret")
    (tree / "inside").symlink_to("a/b")
    (tree / "folder").symlink_to("../outside")
    os.mkfifo(tree / "pipe")
    return tree


def test_a_file_is_read_and_hashed(tree):
    assert read_below(tree, "a/b", BOUND) == b"content"
    hashed = hash_below(tree, "a/b", BOUND)
    assert hashed.sha256 == hashlib.sha256(b"content").hexdigest()
    assert hashed.md5 == hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    assert hashed.size == 7


@pytest.mark.parametrize(
    "path",
    ["link", "inside", "folder/secret", "pipe", "a", "", ".", "a/../a/b", "../outside/secret", "/etc/passwd", "a//b",
     "a/b\x00", "a/\udcff", "none", "x/" * 200 + "b"],
)  # fmt: skip
def test_what_is_no_regular_file_below_is_not_opened(tree, path):
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError):
        open_below(tree, path)
    assert os.listdir("/proc/self/fd") == before


def test_a_file_beyond_the_bound_is_refused(tree):
    (tree / "large").write_bytes(b"x" * 11)
    for read in (read_below, hash_below):
        with pytest.raises(LimitExceeded, match="TEST"):
            read(tree, "large", BOUND)
    (tree / "large").write_bytes(b"x" * 10)
    assert hash_below(tree, "large", BOUND).size == len(read_below(tree, "large", BOUND)) == 10
