"""Keys: whose they are, what they may say, and which are too weak."""

from __future__ import annotations

from collections.abc import Iterator

from support.verify_vectors.artifacts import provenance, registration
from support.verify_vectors.bundles import Json, bundle
from support.verify_vectors.case import Case, by_key, by_policy
from support.verify_vectors.cases.envelopes import HONEST, asked
from support.verify_vectors.keys import key, pem, public
from support.verify_vectors.policies import bound_key, person, policy, role


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _keys()


def _keys() -> Iterator[Case]:
    no_key = "no trusted key made this signature"
    by_stranger = bundle(provenance(), "stranger")
    yield asked(
        "key-of-a-stranger", "The signature holds, by a key that nobody trusts.", "FORMAT §8", by_stranger, no_key
    )
    yield asked(
        "hint-of-a-trusted-key",
        "A stranger signed, and the hint names the trusted key.",
        "sigstore protobuf-specs, PublicKeyIdentifier",
        bundle(provenance(), "stranger", hint=public(key("ci")).hint),
        "the signature does not belong to these bytes",
    )
    two = {"ci": person("ci"), "zoe": person("reviewer")}
    roles = {"producer": role("ci"), "reviewer": role("zoe", kinds=["test-result"])}
    yield asked(
        "hint-of-another-role",
        "A key that may sign test results signed a provenance, with the hint of the key that may sign those.",
        "DESIGN §6, trust is triples",
        bundle(provenance(), "reviewer", hint=public(key("ci")).hint),
        "no authorised provenance: found one by zoe",
        given=by_policy(policy(two, roles)),
    )
    said = registration()
    yield asked(
        "copied-by-another-role",
        "A copy of an honest registration's exact bytes, signed by somebody whose role does not sign those.",
        "FORMAT §5, a record is (statement, signer)",
        bundle(said, "reviewer"),
        "no authorised registration: found one by zoe",
        given=by_policy(policy(two, roles, require=["registration"])),
    )
    for name, pattern in (("name-below-another", "acme/fraud/**"), ("name-that-only-begins-alike", "acme/fra/**")):
        yield asked(
            name,
            f"The key may speak about {pattern}, which is not acme/fraud.",
            "DESIGN §6, trust is triples",
            HONEST,
            "no authorised provenance: found one by ci",
            given=by_policy(policy({"ci": person("ci")}, {"producer": role("ci", names=[pattern])})),
        )
    yield asked(
        "name-pattern",
        "The key may speak about acme/**, and the model is acme/fraud.",
        "DESIGN §6",
        HONEST,
        given=by_policy(policy({"ci": person("ci")}, {"producer": role("ci", names=["acme/**"])})),
        outcome="allowed",
    )

    def refused(name: str, sentence: str, source: str, text: str, *says: str) -> Case:
        return asked(name, sentence, source, HONEST, *says, given=by_policy(text), outcome="rejected")

    weak = "NIST SP 800-131A"
    for kind in ("rsa1024", "p192", "k256"):
        text = policy({"ci": person(pem(key("ci", kind)), "ci")})
        yield refused(f"policy-key-{kind}", f"The policy trusts a key of the kind {kind}.", weak, text, "too weak")
    for kind in ("rsa1024", "p192"):
        yield asked(
            f"key-{kind}",
            f"The record is signed with a key of the kind {kind}, which the verifier brought.",
            weak,
            bundle_weak(kind),
            "is too weak",
            given=by_key(kind=kind),
            outcome="rejected",
        )
    shared = policy({"ci": person("ci"), "zoe": person("ci")})
    yield refused(
        "one-key-two-people",
        "The policy lets one key speak for two people: one person would be two voices.",
        "sigstore-go CVE-2026-49834; DESIGN §6, four eyes",
        shared,
        "is also ci's",
    )
    bare_and_revoked = policy({"ci": person("ci", bound_key("ci", revokedFrom="2026-01-01T00:00:00Z"))})
    yield refused(
        "policy-key-revoked-and-not",
        "The policy has one key twice: revoked, and not.",
        "DESIGN §5, Time",
        bare_and_revoked,
        "stands twice",
    )
    private = policy({"ci": person("ci")}).replace("PUBLIC KEY", "PRIVATE KEY")
    yield refused(
        "policy-private-key",
        "The policy holds a private key, which is nobody's secret then.",
        "DESIGN §6",
        private,
        "private key",
    )
    unknown = policy({"ci": person("ci")}, {"producer": role("ci", "mallory")})
    yield refused(
        "policy-unknown-member",
        "A role names somebody whom the policy does not know.",
        "DESIGN §6",
        unknown,
        "'mallory' is not in people",
    )
    later = policy({"ci": person("ci")}, stages={"production": {"approvals": 2}})
    yield refused(
        "policy-newer-section",
        "The policy asks for approvals, which this version cannot judge: not a yes.",
        "DESIGN §6",
        later,
        "belongs to a newer govern",
    )
    twice = policy({"ci": person("ci")}) + "require:\n  - annotation\n"
    yield refused(
        "policy-key-twice",
        "The policy has `require` twice: two readers would ask for two things.",
        "in-toto-golang GHSA-pmwq-pjrm-6p5r",
        twice,
        "require",
    )


def bundle_weak(kind: str) -> Json:
    """Return a bundle by a key that is too weak."""
    return bundle(provenance(), key("ci", kind))
