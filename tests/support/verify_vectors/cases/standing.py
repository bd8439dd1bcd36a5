"""Who speaks for whom: windows, one voice, build levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from support.verify_vectors.artifacts import BUILDER, MODEL, OTHER, provenance, reference_to, registration
from support.verify_vectors.bundles import Json, bundle, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.cases.logs import entry
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import bound_key, person, policy, role
from support.verify_vectors.sigstores import log_entry, tiny_log, trusted_root
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import CLOCK, DAY, SIGNED, text

PINNED: Final = stamper()
TRUST: Final = {"timestamps": [PINNED.signer.chain_pem], "sigstore": [trusted_root(logs=[log_entry(tiny_log())])]}
WINDOWS: Final = "sigstore-go GHSA-wqqc-jjcq-vfxm"
HONEST: Final = bundle(provenance())


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _windows()
    yield from _voices()
    yield from _levels()


def limited(require: str = "provenance", **limits: Any) -> Given:
    """Return a policy with one key that speaks for a time."""
    return by_policy(policy({"ci": person(bound_key("ci", **limits))}, require=[require], trust=TRUST))


def stamped(one: Json, at: Any) -> Json:
    """Return a bundle with a timestamp."""
    return with_proofs(one, stamps=[PINNED.stamp(signature_of(one), at)])


def asked(
    name: str,
    sentence: str,
    source: str,
    bundles: Sequence[Json],
    by: Given,
    *says: str,
    outcome: Outcome = "denied",
    records: int | None = None,
) -> Case:
    """Return a vector about the model, as this theme asks."""
    layout = Layout().model()
    for one in bundles:
        layout.attach(one)
    return Case(name, sentence, source, layout, by, outcome, says, records=records)


def _windows() -> Iterator[Case]:
    over = limited(until=text(SIGNED + DAY))
    later = limited(**{"from": text(CLOCK + DAY)})
    begins = limited(**{"from": text(SIGNED + DAY)})
    did_not = "did not speak for ci"
    yield asked(
        "key-in-its-window",
        "The key speaks for its person from before the signature until after now.",
        WINDOWS,
        [HONEST],
        limited(**{"from": text(SIGNED - DAY), "until": text(CLOCK + DAY)}),
        outcome="allowed",
    )
    yield asked(
        "key-over",
        "The key's window is over, and nothing says that it signed before.",
        WINDOWS,
        [HONEST],
        over,
        did_not,
    )
    yield asked(
        "key-over-and-stamped-before",
        "The key's window is over; the timestamp lies in it.",
        WINDOWS,
        [stamped(HONEST, SIGNED)],
        over,
        outcome="allowed",
    )
    yield asked(
        "key-over-and-stamped-after",
        "The timestamp is of after the key's window.",
        WINDOWS,
        [stamped(HONEST, SIGNED + 2 * DAY)],
        over,
        did_not,
    )
    yield asked("key-not-yet-valid", "The key speaks from tomorrow on.", WINDOWS, [HONEST], later, did_not)
    yield asked(
        "key-stamped-before-it-counted",
        "The timestamp is of before the key's window.",
        WINDOWS,
        [stamped(HONEST, SIGNED)],
        begins,
        did_not,
    )
    said = bundle(registration())
    yield asked(
        "key-over-and-backdated",
        "The key's window is over; the registration says that it is older.",
        WINDOWS,
        [said],
        limited("registration", until=text(SIGNED + DAY)),
        did_not,
    )
    yield asked(
        "key-written-before-it-counted",
        "The registration itself says that it is older than the key's window.",
        WINDOWS,
        [said],
        limited("registration", **{"from": text(SIGNED + DAY)}),
        did_not,
    )
    yield asked(
        "key-over-and-logged-without-time",
        "The key's window is over; the entry of a Rekor v2 has no time.",
        WINDOWS,
        [with_proofs(HONEST, entries=[entry()])],
        over,
        did_not,
    )


def _voices() -> Iterator[Case]:
    identity = "FORMAT §5, a record is (statement, signer)"
    two = by_policy(policy({"ci": person("ci", "spare")}))
    yield asked(
        "two-keys-of-one-person",
        "One person's two keys signed one statement: two records, and one voice.",
        identity,
        [HONEST, bundle(provenance(), "spare")],
        two,
        "provenance by ci",
        outcome="allowed",
        records=2,
    )
    gone = by_policy(policy({"ci": person("ci", "spare")}, require=["registration"]))
    yield asked(
        "evidence-by-the-other-key-of-one-person",
        "The listed provenance is gone; the same person's other key signed the same bytes.",
        identity,
        [bundle(registration(MODEL, reference_to(provenance(), "ci"))), bundle(provenance(), "spare")],
        gone,
        "INCONCLUSIVE",
    )


def _levels() -> Iterator[Case]:
    slsa = "SLSA 1.2, Verifying artifacts; slsa-verifier GHSA-r2xv-vpr2-42m9"

    def asks(level: int = 3, people: Sequence[str] = ("platform",), builder: str = BUILDER) -> Given:
        pair = {"builder": builder, "people": list(people), "level": 3}
        given = {"ci": person("ci"), "platform": person("platform")}
        return by_policy(policy(given, build={"level": level, "builders": [pair]}))

    by_platform = bundle(provenance(), "platform")
    yield asked(
        "level",
        "The platform's key signed for its own builder: level 3.",
        slsa,
        [by_platform],
        asks(),
        "build level 3",
        outcome="allowed",
    )
    yield asked(
        "level-of-a-client",
        "What a client generates is level 1, and that is asked for.",
        slsa,
        [HONEST],
        asks(1),
        "build level 1",
        outcome="allowed",
    )
    yield asked(
        "level-claimed-by-a-client",
        "A client's key signed a provenance that names the platform's builder.",
        slsa,
        [HONEST],
        asks(),
        "LEVEL",
        "build level 1",
    )
    other = bundle(provenance(builder="https://build.example.test/other"), "platform")
    yield asked(
        "level-of-another-builder",
        "The platform's key signed for a builder that the policy does not name.",
        slsa,
        [other],
        asks(),
        "LEVEL",
        "build level 1",
    )
    longer = bundle(provenance(builder=f"{BUILDER}/evil"), "platform")
    yield asked(
        "level-of-a-builder-that-begins-alike",
        "The builder's id only begins like the trusted one's.",
        slsa,
        [longer],
        asks(),
        "LEVEL",
    )
    listed = provenance()
    listed["predicate"]["runDetails"]["builder"] = {"id": [BUILDER]}
    yield asked(
        "level-of-a-list-of-builders",
        "The builder's id is a list, in which the trusted one stands.",
        slsa,
        [bundle(listed, "platform")],
        asks(),
        "LEVEL",
    )
    old = provenance()
    old["predicate"]["builder"] = {"id": BUILDER}
    old["predicate"]["runDetails"]["builder"]["id"] = "https://evil.example.test"
    yield asked(
        "level-of-two-builders",
        "The trusted builder stands where the older version of provenance has it.",
        slsa,
        [bundle(old, "platform")],
        asks(),
        "LEVEL",
    )
    claims = provenance()
    claims["predicate"]["runDetails"]["metadata"] = {"slsaLevel": 3}
    claims["predicate"]["verifiedLevels"] = ["SLSA_BUILD_LEVEL_3"]
    yield asked(
        "level-read-from-the-provenance",
        "The provenance itself says that it is of level 3.",
        slsa,
        [bundle(claims)],
        asks(),
        "LEVEL",
    )
    pair = {"builder": BUILDER, "people": ["platform"], "level": 3}
    elsewhere = policy(
        {"ci": person("ci"), "platform": person("platform")},
        {"producer": role("ci"), "platform": role("platform", names=["acme/other"])},
        build={"level": 3, "builders": [pair]},
    )
    yield asked(
        "level-by-a-platform-of-another-name",
        "A platform of level 3 may not speak about this name; the client who may is of level 1.",
        slsa,
        [HONEST, by_platform],
        by_policy(elsewhere),
        "LEVEL",
        "build level 1",
    )
    yield asked(
        "level-of-another-version",
        "The platform's provenance of level 3 is about another version.",
        slsa,
        [HONEST, bundle(provenance(OTHER), "platform")],
        asks(),
        "LEVEL",
    )
