"""Registrations: of which content, as which version, with which evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator

from govern.line import line_of
from govern.names import NAMESPACE, Name
from support.verify_vectors.artifacts import (
    MODEL,
    NAME,
    OTHER,
    VERSION,
    Model,
    line_subject,
    provenance,
    reference_to,
    registration,
    subject,
)
from support.verify_vectors.bundles import Json, as_payload, bundle
from support.verify_vectors.case import Case, by_key, by_policy
from support.verify_vectors.cases.subjects import LINE, asked, registered
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import bound_key, person, policy, role
from support.verify_vectors.times import CLOCK, DAY, text


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _registrations()
    yield from _references()


def _registrations() -> Iterator[Case]:
    required = by_key(require=["registration"])
    push = "FORMAT §4, §6, §7"
    yield Case(
        "registered",
        "An honest push: a registration of the version, on the artifact and on its line.",
        push,
        registered(),
        required,
        "allowed",
        records=1,
    )
    yield Case(
        "registered-two-versions",
        "An honest line of two versions; each is registered once.",
        push,
        registered((registration(OTHER), OTHER)).model(OTHER),
        required,
        "allowed",
        records=1,
    )

    table: tuple[tuple[str, str, list[Json], str], ...] = (
        (
            "registration-of-two-contents",
            "One statement is about D and about D2, of one version.",
            [MODEL.subject, subject(f"{NAME}@{VERSION}", OTHER.digest)],
            "not the line of the first",
        ),
        (
            "registration-on-another-line",
            "The second subject is the line of another name.",
            [MODEL.subject, line_subject("acme/other")],
            "not the line of the first",
        ),
        (
            "registration-line-digest",
            "The second subject has this line's name, and another line's digest.",
            [MODEL.subject, subject(NAME, line_of(Name("acme/other")).digest)],
            "not the line of the first",
        ),
        (
            "registration-line-name",
            "The second subject has this line's digest, and another name.",
            [MODEL.subject, subject("acme/other", LINE)],
            "not the line of the first",
        ),
        (
            "registration-without-line",
            "The statement is about the artifact alone, so the line would not know it.",
            [MODEL.subject],
            "another shape than its kind prescribes",
        ),
        (
            "registration-turned-round",
            "The line comes first and the artifact second.",
            [line_subject(), MODEL.subject],
            "has no version",
        ),
        (
            "registration-three-subjects",
            "A third subject stands behind artifact and line.",
            [MODEL.subject, line_subject(), OTHER.subject],
            "another shape than its kind prescribes",
        ),
        (
            "registration-without-version",
            "The artifact is registered as no version at all.",
            [subject(NAME, MODEL.digest), line_subject()],
            "has no version",
        ),
        (
            "registration-of-another-name",
            "Another team registered the same content under its own name.",
            [subject(f"acme/other@{VERSION}", MODEL.digest), line_subject("acme/other")],
            "about another name",
        ),
        (
            "registration-of-other-content",
            "Another content was registered as this version.",
            [subject(f"{NAME}@{VERSION}", OTHER.digest), line_subject()],
            "CONFLICT",
        ),
    )
    for name, sentence, subjects, says in table:
        yield asked(name, sentence, "FORMAT §4", registration(subjects=subjects), says, require="registration")
    renamed = registration(subjects=[subject(f"{NAME}@9.9.9", MODEL.digest), line_subject()])
    yield asked(
        "registered-as-another-version",
        "The artifact says inside that it is 1.4.0, and is registered as 9.9.9.",
        push,
        renamed,
        "VERSION-MISMATCH",
        require="registration",
    )
    twin = Model(files={"weights.bin": b"evil!"})
    yield Case(
        "version-used-twice",
        "A second content was registered under the same version.",
        push,
        registered((registration(twin), twin)),
        required,
        "denied",
        ["CONFLICT", twin.digest],
    )
    for name, sentence, ours, roles in (
        (
            "version-used-twice-by-a-revoked-key",
            "A revoked key registered a second content under the same version: that takes nothing from the first.",
            bound_key("spare", revokedFrom="2026-01-01T00:00:00Z"),
            None,
        ),
        (
            "version-used-twice-by-another-role",
            "Somebody who may not register did so with a second content: that takes nothing from the first.",
            "spare",
            {"producer": role("ci"), "reviewer": role("zoe", kinds=["annotation"])},
        ),
    ):
        two = policy({"ci": person("ci"), "zoe": person(ours)}, roles, require=["registration"])
        yield Case(
            name,
            sentence,
            push,
            registered().attach(bundle(registration(twin), "spare"), LINE),
            by_policy(two),
            "allowed",
        )
    yield Case(
        "tag-moved-to-an-older-version",
        "The tag 1.4.0 was moved to 1.3.0, which is registered and honest.",
        "notation CVE-2024-23332; zot CVE-2026-31801",
        Layout().model(OTHER, tag=VERSION).line(NAME).attach(bundle(registration(OTHER)), OTHER.digest),
        required,
        "denied",
        ["TAG-MISMATCH", "registered as 1.3.0"],
    )
    yield Case(
        "another-name-inside",
        "A registered model of another team stands at this name's place.",
        "DESIGN §3, names",
        Layout()
        .model(Model(name="acme/other"))
        .attach(bundle(provenance(Model(name="acme/other"))), Model(name="acme/other").digest),
        by_key(),
        "denied",
        ["NAME-MISMATCH"],
    )
    yield asked(
        "asked-under-another-name",
        "Records about acme/fraud are read by somebody who expects acme/other.",
        "DESIGN §3, names",
        registration(),
        "about another name",
        require="registration",
        expected_name="acme/other",
    )
    yield asked(
        "registration-from-the-future",
        "The registration claims to be written a day after the moment asked about.",
        "DESIGN §5, Time",
        registration(issuedAt=text(CLOCK + DAY)),
        "MISSING",
        "later than the moment",
        require="registration",
    )
    claims = Model(
        annotations={"dev.govern.registered": "true", "dev.govern.predicateType": f"{NAMESPACE}registration/v0.1"}
    )
    yield Case(
        "annotations-say-registered",
        "Unsigned annotations of the manifest say that it is registered.",
        "DESIGN §1",
        Layout().model(claims),
        required,
        "denied",
        ["MISSING"],
    )
    yield Case(
        "nothing",
        "There is no record at all.",
        "DESIGN §1, empty is never yes",
        Layout().model(),
        by_key(),
        "denied",
        ["MISSING: no provenance"],
    )


def _references() -> Iterator[Case]:
    identity = "FORMAT §5, a record is (statement, signer)"
    said = provenance()
    required = by_policy(policy({"ci": person("ci"), "zoe": person("reviewer")}, require=["registration"]))
    registered = bundle(registration(MODEL, reference_to(said, "ci")))

    def layout(*bundles: Json) -> Layout:
        made = Layout().model().attach(registered)
        for one in bundles:
            made.attach(one)
        return made

    yield Case(
        "evidence",
        "A registration lists the provenance that was pushed with it, and it is there.",
        identity,
        layout(bundle(said)),
        required,
        "allowed",
        records=2,
    )
    yield Case(
        "evidence-dropped",
        "The provenance that the registration lists is gone.",
        "DESIGN §5",
        layout(),
        required,
        "denied",
        ["INCONCLUSIVE"],
    )
    yield Case(
        "evidence-signed-by-another",
        "The original is gone; another trusted key signed the same bytes, so that nobody would miss it.",
        identity,
        layout(bundle(said, "reviewer")),
        required,
        "denied",
        ["INCONCLUSIVE"],
    )
    yield Case(
        "evidence-of-other-bytes",
        "The original is gone; the same key's provenance with other content took its place.",
        identity,
        layout(bundle(provenance(builder="https://evil.example.test"))),
        required,
        "denied",
        ["INCONCLUSIVE"],
    )
    respelled = json.dumps(json.loads(as_payload(said)), indent=1).encode()
    yield Case(
        "evidence-respelled",
        "The original is gone; the same JSON in other bytes was signed by the same key.",
        identity,
        layout(bundle(respelled)),
        required,
        "denied",
        ["INCONCLUSIVE"],
    )
