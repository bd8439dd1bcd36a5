"""Entries that real logs wrote: cosign's, sigstore-python's, the first one of a fresh log, and the public log's."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from govern.errors import Denied
from govern.intoto.bundle import Bundle, CertificateChain, read_bundle
from govern.trust.anchors import Log
from govern.trust.checkpoint import check_checkpoint, note_key_hash
from govern.trust.keys import PublicKey, read_public_key, wrap
from govern.trust.log import check_log
from govern.trust.merkle import root_of
from govern.trust.trusted_root import read_trusted_root

VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors" / "transparency"
CASES: Final = {
    # name: the key, the trusted root, the index, the size of the tree
    "cosign-key": ("cosign.pub", "trusted_root.json", 1, 2),
    "cosign-keyless": (None, "trusted_root.json", 2, 3),
    "python-keyless": (None, "trusted_root.json", 3, 4),
    "first-entry": ("by-hand.pub", "trusted_root-ecdsa.json", 0, 1),
    "ecdsa-log": ("by-hand.pub", "trusted_root-ecdsa.json", 20, 21),
}


def bundle_of(name: str) -> Bundle:
    return read_bundle((VECTORS / f"{name}.bundle.json").read_bytes())


def verifier_of(bundle: Bundle, key: str | None) -> PublicKey | bytes:
    if key is not None:
        return read_public_key((VECTORS / key).read_bytes())
    assert isinstance(bundle.material, CertificateChain)
    return bundle.material.certificates[0]


def logs_of(name: str) -> tuple[Log, ...]:
    return read_trusted_root((VECTORS / name).read_bytes(), name).logs


@pytest.mark.parametrize("name", CASES)
def test_a_real_entry_is_proven(name):
    key, root, index, size = CASES[name]
    bundle = bundle_of(name)
    (entry,) = bundle.log_entries
    proof = check_log(entry, bundle.envelope, verifier_of(bundle, key), logs_of(root))
    assert (proof.index, proof.integrated, proof.log.origin) == (index, None, "127.0.0.1")
    assert entry.proof is not None
    assert entry.proof.tree_size == size


@pytest.mark.parametrize("name", CASES)
def test_real_entries_do_not_pass_for_each_other(name):
    key, root, _, _ = CASES[name]
    bundle = bundle_of(name)
    (entry,) = bundle.log_entries
    for other in CASES.keys() - {name}:
        with pytest.raises(Denied):
            check_log(bundle_of(other).log_entries[0], bundle.envelope, verifier_of(bundle, key), logs_of(root))
    other_root = "trusted_root.json" if root != "trusted_root.json" else "trusted_root-ecdsa.json"
    with pytest.raises(Denied, match="a log that is not pinned"):
        check_log(entry, bundle.envelope, verifier_of(bundle, key), logs_of(other_root))


@pytest.mark.parametrize("name", CASES)
def test_a_root_that_names_the_log_otherwise_refuses_its_checkpoints(name):
    key, root, _, _ = CASES[name]
    bundle = bundle_of(name)
    renamed = [replace(log, origin="localhost") for log in logs_of(root)]
    with pytest.raises(Denied, match=r"the checkpoint is another log's: got '127\.0\.0\.1', expected 'localhost'"):
        check_log(bundle.log_entries[0], bundle.envelope, verifier_of(bundle, key), renamed)


def test_cosign_leaves_out_the_zeros_of_the_first_entry():
    value: dict[str, Any] = json.loads((VECTORS / "first-entry.bundle.json").read_text())
    entry = value["verificationMaterial"]["tlogEntries"][0]
    del (
        entry["logIndex"],
        entry["integratedTime"],
        entry["inclusionProof"]["logIndex"],
        entry["inclusionProof"]["hashes"],
    )
    bundle = read_bundle(json.dumps(value).encode())
    verifier = verifier_of(bundle, "by-hand.pub")
    assert check_log(bundle.log_entries[0], bundle.envelope, verifier, logs_of("trusted_root-ecdsa.json")).index == 0


@pytest.mark.parametrize("root", ["trusted_root.json", "trusted_root-ecdsa.json"])
def test_real_logs_of_rekor_v2_are_named_by_the_hash_of_their_note_key(root):
    for log in logs_of(root):
        assert log.key_id == note_key_hash(log.origin, log.key)


def test_the_public_log_of_rekor_v1_is_proven():
    value: dict[str, Any] = json.loads((VECTORS / "public-good-v1.json").read_text())
    key = load_der_public_key(base64.b64decode(value["publicKey"]))
    log = Log(value["origin"], base64.b64decode(value["logId"]), wrap(key))
    tree = check_checkpoint(value["checkpoint"]["envelope"], log)
    path = [base64.b64decode(one) for one in value["hashes"]]
    leaf, index, size = base64.b64decode(value["leafHash"]), int(value["logIndex"]), int(value["treeSize"])
    assert (tree.size, tree.root) == (size, root_of(leaf, index, size, path))
    with pytest.raises(Denied):
        root_of(leaf, index, size, path[:-1])
    assert root_of(leaf, index ^ 2, size, path) != tree.root
