"""Merkle trees of any size: every leaf's own path leads to the root, and nothing else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from govern.errors import Denied
from govern.trust.merkle import leaf_hash, root_of
from support.tiny_log import audit_path, root_hash

sizes = st.integers(1, 70)
places = sizes.flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


def leaves_of(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def leads_to(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root, or None for what is no path."""
    try:
        return root_of(leaf, index, size, path)
    except Denied:
        return None


@given(sizes)
def test_every_leaf_of_every_tree_is_in_it(size):
    leaves = leaves_of(size)
    for index, leaf in enumerate(leaves):
        assert root_of(leaf_hash(leaf), index, size, audit_path(index, leaves)) == root_hash(leaves)


@given(places, st.data())
def test_any_flipped_bit_leads_elsewhere(place, data):
    size, index = place
    leaves = leaves_of(size)
    parts = [leaf_hash(leaves[index]), *audit_path(index, leaves)]
    which = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = int.from_bytes(parts[which], "big") ^ (1 << bit)
    parts[which] = flipped.to_bytes(32, "big")
    assert leads_to(parts[0], index, size, parts[1:]) not in (None, root_hash(leaves))


@given(places, st.data())
def test_cut_and_extended_paths_are_refused(place, data):
    size, index = place
    leaves = leaves_of(size)
    path = audit_path(index, leaves)
    leaf = leaf_hash(leaves[index])
    for length in range(len(path)):
        assert leads_to(leaf, index, size, path[:length]) is None
        assert leads_to(leaf, index, size, path[len(path) - length :]) is None
    at = data.draw(st.integers(0, len(path)))
    more = data.draw(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=3))
    assert leads_to(leaf, index, size, [*path[:at], *more, *path[at:]]) is None


@given(places, st.data())
def test_a_leaf_is_nowhere_else_in_its_tree(place, data):
    size, index = place
    leaves = leaves_of(size)
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index)) if size > 1 else 1
    assert leads_to(leaf_hash(leaves[index]), other, size, audit_path(index, leaves)) != root_hash(leaves)


@given(st.integers(-(2**64), 2**70), st.integers(-(2**64), 2**70), st.lists(st.binary(max_size=40), max_size=70))
def test_nothing_but_a_refusal_comes_out_of_numbers_and_hashes_of_strangers(index, size, path):
    result = leads_to(leaf_hash(b"x"), index, size, path)
    assert result is None or len(result) == 32
