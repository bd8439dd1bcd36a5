"""That a leaf is in a Merkle tree: its audit path leads to the root.

Source: RFC 6962 §2.1 and §2.1.1; RFC 9162 §2.1.3.2 (the same tree, and how a path is checked).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from govern.errors import Denied, GovernError
from govern.limits import MAX_PROOF_HASHES

HASH_BYTES: Final = 32
"""Of SHA-256, the one hash of these trees."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf; leaves and nodes differ in their first byte, so that none passes for the other."""
    return hashlib.sha256(_LEAF + entry).digest()


def root_of(leaf: bytes, index: int, size: int, hashes: Sequence[bytes], error: type[GovernError] = Denied) -> bytes:
    """Return the root to which an audit path leads.

    The root proves nothing until it is compared with one that the log signed **for this size**: places in trees
    of several sizes have paths of the same form, so without it an entry could be said to be at another index.

    Args:
        leaf: the leaf's hash, 32 bytes.
        index: the leaf's, from 0.
        size: of the tree, in leaves.
        hashes: the audit path, from the leaf's side; 32 bytes each.
        error: the class to raise.

    Raises:
        error: for an index outside of the tree, and a path that is not exactly as long as the place asks for.
    """
    if not 0 <= index < size:
        raise error(
            "the proof is of a leaf that the tree does not have", got=f"index {index}", expected=f"below {size}"
        )
    MAX_PROOF_HASHES.check(len(hashes), "the inclusion proof", error)
    if any(len(one) != HASH_BYTES for one in (leaf, *hashes)):
        got = ", ".join(str(len(one)) for one in hashes)
        raise error("a hash of the inclusion proof has another length", got=f"{got} bytes", expected=f"{HASH_BYTES}")
    # Up to where the way of the last leaf joins, there is a sibling on every level; above, only on the left.
    inner = (index ^ (size - 1)).bit_length()
    expected = inner + (index >> inner).bit_count()
    if len(hashes) != expected:
        raise error(
            "the inclusion proof has another length than its place in the tree asks for",
            got=f"{len(hashes)} hashes",
            expected=f"{expected} for index {index} of {size}",
        )
    result = leaf
    for level, sibling in enumerate(hashes):
        right = level >= inner or (index >> level) & 1
        result = hashlib.sha256(_NODE + (sibling + result if right else result + sibling)).digest()
    return result
