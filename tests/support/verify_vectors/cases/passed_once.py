"""Attacks that an independent attack on the verifier found, and that passed once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from govern.names import NAMESPACE
from govern.predicates.kinds import Wrapping
from support.verify_vectors.artifacts import (
    ISSUED,
    MODEL,
    annotation,
    line_subject,
    provenance,
    reference_to,
    statement,
)
from support.verify_vectors.bundles import bundle, with_proofs
from support.verify_vectors.case import Case, Given, by_policy
from support.verify_vectors.cases import pki
from support.verify_vectors.cases.certificates import ONE, asked, by_pattern
from support.verify_vectors.cases.logs import demanding, entry
from support.verify_vectors.cases.standing import HONEST, limited, stamped
from support.verify_vectors.cases.subjects import registered
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import bound_key, person, policy, role
from support.verify_vectors.sigstores import tiny_log, window
from support.verify_vectors.times import CLOCK, DAY, HOUR, SIGNED, text

_STATUS: Final = statement(
    f"{NAMESPACE}status/v0.1", {"issuedAt": ISSUED, "status": "revoke"}, MODEL.subject, line_subject()
)


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    logged = Layout().model().attach(with_proofs(HONEST, entries=[entry()]))
    for name, sentence, valid in (
        (
            "logged-in-an-ended-log",
            "A Rekor v2 that ended holds the entry, and nothing says that it is older.",
            window(end=SIGNED - DAY),
        ),
        (
            "logged-in-a-log-of-tomorrow",
            "A Rekor v2 that counts from tomorrow on holds the entry.",
            window(CLOCK + DAY),
        ),
    ):
        yield Case(
            name,
            sentence,
            "sigstore client-spec; sigstore protobuf-specs, validFor",
            logged,
            demanding(tiny_log(), valid=valid),
            "denied",
            ["did not count"],
        )
    yield Case(
        "stamp-from-the-future",
        "A pinned authority's timestamp is of ten days after the verifier's clock.",
        "RFC 3161 §2.4.2",
        Layout().model().attach(stamped(HONEST, CLOCK + 10 * DAY)),
        limited(provenBy=["timestamp"]),
        "denied",
        ["must carry a timestamp"],
    )
    yield Case(
        "asked-about-before-it-existed",
        "The verifier asks about a month before the only proven time of the record.",
        "DESIGN §5, Time",
        Layout().model().attach(stamped(HONEST, SIGNED)),
        limited(provenBy=["timestamp"]),
        "denied",
        ["later than the moment asked about"],
        at=SIGNED - 30 * DAY,
    )
    for name, subject in (
        ("upwards", "https://github.com/acme/../evil/w.yml"),
        ("upwards-escaped", "https://github.com/acme/%2e%2e/evil/w.yml"),
    ):
        yield asked(
            f"identity-pattern-{name}",
            "The policy trusts all of acme; the path leads out of it again.",
            ONE.bundle(provenance(), ONE.certify(ONE.wish(subject))),
            "who may not sign it",
            given=by_pattern("https://github.com/acme/*"),
        )
    both = Given(
        {
            "identities": [{"issuer": "CN=the root of Acme", "subject": pki.SUBJECT}],
            "trustedRoots": ["trusted_root.json"],
            "caRoots": ["root.pem"],
            "require": ["provenance"],
        },
        {"trusted_root.json": ONE.root(), "root.pem": pki.ROOT.pem},
    )
    yield asked(
        "keyless-issuer-named-like-a-root",
        "A trusted Sigstore's certificate names an internal root as its issuer, whose people are trusted.",
        ONE.bundle(provenance(), ONE.certify(ONE.wish(pki.SUBJECT, issuer="CN=the root of Acme"))),
        "is no provider",
        given=both,
    )
    revoked = bound_key("ci", revokedFrom=text(SIGNED + HOUR))
    silent = policy({"ci": person(revoked), "zoe": person("reviewer")}, {"producer": role("ci")})
    seen = bundle(annotation(saw=[reference_to(provenance(), "ci")]), "reviewer")
    yield Case(
        "revoked-key-seen-by-somebody-without-a-role",
        "Somebody whom the policy knows, and lets say nothing, says that they saw the record before.",
        "DESIGN §5, Time",
        Layout().model().attach(HONEST).attach(seen),
        by_policy(silent),
        "denied",
        ["nothing proves"],
    )
    old = policy(
        {"ci": person("ci"), "old": person(bound_key("spare", revokedFrom=text(SIGNED - 300 * DAY)))},
        {"producer": role("ci")},
        require=["registration"],
    )
    yield Case(
        "status-of-a-revoked-key",
        "A stolen, revoked key attaches a kind that nobody knows, and stops every decision.",
        "DESIGN §5, Time",
        registered().attach(bundle(_STATUS, "spare"), wrapping=Wrapping.READING),
        by_policy(old),
        "allowed",
        [],
    )
