"""Transparency logs beside a key's signature: honest entries, and promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from govern.intoto.bundle import LogEntry
from govern.intoto.dsse import Envelope
from support.tiny_log import NOW, TinyLog, body_of, encoded
from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import Json, b64, bundle, envelope_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.keys import key, public
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import bound_key, person, policy
from support.verify_vectors.sigstores import log_entry, tiny_log, trusted_root, window
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import DAY, SIGNED

HONEST: Final = bundle(provenance())
ENVELOPE: Final = envelope_of(HONEST)
SIGNER: Final = public(key("ci"))
V2: Final = ("hashedrekord", "0.0.2")
V1: Final = ("dsse", "0.0.1")
TREE: Final = " - 1193050959916656506"
REKOR: Final = "sigstore client-spec, Verification; rekor-tiles; C2SP tlog-checkpoint"
ANOTHER: Final = "cosign GHSA-whqx-f9j3-ch6m, GHSA-8gw7-4j42-w388, GHSA-ccxc-vr6p-4858"


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _honest()
    yield from _promises()


def demanding(*logs: TinyLog, valid: Json | None = None, **limits: Any) -> Given:
    """Return a policy in which the key's records must be in a pinned log."""
    root = trusted_root(logs=[log_entry(one, valid) for one in logs or (tiny_log(),)])
    given = bound_key("ci", **({"provenBy": ["log"]} | limits))
    return by_policy(policy({"ci": person(given)}, trust={"sigstore": [root]}))


def entry(
    envelope: Envelope = ENVELOPE,
    *,
    log: TinyLog | None = None,
    kind: tuple[str, str] = V2,
    signer: Any = SIGNER,
    change: Callable[[Json], object] | None = None,
) -> LogEntry:
    """Return an entry of a log.

    Args:
        envelope: what is logged.
        log: where; the pinned one if None, of the first generation for its kinds.
        kind: of the entry.
        signer: who is logged.
        change: of the body, before it is logged.
    """
    body = body_of(*kind, envelope, signer)
    if change is not None:
        change(body)
    return (log or tiny_log(tree_id="" if kind == V2 else TREE)).entry(*kind, encoded(body))


def asked(
    name: str,
    sentence: str,
    entries: Sequence[LogEntry],
    *says: str,
    source: str = REKOR,
    by: Given | None = None,
    outcome: Outcome = "denied",
) -> Case:
    """Return a vector about the model, as this theme asks."""
    layout = Layout().model().attach(with_proofs(HONEST, entries=entries))
    return Case(name, sentence, source, layout, by or demanding(), outcome, says)


def _honest() -> Iterator[Case]:

    first = tiny_log(tree_id=TREE)
    yield asked(
        "logged",
        "An honest entry of a Rekor v2, with its place in a tree that the log signed.",
        [entry()],
        "entry 5 of rekor.example.test",
        "not made: no timestamp",
        outcome="allowed",
    )
    yield asked(
        "logged-promise",
        "An honest entry of a Rekor v1: promise, time, and place in the tree.",
        [entry(kind=V1)],
        "entry 1005 of",
        "by the log",
        by=demanding(first),
        outcome="allowed",
    )
    yield asked(
        "logged-in-a-hashedrekord",
        "An honest `hashedrekord` of a Rekor v1.",
        [entry(kind=("hashedrekord", "0.0.1"))],
        "by the log",
        by=demanding(first),
        outcome="allowed",
    )
    yield asked(
        "logged-in-an-intoto",
        "An honest `intoto` of a Rekor v1, whose time is nobody's.",
        [entry(kind=("intoto", "0.0.2"))],
        "entry 1005 of",
        "not made: no timestamp",
        by=demanding(first),
        outcome="allowed",
    )
    yield asked(
        "logged-elsewhere-too",
        "Somebody added an entry of a stranger's log: it proves and harms nothing.",
        [entry(), entry(log=tiny_log("a stranger's log"))],
        outcome="allowed",
    )
    void = "must be in a pinned log, and this is in none"
    yield asked("not-logged", "The log entry that the policy demands is not there.", [], void)
    yield asked(
        "logged-by-a-stranger",
        "The entry is of a log that nobody pinned.",
        [entry(log=tiny_log("a stranger's log"))],
        void,
    )


def _promises() -> Iterator[Case]:
    first = tiny_log(tree_id=TREE)
    by = demanding(first)
    good = entry(kind=V1)
    source = "sigstore client-spec, Signed Entry Timestamp"
    promised = "did not promise this entry"
    yield asked(
        "promise-forged",
        "A stranger's key signed the promise.",
        [replace(good, promise=_promise(tiny_log("a stranger's log", tree_id=TREE), good))],
        promised,
        source=source,
        by=by,
    )
    yield asked(
        "promise-of-another-entry",
        "The promise is of another entry.",
        [replace(good, promise=first.promise(b"another", good.log_index))],
        promised,
        source=source,
        by=by,
    )
    yield asked(
        "promised-time-changed",
        "The time beside the promise was changed.",
        [replace(good, integrated_time=NOW - 86_400)],
        promised,
        source=source,
        by=by,
    )
    yield asked(
        "promised-index-changed",
        "The index beside the promise was changed.",
        [replace(good, log_index=good.log_index + 1)],
        promised,
        source=source,
        by=by,
    )
    yield asked(
        "promise-and-a-bad-proof",
        "The promise holds, and the proof beside it does not.",
        [replace(good, proof=replace(good.proof, root_hash=bytes(32)))],  # type: ignore[type-var]
        "another tree",
        source=source,
        by=by,
    )
    yield asked(
        "neither-promise-nor-proof",
        "The entry of a Rekor v1 has neither promise nor proof.",
        [replace(good, promise=None, proof=None)],
        "nothing shows that the log has the entry",
        source=source,
        by=by,
    )
    yield asked(
        "promise-in-the-second-generation",
        "An entry of a Rekor v2 has a promise, which such a log never gives.",
        [replace(entry(), promise=b"x", integrated_time=NOW)],
        "has a promise",
        source=source,
    )
    ended = demanding(first, valid=window(end=SIGNED - DAY))
    yield asked(
        "promise-after-the-log-ended",
        "The trusted root ended the log a day before its promise.",
        [good],
        "did not count when it took the entry",
        source=source,
        by=ended,
    )
    stamps = stamper()
    root = trusted_root(logs=[log_entry(tiny_log(), window(end=SIGNED - DAY))])
    over = by_policy(policy({"ci": person("ci")}, trust={"sigstore": [root], "timestamps": [stamps.signer.chain_pem]}))
    late = with_proofs(HONEST, entries=[entry()], stamps=[stamps.stamp(ENVELOPE.signatures[0].sig)])
    yield Case(
        "logged-after-the-log-ended",
        "The trusted root ended the Rekor v2 a day before the timestamp.",
        source,
        Layout().model().attach(late),
        over,
        "denied",
        ["did not count when the record was signed"],
    )
    # The window of the key is a day; only the log's signed time says that the signature is of that day.
    limits: dict[str, Any] = {"from": "2026-05-28T00:00:00Z", "until": "2026-05-29T00:00:00Z"}
    in_window = demanding(first, **limits)
    yield asked(
        "key-over-and-logged-before",
        "The key's window is over; the log's promised time lies in it.",
        [good],
        by=in_window,
        outcome="allowed",
    )
    unsigned = replace(good, promise=None)
    yield asked(
        "key-over-and-time-unpromised",
        "The key's window is over; the entry says a time in it that no promise signs.",
        [unsigned],
        "known to exist at",
        source=source,
        by=in_window,
    )
    for_names = replace(entry(kind=("intoto", "0.0.2")))
    yield asked(
        "key-over-and-intoto-time",
        "The key's window is over; an `intoto` entry promises a time, which for this kind is not trusted.",
        [for_names],
        "known to exist at",
        source="sigstore-python, sigstore-go: time of intoto entries",
        by=in_window,
    )


def _promise(log: TinyLog, of: LogEntry) -> bytes:
    value = {
        "body": b64(of.body),
        "integratedTime": of.integrated_time,
        "logID": of.log_id.hex(),
        "logIndex": of.log_index,
    }
    return log.key.sign(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())  # type: ignore[call-arg]
