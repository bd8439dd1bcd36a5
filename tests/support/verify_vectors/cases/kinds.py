"""Kinds of statement: which was meant, and what a newer govern says."""

from __future__ import annotations

from collections.abc import Iterator

from govern.names import NAMESPACE
from govern.predicates.kinds import SLSA_V1, Wrapping
from support.verify_vectors.artifacts import (
    ISSUED,
    MODEL,
    line_subject,
    registration,
    result_of_tests,
    statement,
)
from support.verify_vectors.bundles import Json, bundle
from support.verify_vectors.case import Case, by_key, by_policy
from support.verify_vectors.cases.subjects import LINE, asked, registered
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy
from support.verify_vectors.sigstores import sigstore


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _kinds()


def _kinds() -> Iterator[Case]:
    confusion = "cosign GHSA-vjxv-45g9-9296"
    custom = "https://cosign.sigstore.dev/attestation/v1"
    yield asked(
        "other-kind",
        "The trusted key signed something of another kind about this content.",
        confusion,
        statement(custom, {}),
        "MISSING: no provenance",
    )

    def lie(one: Json) -> None:
        one["annotations"]["dev.sigstore.bundle.predicateType"] = SLSA_V1

    yield Case(
        "predicate-type-annotation-lies",
        "The wrapper's annotation says provenance; the signed statement does not.",
        confusion,
        Layout().model().attach(bundle(statement(custom, {})), change=lie),
        by_key(),
        "denied",
        ["MISSING: no provenance"],
    )
    look_alikes = (
        ("cyrillic", "a Cyrillic \u0430", SLSA_V1.replace("slsa", "sls\u0430")),
        ("case", "an upper-case letter in its path", SLSA_V1.replace("provenance", "Provenance")),
        ("slash", "a slash behind it", f"{SLSA_V1}/"),
        ("blank", "a blank behind it", f"{SLSA_V1} "),
        ("escaped", "an escaped letter", SLSA_V1.replace("slsa.dev/p", "slsa.dev/%70")),
    )
    for name, what, uri in look_alikes:
        yield asked(
            f"look-alike-kind-{name}",
            f"The predicate type is provenance's with {what}.",
            "UTS 39, confusables",
            statement(uri, {}),
            "MISSING: no provenance",
        )
    failed = "cosign GHSA-w6c6-c85g-mmv6; cosign 3 verify, which says yes to any signed refusal"
    yield asked(
        "tests-passed",
        "An honest result of tests that passed.",
        failed,
        result_of_tests("PASSED"),
        require="test-result",
        outcome="allowed",
    )
    yield asked(
        "tests-failed",
        "A signed result says that the tests failed.",
        failed,
        result_of_tests("FAILED"),
        "did not pass",
        require="test-result",
    )
    yield asked(
        "tests-failed-in-lower-case",
        "The result is `passed`, which is not the word.",
        failed,
        result_of_tests("passed"),
        "did not pass",
        require="test-result",
    )
    good = by_key(require=["registration"])
    revoked = {"issuedAt": ISSUED, "status": "revoke"}
    status = statement(f"{NAMESPACE}status/v0.1", revoked, MODEL.subject, line_subject())
    newer = "DESIGN §5; FORMAT §5"
    yield Case(
        "status-of-a-newer-govern",
        "The trusted key signed a revocation, a kind that this version does not know.",
        newer,
        registered().attach(bundle(status), wrapping=Wrapping.READING),
        good,
        "undecided",
        ["NEWER"],
    )
    yield Case(
        "status-on-the-line",
        "The same revocation hangs on the line alone.",
        newer,
        registered().attach(bundle(status), LINE, wrapping=Wrapping.READING),
        good,
        "undecided",
        ["NEWER"],
    )

    def hide(one: Json) -> None:
        one["artifactType"] = "application/vnd.example.picture"
        one["annotations"] = {"dev.govern.predicateType": f"{NAMESPACE}annotation/v0.1"}

    yield Case(
        "status-under-another-type",
        "The same revocation is hidden under an artifact type and annotations that lie.",
        "DESIGN §5, listings never skip",
        registered().attach(bundle(status), wrapping=Wrapping.READING, change=hide),
        good,
        "undecided",
        ["NEWER"],
    )
    yield Case(
        "status-of-a-stranger",
        "A stranger's revocation is attached: nobody whom the policy knows said it.",
        newer,
        registered().attach(bundle(status, "stranger"), wrapping=Wrapping.READING),
        good,
        "allowed",
    )
    certified = policy({"ci": person("ci")}, require=["registration"], trust={"sigstore": [sigstore().root()]})
    yield Case(
        "status-of-a-certified-stranger",
        "A revocation by somebody with a good certificate, whom the policy does not know.",
        newer,
        registered().attach(sigstore().bundle(status), wrapping=Wrapping.READING),
        by_policy(certified),
        "allowed",
    )
    yield asked(
        "registration-with-a-newer-field",
        "The registration has a field that a newer govern decides by.",
        newer,
        registration(quarantined=True),
        "NEWER",
        "MISSING",
        require="registration",
    )
    yield asked(
        "registration-without-fields",
        "The registration lacks what its schema asks for.",
        "FORMAT §3",
        registration(files=None),
        "the registration is not valid",
        require="registration",
    )
