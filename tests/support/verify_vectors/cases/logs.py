"""Transparency logs beside a key's signature: of what is the entry, in which tree, by whose word."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from govern.intoto.bundle import InclusionProof, LogEntry
from govern.intoto.dsse import Envelope
from support.tiny_log import NOW, TinyLog, body_of, encoded
from support.verify_vectors.artifacts import OTHER, provenance
from support.verify_vectors.bundles import Json, b64, bundle, envelope_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.keys import ORDER_P256, key, pem, public
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import bound_key, person, policy
from support.verify_vectors.sigstores import log_entry, tiny_log, trusted_root, window
from support.verify_vectors.times import DAY, SIGNED

HONEST: Final = bundle(provenance())
ENVELOPE: Final = envelope_of(HONEST)
SIGNER: Final = public(key("ci"))
V2: Final = ("hashedrekord", "0.0.2")
V1: Final = ("dsse", "0.0.1")
TREE: Final = " - 1193050959916656506"
REKOR: Final = "sigstore client-spec, Verification; rekor-tiles; C2SP tlog-checkpoint"
ANOTHER: Final = "cosign GHSA-whqx-f9j3-ch6m, GHSA-8gw7-4j42-w388, GHSA-ccxc-vr6p-4858"


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


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    first = tiny_log(tree_id=TREE)
    yield _case("logged", "An honest entry of a Rekor v2, with its place in a tree that the log signed.", [entry()],
                "entry 5 of rekor.example.test", "not made: no timestamp", outcome="allowed")  # fmt: skip
    yield _case("logged-promise", "An honest entry of a Rekor v1: promise, time, and place in the tree.",
                [entry(kind=V1)], "entry 1005 of", "by the log", by=demanding(first), outcome="allowed")  # fmt: skip
    yield _case("logged-elsewhere-too", "Somebody added an entry of a stranger's log: it proves and harms nothing.",
                [entry(), entry(log=tiny_log("a stranger's log"))], outcome="allowed")  # fmt: skip
    void = "must be in a pinned log, and this is in none"
    yield _case("not-logged", "The log entry that the policy demands is not there.", [], void)
    yield _case("logged-by-a-stranger", "The entry is of a log that nobody pinned.",
                [entry(log=tiny_log("a stranger's log"))], void)  # fmt: skip
    yield from _bodies()
    yield from _proofs()
    yield from _promises()


def _bodies() -> Iterator[Case]:
    other = bundle(provenance(OTHER))
    says = "than the bundle"
    yield _case("entry-of-another-artifact", "The entry is of an honest record about another version.",
                [entry(envelope_of(other))], says, source=ANOTHER)  # fmt: skip
    yield _case("entry-of-another-key", "The entry is of the same statement, signed by another key.",
                [entry(envelope_of(bundle(provenance(), "reviewer")), signer=public(key("reviewer")))], says,
                source=ANOTHER)  # fmt: skip

    def spec(change: Callable[[Json], object]) -> Callable[[Json], None]:
        return lambda body: change(body["spec"]["hashedRekordV002"]) and None  # type: ignore[func-returns-value]

    other_key = b64(public(key("reviewer")).spki)
    yield _case("entry-that-names-another-key", "The entry has this signature, and another key.",
                [entry(change=spec(lambda one: one["signature"]["verifier"]["publicKey"].update(rawBytes=other_key)))],
                says, source=ANOTHER)  # fmt: skip
    digest = b64(hashlib.sha256(envelope_of(other).signed).digest())
    yield _case("entry-of-other-bytes", "The entry has this signature and key, and the digest of other bytes.",
                [entry(change=spec(lambda one: one["data"].update(digest=digest)))], says, source=ANOTHER)  # fmt: skip
    payload = b64(hashlib.sha256(ENVELOPE.payload).digest())
    yield _case("entry-of-the-payload", "The entry has the digest of the payload, and not of what was signed.",
                [entry(change=spec(lambda one: one["data"].update(digest=payload)))], says, source=ANOTHER)  # fmt: skip
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    r, s = decode_dss_signature(ENVELOPE.signatures[0].sig)
    negated = encode_dss_signature(r, ORDER_P256 - s)
    yield _case("entry-of-s-negated", "The entry has s ↦ n−s: a signature that holds, and not the one shown.",
                [entry(change=spec(lambda one: one["signature"].update(content=b64(negated))))], says,
                source="ECDSA malleability; " + ANOTHER)  # fmt: skip
    yield _case("entry-with-a-field-more", "The body of the entry has a field that says more.",
                [entry(change=spec(lambda one: one.update(extra="x")))], "other fields")  # fmt: skip
    yield _case("entry-of-another-scheme", "The entry calls the key one of another curve.",
                [entry(change=spec(lambda one: one["signature"]["verifier"].update(keyDetails="PKIX_ECDSA_P384_SHA_384")))],
                "another kind of key")  # fmt: skip
    yield _case("entry-kind-lies", "The entry says one kind outside of its body, and another one inside.",
                [replace(entry(), kind="dsse", kind_version="0.0.1")], "another kind", by=demanding(tiny_log()))  # fmt: skip
    yield _case("entry-of-an-unknown-kind", "The entry is of a kind whose fields nobody here knows.",
                [_unknown()], "kind that is not known")  # fmt: skip
    twice = encoded(body_of(*V2, ENVELOPE, SIGNER)).replace(b'"kind":', b'"kind":"dsse","kind":', 1)
    yield _case("entry-key-twice", "The body of the entry has its kind twice.", [tiny_log().entry(*V2, twice)], "twice")
    first = demanding(tiny_log(tree_id=TREE))
    for kind, where in ((V1, "payloadHash"), (("intoto", "0.0.2"), "payloadHash"), (("hashedrekord", "0.0.1"), "hash")):
        yield _case(f"promised-entry-of-another-artifact-{kind[0]}",
                    f"A Rekor v1 promised an entry ({' '.join(kind)}) of an honest record about another version.",
                    [entry(envelope_of(other), kind=kind)], where, source=ANOTHER, by=first)  # fmt: skip

    def other_signer(body: Json) -> None:
        body["spec"]["signatures"][0]["verifier"] = b64(public(key("reviewer")).to_pem().encode())

    yield _case("promised-entry-of-another-key", "A Rekor v1 promised an entry with this signature and another key.",
                [entry(kind=V1, change=other_signer)], says, source=ANOTHER, by=first)  # fmt: skip

    def other_signature(body: Json) -> None:
        body["spec"]["signatures"][0]["signature"] = b64(negated)

    yield _case("promised-entry-of-another-signature", "A Rekor v1 promised an entry with this key and another signature.",
                [entry(kind=V1, change=other_signature)], says, source=ANOTHER, by=first)  # fmt: skip


def _unknown() -> LogEntry:
    body = body_of(*V2, ENVELOPE, SIGNER) | {"kind": "helm", "apiVersion": "0.0.9"}
    return replace(tiny_log().entry(*V2, encoded(body)), kind="helm", kind_version="0.0.9")


def _proofs() -> Iterator[Case]:
    def proof(**changes: Any) -> LogEntry:
        one = entry()
        assert one.proof is not None
        return replace(one, proof=replace(one.proof, **changes))

    log = tiny_log()
    good = entry(log=log)
    assert good.proof is not None
    root = "is of another tree than the checkpoint"
    yield _case("proof-of-another-size", "The proof says another size of the tree than the log signed.",
                [proof(tree_size=10)], root)  # fmt: skip
    yield _case("proof-of-another-root", "The proof says another root than the log signed.", [proof(root_hash=bytes(32))], root)
    yield _case("proof-of-another-leaf", "The proof is of the leaf beside the entry.", [proof(hashes=log.proof(4).hashes)],
                "not in the log's tree")  # fmt: skip
    yield _case("proof-too-short", "A hash is missing in the proof.", [proof(hashes=good.proof.hashes[:-1])], "another length")
    yield _case("proof-too-long", "A hash is too many in the proof.", [proof(hashes=(*good.proof.hashes, bytes(32)))],
                "another length")  # fmt: skip
    yield _case("proof-hash-cut", "A hash of the proof has 31 bytes.",
                [proof(hashes=(good.proof.hashes[0][:-1], *good.proof.hashes[1:]))], "another length")  # fmt: skip
    moved = replace(good, log_index=6, proof=replace(good.proof, log_index=6))
    yield _case("entry-at-another-index", "The entry says that it is at another place of the same tree.", [moved],
                "not in the log's tree")  # fmt: skip
    outside = replace(good, log_index=99, proof=replace(good.proof, log_index=99))
    yield _case("entry-outside-of-the-tree", "The entry says that it is behind the end of the tree.", [outside],
                "the tree does not have")  # fmt: skip
    yield _case("entry-and-proof-at-two-places", "The entry and its proof say two places.", [replace(good, log_index=6)],
                "different places")  # fmt: skip
    yield _case("proof-missing", "The entry of a Rekor v2 has no proof at all.", [replace(good, proof=None)],
                "no inclusion proof")  # fmt: skip
    node = _node_as_leaf()
    yield _case("node-as-a-leaf", "An inner node of the tree is shown as if it were an entry.", [node], "valid JSON",
                source="RFC 6962 §2.1")  # fmt: skip
    other = tiny_log(origin="other.example.test")
    renamed = replace(entry(log=other), log_id=tiny_log().log_id)
    yield _case("checkpoint-of-another-origin", "The log's key signed the tree under the name of another log.", [renamed],
                "another log's", source="C2SP tlog-checkpoint, origin")  # fmt: skip
    longer = replace(entry(log=tiny_log(origin="rekor.example.test.evil")), log_id=tiny_log().log_id)
    yield _case("checkpoint-of-a-longer-origin", "The checkpoint's name only begins with the log's.", [longer],
                "another log's", source="C2SP tlog-checkpoint, origin")  # fmt: skip
    forged_log = tiny_log("a stranger's log")
    forged = replace(entry(log=forged_log), log_id=tiny_log().log_id)
    yield _case("checkpoint-of-another-key", "A stranger's key signed the checkpoint under the log's name.", [forged],
                "did not sign the checkpoint", source="C2SP signed-note")  # fmt: skip
    text, _, line = good.proof.checkpoint.partition("\n\n")
    own = forged_log.note_signature(f"{text}\n").split(" ")[2]
    import base64

    disguised = base64.b64encode(tiny_log().log_id[:4] + base64.b64decode(own)[4:]).decode()
    yield _case("checkpoint-under-the-key-id", "A stranger's signature stands under the log's name and key id.",
                [proof(checkpoint=f"{text}\n\n— {log.origin} {disguised}\n")], "signature does not hold",
                source="C2SP signed-note")  # fmt: skip
    yield _case("checkpoint-unsigned", "Nobody signed the checkpoint.", [proof(checkpoint=f"{text}\n\n")], "note",
                source="C2SP signed-note")  # fmt: skip
    bigger = f"{text}\n\n{line}".replace("\n9\n", "\n10\n", 1)
    yield _case("checkpoint-changed", "The size in the signed checkpoint was changed.",
                [proof(checkpoint=bigger, tree_size=10)], "signature does not hold", source="C2SP signed-note")  # fmt: skip
    yield _case("checkpoint-with-a-second-text", "A second checkpoint stands before the signed one.",
                [proof(checkpoint=f"rekor.example.test\n9\n{b64(bytes(32))}\n\n{good.proof.checkpoint}")],
                "checkpoint", source="C2SP signed-note")  # fmt: skip
    yield _case("entry-twice", "One entry stands twice in the bundle: twice the same word is not two.", [good, good],
                "one log entry twice")  # fmt: skip
    bare = good.proof
    assert isinstance(bare, InclusionProof)


def _node_as_leaf() -> LogEntry:
    """Return an inner node, whose hash without the leaf's prefix would be in the tree."""
    log = tiny_log()
    entry(log=log)
    left, right = (hashlib.sha256(b"\x00" + leaf).digest() for leaf in log.leaves[:2])
    path = log.proof(0).hashes[1:]
    one = log.proof(0)
    proof = InclusionProof(0, one.root_hash, one.tree_size, path, one.checkpoint)
    return LogEntry(0, log.log_id, *V2, 0, None, proof, b"\x01" + left + right)


def _promises() -> Iterator[Case]:
    first = tiny_log(tree_id=TREE)
    by = demanding(first)
    good = entry(kind=V1)
    source = "sigstore client-spec, Signed Entry Timestamp"
    promised = "did not promise this entry"
    yield _case("promise-forged", "A stranger's key signed the promise.",
                [replace(good, promise=_promise(tiny_log("a stranger's log", tree_id=TREE), good))], promised, source=source,
                by=by)  # fmt: skip
    yield _case("promise-of-another-entry", "The promise is of another entry.",
                [replace(good, promise=first.promise(b"another", good.log_index))], promised, source=source, by=by)  # fmt: skip
    yield _case("promised-time-changed", "The time beside the promise was changed.",
                [replace(good, integrated_time=NOW - 86_400)], promised, source=source, by=by)  # fmt: skip
    yield _case("promised-index-changed", "The index beside the promise was changed.",
                [replace(good, log_index=good.log_index + 1)], promised, source=source, by=by)  # fmt: skip
    yield _case("promise-and-a-bad-proof", "The promise holds, and the proof beside it does not.",
                [replace(good, proof=replace(good.proof, root_hash=bytes(32)))],  # type: ignore[type-var]
                "another tree", source=source, by=by)  # fmt: skip
    yield _case("neither-promise-nor-proof", "The entry of a Rekor v1 has neither promise nor proof.",
                [replace(good, promise=None, proof=None)], "nothing shows that the log has the entry", source=source,
                by=by)  # fmt: skip
    yield _case("promise-in-the-second-generation", "An entry of a Rekor v2 has a promise, which such a log never gives.",
                [replace(entry(), promise=b"x", integrated_time=NOW)], "has a promise", source=source)  # fmt: skip
    ended = demanding(first, valid=window(end=SIGNED - DAY))
    yield _case("promise-after-the-log-ended", "The trusted root ended the log a day before its promise.", [good],
                "did not count when it took the entry", source=source, by=ended)  # fmt: skip
    # The window of the key is a day; only the log's signed time says that the signature is of that day.
    limits: dict[str, Any] = {"from": "2026-05-28T00:00:00Z", "until": "2026-05-29T00:00:00Z"}
    in_window = demanding(first, **limits)
    yield _case("key-over-and-logged-before", "The key's window is over; the log's promised time lies in it.", [good],
                by=in_window, outcome="allowed")  # fmt: skip
    unsigned = replace(good, promise=None)
    yield _case("key-over-and-time-unpromised",
                "The key's window is over; the entry says a time in it that no promise signs.", [unsigned],
                "void", source=source, by=in_window)  # fmt: skip
    for_names = replace(entry(kind=("intoto", "0.0.2")))
    yield _case("key-over-and-intoto-time",
                "The key's window is over; an `intoto` entry promises a time, which for this kind is not trusted.",
                [for_names], "void", source="sigstore-python, sigstore-go: time of intoto entries", by=in_window)  # fmt: skip
    assert json and pem


def _promise(log: TinyLog, of: LogEntry) -> bytes:
    value = {
        "body": b64(of.body), "integratedTime": of.integrated_time, "logID": of.log_id.hex(), "logIndex": of.log_index,
    }  # fmt: skip
    return log.key.sign(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())  # type: ignore[call-arg, union-attr]


def _case(
    name: str,
    sentence: str,
    entries: Sequence[LogEntry],
    *says: str,
    source: str = REKOR,
    by: Given | None = None,
    outcome: Outcome = "denied",
) -> Case:
    layout = Layout().model().attach(with_proofs(HONEST, entries=entries))
    return Case(name, sentence, source, layout, by or demanding(), outcome, says)
