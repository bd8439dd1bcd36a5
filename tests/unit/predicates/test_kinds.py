"""Every kind: its type, what people call it, and how it is wrapped."""

from __future__ import annotations

import pytest

from govern.errors import UsageError
from govern.names import NAMESPACE
from govern.predicates.kinds import (
    ALIASES,
    COSIGN_SIGN,
    CROISSANT,
    CYCLONEDX,
    OMS_V1,
    OURS,
    RESERVED_WORDS,
    SLSA_V02,
    SLSA_V1,
    SPDX,
    TEST_RESULT,
    VSA_V1,
    Wrapping,
    resolve_type,
    word_for,
    wrapping_of,
)

COSIGN = {
    # cosign's pkg/cosign/attestation and cmd/cosign/cli/options/predicate.go
    "custom": "https://cosign.sigstore.dev/attestation/v1",
    "slsaprovenance": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "cyclonedx": "https://cyclonedx.org/bom",
    "link": "https://in-toto.io/Link/v1",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "openvex": "https://openvex.dev/ns",
}


@pytest.mark.parametrize(("word", "uri"), COSIGN.items())
def test_a_word_of_cosigns_means_what_it_means_there(word, uri):
    assert resolve_type(word) == uri


def test_kinds_of_ours_are_found_by_word_and_by_type():
    for kind in OURS.values():
        assert resolve_type(kind.word) == resolve_type(kind.uri) == kind.uri == f"{NAMESPACE}{kind.word}/v0.1"
        assert word_for(kind.uri) == kind.word


@pytest.mark.parametrize(
    "text",
    [
        f"{NAMESPACE}approval/v0.1",
        f"{NAMESPACE}annotation/v0.2",
        f"{NAMESPACE}annotation",
        NAMESPACE,
        f"{NAMESPACE}own/v1",
        *RESERVED_WORDS,
    ],
)
def test_a_type_under_our_namespace_that_is_no_kind_is_refused(text):
    with pytest.raises(UsageError, match="not one that this govern knows"):
        resolve_type(text)


@pytest.mark.parametrize("text", ["", "nonsense", "Registration", ":x", "x:", "é:x", "1:x", "provenence"])
def test_a_word_that_nobody_knows_is_refused(text):
    with pytest.raises(UsageError, match="not a predicate type"):
        resolve_type(text)


@pytest.mark.parametrize("text", ["https://example.com/x/v1", "urn:x", "tag:example.com,2026:x"])
def test_a_uri_of_somebody_elses_is_taken_as_it_is(text):
    assert resolve_type(text) == text
    assert word_for(text) == text


def test_no_word_means_two_things():
    words = [kind.word for kind in OURS.values()] + list(ALIASES) + list(RESERVED_WORDS)
    assert len(words) == len(set(words))


@pytest.mark.parametrize("uri", set(ALIASES.values()))
def test_the_word_of_a_type_leads_back_to_it(uri):
    assert resolve_type(word_for(uri)) == uri


@pytest.mark.parametrize(
    ("uri", "content", "wrapping"),
    [
        (resolve_type("registration"), {}, Wrapping.EVIDENCE),
        (resolve_type("annotation"), {}, Wrapping.READING),
        (SLSA_V1, {}, Wrapping.EVIDENCE),
        (SLSA_V02, {}, Wrapping.EVIDENCE),
        (OMS_V1, {}, Wrapping.EVIDENCE),
        (CYCLONEDX, {}, Wrapping.EVIDENCE),
        (SPDX, {}, Wrapping.EVIDENCE),
        (CROISSANT, {}, Wrapping.EVIDENCE),
        (TEST_RESULT, {"result": "PASSED"}, Wrapping.EVIDENCE),
        (VSA_V1, {"verificationResult": "PASSED"}, Wrapping.EVIDENCE),
        # FORMAT §5: no gate of another tool may take a refusal for a signature.
        *((TEST_RESULT, content, Wrapping.READING) for content in (
            {}, {"result": "FAILED"}, {"result": "WARNED"}, {"result": "passed"}, {"result": ["PASSED"]},
            {"result": True},
            {"Result": "PASSED"}, {"verificationResult": "PASSED"},
        )),
        *((VSA_V1, content, Wrapping.READING) for content in ({}, {"verificationResult": "FAILED"},
        {"result": "PASSED"})),
        (COSIGN_SIGN, {}, Wrapping.READING),
        ("https://example.com/revoked", {"result": "PASSED"}, Wrapping.READING),
        (f"{NAMESPACE}status/v0.1", {}, Wrapping.READING),
    ],
)  # fmt: skip
def test_only_what_adds_evidence_is_wrapped_as_evidence(uri, content, wrapping):
    assert wrapping_of(uri, content) is wrapping
