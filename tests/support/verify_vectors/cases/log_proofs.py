"""In which tree a log entry is, and who signed that tree."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from govern.intoto.bundle import InclusionProof, LogEntry
from support.verify_vectors.bundles import b64
from support.verify_vectors.case import Case
from support.verify_vectors.cases.logs import V2, asked, demanding, entry
from support.verify_vectors.sigstores import tiny_log


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _proofs()


def _proofs() -> Iterator[Case]:
    def proof(**changes: Any) -> LogEntry:
        one = entry()
        assert one.proof is not None
        return replace(one, proof=replace(one.proof, **changes))

    log = tiny_log()
    good = entry(log=log)
    assert good.proof is not None
    root = "is of another tree than the checkpoint"
    yield asked(
        "proof-of-another-size",
        "The proof says another size of the tree than the log signed.",
        [proof(tree_size=10)],
        root,
    )
    yield asked(
        "proof-of-another-root", "The proof says another root than the log signed.", [proof(root_hash=bytes(32))], root
    )
    yield asked(
        "proof-of-another-leaf",
        "The proof is of the leaf beside the entry.",
        [proof(hashes=log.proof(4).hashes)],
        "not in the log's tree",
    )
    yield asked(
        "proof-too-short", "A hash is missing in the proof.", [proof(hashes=good.proof.hashes[:-1])], "another length"
    )
    yield asked(
        "proof-too-long",
        "A hash is too many in the proof.",
        [proof(hashes=(*good.proof.hashes, bytes(32)))],
        "another length",
    )
    yield asked(
        "proof-hash-cut",
        "A hash of the proof has 31 bytes.",
        [proof(hashes=(good.proof.hashes[0][:-1], *good.proof.hashes[1:]))],
        "another length",
    )
    moved = replace(good, log_index=6, proof=replace(good.proof, log_index=6))
    yield asked(
        "entry-at-another-index",
        "The entry says that it is at another place of the same tree.",
        [moved],
        "not in the log's tree",
    )
    outside = replace(good, log_index=99, proof=replace(good.proof, log_index=99))
    yield asked(
        "entry-outside-of-the-tree",
        "The entry says that it is behind the end of the tree.",
        [outside],
        "the tree does not have",
    )
    yield asked(
        "entry-and-proof-at-two-places",
        "The entry and its proof say two places.",
        [replace(good, log_index=6)],
        "different places",
    )
    yield asked(
        "proof-missing",
        "The entry of a Rekor v2 has no proof at all.",
        [replace(good, proof=None)],
        "no inclusion proof",
    )
    node = _node_as_leaf()
    yield asked(
        "node-as-a-leaf",
        "An inner node of the tree is shown as if it were an entry.",
        [node],
        "valid JSON",
        source="RFC 6962 §2.1",
    )
    other = tiny_log(origin="other.example.test")
    renamed = replace(entry(log=other), log_id=tiny_log().log_id)
    yield asked(
        "checkpoint-of-another-origin",
        "The log's key signed the tree under the name of another log.",
        [renamed],
        "another log's",
        source="C2SP tlog-checkpoint, origin",
    )
    longer = replace(entry(log=tiny_log(origin="rekor.example.test.evil")), log_id=tiny_log().log_id)
    yield asked(
        "checkpoint-of-a-longer-origin",
        "The checkpoint's name only begins with the log's.",
        [longer],
        "another log's",
        source="C2SP tlog-checkpoint, origin",
    )
    second = tiny_log("a second log", origin="second.example.test")
    crossed = replace(entry(log=second), log_id=tiny_log().log_id)
    yield asked(
        "entry-under-the-id-of-another-pinned-log",
        "Two logs are pinned; the entry names one of them, and is in the tree of the other.",
        [crossed],
        "another log's",
        by=demanding(tiny_log(), second),
    )
    forged_log = tiny_log("a stranger's log")
    forged = replace(entry(log=forged_log), log_id=tiny_log().log_id)
    yield asked(
        "checkpoint-of-another-key",
        "A stranger's key signed the checkpoint under the log's name.",
        [forged],
        "did not sign the checkpoint",
        source="C2SP signed-note",
    )
    text, _, line = good.proof.checkpoint.partition("\n\n")
    own = forged_log.note_signature(f"{text}\n").split(" ")[2]
    disguised = base64.b64encode(tiny_log().log_id[:4] + base64.b64decode(own)[4:]).decode()
    yield asked(
        "checkpoint-under-the-key-id",
        "A stranger's signature stands under the log's name and key id.",
        [proof(checkpoint=f"{text}\n\n— {log.origin} {disguised}\n")],
        "signature does not hold",
        source="C2SP signed-note",
    )
    yield asked(
        "checkpoint-unsigned",
        "Nobody signed the checkpoint.",
        [proof(checkpoint=f"{text}\n\n")],
        "not a signed note",
        source="C2SP signed-note",
    )
    bigger = f"{text}\n\n{line}".replace("\n9\n", "\n10\n", 1)
    yield asked(
        "checkpoint-changed",
        "The size in the signed checkpoint was changed.",
        [proof(checkpoint=bigger, tree_size=10)],
        "signature does not hold",
        source="C2SP signed-note",
    )
    yield asked(
        "checkpoint-with-a-second-text",
        "A second checkpoint stands before the signed one.",
        [proof(checkpoint=f"rekor.example.test\n9\n{b64(bytes(32))}\n\n{good.proof.checkpoint}")],
        "not one of a log",
        source="C2SP signed-note",
    )
    yield asked(
        "entry-twice",
        "One entry stands twice in the bundle: twice the same word is not two.",
        [good, good],
        "one log entry twice",
    )


def _node_as_leaf() -> LogEntry:
    """Return an inner node, whose hash without the leaf's prefix would be in the tree."""
    log = tiny_log()
    entry(log=log)
    left, right = (hashlib.sha256(b"\x00" + leaf).digest() for leaf in log.leaves[:2])
    path = log.proof(0).hashes[1:]
    one = log.proof(0)
    proof = InclusionProof(0, one.root_hash, one.tree_size, path, one.checkpoint)
    return LogEntry(0, log.log_id, *V2, 0, None, proof, b"\x01" + left + right)
