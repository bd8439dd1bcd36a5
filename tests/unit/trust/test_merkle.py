"""Audit paths: what they lead to, and what is no path."""

from __future__ import annotations

import hashlib

import pytest

from govern.errors import Denied, InvalidInput
from govern.trust.merkle import leaf_hash, root_of
from support.tiny_log import audit_path, root_hash

LEAVES = [b"%d" % number for number in range(7)]


def test_a_leaf_is_not_hashed_as_a_node():
    assert leaf_hash(b"a") == hashlib.sha256(b"\x00a").digest()
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert root_of(left, 0, 2, [right]) == hashlib.sha256(b"\x01" + left + right).digest()
    # Were they alike, the two hashes under a node would pass for an entry.
    assert leaf_hash(left + right) != root_of(left, 0, 2, [right])


def test_the_only_leaf_is_the_root():
    assert root_of(leaf_hash(b"a"), 0, 1, []) == leaf_hash(b"a")


def test_the_tree_of_rfc_6962_section_2_1_3_has_its_paths():
    # The RFC's example of seven leaves: d0, d3, d4 and d6 have paths of 3, 3, 3 and 2 hashes.
    assert [len(audit_path(index, LEAVES)) for index in (0, 3, 4, 6)] == [3, 3, 3, 2]
    for index in range(7):
        assert root_of(leaf_hash(LEAVES[index]), index, 7, audit_path(index, LEAVES)) == root_hash(LEAVES)


@pytest.mark.parametrize(("index", "size"), [(7, 7), (8, 7), (0, 0), (-1, 7)])
def test_a_leaf_outside_of_the_tree_is_refused(index, size):
    with pytest.raises(Denied, match=f"a leaf that the tree does not have: got index {index}, expected below {size}"):
        root_of(leaf_hash(b"0"), index, size, audit_path(0, LEAVES))


@pytest.mark.parametrize("change", [lambda path: path[:-1], lambda path: [*path, bytes(32)], lambda path: []])
def test_a_path_of_another_length_is_refused(change):
    with pytest.raises(Denied, match=r"another length than its place.*expected 3 for index 0 of 7"):
        root_of(leaf_hash(b"0"), 0, 7, change(audit_path(0, LEAVES)))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(length):
    path = audit_path(0, LEAVES)
    with pytest.raises(Denied, match=r"a hash of the inclusion proof has another length: got .*expected 32"):
        root_of(leaf_hash(b"0"), 0, 7, [path[0], bytes(length), path[2]])
    with pytest.raises(Denied, match="another length"):
        root_of(bytes(length), 0, 1, [])


def test_more_hashes_than_any_log_has_levels_are_refused_by_name():
    with pytest.raises(InvalidInput, match="MAX_PROOF_HASHES"):
        root_of(leaf_hash(b"0"), 0, 1 << 64, [bytes(32)] * 64, InvalidInput)
    assert len(root_of(leaf_hash(b"0"), 0, 1 << 63, [bytes(32)] * 63)) == 32
