"""What a statement is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from govern.line import line_of
from govern.names import Name
from govern.predicates.kinds import COSIGN_SIGN, SLSA_V1
from support.verify_vectors.artifacts import (
    MODEL,
    NAME,
    OTHER,
    VERSION,
    Model,
    annotation,
    provenance,
    registration,
    statement,
    subject,
)
from support.verify_vectors.bundles import Json, bundle, changed
from support.verify_vectors.case import Case, Given, Outcome, by_key
from support.verify_vectors.layouts import Layout

LINE: Final = line_of(Name(NAME)).digest


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _subjects()


def asked(
    name: str,
    sentence: str,
    source: str,
    said: object,
    *says: str,
    require: str = "provenance",
    outcome: Outcome = "denied",
    layout: Layout | None = None,
    given: Given | None = None,
    tag: str = VERSION,
    expected_name: str = NAME,
) -> Case:
    """Return a vector about the model, as this theme asks."""
    layout = (layout or Layout().model()).attach(bundle(said))
    given = given or by_key(require=[require])
    return Case(name, sentence, source, layout, given, outcome, says, tag=tag, expected_name=expected_name)


def registered(*more: tuple[Json, Model]) -> Layout:
    """Return a layout with an honest push, and further registrations on the line."""
    layout = Layout().model().line(NAME)
    for said, model in ((registration(), MODEL), *more):
        one = bundle(said)
        layout.attach(one, model.digest).attach(one, LINE)
    return layout


def _subjects() -> Iterator[Case]:
    bound = "in-toto attestation spec, validation.md"
    digest = MODEL.subject["digest"]
    yield asked(
        "statement-v01",
        "A statement of v0.1, as `cosign attest` writes it.",
        "cosign 3, attest",
        provenance() | {"_type": "https://in-toto.io/Statement/v0.1"},
        outcome="allowed",
    )
    yield asked(
        "subject-without-name",
        "`cosign sign` names no subject and says nothing; the digest binds it.",
        "cosign 3, sign",
        statement(COSIGN_SIGN, {}, {"digest": digest}),
        require="signature",
        outcome="allowed",
    )
    yield asked(
        "second-of-two-subjects",
        "A foreign predicate is about two builds, and this is the second.",
        "FORMAT §4",
        provenance() | {"subject": [OTHER.subject, MODEL.subject]},
        outcome="allowed",
    )
    yield asked(
        "other-content",
        "An honest provenance of another version hangs on this one.",
        bound,
        provenance(OTHER),
        "the statement is about other content",
    )
    named_alike = statement(SLSA_V1, {}, subject(f"{NAME}@{VERSION}", OTHER.digest))
    yield asked(
        "other-content-under-this-name",
        "The statement has this version's name, and another content's digest.",
        bound,
        named_alike,
        "the statement is about other content",
    )
    in_annotation = provenance(OTHER)
    in_annotation["subject"][0]["annotations"] = {"sha256": MODEL.digest.encoded}
    yield asked(
        "digest-beside-the-digest",
        "This content's digest stands in the subject's annotations, where none binds.",
        bound,
        in_annotation,
        "the statement is about other content",
    )
    other_algorithm = provenance() | {
        "subject": [{"name": f"{NAME}@{VERSION}", "digest": {"gitCommit": MODEL.digest.encoded}}]
    }
    yield asked(
        "digest-of-another-algorithm",
        "This content's sha256 stands under the name of another algorithm.",
        bound,
        other_algorithm,
        "the statement is about other content",
    )
    upper = changed(provenance(), lambda one: one["subject"][0]["digest"].update(sha256=MODEL.digest.encoded.upper()))
    yield asked(
        "digest-in-upper-case",
        "The digest is in upper case: two readers, two subjects.",
        "in-toto attestation spec, digest_set.md",
        upper,
        "malformed sha256",
    )
    yield asked(
        "no-subject",
        "The statement is about nothing, so everything that it is about is this.",
        "policy-controller CVE-2022-35930",
        provenance() | {"subject": []},
        "has no subject",
    )
    no_digest = changed(provenance(), lambda one: one["subject"][0].update(digest={}))
    yield asked("subject-without-digest", "The subject has a name and no digest.", bound, no_digest, "has no digest")

    note = "FORMAT §4"
    yield asked(
        "annotation",
        "An honest note, of exactly this version.",
        note,
        annotation(),
        require="annotation",
        outcome="allowed",
    )
    table: tuple[tuple[str, str, list[Json], str], ...] = (
        (
            "ours-second-subject",
            "A note is about another version first, and about this one second.",
            [OTHER.subject, MODEL.subject],
            "another shape than its kind prescribes",
        ),
        (
            "ours-two-subjects",
            "A note is about this version and about another one.",
            [MODEL.subject, OTHER.subject],
            "another shape than its kind prescribes",
        ),
        (
            "ours-extra-digest",
            "The subject has a second digest, which another reader may go by.",
            [{"name": f"{NAME}@{VERSION}", "digest": {"sha256": MODEL.digest.encoded, "sha512": "00" * 64}}],
            "more than its kind prescribes",
        ),
        (
            "ours-extra-field",
            "The subject has a URI beside its name, which another reader may go by.",
            [MODEL.subject | {"uri": "https://registry.example.test/acme/other"}],
            "more than its kind prescribes",
        ),
        (
            "ours-about-another-name",
            "A note about this content under another team's name is replayed.",
            [subject(f"acme/other@{VERSION}", MODEL.digest)],
            "about another name",
        ),
        (
            "ours-about-another-version",
            "A note about this content under another version is replayed.",
            [subject(f"{NAME}@9.9.9", MODEL.digest)],
            "another version than the artifact",
        ),
        (
            "ours-about-other-content",
            "A note about another content under this name and version is replayed.",
            [subject(f"{NAME}@{VERSION}", OTHER.digest)],
            "about other content",
        ),
        (
            "ours-name-with-two-versions",
            "The name has two `@`: two readers, two names.",
            [subject(f"{NAME}@{VERSION}@9.9.9", MODEL.digest)],
            "not NAME@VERSION",
        ),
        (
            "ours-look-alike-name",
            "The name has a Cyrillic \u0430 where ours has a Latin a.",
            [subject(f"\u0430cme/fraud@{VERSION}", MODEL.digest)],
            "this is not a name",
        ),
    )
    for name, sentence, subjects, says in table:
        yield asked(name, sentence, note, annotation(*subjects), says, require="annotation")
