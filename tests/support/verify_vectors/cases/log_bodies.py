"""Of what a log entry is: bytes, signature, signer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from govern.intoto.bundle import LogEntry
from support.tiny_log import body_of, encoded
from support.verify_vectors.artifacts import OTHER, provenance
from support.verify_vectors.bundles import Json, b64, bundle, envelope_of
from support.verify_vectors.case import Case
from support.verify_vectors.cases.logs import ANOTHER, ENVELOPE, SIGNER, TREE, V1, V2, asked, demanding, entry
from support.verify_vectors.keys import ORDER_P256, key, public
from support.verify_vectors.sigstores import tiny_log


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _bodies()


def _bodies() -> Iterator[Case]:
    other = bundle(provenance(OTHER))
    says = "than the bundle"
    yield asked(
        "entry-of-another-artifact",
        "The entry is of an honest record about another version.",
        [entry(envelope_of(other))],
        says,
        source=ANOTHER,
    )
    yield asked(
        "entry-of-another-key",
        "The entry is of the same statement, signed by another key.",
        [entry(envelope_of(bundle(provenance(), "reviewer")), signer=public(key("reviewer")))],
        says,
        source=ANOTHER,
    )

    def spec(change: Callable[[Json], object]) -> Callable[[Json], object]:
        return lambda body: change(body["spec"]["hashedRekordV002"])

    other_key = b64(public(key("reviewer")).spki)
    yield asked(
        "entry-that-names-another-key",
        "The entry has this signature, and another key.",
        [entry(change=spec(lambda one: one["signature"]["verifier"]["publicKey"].update(rawBytes=other_key)))],
        says,
        source=ANOTHER,
    )
    digest = b64(hashlib.sha256(envelope_of(other).signed).digest())
    yield asked(
        "entry-of-other-bytes",
        "The entry has this signature and key, and the digest of other bytes.",
        [entry(change=spec(lambda one: one["data"].update(digest=digest)))],
        says,
        source=ANOTHER,
    )
    payload = b64(hashlib.sha256(ENVELOPE.payload).digest())
    yield asked(
        "entry-of-the-payload",
        "The entry has the digest of the payload, and not of what was signed.",
        [entry(change=spec(lambda one: one["data"].update(digest=payload)))],
        says,
        source=ANOTHER,
    )
    r, s = decode_dss_signature(ENVELOPE.signatures[0].sig)
    negated = encode_dss_signature(r, ORDER_P256 - s)
    yield asked(
        "entry-of-s-negated",
        "The entry has s ↦ n-s: a signature that holds, and not the one shown.",
        [entry(change=spec(lambda one: one["signature"].update(content=b64(negated))))],
        says,
        source="ECDSA malleability; " + ANOTHER,
    )
    yield asked(
        "entry-with-a-field-more",
        "The body of the entry has a field that says more.",
        [entry(change=spec(lambda one: one.update(extra="x")))],
        "other fields",
    )
    yield asked(
        "entry-of-another-scheme",
        "The entry calls the key one of another curve.",
        [entry(change=spec(lambda one: one["signature"]["verifier"].update(keyDetails="PKIX_ECDSA_P384_SHA_384")))],
        "another kind of key",
    )
    yield asked(
        "entry-kind-lies",
        "The entry says one kind outside of its body, and another one inside.",
        [replace(entry(), kind="dsse", kind_version="0.0.1")],
        "another kind",
        by=demanding(tiny_log()),
    )
    yield asked(
        "entry-of-an-unknown-kind",
        "The entry is of a kind whose fields nobody here knows.",
        [_unknown()],
        "kind that is not known",
    )
    twice = encoded(body_of(*V2, ENVELOPE, SIGNER)).replace(b'"kind":', b'"kind":"dsse","kind":', 1)
    yield asked("entry-key-twice", "The body of the entry has its kind twice.", [tiny_log().entry(*V2, twice)], "twice")
    first = demanding(tiny_log(tree_id=TREE))
    for kind, where in ((V1, "payloadHash"), (("intoto", "0.0.2"), "payloadHash"), (("hashedrekord", "0.0.1"), "hash")):
        yield asked(
            f"promised-entry-of-another-artifact-{kind[0]}",
            f"A Rekor v1 promised an entry ({' '.join(kind)}) of an honest record about another version.",
            [entry(envelope_of(other), kind=kind)],
            f"{where} is not this envelope's",
            source=ANOTHER,
            by=first,
        )

    def other_signer(body: Json) -> None:
        body["spec"]["signatures"][0]["verifier"] = b64(public(key("reviewer")).to_pem().encode())

    yield asked(
        "promised-entry-of-another-key",
        "A Rekor v1 promised an entry with this signature and another key.",
        [entry(kind=V1, change=other_signer)],
        says,
        source=ANOTHER,
        by=first,
    )

    def other_signature(body: Json) -> None:
        body["spec"]["signatures"][0]["signature"] = b64(negated)

    yield asked(
        "promised-entry-of-another-signature",
        "A Rekor v1 promised an entry with this key and another signature.",
        [entry(kind=V1, change=other_signature)],
        says,
        source=ANOTHER,
        by=first,
    )


def _unknown() -> LogEntry:
    body = body_of(*V2, ENVELOPE, SIGNER) | {"kind": "helm", "apiVersion": "0.0.9"}
    return replace(tiny_log().entry(*V2, encoded(body)), kind="helm", kind_version="0.0.9")
