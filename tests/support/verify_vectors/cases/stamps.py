"""Timestamps beside a key's signature: of what, by whom, when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from support.verify_vectors.artifacts import OTHER, provenance
from support.verify_vectors.bundles import Json, bundle, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.certificates import CODE_SIGNING, TIME_STAMPING, Issued, Wish, issue
from support.verify_vectors.keys import ORDER_P256, key
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import bound_key, person, policy
from support.verify_vectors.sigstores import authority_entry, trusted_root, window
from support.verify_vectors.stamps import SHA1, Stamper, stamper
from support.verify_vectors.times import DAY, HOUR, SIGNED

PINNED: Final = stamper()
HONEST: Final = bundle(provenance())
SIGNATURE: Final = signature_of(HONEST)
RFC: Final = "RFC 3161 §2.4.2"


def demanding(*, sigstore: str = "", pinned: Stamper = PINNED) -> Given:
    """Return a policy in which the key's records must carry a timestamp."""
    trust: Json = {"sigstore": [sigstore]} if sigstore else {"timestamps": [pinned.signer.chain_pem]}
    return by_policy(policy({"ci": person(bound_key("ci", provenBy=["timestamp"]))}, trust=trust))


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield _case(
        "stamped",
        "An honest timestamp, by a pinned authority, of this signature.",
        [PINNED.stamp(SIGNATURE)],
        "by the timestamp CN=a timestamp authority",
        outcome="allowed",
    )
    yield _case(
        "stamped-without-certificates",
        "The token carries no certificates; the pinned one is enough.",
        [PINNED.stamp(SIGNATURE, bag=())],
        outcome="allowed",
    )
    stranger = stamper(serial="stranger")
    yield _case(
        "stamped-by-a-stranger-too",
        "Somebody added a stranger's timestamp: it proves nothing, and harms nothing.",
        [PINNED.stamp(SIGNATURE), stranger.stamp(SIGNATURE)],
        outcome="allowed",
    )
    between = issue(
        Wish("between", authority=True, path_length=0, usages=(TIME_STAMPING,)), issue(Wish("top", authority=True))
    )
    deep = Stamper(issue(Wish("a deeper one", usages=(TIME_STAMPING,), critical_usage=True), between))
    yield _case(
        "stamped-below-an-intermediate",
        "The authority stands two steps below the root that is pinned with it.",
        [deep.stamp(SIGNATURE)],
        by=demanding(pinned=deep),
        outcome="allowed",
    )
    void = "must carry a timestamp of a pinned authority, and this has none"
    other = "a timestamp is of something else"
    yield _case("no-stamp", "The timestamp that the policy demands is not there.", [], void)
    yield _case(
        "stamp-of-another-signature",
        "The timestamp is of another record's signature.",
        [PINNED.stamp(signature_of(bundle(provenance(OTHER))))],
        other,
    )
    yield _case(
        "stamp-of-another-signature-beside-an-honest-one",
        "A second timestamp is of another record's signature.",
        [PINNED.stamp(SIGNATURE), PINNED.stamp(b"another", serial=2)],
        other,
    )
    yield _case(
        "stamp-of-the-payload",
        "The timestamp is of the payload, which anybody could sign later.",
        [PINNED.stamp(HONEST["dsseEnvelope"]["payload"].encode())],
        other,
    )
    yield _case(
        "stamp-of-a-stranger",
        "An authority that is not pinned, of the same name, stamped it.",
        [stranger.stamp(SIGNATURE)],
        void,
    )
    bag = [PINNED.signer.certificate, stranger.signer.certificate]
    bags = "timestamp-authority GHSA-xm5m-wgh2-rrg3"
    yield _case(
        "stamp-with-the-pinned-certificate-in-its-bag",
        "A stranger's token carries the pinned certificate, and another one that really signed.",
        [stranger.stamp(SIGNATURE, bag=bag)],
        void,
        source=bags,
    )
    yield _case(
        "stamp-that-names-the-pinned-certificate",
        "A stranger's token says that the pinned certificate signed it.",
        [stranger.stamp(SIGNATURE, bag=[PINNED.signer.certificate], names=PINNED.signer)],
        void,
        source=bags,
    )
    below = stamper_below(PINNED)
    yield _case(
        "stamp-by-another-certificate-of-the-root",
        "The pinned root vouches for another timestamp authority, which nobody pinned.",
        [below.stamp(SIGNATURE)],
        void,
        source=bags,
    )
    signer = stamper_below(PINNED, usages=(CODE_SIGNING,))
    yield _case(
        "stamp-by-a-signer-of-the-root",
        "The pinned root vouches for somebody who signs code, and stamped this.",
        [signer.stamp(SIGNATURE)],
        void,
        source=bags,
    )
    yield _case(
        "stamp-twice",
        "The same token stands twice in the bundle: twice the same word is not two.",
        [PINNED.stamp(SIGNATURE)] * 2,
        "the same timestamp twice",
    )
    for name, sentence, token, word in (
        ("stamp-unreadable", "The token is no token.", b"\x30\x03\x02\x01\x00", "cannot be read"),
        ("stamp-empty", "The token is of no bytes.", b"", "cannot be read"),
        ("stamp-cut", "The token is cut off.", PINNED.stamp(SIGNATURE)[:-9], "cannot be read"),
        (
            "stamp-refused",
            "The response says that the request was refused, and carries a token all the same.",
            PINNED.stamp(SIGNATURE, status=2),
            void,
        ),
        ("stamp-sha1", "The timestamp is of the signature's SHA-1.", PINNED.stamp(SIGNATURE, algorithm=SHA1), other),
        (
            "stamp-time-changed",
            "The time in the token was written over.",
            PINNED.stamp(SIGNATURE, says=SIGNED - DAY),
            void,
        ),
    ):
        yield _case(name, sentence, [token], word)
    ended = trusted_root(stampers=[authority_entry(PINNED.signer, window(end=SIGNED - DAY))])
    later = trusted_root(stampers=[authority_entry(PINNED.signer, window(SIGNED + DAY))])
    counted = trusted_root(stampers=[authority_entry(PINNED.signer)])
    yield _case(
        "stamped-within-the-window",
        "The trusted root's authority counted when it stamped.",
        [PINNED.stamp(SIGNATURE)],
        by=demanding(sigstore=counted),
        outcome="allowed",
    )
    yield _case(
        "stamp-after-the-authority-ended",
        "The trusted root ended the authority a day before.",
        [PINNED.stamp(SIGNATURE)],
        void,
        by=demanding(sigstore=ended),
    )
    yield _case(
        "stamp-before-the-authority-counted",
        "The trusted root begins with the authority a day after.",
        [PINNED.stamp(SIGNATURE)],
        void,
        by=demanding(sigstore=later),
    )
    short = stamper("a short one", Wish("a short one", usages=(TIME_STAMPING,), critical_usage=True, end=SIGNED - HOUR))
    yield _case(
        "stamp-by-an-expired-certificate",
        "The authority's certificate was over when it stamped.",
        [short.stamp(SIGNATURE)],
        void,
        by=demanding(pinned=short),
    )
    lax = stamper("a lax one", Wish("a lax one", usages=(TIME_STAMPING,), critical_usage=False))
    yield _case(
        "stamp-by-a-lax-certificate",
        "The authority's certificate is for timestamps among other things.",
        [lax.stamp(SIGNATURE)],
        void,
        source="RFC 3161 §2.3",
        by=demanding(pinned=lax),
    )
    coder = stamper("a signer", Wish("a signer", usages=(CODE_SIGNING,), critical_usage=True))
    yield _case(
        "stamp-by-a-pinned-signer",
        "The certificate that is pinned for timestamps is for signing code.",
        [coder.stamp(SIGNATURE)],
        void,
        source="RFC 3161 §2.3",
        by=demanding(sigstore=trusted_root(stampers=[authority_entry(coder.signer)])),
    )
    yield _case(
        "policy-stamps-by-a-signer",
        "The policy pins a certificate for timestamps that is for signing code.",
        [coder.stamp(SIGNATURE)],
        "begin with a certificate that timestamps",
        source="RFC 3161 §2.3",
        by=demanding(pinned=coder),
        outcome="rejected",
    )
    yield from _respelled()


def stamper_below(of: Stamper, usages: Sequence[object] = (TIME_STAMPING,)) -> Stamper:
    """Return another authority below the same root."""
    root = Issued(of.signer.above[0], key("certificate a timestamp authority, root "))
    wish = Wish("another timestamp authority", usages=usages, critical_usage=True)  # type: ignore[arg-type]
    return Stamper(issue(wish, root))


def _respelled() -> Iterator[Case]:
    identity = "FORMAT §5, a record is (statement, signer)"
    r, s = decode_dss_signature(SIGNATURE)
    negated = bundle(provenance(), signature=encode_dss_signature(r, ORDER_P256 - s))
    stamped = with_proofs(HONEST, stamps=[PINNED.stamp(SIGNATURE)])
    open_policy = by_policy(policy({"ci": person("ci")}, trust={"timestamps": [PINNED.signer.chain_pem]}))
    layout = Layout().model().attach(HONEST).attach(negated).attach(stamped)
    yield Case(
        "respelled",
        "One record in three bundles: as signed, with s ↦ n-s, with a timestamp. It is one record.",
        identity,
        layout,
        open_policy,
        "allowed",
        ["by the timestamp"],
        records=1,
    )
    yield _case(
        "s-negated",
        "s ↦ n-s makes another signature that holds; the timestamp is of the first one.",
        [PINNED.stamp(SIGNATURE)],
        "a timestamp is of something else",
        source="ECDSA malleability; " + identity,
        one=negated,
    )
    revoked = person(bound_key("ci", revokedFrom="2026-05-28T00:00:00Z"))
    by = by_policy(policy({"ci": revoked}, trust={"timestamps": [PINNED.signer.chain_pem]}))
    yield _case(
        "s-negated-of-a-revoked-key",
        "The key is revoked; s ↦ n-s makes a bundle that nobody has seen before.",
        [],
        "nothing proves that this record existed before",
        source="ECDSA malleability; " + identity,
        one=negated,
        by=by,
    )
    early = stamper(serial="stranger").stamp(SIGNATURE, SIGNED - DAY)
    yield _case(
        "extra-stamp-of-a-revoked-key",
        "The key is revoked; the bundle was written anew with a stranger's timestamp of before.",
        [early],
        "nothing proves that this record existed before",
        source=identity,
        by=by,
    )


def _case(
    name: str,
    sentence: str,
    tokens: Sequence[bytes],
    *says: str,
    source: str = RFC,
    by: Given | None = None,
    outcome: Outcome = "denied",
    one: Json | None = None,
) -> Case:
    layout = Layout().model().attach(with_proofs(one or HONEST, stamps=tokens))
    return Case(name, sentence, source, layout, by or demanding(), outcome, says)
