"""Log entries: of a pinned log, about this envelope, promised or proven, at a time when the log counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from govern.errors import Denied, InvalidInput
from govern.intoto.bundle import LogEntry
from govern.trust.log import LogProof, check_log
from support.tiny_log import NOW, ORIGIN, Signed, TinyLog, body_of, encoded, first_log, second_log, signed
from support.tiny_log import logged as log_record

RECORD = signed()
TIME = datetime.fromtimestamp(NOW, UTC)
FIRST = [("hashedrekord", "0.0.1"), ("dsse", "0.0.1"), ("intoto", "0.0.2")]
first_generation = pytest.mark.parametrize(("kind", "version"), FIRST, ids=[" ".join(one) for one in FIRST])


def logged(log: TinyLog, kind: str = "hashedrekord", version: str = "0.0.2", record: Signed = RECORD) -> LogEntry:
    return log_record(log, kind, version, record)


def check(entry: LogEntry, *logs: TinyLog, record: Signed = RECORD) -> LogProof:
    return check_log(entry, record.envelope, record.public, [one.pinned() for one in logs])


# --- what is proven --------------------------------------------------------------------------------


def test_an_entry_of_rekor_v2_is_proven_and_has_no_time():
    log = second_log()
    assert check(logged(log), log) == LogProof(log.pinned(), 5, None)


def test_a_time_that_rekor_v2_did_not_sign_is_no_time():
    log = second_log()
    assert check(replace(logged(log), integrated_time=NOW), log).integrated is None


def test_an_entry_signed_with_a_certificate_is_proven():
    log = second_log()
    certificate = RECORD.certificate()
    entry = log.entry("hashedrekord", "0.0.2", encoded(body_of("hashedrekord", "0.0.2", RECORD.envelope, certificate)))
    assert check_log(entry, RECORD.envelope, certificate, [log.pinned()]).index == 5


@first_generation
def test_an_entry_of_rekor_v1_is_promised_and_proven(kind, version):
    log = first_log()
    proof = check(logged(log, kind, version), log)
    assert proof == LogProof(log.pinned(), 1005, None if kind == "intoto" else TIME)


@first_generation
def test_a_promise_alone_suffices_for_rekor_v1(kind, version):
    log = first_log()
    proof = check(replace(logged(log, kind, version), proof=None), log)
    assert (proof.index, proof.integrated) == (1005, None if kind == "intoto" else TIME)


@first_generation
def test_a_proof_alone_gives_rekor_v1_neither_a_time_nor_its_index_in_the_whole_log(kind, version):
    log = first_log()
    entry = replace(logged(log, kind, version), promise=None, log_index=7_000_000, integrated_time=1)
    assert check(entry, log) == LogProof(log.pinned(), 5, None)


# --- what is not -----------------------------------------------------------------------------------


def test_the_entry_of_a_log_that_is_not_pinned_is_refused():
    log, other = second_log(), second_log()
    with pytest.raises(Denied, match=rf"a log that is not pinned: got log id {log.log_id.hex()}, expected "):
        check(logged(log), other)
    with pytest.raises(Denied, match="expected a pinned log"):
        check(logged(log))
    with pytest.raises(Denied, match=r"got log id \(empty\)"):
        check(replace(logged(log), log_id=b""), log)


def test_the_id_of_a_pinned_log_does_not_make_an_entry_its():
    log, other = second_log(), second_log()
    with pytest.raises(Denied, match="the log did not sign the checkpoint"):
        check(replace(logged(log), log_id=other.log_id), other)
    first, another = first_log(), first_log()
    with pytest.raises(Denied, match="the log did not promise this entry"):
        check(replace(logged(first, "dsse", "0.0.1"), log_id=another.log_id), another)


def test_of_logs_with_one_id_any_may_have_it():
    log = second_log()
    wrong = replace(log.pinned(), key=second_log().pinned().key)
    for logs in ([wrong, log.pinned()], [log.pinned(), wrong]):
        assert check_log(logged(log), RECORD.envelope, RECORD.public, logs).log == log.pinned()
    with pytest.raises(Denied):
        check_log(logged(log), RECORD.envelope, RECORD.public, [wrong, wrong])


def test_an_entry_of_something_else_is_refused_though_the_log_has_it():
    log = second_log()
    with pytest.raises(Denied, match="another content than the bundle"):
        check(logged(log, record=signed(b'{"a":2}', RECORD.key)), log)


def test_an_entry_of_rekor_v2_without_a_proof_is_refused():
    log = second_log()
    with pytest.raises(Denied, match="the entry has no inclusion proof"):
        check(replace(logged(log), proof=None), log)


def test_rekor_v2_makes_no_promises():
    log = second_log()
    entry = logged(log)
    promise = log.promise(entry.body, entry.log_index)
    with pytest.raises(Denied, match=r"the entry has a promise: got hashedrekord 0\.0\.2"):
        check(replace(entry, promise=promise, integrated_time=NOW), log)


@first_generation
def test_neither_promise_nor_proof_is_refused(kind, version):
    log = first_log()
    with pytest.raises(Denied, match="nothing shows that the log has the entry: expected a promise or"):
        check(replace(logged(log, kind, version), proof=None, promise=None), log)


@first_generation
@pytest.mark.parametrize(
    "change",
    [
        {"integrated_time": NOW + 1},
        {"integrated_time": NOW - 1},
        {"log_index": 1004},
        {"log_index": 5},
        {"promise": b""},
        {"promise": bytes(70)},
    ],
    ids=str,
)
def test_a_promise_of_anything_else_is_refused_though_there_is_a_proof(kind, version, change):
    log = first_log()
    with pytest.raises(Denied, match=r"the log did not promise this entry: got a signature that rekor\.example"):
        check(replace(logged(log, kind, version), **change), log)


@pytest.mark.parametrize(
    "change",
    [{"integrated_time": 0}, {"integrated_time": 253_402_300_800}, {"integrated_time": 2**62}, {"log_index": 2**53}],
    ids=str,
)
def test_numbers_that_no_log_promises_are_refused_even_signed(change):
    log = first_log()
    entry = replace(logged(log, "dsse", "0.0.1"), **change)
    promise = log.promise(entry.body, entry.log_index, entry.integrated_time)
    with pytest.raises(Denied, match="the log cannot have promised this"):
        check(replace(entry, promise=promise), log)


def test_the_promise_of_another_body_is_refused():
    log = first_log()
    entry = logged(log, "dsse", "0.0.1")
    with pytest.raises(Denied, match="did not promise"):
        check(replace(entry, promise=log.promise(b"other", entry.log_index)), log)


@first_generation
def test_a_wrong_proof_is_refused_though_there_is_a_promise(kind, version):
    log = first_log()
    entry = logged(log, kind, version)
    assert entry.proof is not None
    with pytest.raises(Denied, match="the entry is not in the log's tree"):
        check(replace(entry, proof=replace(entry.proof, log_index=4)), log)


# --- proofs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tree_size": 8}, "another tree than the checkpoint: got size 8.*expected size 9"),
        ({"root_hash": bytes(32)}, "another tree than the checkpoint"),
        ({"root_hash": b""}, "another tree than the checkpoint"),
        ({"hashes": ()}, "another length than its place"),
        ({"checkpoint": ""}, "not a signed note"),
    ],
)
def test_a_proof_that_differs_from_the_checkpoint_is_refused(change, says):
    log = second_log()
    entry = logged(log)
    assert entry.proof is not None
    with pytest.raises(Denied, match=says):
        check(replace(entry, proof=replace(entry.proof, **change)), log)


def test_a_flipped_hash_is_refused():
    log = second_log()
    entry = logged(log)
    assert entry.proof is not None
    for at, one in enumerate(entry.proof.hashes):
        hashes = list(entry.proof.hashes)
        hashes[at] = bytes([one[0] ^ 1]) + one[1:]
        with pytest.raises(Denied, match=r"the entry is not in the log's tree: got a path to the root [0-9a-f]{64}"):
            check(replace(entry, proof=replace(entry.proof, hashes=tuple(hashes))), log)


def test_another_index_than_the_entrys_is_refused():
    log = second_log()
    with pytest.raises(Denied, match=r"at different places: got index 4, proof of 5"):
        check(replace(logged(log), log_index=4), log)
    entry = logged(second_log())
    assert entry.proof is not None
    moved = replace(entry, log_index=6, proof=replace(entry.proof, log_index=6))
    with pytest.raises(Denied):
        check(moved, second_log(key=ed25519.Ed25519PrivateKey.generate()))


def test_an_entry_of_the_tree_does_not_vouch_for_a_body_that_is_not_in_it():
    log = second_log()
    genuine = logged(log)
    other = signed(b'{"a":2}')
    body = encoded(body_of("hashedrekord", "0.0.2", other.envelope, other.public))
    with pytest.raises(Denied, match="the entry is not in the log's tree"):
        check(replace(genuine, body=body), log, record=other)


def test_a_later_checkpoint_does_not_serve_an_earlier_proof():
    log = second_log()
    entry = logged(log)
    log.leaves.append(b"one more")
    assert entry.proof is not None
    with pytest.raises(Denied, match="another tree"):
        check(replace(entry, proof=replace(entry.proof, checkpoint=log.checkpoint())), log)


def test_the_first_entry_of_a_fresh_log_has_an_empty_path():
    log = second_log()
    body = encoded(body_of("hashedrekord", "0.0.2", RECORD.envelope, RECORD.public))
    log.leaves.append(body)
    entry = LogEntry(0, log.log_id, "hashedrekord", "0.0.2", 0, None, log.proof(0), body)
    assert check(entry, log).index == 0


def test_every_refusal_is_of_the_callers_class():
    log = second_log()
    entry = logged(log)
    assert entry.proof is not None
    for wrong in (
        replace(entry, log_id=b"x"),
        replace(entry, body=b"x"),
        replace(entry, proof=None),
        replace(entry, proof=replace(entry.proof, checkpoint="x")),
        replace(entry, proof=replace(entry.proof, hashes=(b"x",) * 3)),
    ):
        with pytest.raises(InvalidInput):
            check_log(wrong, RECORD.envelope, RECORD.public, [log.pinned()], InvalidInput)
    assert log.origin == ORIGIN
