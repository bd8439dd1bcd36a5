"""sigstore-python as the second opinion on logs: what we accept, it accepts; where it accepts more, a test says so.

Its parts are asked one by one (`sigstore._internal`), because its verifier reads no bundle of a key.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import sigstore
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import verify_checkpoint
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.errors import VerificationError
from sigstore.models import Bundle, InvalidBundle, TransparencyLogEntry
from sigstore.models import TrustedRoot as SigstoreRoot
from sigstore.verify.verifier import _validate_dsse_v001_entry_body, _validate_hashedrekord_v002_dsse_entry_body
from sigstore_models.common.v1 import PublicKey as SigstoreKey
from sigstore_models.rekor.v1 import TransparencyLogEntry as Entry

from govern.errors import Denied
from govern.intoto.bundle import CertificateChain, LogEntry, read_bundle
from govern.trust.anchors import Log
from govern.trust.log import check_log
from govern.trust.trusted_root import read_trusted_root
from support.tiny_log import NOW, Signed, TinyLog, b64, body_of, encoded, signed

VECTORS: Final = Path(__file__).resolve().parents[1] / "vectors" / "transparency"
RECORD: Final = signed()
CERTIFICATE: Final = RECORD.certificate()
Json = dict[str, Any]


def entry_json(entry: LogEntry) -> Json:
    """Return an entry as bundles write it."""
    value: Json = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": b64(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.kind_version},
        "integratedTime": str(entry.integrated_time),
        "canonicalizedBody": b64(entry.body),
    }
    if entry.promise is not None:
        value["inclusionPromise"] = {"signedEntryTimestamp": b64(entry.promise)}
    if entry.proof is not None:
        value["inclusionProof"] = {
            "logIndex": str(entry.proof.log_index),
            "rootHash": b64(entry.proof.root_hash),
            "treeSize": str(entry.proof.tree_size),
            "hashes": [b64(one) for one in entry.proof.hashes],
            "checkpoint": {"envelope": entry.proof.checkpoint},
        }
    return value


def keyring(log: Log) -> RekorKeyring:
    details = "PKIX_ECDSA_P256_SHA_256" if isinstance(log.key.key, ec.EllipticCurvePublicKey) else "PKIX_ED25519"
    key = SigstoreKey.from_json(json.dumps({"rawBytes": b64(log.key.spki), "keyDetails": details}))
    return RekorKeyring(Keyring([key]))


def sigstore_accepts(entry: LogEntry, log: Log) -> bool:
    """Whether sigstore-python takes the entry for one of the log: proof, checkpoint, and a promise that is there."""
    try:
        theirs = TransparencyLogEntry(Entry.from_json(json.dumps(entry_json(entry))))
        verify_merkle_inclusion(theirs)
        verify_checkpoint(keyring(log), theirs)
        if entry.promise is not None and entry.integrated_time:
            theirs._verify_set(keyring(log))
    except (VerificationError, InvalidBundle, ValidationError):
        return False
    return True


def we_accept(entry: LogEntry, log: Log, record: Signed = RECORD) -> bool:
    for verifier in (record.public, CERTIFICATE):
        try:
            check_log(entry, record.envelope, verifier, [log])
        except Denied:
            continue
        return True
    return False


def rekor_2() -> TinyLog:
    return TinyLog()


def rekor_1() -> TinyLog:
    return TinyLog(ec.generate_private_key(ec.SECP256R1()), tree_id=" - 1193050959916656506")


def logged(log: TinyLog, kind: str, version: str) -> LogEntry:
    return log.entry(kind, version, encoded(body_of(kind, version, RECORD.envelope, CERTIFICATE)))


@cache
def genuine() -> dict[str, tuple[TinyLog, LogEntry]]:
    """Entries of both generations."""
    first, second = rekor_1(), rekor_2()
    return {
        "dsse": (first, logged(first, "dsse", "0.0.1")),
        "hashedrekord": (second, logged(second, "hashedrekord", "0.0.2")),
    }


# --- what we accept, they accept -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cosign-key", "cosign-keyless", "python-keyless", "first-entry", "ecdsa-log"])
def test_both_accept_what_real_logs_wrote(name):
    (entry,) = read_bundle((VECTORS / f"{name}.bundle.json").read_bytes()).log_entries
    root = "trusted_root-ecdsa.json" if name in ("first-entry", "ecdsa-log") else "trusted_root.json"
    (log,) = read_trusted_root((VECTORS / root).read_bytes(), root).logs
    # That we accept it, tests/unit/trust/test_log_vectors.py says.
    assert sigstore_accepts(entry, log)


@pytest.mark.parametrize("kind", ["dsse", "hashedrekord"])
def test_both_accept_a_genuine_entry(kind):
    log, entry = genuine()[kind]
    assert we_accept(entry, log.pinned())
    assert sigstore_accepts(entry, log.pinned())


def test_both_compare_a_body_of_rekor_v1_with_the_envelope():
    log, entry = genuine()["dsse"]

    def bundle(record: Signed) -> Bundle:
        value = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"certificate": {"rawBytes": b64(CERTIFICATE)}, "tlogEntries": [entry_json(entry)]},
            "dsseEnvelope": record.envelope.to_json(),
        }
        return Bundle.from_json(json.dumps(value))

    _validate_dsse_v001_entry_body(bundle(RECORD))
    other = signed(b'{"a":2}', RECORD.key)
    assert not we_accept(entry, log.pinned(), other)
    with pytest.raises(VerificationError):
        _validate_dsse_v001_entry_body(bundle(other))


@pytest.mark.parametrize("name", ["cosign-keyless", "python-keyless"])
def test_both_compare_a_body_of_rekor_v2_with_the_envelope(name):
    value = json.loads((VECTORS / f"{name}.bundle.json").read_text())
    _validate_hashedrekord_v002_dsse_entry_body(Bundle.from_json(json.dumps(value)))
    value["dsseEnvelope"]["payload"] = b64(b'{"a":2}')
    with pytest.raises(VerificationError):
        _validate_hashedrekord_v002_dsse_entry_body(Bundle.from_json(json.dumps(value)))
    bundle = read_bundle(json.dumps(value).encode())
    logs = read_trusted_root((VECTORS / "trusted_root.json").read_bytes(), "root.json").logs
    assert isinstance(bundle.material, CertificateChain)
    with pytest.raises(Denied, match="has another digest than the bundle"):
        check_log(bundle.log_entries[0], bundle.envelope, bundle.material.certificates[0], logs)


@pytest.mark.parametrize("name", ["sigstore.dev", "sigstage.dev"])
def test_both_read_the_same_out_of_a_public_root(name):
    (found,) = Path(sigstore.__file__).parent.glob(f"_store/*tuf-repo-cdn.{name}/trusted_root.json")
    ours, theirs = read_trusted_root(found.read_bytes(), "root.json"), SigstoreRoot.from_file(str(found))._inner
    assert [(log.key_id, log.window.start, log.window.end) for log in (*ours.logs, *ours.certificate_logs)] == [
        (one.log_id.key_id, window.start, window.end)
        for one in (*theirs.tlogs, *theirs.ctlogs)
        if (window := one.public_key.valid_for) is not None
    ]
    assert [log.key.spki for log in ours.logs] == [one.public_key.raw_bytes for one in theirs.tlogs]
    authorities = (*ours.certificate_authorities, *ours.timestamp_authorities)
    assert [
        ([one.public_bytes(Encoding.DER) for one in authority.chain], authority.window.start, authority.window.end)
        for authority in authorities
    ] == [
        ([cert.raw_bytes for cert in one.cert_chain.certificates], one.valid_for.start, one.valid_for.end)
        for one in (*theirs.certificate_authorities, *theirs.timestamp_authorities)
    ]


@given(st.sampled_from(["dsse", "hashedrekord"]), st.data())
def test_whatever_is_changed_we_accept_nothing_that_they_refuse(kind, data):
    log, entry = genuine()[kind]
    assert entry.proof is not None
    proof = entry.proof
    numbers = st.integers(0, 20) | st.integers(0, 2**53)
    hashes = st.lists(st.sampled_from([*proof.hashes, proof.root_hash, bytes(32), b""]), max_size=6).map(tuple)
    note = st.sampled_from([proof.checkpoint, proof.checkpoint + "x\n", proof.checkpoint.replace("\n", "\n\n", 1), ""])
    changed_proof = st.none() | st.builds(
        replace,
        st.just(proof),
        log_index=st.just(proof.log_index) | numbers,
        tree_size=st.just(proof.tree_size) | numbers,
        root_hash=st.sampled_from([proof.root_hash, bytes(32), b""]),
        hashes=st.just(proof.hashes) | hashes,
        checkpoint=st.just(proof.checkpoint) | note,
    )
    changed = data.draw(
        st.builds(
            replace,
            st.just(entry),
            log_index=st.just(entry.log_index) | numbers,
            integrated_time=st.sampled_from([entry.integrated_time, 0, 1, NOW]),
            promise=st.sampled_from([entry.promise, None, b"", bytes(70)]),
            proof=st.just(proof) | changed_proof,
            body=st.sampled_from([entry.body, entry.body + b" ", b"{}"]),
        )
    )
    if we_accept(changed, log.pinned()) and changed.proof is not None:
        assert sigstore_accepts(changed, log.pinned())


# --- where they accept more ------------------------------------------------------------------------


def test_they_do_not_look_at_the_origin_of_a_checkpoint():
    log = rekor_2()
    entry = logged(log, "hashedrekord", "0.0.2")
    assert entry.proof is not None
    other = TinyLog(log.key, "another.example.test", log.leaves)
    text = other.note_text()
    note = f"{text}\n{log.note_signature(text)}"
    moved = replace(entry, proof=replace(entry.proof, checkpoint=note))
    assert sigstore_accepts(moved, log.pinned())
    assert not we_accept(moved, log.pinned())


def test_they_do_not_compare_the_size_and_so_take_an_entry_at_another_index():
    log = rekor_2()
    body = encoded(body_of("hashedrekord", "0.0.2", RECORD.envelope, CERTIFICATE))
    log.leaves.extend([b"a", b"b", body])
    entry = LogEntry(2, log.log_id, "hashedrekord", "0.0.2", 0, None, log.proof(2), body)
    assert entry.proof is not None
    assert we_accept(entry, log.pinned())
    # The last of three has a path of one hash, on its left: so has the second of two.
    moved = replace(entry, log_index=1, proof=replace(entry.proof, log_index=1, tree_size=2))
    assert sigstore_accepts(moved, log.pinned())
    assert not we_accept(moved, log.pinned())


def test_they_do_not_compare_the_entrys_index_with_the_proofs():
    log, entry = genuine()["hashedrekord"]
    moved = replace(entry, log_index=entry.log_index + 1)
    assert sigstore_accepts(moved, log.pinned())
    assert not we_accept(moved, log.pinned())


def test_they_pass_over_lines_that_are_no_signatures():
    log, entry = genuine()["hashedrekord"]
    assert entry.proof is not None
    note = entry.proof.checkpoint.replace("\n\n", "\n\nanything\n")
    changed = replace(entry, proof=replace(entry.proof, checkpoint=note))
    assert sigstore_accepts(changed, log.pinned())
    assert not we_accept(changed, log.pinned())


def test_they_pass_over_a_promise_without_a_time():
    log, entry = genuine()["dsse"]
    changed = replace(entry, promise=bytes(70), integrated_time=0)
    assert sigstore_accepts(changed, log.pinned())
    assert not we_accept(changed, log.pinned())


# --- where we accept more --------------------------------------------------------------------------


def test_they_want_a_proof_beside_the_promise_of_rekor_v1():
    # sigstore-go takes either.
    log, entry = genuine()["dsse"]
    promised = replace(entry, proof=None)
    assert we_accept(promised, log.pinned())
    assert not sigstore_accepts(promised, log.pinned())
