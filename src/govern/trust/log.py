"""That a record is in a transparency log.

    (a) the log     one that was pinned, by the id that the entry names
    (b) the entry   about exactly this envelope: what was signed, the signature, and who signed
    (c) promise     Rekor v1's signed promise to include it, which alone makes the entry's time trusted
    (d) proof       its place in the tree whose root and size the log signed
    (e) window      that the log counted at that time

Rekor v1 gives promises, and proofs too; Rekor v2 proofs only. What is there is checked, all of it.

Source: sigstore/protobuf-specs, sigstore_rekor.proto; sigstore/rekor openapi.yaml (LogEntry, signedEntryTimestamp).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from govern import canonical
from govern.errors import Denied, GovernError
from govern.intoto import base64
from govern.intoto.bundle import InclusionProof, LogEntry
from govern.intoto.dsse import Envelope
from govern.limits import MAX_LOG_ENTRIES
from govern.times import write_time
from govern.trust.anchors import Log
from govern.trust.checkpoint import check_checkpoint
from govern.trust.keys import PublicKey
from govern.trust.log_body import SECOND_GENERATION, TIMED, check_body
from govern.trust.merkle import leaf_hash, root_of

_LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """An entry that a pinned log has, or promised to have.

    Args:
        log: which log.
        index: the entry's, as far as it was proven: in the whole log where there is a promise, else in the tree.
        integrated: when the log took it: None unless the log signed the time. Where it is None, nobody judged the
            log's window: whoever has another trusted time does.
    """

    log: Log
    index: int
    integrated: datetime | None


def check_log(
    entry: LogEntry,
    envelope: Envelope,
    verifier: PublicKey | bytes,
    logs: Sequence[Log],
    error: type[GovernError] = Denied,
) -> LogProof:
    """Return the proof that a pinned log has the entry of this envelope.

    Args:
        entry: the untrusted entry.
        envelope: what was signed; its one signature was verified by the caller.
        verifier: who signed: a key, or the DER of a certificate.
        logs: the pinned logs.
        error: the class to raise.

    Raises:
        error: for an unknown log, an entry of anything else, and a promise, a proof or a time that does not hold.
    """
    # (a) Ids are not unique among the logs of several instances, and a log may be pinned for several windows.
    candidates = [log for log in logs if log.key_id == entry.log_id]
    if not candidates:
        raise error(
            "the entry is of a log that is not pinned",
            got=f"log id {entry.log_id.hex()[:64] or '(empty)'}",
            expected=" or ".join(f"{one.key_id.hex()[:64]} ({one.origin})" for one in logs)[:500] or "a pinned log",
        )
    # (b)
    check_body(entry, envelope, verifier, error)
    for log in candidates[:-1]:
        try:
            return _logged(entry, log, error)
        except error:
            continue
    return _logged(entry, candidates[-1], error)


def check_logs(
    entries: Sequence[LogEntry],
    envelope: Envelope,
    verifier: PublicKey | bytes,
    logs: Sequence[Log],
    error: type[GovernError] = Denied,
) -> tuple[LogProof, ...]:
    """Return what the entries of a bundle prove; fewer proofs than entries where some are of logs not pinned.

    What another log has proves nothing here and harms nothing. An entry of a pinned log that does not hold refuses
    all: somebody made it up. Whoever wants several logs counts `log.key` of the proofs, not the proofs.

    Raises:
        error: as `check_log`, for more entries than anyone writes, and for one entry twice.
    """
    MAX_LOG_ENTRIES.check(len(entries), "the log entries of a bundle", error)
    pinned = {log.key_id for log in logs}
    proofs = tuple(check_log(one, envelope, verifier, logs, error) for one in entries if one.log_id in pinned)
    if len({(one.log.key.spki, one.index) for one in proofs}) != len(proofs):
        raise error("the bundle has one log entry twice", got=f"{len(proofs)} entries", expected="every entry once")
    return proofs


def _logged(entry: LogEntry, log: Log, error: type[GovernError]) -> LogProof:
    second = (entry.kind, entry.kind_version) in SECOND_GENERATION
    if second:
        if entry.promise is not None:
            raise error(
                "the entry has a promise", got=f"{entry.kind} {entry.kind_version}", expected="an inclusion proof"
            )
        if entry.proof is None:
            raise error("the entry has no inclusion proof", got=f"{entry.kind} {entry.kind_version}", expected="one")
        if entry.proof.log_index != entry.log_index:
            raise error(
                "the entry and its proof are at different places",
                got=f"index {entry.log_index}, proof of {entry.proof.log_index}",
                expected="one index, as Rekor v2 has one tree",
            )
    elif entry.promise is None and entry.proof is None:
        raise error("nothing shows that the log has the entry", expected="a promise or an inclusion proof")
    integrated = None
    if entry.promise is not None:
        moment = _promised(entry, entry.promise, log, error)
        if (entry.kind, entry.kind_version) in TIMED:
            integrated = moment
    if entry.proof is not None:
        _included(entry, entry.proof, log, error)
    if integrated is not None and not log.window.holds(integrated):
        raise error(
            "the log did not count when it took the entry",
            got=write_time(integrated),
            expected=f"{_end(log.window.start)} to {_end(log.window.end)} for {log.origin}",
        )
    # Without a promise nobody signed the index in the whole log; the one in the tree is proven.
    index = entry.proof.log_index if entry.promise is None and entry.proof is not None else entry.log_index
    return LogProof(log, index, integrated)


def _end(moment: datetime | None) -> str:
    return "ever" if moment is None else write_time(moment)


def _promised(entry: LogEntry, promise: bytes, log: Log, error: type[GovernError]) -> datetime:
    if not 0 < entry.integrated_time <= _LAST_SECOND or entry.log_index > canonical.MAX_SAFE_INTEGER:
        raise error(
            "the log cannot have promised this",
            got=f"time {entry.integrated_time}, index {entry.log_index}",
            expected="a time from 1970 to 9999 and an index below 2^53",
        )
    signed = canonical.dumps(
        {
            "body": base64.encode(entry.body),
            "integratedTime": entry.integrated_time,
            "logID": entry.log_id.hex(),
            "logIndex": entry.log_index,
        }
    )
    try:
        log.key.verify(promise, signed)
    except Denied as fault:
        raise error(
            "the log did not promise this entry",
            got=f"a signature that {log.origin} did not make over this body, time and index",
            expected=f"one by {log.key.signer}",
        ) from fault
    return datetime.fromtimestamp(entry.integrated_time, UTC)


def _included(entry: LogEntry, proof: InclusionProof, log: Log, error: type[GovernError]) -> None:
    tree = check_checkpoint(proof.checkpoint, log, error)
    if proof.tree_size != tree.size or proof.root_hash != tree.root:
        raise error(
            "the proof is of another tree than the checkpoint",
            got=f"size {proof.tree_size}, root {proof.root_hash.hex()[:64]}",
            expected=f"size {tree.size}, root {tree.root.hex()}",
        )
    root = root_of(leaf_hash(entry.body), proof.log_index, tree.size, proof.hashes, error)
    if root != tree.root:
        raise error(
            "the entry is not in the log's tree",
            got=f"a path to the root {root.hex()}",
            expected=tree.root.hex(),
        )
