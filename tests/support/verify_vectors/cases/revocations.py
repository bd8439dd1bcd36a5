"""Keys that were taken back, and what proves that a record is older."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from govern.oci.media_types import BUNDLE_LONG
from support.verify_vectors.artifacts import OTHER, annotation, provenance, reference_to, registration
from support.verify_vectors.bundles import Json, bundle, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, by_policy
from support.verify_vectors.cases.logs import entry
from support.verify_vectors.cases.standing import HONEST, PINNED, TRUST, asked, limited, stamped
from support.verify_vectors.policies import bound_key, person, policy, role
from support.verify_vectors.sigstores import sigstore
from support.verify_vectors.times import CLOCK, DAY, HOUR, SIGNED, text

REVOKED: Final = "DESIGN §5, Time"


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _revocations()


def _revocations() -> Iterator[Case]:
    from_then = limited(revokedFrom=text(SIGNED + HOUR))
    void = "nothing proves that this record existed before"
    yield asked(
        "revoked-key",
        "The key is revoked from an hour after the signature; only its own word says when that was.",
        REVOKED,
        [HONEST],
        from_then,
        void,
    )
    yield asked(
        "revoked-key-stamped-before",
        "The timestamp proves that the record is older than the revocation.",
        REVOKED,
        [stamped(HONEST, SIGNED)],
        from_then,
        outcome="allowed",
    )
    yield asked(
        "revoked-key-stamped-before-and-after",
        "Two timestamps, before the revocation and after it: the later one takes nothing from the earlier.",
        REVOKED,
        [with_proofs(HONEST, stamps=[PINNED.stamp(signature_of(HONEST), at) for at in (SIGNED, SIGNED + DAY)])],
        from_then,
        outcome="allowed",
    )
    yield asked(
        "revoked-key-copied-without-its-stamp",
        "Somebody attached copies of the record without its timestamp: that takes nothing from the one that has it.",
        REVOKED,
        [HONEST, stamped(HONEST, SIGNED), HONEST | {"mediaType": BUNDLE_LONG}],
        from_then,
        outcome="allowed",
        records=1,
    )
    yield asked(
        "revoked-key-stamped-after",
        "The timestamp is of after the revocation.",
        REVOKED,
        [stamped(HONEST, SIGNED + DAY)],
        from_then,
        void,
    )
    yield asked(
        "revoked-key-stamped-then",
        "The timestamp is of the very second of the revocation.",
        REVOKED,
        [stamped(HONEST, SIGNED + HOUR)],
        from_then,
        void,
    )
    backdated = bundle(registration(issuedAt=text(SIGNED - 300 * DAY)))
    yield asked(
        "revoked-key-backdated",
        "A thief of the revoked key writes a registration of last year.",
        REVOKED,
        [backdated],
        limited("registration", revokedFrom=text(SIGNED)),
        void,
    )
    yield asked(
        "revoked-key-logged-without-time",
        "The record is in a Rekor v2, which says that it exists, and not since when.",
        REVOKED,
        [with_proofs(HONEST, entries=[entry()])],
        from_then,
        void,
    )
    yield asked(
        "revocation-in-the-future",
        "The key is revoked from tomorrow on.",
        REVOKED,
        [HONEST],
        limited(revokedFrom=text(CLOCK + DAY)),
        outcome="allowed",
    )

    reference = reference_to(provenance(), "ci")
    revoked = bound_key("ci", revokedFrom=text(SIGNED + HOUR))
    roles = {
        "producer": role("ci"),
        "reviewer": role("zoe", kinds=["annotation"]),
    }

    def people(*keys: object, zoe: object = "reviewer") -> Given:
        return by_policy(policy({"ci": person(*keys), "zoe": person(zoe)}, roles, trust=TRUST))

    def seen(signer: str, **changes: Any) -> Json:
        return bundle(annotation(**({"saw": [reference]} | changes)), signer)

    stands = void
    yield asked(
        "revoked-key-seen-by-another",
        "Somebody else saw the record before the revocation, and says so.",
        REVOKED,
        [HONEST, seen("reviewer")],
        people(revoked),
        outcome="allowed",
    )
    yield asked(
        "revoked-key-seen-too-late",
        "Somebody else saw the record, after the revocation.",
        REVOKED,
        [HONEST, seen("reviewer", issuedAt=text(SIGNED + DAY))],
        people(revoked),
        stands,
    )
    yield asked(
        "revoked-key-seen-in-truth-too-late",
        "Somebody else says that they saw it before; the timestamp on their word is of after the revocation.",
        REVOKED,
        [HONEST, stamped(seen("reviewer"), SIGNED + DAY)],
        people(revoked),
        stands,
    )
    yield asked(
        "revoked-key-seen-by-its-person",
        "The same person's other key saw the record: one voice, one word.",
        REVOKED,
        [HONEST, seen("spare")],
        people(revoked, "spare"),
        stands,
    )
    yield asked(
        "revoked-key-seen-by-itself",
        "The revoked key's own second record says that it saw the first.",
        REVOKED,
        [HONEST, seen("ci")],
        people(revoked),
        stands,
    )
    yield asked(
        "revoked-key-seen-by-a-stranger",
        "A stranger says that they saw the record before the revocation.",
        REVOKED,
        [HONEST, seen("stranger")],
        people(revoked),
        stands,
    )
    keyless = policy({"ci": person(revoked), "zoe": person("reviewer")}, roles, trust={"sigstore": [sigstore().root()]})
    yield asked(
        "revoked-key-seen-by-a-certified-stranger",
        "Somebody with a good certificate, whom the policy does not know, says that they saw the record before.",
        REVOKED,
        [HONEST, sigstore().bundle(annotation(saw=[reference]))],
        by_policy(keyless),
        stands,
    )
    both = people(revoked, zoe=bound_key("reviewer", revokedFrom=text(SIGNED + HOUR)))
    yield asked(
        "revoked-key-seen-by-a-revoked-key",
        "Two revoked keys saw each other's records.",
        REVOKED,
        [HONEST, seen("reviewer")],
        both,
        stands,
    )
    other = reference_to(provenance(OTHER), "ci")
    yield asked(
        "revoked-key-another-record-seen",
        "Somebody else saw another record of the revoked key.",
        REVOKED,
        [HONEST, bundle(annotation(saw=[other]), "reviewer")],
        people(revoked),
        stands,
    )
    yield asked(
        "revoked-key-copy-seen",
        "Somebody else saw the same bytes, signed by another key.",
        REVOKED,
        [HONEST, bundle(annotation(saw=[reference_to(provenance(), "spare")]), "reviewer")],
        people(revoked),
        stands,
    )
