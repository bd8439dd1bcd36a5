"""`admit`: what is a record about? Statements that were really signed, and mean something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govern.intoto.statement import STATEMENT_V01
from govern.line import line_of
from govern.names import NAMESPACE, Name
from govern.oci.digest import Digest
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.kinds import COSIGN_SIGN, SLSA_V1
from govern.predicates.registration import TYPE as REGISTRATION
from govern.trust.admit import admit
from govern.trust.records import Record, Rejected
from govern.trust.subject import Subject
from support.records import (
    ARTIFACT,
    LINE,
    NAME,
    ON_LINE,
    OTHER,
    PAIR,
    VERSION,
    D,
    annotation_of,
    claim,
    noted,
    provenance_of,
    registered,
    registration_of,
    statement_json,
    subject_json,
    trust,
)


def judge(statement: Any, subject: Subject = ARTIFACT) -> Record | Rejected:
    return admit(claim(statement), subject, trust())


def refused(statement: Any, subject: Subject = ARTIFACT) -> Rejected:
    result = judge(statement, subject)
    assert isinstance(result, Rejected), "admitted"
    return result


def registration_json(*subjects: Any, **changes: Any) -> dict[str, Any]:
    return statement_json(REGISTRATION, registered(**changes), subjects)


def annotation_json(*subjects: Any, **changes: Any) -> dict[str, Any]:
    return statement_json(ANNOTATION, noted(**changes), subjects)


# --- registration: the artifact and its line -----------------------------------------------------


@pytest.mark.parametrize(
    "subjects",
    [
        pytest.param([], id="none"),
        pytest.param([PAIR[0]], id="only the artifact"),
        pytest.param([PAIR[1]], id="only the line"),
        pytest.param([*PAIR, PAIR[0]], id="three"),
        pytest.param([*PAIR, subject_json("acme/fraud@9", OTHER)], id="a second artifact at the end"),
        pytest.param([subject_json("acme/fraud@9", OTHER), *PAIR], id="a second artifact at the start"),
        pytest.param([PAIR[0], PAIR[0]], id="the artifact twice"),
        pytest.param([PAIR[1], PAIR[0]], id="swapped"),
        pytest.param([PAIR[0], subject_json(NAME, OTHER)], id="another line"),
        pytest.param([PAIR[0], subject_json(NAME, line_of(Name("acme/other")).digest)], id="the line of another name"),
        pytest.param([PAIR[0], subject_json("acme/other", LINE)], id="our line under another name"),
        pytest.param(
            [PAIR[0], subject_json("acme/other", line_of(Name("acme/other")).digest)], id="name and line of another"
        ),
        pytest.param([PAIR[0], subject_json(f"{NAME}@{VERSION}", LINE)], id="a version on the line"),
        pytest.param([PAIR[0], subject_json(None, LINE)], id="a line without a name"),
        pytest.param([subject_json(NAME), PAIR[1]], id="an artifact without a version"),
        pytest.param([subject_json(None), PAIR[1]], id="an artifact without a name"),
        pytest.param([subject_json("ACME/Fraud@1.4.0"), PAIR[1]], id="no name by the grammar"),
        pytest.param([subject_json(f"{NAME}@{VERSION}@x"), PAIR[1]], id="two versions"),
        pytest.param([subject_json(f" {NAME}@{VERSION}"), PAIR[1]], id="a space"),
        pytest.param([{"name": f"{NAME}@{VERSION}", "digest": {"sha512": "00"}}, PAIR[1]], id="no sha256"),
        pytest.param([PAIR[0], {"name": NAME, "digest": {"gitCommit": "00"}}], id="a line without sha256"),
    ],
)
def test_a_registration_of_another_shape_is_refused(subjects):
    for subject in (ARTIFACT, ON_LINE, Subject(None, NAME)):
        assert not refused(registration_json(*subjects), subject).about_another


def test_a_registration_of_another_artifact_of_the_name_is_a_record_of_the_line():
    for subject in (ARTIFACT, ON_LINE, Subject(None, NAME)):
        result = judge(registration_of(OTHER, "1.3.0"), subject)
        assert isinstance(result, Record)
        assert result.statement.subjects[0].sha256 == OTHER.encoded


@pytest.mark.parametrize("subject", [ARTIFACT, ON_LINE, Subject(None, NAME)])
def test_a_record_of_another_name_is_shown_and_never_folded(subject):
    for statement in (
        registration_of(name="acme/other"),
        annotation_of(name="acme/other"),
        registration_of(name="acme/fraud2"),
    ):
        result = refused(statement, subject)
        assert result.about_another
        assert "another name" in result.reason.message


def test_another_version_than_the_one_inside_is_about_another():
    # A registration is admitted: that it names another version than the artifact is for the decision to say.
    assert refused(annotation_of(version="9.9.9")).about_another


@pytest.mark.parametrize("version", ["latest", "govern.line", "govern.freshness", "sha256-" + "a" * 64])
def test_a_registration_of_a_version_that_is_none_is_refused(version):
    refused(registration_of(version=version), ON_LINE)


# --- annotation: the artifact alone --------------------------------------------------------------


@pytest.mark.parametrize(
    "subjects",
    [
        pytest.param(list(PAIR), id="artifact and line"),
        pytest.param([PAIR[0], PAIR[0]], id="the artifact twice"),
        pytest.param([PAIR[0], subject_json("acme/fraud@9", OTHER)], id="a second artifact"),
        pytest.param([subject_json(None)], id="no name"),
        pytest.param([subject_json("")], id="an empty name"),
        pytest.param([{"name": f"{NAME}@{VERSION}", "digest": {"sha512": "00"}}], id="no sha256"),
    ],
)
def test_an_annotation_of_another_shape_is_refused(subjects):
    for subject in (ARTIFACT, ON_LINE):
        assert not refused(annotation_json(*subjects), subject).about_another


@pytest.mark.parametrize("digest", [OTHER, LINE])
def test_an_annotation_about_other_content_is_about_another(digest):
    for subject in (ARTIFACT, ON_LINE, Subject(None, NAME)):
        assert refused(annotation_of(digest), subject).about_another
    assert refused(annotation_of(), Subject(None, NAME)).about_another


def test_an_annotation_without_a_version_is_about_an_artifact_without_one():
    bare = annotation_json(subject_json(NAME))
    assert isinstance(judge(bare, Subject(D, NAME, None)), Record)
    assert refused(bare, ARTIFACT).about_another


def test_an_annotation_that_names_another_version_is_about_another_wherever_it_hangs():
    assert refused(annotation_of(version="9.9.9")).about_another


@pytest.mark.parametrize(
    "more",
    [
        {"uri": "https://example.com"},
        {"annotations": {"stage": "production"}},
        {"mediaType": "a/b"},
        {"content": "AAAA"},
    ],
)
def test_a_subject_of_ours_has_a_name_and_a_digest_and_no_more(more):
    refused(annotation_json(subject_json(**more)))


def test_a_subject_of_ours_has_one_digest():
    refused(annotation_json({"name": f"{NAME}@{VERSION}", "digest": {"sha256": D.encoded, "sha512": "00" * 64}}))


# --- predicates of ours --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["approval", "status", "transition", "snapshot", "own", "annotation/v9", "registration"]
)
def test_an_unknown_kind_under_our_namespace_is_refused(word):
    result = refused(statement_json(f"{NAMESPACE}{word}" if "/" in word else f"{NAMESPACE}{word}/v0.2", {}, [PAIR[0]]))
    assert "does not know" in result.reason.message
    assert "newer govern" in result.reason.hint


@pytest.mark.parametrize("kind", ["", "annotation", "annotation/v0.1/", "Annotation/v0.1", "annotation/v0.1?x"])
def test_a_type_that_only_begins_like_ours_is_refused(kind):
    refused(statement_json(NAMESPACE + kind, noted(), [PAIR[0]]))


@pytest.mark.parametrize(
    "changes",
    [
        {"risk": "high"},
        {"kind": "agent"},
        {"packing": "v2"},
        {"issuedAt": None},
        {"files": {}},
        {"saw": [{}]},
        {"evidence": None},
    ],
)
def test_a_registration_with_an_unknown_field_or_without_a_known_one_is_refused(changes):
    predicate = {key: value for key, value in (registered() | changes).items() if value is not None}
    assert "registration is not valid" in refused(statement_json(REGISTRATION, predicate, PAIR)).reason.message


@pytest.mark.parametrize("name", ["approved", "acme.stage"])
def test_a_note_that_looks_like_a_decision_is_refused(name):
    assert "reserved" in refused(annotation_json(PAIR[0], entries={name: "yes"})).reason.message


@pytest.mark.parametrize("entries", ['{"auc":0.95}', '{"n":9007199254740993}', '{"n":[1e2]}'])
def test_a_number_that_two_readers_read_differently_is_refused_under_our_types(entries):
    data = annotation_of(entries={"x": 1}).data.replace(b'{"x":1}', entries.encode())
    refused(data)


# DESIGN §5: "Readers refuse unknown fields in kinds that decide … and tolerate them elsewhere."
def test_an_unknown_field_of_a_kind_that_does_not_decide_is_tolerated():
    result = judge(annotation_json(PAIR[0], language="en"))
    assert isinstance(result, Record)
    assert result.predicate["language"] == "en"


# --- predicates of others: bound by digest alone -------------------------------------------------


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_foreign_statement_counts_by_digest_at_any_index(position):
    subjects = [subject_json("whatever", OTHER), subject_json(None, LINE)]
    subjects.insert(position, subject_json("another name entirely", D))
    assert isinstance(judge(statement_json(SLSA_V1, {}, subjects)), Record)


def test_a_statement_of_cosigns_without_a_name_is_read():
    statement = statement_json(COSIGN_SIGN, {}, [subject_json(None)], STATEMENT_V01)
    result = judge(statement)
    assert isinstance(result, Record)
    assert result.content is None
    assert result.issued_at is None


def test_a_foreign_statement_about_other_content_is_about_another():
    for digest in (OTHER, LINE, Digest.of(b"")):
        assert refused(provenance_of(digest)).about_another
        assert refused(provenance_of(digest), ON_LINE).about_another
    assert refused(provenance_of(), Subject(None, NAME)).about_another
    assert refused(statement_json(SLSA_V1, {}, [{"name": "x", "digest": {"sha512": D.encoded * 2}}])).about_another


def test_a_foreign_predicate_may_hold_anything():
    for predicate in ({}, {"x": 1.5, "approved": True, "n": 2**60}, {"a": {"b": [None]}}):
        statement = {
            "_type": STATEMENT_V01,
            "subject": [subject_json()],
            "predicateType": "https://example.com/x",
            "predicate": predicate,
        }
        assert isinstance(judge(json.dumps(statement).encode()), Record)


def test_a_type_that_looks_like_ours_and_is_not_is_foreign():
    for kind in (REGISTRATION.replace("https", "http"), REGISTRATION.upper(), "x" + REGISTRATION):
        result = judge(statement_json(kind, registered(), PAIR))
        assert isinstance(result, Record)
        assert result.content is None
