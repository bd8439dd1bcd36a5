"""What the signed statement says, and about what: subjects, kinds, encodings."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Final

from govern.line import line_of
from govern.names import NAMESPACE, Name
from govern.predicates.kinds import COSIGN_SIGN, SLSA_V1, Wrapping
from support.verify_vectors.artifacts import (
    ISSUED,
    MODEL,
    NAME,
    OTHER,
    VERSION,
    Model,
    annotation,
    line_subject,
    provenance,
    reference_to,
    registration,
    result_of_tests,
    statement,
    subject,
)
from support.verify_vectors.bundles import Json, as_payload, bundle, changed
from support.verify_vectors.case import Case, Given, Outcome, by_key, by_policy
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy
from support.verify_vectors.times import CLOCK, DAY, text

_LINE: Final = line_of(Name(NAME)).digest


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _subjects()
    yield from _registrations()
    yield from _kinds()
    yield from _references()
    yield from _encodings()


def _case(
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
    layout = (layout or Layout().model()).attach(bundle(said))
    given = given or by_key(require=[require])
    return Case(name, sentence, source, layout, given, outcome, says, tag=tag, expected_name=expected_name)


def _subjects() -> Iterator[Case]:
    bound = "in-toto attestation spec, validation.md"
    digest = MODEL.subject["digest"]
    yield _case("statement-v01", "A statement of v0.1, as `cosign attest` writes it.", "cosign 3, attest",
                provenance() | {"_type": "https://in-toto.io/Statement/v0.1"}, outcome="allowed")  # fmt: skip
    yield _case("subject-without-name", "`cosign sign` names no subject and says nothing; the digest binds it.",
                "cosign 3, sign", statement(COSIGN_SIGN, {}, {"digest": digest}), require="signature",
                outcome="allowed")  # fmt: skip
    yield _case("second-of-two-subjects", "A foreign predicate is about two builds, and this is the second.", "FORMAT §4",
                provenance() | {"subject": [OTHER.subject, MODEL.subject]}, outcome="allowed")  # fmt: skip
    yield _case("other-content", "An honest provenance of another version hangs on this one.", bound, provenance(OTHER),
                "the statement is about other content")  # fmt: skip
    named_alike = statement(SLSA_V1, {}, subject(f"{NAME}@{VERSION}", OTHER.digest))
    yield _case("other-content-under-this-name", "The statement has this version's name, and another content's digest.",
                bound, named_alike, "the statement is about other content")  # fmt: skip
    in_annotation = provenance(OTHER)
    in_annotation["subject"][0]["annotations"] = {"sha256": MODEL.digest.encoded}
    yield _case("digest-beside-the-digest", "This content's digest stands in the subject's annotations, where none binds.",
                bound, in_annotation, "the statement is about other content")  # fmt: skip
    other_algorithm = provenance() | {"subject": [{"name": f"{NAME}@{VERSION}", "digest": {"gitCommit": MODEL.digest.encoded}}]}
    yield _case("digest-of-another-algorithm", "This content's sha256 stands under the name of another algorithm.", bound,
                other_algorithm, "the statement is about other content")  # fmt: skip
    upper = changed(provenance(), lambda one: one["subject"][0]["digest"].update(sha256=MODEL.digest.encoded.upper()))
    yield _case("digest-in-upper-case", "The digest is in upper case: two readers, two subjects.",
                "in-toto attestation spec, digest_set.md", upper, "malformed sha256")  # fmt: skip
    yield _case("no-subject", "The statement is about nothing, so everything that it is about is this.",
                "policy-controller CVE-2022-35930", provenance() | {"subject": []}, "has no subject")  # fmt: skip
    no_digest = changed(provenance(), lambda one: one["subject"][0].update(digest={}))
    yield _case("subject-without-digest", "The subject has a name and no digest.", bound, no_digest, "has no digest")

    note = "FORMAT §4"
    yield _case("annotation", "An honest note, of exactly this version.", note, annotation(), require="annotation",
                outcome="allowed")  # fmt: skip
    table: tuple[tuple[str, str, list[Json], str], ...] = (
        (
            "ours-second-subject", "A note is about another version first, and about this one second.",
            [OTHER.subject, MODEL.subject], "another shape than its kind prescribes",
        ),
        (
            "ours-two-subjects", "A note is about this version and about another one.",
            [MODEL.subject, OTHER.subject], "another shape than its kind prescribes",
        ),
        (
            "ours-extra-digest", "The subject has a second digest, which another reader may go by.",
            [{"name": f"{NAME}@{VERSION}", "digest": {"sha256": MODEL.digest.encoded, "sha512": "00" * 64}}],
            "more than its kind prescribes",
        ),
        (
            "ours-extra-field", "The subject has a URI beside its name, which another reader may go by.",
            [MODEL.subject | {"uri": "https://registry.example.test/acme/other"}], "more than its kind prescribes",
        ),
        (
            "ours-about-another-name", "A note about this content under another team's name is replayed.",
            [subject(f"acme/other@{VERSION}", MODEL.digest)], "about another name",
        ),
        (
            "ours-about-another-version", "A note about this content under another version is replayed.",
            [subject(f"{NAME}@9.9.9", MODEL.digest)], "another version than the artifact",
        ),
        (
            "ours-about-other-content", "A note about another content under this name and version is replayed.",
            [subject(f"{NAME}@{VERSION}", OTHER.digest)], "about other content",
        ),
        (
            "ours-name-with-two-versions", "The name has two `@`: two readers, two names.",
            [subject(f"{NAME}@{VERSION}@9.9.9", MODEL.digest)], "not NAME@VERSION",
        ),
        (
            "ours-look-alike-name", "The name has a Cyrillic \u0430 where ours has a Latin a.",
            [subject(f"\u0430cme/fraud@{VERSION}", MODEL.digest)], "name",
        ),
    )  # fmt: skip
    for name, sentence, subjects, says in table:
        yield _case(name, sentence, note, annotation(*subjects), says, require="annotation")


def _registered(*more: tuple[Json, Model]) -> Layout:
    """Return a layout with an honest push, and further registrations on the line."""
    layout = Layout().model().line(NAME)
    for said, model in ((registration(), MODEL), *more):
        one = bundle(said)
        layout.attach(one, model.digest).attach(one, _LINE)
    return layout


def _registrations() -> Iterator[Case]:
    required = by_key(require=["registration"])
    push = "FORMAT §4, §6, §7"
    yield Case("registered", "An honest push: a registration of the version, on the artifact and on its line.", push,
               _registered(), required, "allowed", records=1)  # fmt: skip
    yield Case("registered-two-versions", "An honest line of two versions; each is registered once.", push,
               _registered((registration(OTHER), OTHER)).model(OTHER), required, "allowed", records=1)  # fmt: skip

    table: tuple[tuple[str, str, list[Json], str], ...] = (
        (
            "registration-of-two-contents", "One statement is about D and about D′, of one version.",
            [MODEL.subject, subject(f"{NAME}@{VERSION}", OTHER.digest)], "not the line of the first",
        ),
        (
            "registration-on-another-line", "The second subject is the line of another name.",
            [MODEL.subject, line_subject("acme/other")], "not the line of the first",
        ),
        (
            "registration-line-digest", "The second subject has this line's name, and another line's digest.",
            [MODEL.subject, subject(NAME, line_of(Name("acme/other")).digest)], "not the line of the first",
        ),
        (
            "registration-line-name", "The second subject has this line's digest, and another name.",
            [MODEL.subject, subject("acme/other", _LINE)], "not the line of the first",
        ),
        (
            "registration-without-line", "The statement is about the artifact alone, so the line would not know it.",
            [MODEL.subject], "another shape than its kind prescribes",
        ),
        (
            "registration-turned-round", "The line comes first and the artifact second.",
            [line_subject(), MODEL.subject], "has no version",
        ),
        (
            "registration-three-subjects", "A third subject stands behind artifact and line.",
            [MODEL.subject, line_subject(), OTHER.subject], "another shape than its kind prescribes",
        ),
        (
            "registration-without-version", "The artifact is registered as no version at all.",
            [subject(NAME, MODEL.digest), line_subject()], "has no version",
        ),
        (
            "registration-of-another-name", "Another team registered the same content under its own name.",
            [subject(f"acme/other@{VERSION}", MODEL.digest), line_subject("acme/other")], "about another name",
        ),
        (
            "registration-of-other-content", "Another content was registered as this version.",
            [subject(f"{NAME}@{VERSION}", OTHER.digest), line_subject()], "CONFLICT",
        ),
    )  # fmt: skip
    for name, sentence, subjects, says in table:
        yield _case(name, sentence, "FORMAT §4", registration(subjects=subjects), says, require="registration")
    renamed = registration(subjects=[subject(f"{NAME}@9.9.9", MODEL.digest), line_subject()])
    yield _case("registered-as-another-version", "The artifact says inside that it is 1.4.0, and is registered as 9.9.9.",
                push, renamed, "VERSION-MISMATCH", require="registration")  # fmt: skip
    twin = Model(files={"weights.bin": b"evil!"})
    yield Case("version-used-twice", "A second content was registered under the same version.", push,
               _registered((registration(twin), twin)), required, "denied", ["CONFLICT", twin.digest])  # fmt: skip
    yield Case("tag-moved-to-an-older-version", "The tag 1.4.0 was moved to 1.3.0, which is registered and honest.",
               "notation CVE-2024-23332; zot CVE-2026-31801",
               Layout().model(OTHER, tag=VERSION).line(NAME).attach(bundle(registration(OTHER)), OTHER.digest), required,
               "denied", ["TAG-MISMATCH", "registered as 1.3.0"])  # fmt: skip
    yield Case("another-name-inside", "A registered model of another team stands at this name's place.",
               "DESIGN §3, names",
               Layout().model(Model(name="acme/other")).attach(bundle(provenance(Model(name="acme/other"))), Model(name="acme/other").digest),
               by_key(), "denied", ["NAME-MISMATCH"])  # fmt: skip
    yield _case("asked-under-another-name", "Records about acme/fraud are read by somebody who expects acme/other.",
                "DESIGN §3, names", registration(), "about another name", require="registration",
                expected_name="acme/other")  # fmt: skip
    yield _case("registration-from-the-future", "The registration claims to be written a day after the moment asked about.",
                "DESIGN §5, Time", registration(issuedAt=text(CLOCK + DAY)), "MISSING", "later than the moment",
                require="registration")  # fmt: skip
    claims = Model(annotations={"dev.govern.registered": "true", "dev.govern.predicateType": f"{NAMESPACE}registration/v0.1"})
    yield Case("annotations-say-registered", "Unsigned annotations of the manifest say that it is registered.",
               "DESIGN §1", Layout().model(claims), required, "denied", ["MISSING"])  # fmt: skip
    yield Case("nothing", "There is no record at all.", "DESIGN §1, empty is never yes", Layout().model(), by_key(),
               "denied", ["MISSING: no provenance"])  # fmt: skip


def _kinds() -> Iterator[Case]:
    confusion = "cosign GHSA-vjxv-45g9-9296"
    custom = "https://cosign.sigstore.dev/attestation/v1"
    yield _case("other-kind", "The trusted key signed something of another kind about this content.", confusion,
                statement(custom, {}), "MISSING: no provenance")  # fmt: skip

    def lie(one: Json) -> None:
        one["annotations"]["dev.sigstore.bundle.predicateType"] = SLSA_V1

    yield Case("predicate-type-annotation-lies", "The wrapper's annotation says provenance; the signed statement does not.",
               confusion, Layout().model().attach(bundle(statement(custom, {})), change=lie), by_key(), "denied",
               ["MISSING: no provenance"])  # fmt: skip
    look_alikes = (
        ("cyrillic", "a Cyrillic \u0430", SLSA_V1.replace("slsa", "sls\u0430")),
        ("case", "an upper-case letter in its path", SLSA_V1.replace("provenance", "Provenance")),
        ("slash", "a slash behind it", f"{SLSA_V1}/"),
        ("blank", "a blank behind it", f"{SLSA_V1} "),
        ("escaped", "an escaped letter", SLSA_V1.replace("slsa.dev/p", "slsa.dev/%70")),
    )
    for name, what, uri in look_alikes:
        yield _case(f"look-alike-kind-{name}", f"The predicate type is provenance's with {what}.",
                    "reference §7, look-alike URIs", statement(uri, {}), "MISSING: no provenance")  # fmt: skip
    failed = "cosign GHSA-w6c6-c85g-mmv6; cosign 3 verify, which says yes to any signed refusal"
    yield _case("tests-passed", "An honest result of tests that passed.", failed, result_of_tests("PASSED"),
                require="test-result", outcome="allowed")  # fmt: skip
    yield _case("tests-failed", "A signed result says that the tests failed.", failed, result_of_tests("FAILED"),
                "did not pass", require="test-result")  # fmt: skip
    yield _case("tests-failed-in-lower-case", "The result is `passed`, which is not the word.", failed,
                result_of_tests("passed"), "did not pass", require="test-result")  # fmt: skip
    good = by_key(require=["registration"])
    revoked = {"issuedAt": ISSUED, "status": "revoke"}
    status = statement(f"{NAMESPACE}status/v0.1", revoked, MODEL.subject, line_subject())
    newer = "DESIGN §5; FORMAT §5"
    yield Case("status-of-a-newer-govern", "The trusted key signed a revocation, a kind that this version does not know.",
               newer, _registered().attach(bundle(status), wrapping=Wrapping.READING), good, "undecided", ["NEWER"])  # fmt: skip
    yield Case("status-on-the-line", "The same revocation hangs on the line alone.", newer,
               _registered().attach(bundle(status), _LINE, wrapping=Wrapping.READING), good, "undecided", ["NEWER"])  # fmt: skip

    def hide(one: Json) -> None:
        one["artifactType"] = "application/vnd.example.picture"
        one["annotations"] = {"dev.govern.predicateType": f"{NAMESPACE}annotation/v0.1"}

    yield Case("status-under-another-type", "The same revocation is hidden under an artifact type and annotations that lie.",
               "DESIGN §5, listings never skip", _registered().attach(bundle(status), wrapping=Wrapping.READING, change=hide),
               good, "undecided", ["NEWER"])  # fmt: skip
    yield Case("status-of-a-stranger", "A stranger's revocation is attached: nobody whom the policy knows said it.", newer,
               _registered().attach(bundle(status, "stranger"), wrapping=Wrapping.READING), good, "allowed")  # fmt: skip
    yield _case("registration-with-a-newer-field", "The registration has a field that a newer govern decides by.", newer,
                registration(quarantined=True), "NEWER", "MISSING", require="registration")  # fmt: skip
    yield _case("registration-without-fields", "The registration lacks what its schema asks for.", "FORMAT §3",
                registration(files=None), "the registration is not valid", require="registration")  # fmt: skip


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

    yield Case("evidence", "A registration lists the provenance that was pushed with it, and it is there.", identity,
               layout(bundle(said)), required, "allowed", records=2)  # fmt: skip
    yield Case("evidence-dropped", "The provenance that the registration lists is gone.", "DESIGN §5",
               layout(), required, "denied", ["INCONCLUSIVE"])  # fmt: skip
    yield Case("evidence-signed-by-another",
               "The original is gone; another trusted key signed the same bytes, so that nobody would miss it.", identity,
               layout(bundle(said, "reviewer")), required, "denied", ["INCONCLUSIVE"])  # fmt: skip
    yield Case("evidence-of-other-bytes", "The original is gone; the same key's provenance with other content took its place.",
               identity, layout(bundle(provenance(builder="https://evil.example.test"))), required, "denied",
               ["INCONCLUSIVE"])  # fmt: skip
    respelled = json.dumps(json.loads(as_payload(said)), indent=1).encode()
    yield Case("evidence-respelled", "The original is gone; the same JSON in other bytes was signed by the same key.",
               identity, layout(bundle(respelled)), required, "denied", ["INCONCLUSIVE"])  # fmt: skip


def _encodings() -> Iterator[Case]:
    source = "RFC 8259; RFC 7493 (I-JSON)"
    said = as_payload(provenance()).decode()

    def payload(name: str, sentence: str, data: str | bytes, *says: str, where: str = source) -> Case:
        return _case(name, sentence, where, data if isinstance(data, bytes) else data.encode(), *says)

    other = json.dumps(OTHER.subject)
    yield payload("statement-key-twice", "The statement has `subject` twice: the last one is this content.",
                  said.replace('"subject":', f'"subject":[{other}],"subject":', 1), "twice",
                  where="in-toto-golang GHSA-pmwq-pjrm-6p5r")  # fmt: skip
    yield payload("predicate-key-twice", "The predicate has its builder twice.",
                  said.replace('"builder":', '"builder":{"id":"https://evil.example.test"},"builder":', 1), "twice")  # fmt: skip
    escaped = said.replace('"subject":', f'"subject":[{other}],"\\u0073ubject":', 1)
    yield payload("statement-key-twice-escaped", "The second `subject` is spelled with an escape.", escaped, "twice")
    yield payload("statement-nan", "The predicate holds NaN, which is not JSON.",
                  said.replace('"externalParameters":{}', '"externalParameters":NaN'), "NaN")  # fmt: skip
    yield payload("statement-infinity", "The predicate holds a number that no double holds.",
                  said.replace('"externalParameters":{}', '"externalParameters":1e999'), "1e999")  # fmt: skip
    yield payload("statement-huge-integer", "The predicate holds an integer of 5,000 digits.",
                  said.replace('"externalParameters":{}', f'"externalParameters":{"9" * 5000}'), "digits")  # fmt: skip
    yield payload("statement-deep", "The predicate is nested 200 levels deep.",
                  said.replace('"externalParameters":{}', '"externalParameters":' + "[" * 200 + "]" * 200),
                  "nesting")  # fmt: skip
    yield payload("statement-very-deep", "The predicate is nested 20,000 levels deep, where readers run out of stack.",
                  said.replace('"externalParameters":{}', '"externalParameters":' + "[" * 20_000 + "]" * 20_000),
                  "nesting")  # fmt: skip
    yield payload("statement-lone-surrogate", "A text in the predicate is half of a character.",
                  said.replace("https://example.test/train/v1", "\\ud800"), "surrogate")  # fmt: skip
    yield payload("statement-byte-order-mark", "The statement begins with a byte order mark.",
                  b"\xef\xbb\xbf" + said.encode(), "byte order mark")  # fmt: skip
    yield payload("statement-utf-16", "The statement is in UTF-16.", said.encode("utf-16"), "UTF-8")
    yield payload("statement-followed-by-more", "A second statement follows the first.", said + said, "Extra data")
    yield payload("statement-not-json", "The payload is no JSON, and its signature holds.", "provenance: yes",
                  "not valid JSON", where="cosign GHSA-w6c6-c85g-mmv6")  # fmt: skip
    yield payload("statement-no-object", "The payload is an array that holds a statement.", f"[{said}]", "not an object",
                  where="cosign GHSA-w6c6-c85g-mmv6")  # fmt: skip
    yield _case("statement-of-another-version", "The statement is of a version whose rules are not these.",
                "in-toto attestation spec, statement.md", provenance() | {"_type": "https://in-toto.io/Statement/v2"},
                "unknown type")  # fmt: skip
    yield _case("statement-unknown-field", "The statement has a field that a newer writer may narrow it with.",
                "in-toto attestation spec, statement.md", provenance() | {"expires": "2020-01-01T00:00:00Z"},
                "unknown fields")  # fmt: skip
    yield _case("registration-huge-integer", "A size in the registration is beyond what JSON readers agree on.", source,
                registration_with_size(2**63).encode(), "registration is not valid", require="registration")  # fmt: skip
    yield from _bundle_encodings()


def registration_with_size(size: int) -> str:
    """Return a registration whose size `canonical` would not write."""
    said = as_payload(registration(files={"count": 1, "digest": {"sha256": "0" * 64}, "size": 7}))
    return said.decode().replace('"size":7', f'"size":{size}')


def _bundle_encodings() -> Iterator[Case]:
    honest = bundle(provenance(builder="https://build.example.test/?>~"))
    written = json.dumps(honest)

    def raw(name: str, sentence: str, source: str, data: str | bytes, says: str) -> Case:
        blob = data if isinstance(data, bytes) else data.encode()
        return Case(name, sentence, source, Layout().model().attach(blob), by_key(), "denied", [says])

    json_source = "RFC 8259; RFC 7493 (I-JSON)"
    stranger = json.dumps(bundle(provenance(OTHER))["dsseEnvelope"])
    yield raw("bundle-key-twice", "The bundle has two envelopes under one name: the checked one and the read one.",
              json_source, written.replace('"dsseEnvelope":', f'"dsseEnvelope":{stranger},"dsseEnvelope":'), "twice")  # fmt: skip
    yield raw("bundle-float", "A number in the bundle is 0.0, where 0 is meant.", json_source,
              written.replace('"tlogEntries": []', '"tlogEntries": 0.0'), "0.0")  # fmt: skip
    yield raw("bundle-deep", "The bundle is nested 200 levels deep.", json_source,
              written.replace('"tlogEntries": []', '"tlogEntries": ' + "[" * 200 + "]" * 200), "nesting")  # fmt: skip
    yield raw("bundle-not-json", "The bundle is no JSON.", json_source, b"\x00\x01\x02", "not valid JSON")
    yield raw("bundle-snake-case", "The fields have protobuf's other spelling, which two readers may both read.",
              "sigstore protobuf-specs, ProtoJSON", written.replace('"payloadType"', '"payload_type"'),
              "unknown fields")  # fmt: skip

    rfc = "RFC 4648 §3.5, §4"
    assert set("+/") & set(honest["dsseEnvelope"]["payload"])

    def spelled(field: str, change: Callable[[str], str]) -> Json:
        def apply(one: Json) -> None:
            holder = one["dsseEnvelope"] if field == "payload" else one["dsseEnvelope"]["signatures"][0]
            holder[field] = change(holder[field])

        return changed(honest, apply)

    table: tuple[tuple[str, str, Json, str], ...] = (
        (
            "payload-in-url-safe-base64", "The payload is in the URL-safe alphabet, as Go's DSSE also reads it.",
            spelled("payload", lambda one: one.replace("+", "-").replace("/", "_")), "the payload is not",
        ),
        (
            "payload-with-line-breaks", "The payload's base64 is broken into lines.",
            spelled("payload", lambda one: "\n".join(one[at : at + 76] for at in range(0, len(one), 76))),
            "the payload is not",
        ),
        (
            "payload-without-padding", "The payload's base64 lacks its padding.", spelled("payload", _unpadded),
            "the payload is not",
        ),
        (
            "payload-with-stray-bits", "The last letter of the payload's base64 has bits that say nothing.",
            spelled("payload", _stray_bits), "the payload is not canonical base64",
        ),
        (
            "signature-with-stray-bits", "The last letter of the signature's base64 has bits that say nothing.",
            spelled("sig", lambda one: _stray_bits(one)), "a signature is not canonical base64",
        ),
        (
            "signature-followed-by-blanks", "A blank follows the signature's base64.",
            spelled("sig", lambda one: one + " "), "a signature is not",
        ),
    )  # fmt: skip
    for name, sentence, one, says in table:
        yield raw(name, sentence, rfc, json.dumps(one), says)


def _unpadded(text_: str) -> str:
    assert text_.endswith("=")
    return text_.rstrip("=")


def _stray_bits(text_: str) -> str:
    body, padding = text_.rstrip("="), "=" * (len(text_) - len(text_.rstrip("=")))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    result = body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + padding
    assert base64.b64decode(result) == base64.b64decode(text_)
    return result
