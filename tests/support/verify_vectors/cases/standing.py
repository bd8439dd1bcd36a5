"""Who still speaks for whom: windows, revocation, build levels, one voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from support.verify_vectors.artifacts import BUILDER, MODEL, OTHER, annotation, provenance, reference_to, registration
from support.verify_vectors.bundles import Json, bundle, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.layouts import Layout
from support.verify_vectors.cases.logs import entry
from support.verify_vectors.policies import bound_key, person, policy, role
from support.verify_vectors.sigstores import log_entry, tiny_log, trusted_root
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import CLOCK, DAY, HOUR, SIGNED, text

PINNED: Final = stamper()
TRUST: Final = {"timestamps": [PINNED.signer.chain_pem], "sigstore": [trusted_root(logs=[log_entry(tiny_log())])]}
WINDOWS: Final = "sigstore-go GHSA-wqqc-jjcq-vfxm"
REVOKED: Final = "DESIGN §5, Time"
HONEST: Final = bundle(provenance())


def limited(require: str = "provenance", **limits: Any) -> Given:
    """Return a policy with one key that speaks for a time."""
    return by_policy(policy({"ci": person(bound_key("ci", **limits))}, require=[require], trust=TRUST))


def stamped(one: Json, at: Any) -> Json:
    """Return a bundle with a timestamp."""
    return with_proofs(one, stamps=[PINNED.stamp(signature_of(one), at)])


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _windows()
    yield from _revocations()
    yield from _voices()
    yield from _levels()


def _case(
    name: str,
    sentence: str,
    source: str,
    bundles: Sequence[Json],
    by: Given,
    *says: str,
    outcome: Outcome = "denied",
    records: int | None = None,
) -> Case:
    layout = Layout().model()
    for one in bundles:
        layout.attach(one)
    return Case(name, sentence, source, layout, by, outcome, says, records=records)


def _windows() -> Iterator[Case]:
    over = limited(until=text(SIGNED + DAY))
    later = limited(**{"from": text(CLOCK + DAY)})
    begins = limited(**{"from": text(SIGNED + DAY)})
    did_not = "did not speak for ci"
    yield _case("key-in-its-window", "The key speaks for its person from before the signature until after now.", WINDOWS,
                [HONEST], limited(**{"from": text(SIGNED - DAY), "until": text(CLOCK + DAY)}), outcome="allowed")  # fmt: skip
    yield _case("key-over", "The key's window is over, and nothing says that it signed before.", WINDOWS, [HONEST], over,
                did_not)  # fmt: skip
    yield _case("key-over-and-stamped-before", "The key's window is over; the timestamp lies in it.", WINDOWS,
                [stamped(HONEST, SIGNED)], over, outcome="allowed")  # fmt: skip
    yield _case("key-over-and-stamped-after", "The timestamp is of after the key's window.", WINDOWS,
                [stamped(HONEST, SIGNED + 2 * DAY)], over, did_not)  # fmt: skip
    yield _case("key-not-yet-valid", "The key speaks from tomorrow on.", WINDOWS, [HONEST], later, did_not)
    yield _case("key-stamped-before-it-counted", "The timestamp is of before the key's window.", WINDOWS,
                [stamped(HONEST, SIGNED)], begins, did_not)  # fmt: skip
    said = bundle(registration())
    yield _case("key-over-and-backdated", "The key's window is over; the registration says that it is older.", WINDOWS,
                [said], limited("registration", until=text(SIGNED + DAY)), did_not)  # fmt: skip
    yield _case("key-written-before-it-counted", "The registration itself says that it is older than the key's window.",
                WINDOWS, [said], limited("registration", **{"from": text(SIGNED + DAY)}), did_not)  # fmt: skip
    yield _case("key-over-and-logged-without-time", "The key's window is over; the entry of a Rekor v2 has no time.",
                WINDOWS, [with_proofs(HONEST, entries=[entry()])], over, did_not)  # fmt: skip


def _revocations() -> Iterator[Case]:
    from_then = limited(revokedFrom=text(SIGNED + HOUR))
    void = "nothing proves that this record existed before"
    yield _case("revoked-key", "The key is revoked from an hour after the signature; only its own word says when that was.",
                REVOKED, [HONEST], from_then, void)  # fmt: skip
    yield _case("revoked-key-stamped-before", "The timestamp proves that the record is older than the revocation.", REVOKED,
                [stamped(HONEST, SIGNED)], from_then, outcome="allowed")  # fmt: skip
    yield _case("revoked-key-stamped-after", "The timestamp is of after the revocation.", REVOKED,
                [stamped(HONEST, SIGNED + DAY)], from_then, void)  # fmt: skip
    yield _case("revoked-key-stamped-then", "The timestamp is of the very second of the revocation.", REVOKED,
                [stamped(HONEST, SIGNED + HOUR)], from_then, void)  # fmt: skip
    backdated = bundle(registration(issuedAt=text(SIGNED - 300 * DAY)))
    yield _case("revoked-key-backdated", "A thief of the revoked key writes a registration of last year.", REVOKED,
                [backdated], limited("registration", revokedFrom=text(SIGNED)), void)  # fmt: skip
    yield _case("revoked-key-logged-without-time", "The record is in a Rekor v2, which says that it exists, and not since when.",
                REVOKED, [with_proofs(HONEST, entries=[entry()])], from_then, void)  # fmt: skip
    yield _case("revocation-in-the-future", "The key is revoked from tomorrow on.", REVOKED, [HONEST],
                limited(revokedFrom=text(CLOCK + DAY)), outcome="allowed")  # fmt: skip

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

    stands = "void"
    yield _case("revoked-key-seen-by-another", "Somebody else saw the record before the revocation, and says so.", REVOKED,
                [HONEST, seen("reviewer")], people(revoked), outcome="allowed")  # fmt: skip
    yield _case("revoked-key-seen-too-late", "Somebody else saw the record, after the revocation.", REVOKED,
                [HONEST, seen("reviewer", issuedAt=text(SIGNED + DAY))], people(revoked), stands)  # fmt: skip
    yield _case("revoked-key-seen-in-truth-too-late",
                "Somebody else says that they saw it before; the timestamp on their word is of after the revocation.",
                REVOKED, [HONEST, stamped(seen("reviewer"), SIGNED + DAY)], people(revoked), stands)  # fmt: skip
    yield _case("revoked-key-seen-by-its-person", "The same person's other key saw the record: one voice, one word.", REVOKED,
                [HONEST, seen("spare")], people(revoked, "spare"), stands)  # fmt: skip
    yield _case("revoked-key-seen-by-itself", "The revoked key's own second record says that it saw the first.", REVOKED,
                [HONEST, seen("ci")], people(revoked), stands)  # fmt: skip
    yield _case("revoked-key-seen-by-a-stranger", "A stranger says that they saw the record before the revocation.", REVOKED,
                [HONEST, seen("stranger")], people(revoked), stands)  # fmt: skip
    both = people(revoked, zoe=bound_key("reviewer", revokedFrom=text(SIGNED + HOUR)))
    yield _case("revoked-key-seen-by-a-revoked-key", "Two revoked keys saw each other's records.", REVOKED,
                [HONEST, seen("reviewer")], both, stands)  # fmt: skip
    other = reference_to(provenance(OTHER), "ci")
    yield _case("revoked-key-another-record-seen", "Somebody else saw another record of the revoked key.", REVOKED,
                [HONEST, bundle(annotation(saw=[other]), "reviewer")], people(revoked), stands)  # fmt: skip
    yield _case("revoked-key-copy-seen", "Somebody else saw the same bytes, signed by another key.", REVOKED,
                [HONEST, bundle(annotation(saw=[reference_to(provenance(), "spare")]), "reviewer")], people(revoked),
                stands)  # fmt: skip


def _voices() -> Iterator[Case]:
    identity = "FORMAT §5, a record is (statement, signer)"
    two = by_policy(policy({"ci": person("ci", "spare")}))
    yield _case("two-keys-of-one-person", "One person's two keys signed one statement: two records, and one voice.", identity,
                [HONEST, bundle(provenance(), "spare")], two, "provenance by ci", outcome="allowed", records=2)  # fmt: skip
    gone = by_policy(policy({"ci": person("ci", "spare")}, require=["registration"]))
    yield _case("evidence-by-the-other-key-of-one-person",
                "The listed provenance is gone; the same person's other key signed the same bytes.", identity,
                [bundle(registration(MODEL, reference_to(provenance(), "ci"))), bundle(provenance(), "spare")], gone,
                "INCONCLUSIVE")  # fmt: skip


def _levels() -> Iterator[Case]:
    slsa = "SLSA 1.2, Verifying artifacts; slsa-verifier GHSA-r2xv-vpr2-42m9"

    def asks(level: int = 3, people: Sequence[str] = ("platform",), builder: str = BUILDER) -> Given:
        pair = {"builder": builder, "people": list(people), "level": 3}
        given = {"ci": person("ci"), "platform": person("platform")}
        return by_policy(policy(given, build={"level": level, "builders": [pair]}))

    by_platform = bundle(provenance(), "platform")
    yield _case("level", "The platform's key signed for its own builder: level 3.", slsa, [by_platform], asks(),
                "build level 3", outcome="allowed")  # fmt: skip
    yield _case("level-of-a-client", "What a client generates is level 1, and that is asked for.", slsa, [HONEST],
                asks(1), "build level 1", outcome="allowed")  # fmt: skip
    yield _case("level-claimed-by-a-client", "A client's key signed a provenance that names the platform's builder.", slsa,
                [HONEST], asks(), "LEVEL", "build level 1")  # fmt: skip
    other = bundle(provenance(builder="https://build.example.test/other"), "platform")
    yield _case("level-of-another-builder", "The platform's key signed for a builder that the policy does not name.", slsa,
                [other], asks(), "LEVEL", "build level 1")  # fmt: skip
    longer = bundle(provenance(builder=f"{BUILDER}/evil"), "platform")
    yield _case("level-of-a-builder-that-begins-alike", "The builder's id only begins like the trusted one's.", slsa,
                [longer], asks(), "LEVEL")  # fmt: skip
    listed = provenance()
    listed["predicate"]["runDetails"]["builder"] = {"id": [BUILDER]}
    yield _case("level-of-a-list-of-builders", "The builder's id is a list, in which the trusted one stands.", slsa,
                [bundle(listed, "platform")], asks(), "LEVEL")  # fmt: skip
    old = provenance()
    old["predicate"]["builder"] = {"id": BUILDER}
    old["predicate"]["runDetails"]["builder"]["id"] = "https://evil.example.test"
    yield _case("level-of-two-builders", "The trusted builder stands where the older version of provenance has it.", slsa,
                [bundle(old, "platform")], asks(), "LEVEL")  # fmt: skip
    claims = provenance()
    claims["predicate"]["runDetails"]["metadata"] = {"slsaLevel": 3}
    claims["predicate"]["verifiedLevels"] = ["SLSA_BUILD_LEVEL_3"]
    yield _case("level-read-from-the-provenance", "The provenance itself says that it is of level 3.", slsa,
                [bundle(claims)], asks(), "LEVEL")  # fmt: skip
    yield _case("level-of-another-version", "The platform's provenance of level 3 is about another version.", slsa,
                [HONEST, bundle(provenance(OTHER), "platform")], asks(), "LEVEL")  # fmt: skip
