"""cosign accepts every piece of evidence that govern writes, and finds no signature where there is none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest

import govern
from conftest import Cli
from govern.errors import InvalidInput
from govern.predicates import annotation, registration
from govern.predicates.kinds import (
    COSIGN_SIGN,
    CROISSANT,
    CYCLONEDX,
    OMS_V1,
    SLSA_V02,
    SLSA_V1,
    SPDX,
    TEST_RESULT,
    VSA_V1,
    Wrapping,
    wrapping_of,
)
from support.cosign import PASSWORD, Cosign, blob_at, manifest_at, referrers_of
from support.registries import Running

SCAN: Final = "https://example.com/scan/v1"
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
RECORD: Final = "application/vnd.govern.record.v1+json"
Json = dict[str, Any]

SLSA: Final[Json] = {
    "buildDefinition": {"buildType": "https://example.com/train/v1", "externalParameters": {"seed": 7}},
    "runDetails": {"builder": {"id": "https://example.com/builder"}},
}
VSA: Final[Json] = {
    "verifier": {"id": "https://example.com/verifier"},
    "timeVerified": "2026-11-21T09:30:00Z",
    "resourceUri": "https://example.com/fraud",
    "policy": {"uri": "https://example.com/policy", "digest": {"sha256": "ab" * 32}},
    "verifiedLevels": ["SLSA_BUILD_LEVEL_1"],
}
TESTED: Final[Json] = {"configuration": [{"uri": "https://example.com/suite", "digest": {"sha256": "cd" * 32}}]}

EVIDENCE: Final[list[tuple[str, str, Json]]] = [
    # What `govern attest --type` is told, what `cosign --type` is told, and the predicate.
    ("provenance", "slsaprovenance1", SLSA),
    ("slsaprovenance02", "slsaprovenance02", {"builder": {"id": "https://example.com"}, "buildType": "x:y"}),
    ("cyclonedx", "cyclonedx", {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}),
    ("spdx", "spdxjson", {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "fraud", "packages": []}),
    ("croissant", CROISSANT, {"@type": "sc:Dataset", "name": "fraud", "conformsTo": CROISSANT}),
    ("test-result", TEST_RESULT, TESTED | {"result": "PASSED"}),
    ("vsa", VSA_V1, VSA | {"verificationResult": "PASSED"}),
]
READING: Final[list[tuple[str, str, Json]]] = [
    ("test-result", TEST_RESULT, TESTED | {"result": "FAILED"}),
    ("test-result", TEST_RESULT, TESTED),
    ("vsa", VSA_V1, VSA | {"verificationResult": "FAILED"}),
    (SCAN, SCAN, {"result": "PASSED"}),
    ("signature", COSIGN_SIGN, {}),
    (
        "annotation",
        annotation.TYPE,
        {"issuedAt": "2026-11-21T09:30:00Z", "schema": annotation.PLAIN_SCHEMA, "entries": {"incident": "4711"}},
    ),
]


# --- cosign reads govern -------------------------------------------------------------------------


def test_cosign_accepts_every_evidence_record(cosign: Cosign, pushed: str, keys: tuple[Path, Path]) -> None:
    private, public = keys
    for word, _, predicate in EVIDENCE:
        govern.attest(pushed, word, predicate, key=private)
    for _, kind, predicate in EVIDENCE:
        found = cosign.accepts(pushed, kind, public)
        assert predicate in [one["predicate"] for one in found], kind
        assert {one["subject"][0]["digest"]["sha256"] for one in found} == {pushed.rpartition(":")[2]}
    # What push itself wrote: the provenance that it captured, and the registration.
    assert len(cosign.accepts(pushed, "slsaprovenance1", public)) == 2
    (registered,) = cosign.accepts(pushed, registration.TYPE, public)
    assert registered["predicate"]["packing"] == "v1"
    assert {one["artifactType"] for one in referrers_of(pushed)} == {BUNDLE}


def test_cosign_refuses_evidence_of_another_key_or_type(cosign: Cosign, pushed: str, keys: tuple[Path, Path]) -> None:
    assert not cosign.accepts(pushed, "slsaprovenance1", cosign.pub)
    assert not cosign.accepts(pushed, "spdxjson", keys[1])
    assert cosign.accepts(pushed, "slsaprovenance1", keys[1])


def test_every_kind_that_is_wrapped_as_evidence_is_tried_here() -> None:
    # OMS is evidence too, with subjects of its own: this version does not write it.
    tried = {SLSA_V1, SLSA_V02, CYCLONEDX, SPDX, CROISSANT, TEST_RESULT, VSA_V1}
    words = {kind for _, kind, _ in EVIDENCE} - {"slsaprovenance1", "slsaprovenance02", "cyclonedx", "spdxjson"}
    assert tried == words | {SLSA_V1, SLSA_V02, CYCLONEDX, SPDX}
    for uri in tried | {registration.TYPE, OMS_V1}:
        assert wrapping_of(uri, {"result": "PASSED", "verificationResult": "PASSED"}) is Wrapping.EVIDENCE
    for _, kind, predicate in READING:
        assert wrapping_of(kind, predicate) is Wrapping.READING


def test_cosign_finds_no_signature_where_only_reading_kinds_are(
    cosign: Cosign, plain: str, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    private, public = keys
    govern.annotate(plain, {"team": "risk"}, key=private)
    for word, _, predicate in READING:
        govern.attest(plain, word, predicate, key=private)
    wrappers = list(referrers_of(plain))
    assert len(wrappers) == len(READING) + 1
    assert {one["artifactType"] for one in wrappers} == {RECORD}
    done = cosign("verify", "--key", public, "--insecure-ignore-tlog", plain)
    assert done.returncode != 0
    assert "no signatures found" in done.stderr
    for _, kind, _ in READING:
        assert not cosign.accepts(plain, kind, public)
    # The bundles are sound all the same: whoever wants to read them can check them, one by one.
    (tmp_path / "subject.json").write_bytes(manifest_at(plain))
    for one in wrappers:
        (tmp_path / "bundle.json").write_bytes(blob_at(plain, one["layers"][0]["digest"]))
        arguments = ("--bundle", tmp_path / "bundle.json", "--insecure-ignore-tlog", tmp_path / "subject.json")
        kind = one["annotations"]["dev.govern.predicateType"]
        done = cosign("verify-blob-attestation", "--key", public, "--type", kind, *arguments)
        assert done.returncode == 0, done.stderr
        assert cosign("verify-blob-attestation", "--key", cosign.pub, "--type", kind, *arguments).returncode != 0


def test_one_piece_of_evidence_among_reading_kinds_is_found(
    cosign: Cosign, plain: str, keys: tuple[Path, Path]
) -> None:
    govern.annotate(plain, {"team": "risk"}, key=keys[0])
    govern.attest(plain, "spdx", {"name": "fraud"}, key=keys[0])
    assert cosign("verify", "--key", keys[1], "--insecure-ignore-tlog", plain).returncode == 0


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["GOVERN_KEY_PASSPHRASE", "COSIGN_PASSWORD"])
def test_a_key_of_cosign_signs_with_govern(
    cosign: Cosign, distribution: Running, repository: str, model: Path, cli: Cli, variable: str
) -> None:
    reference = f"{distribution.host}/{repository}:1.0.0"
    assert "ENCRYPTED SIGSTORE PRIVATE KEY" in cosign.key.read_text()
    done = cli("push", model, reference, "--key", cosign.key, env={variable: PASSWORD})
    assert done.returncode == 0, done.stderr
    assert len(cosign.accepts(done.stdout.strip(), "slsaprovenance1", cosign.pub)) == 1
    assert cli("verify", reference, "--key", cosign.pub).returncode == 0


def test_a_wrong_password_of_a_cosign_key_is_refused_in_words(cosign: Cosign, model: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be opened"):
        govern.push(model, f"layout:{tmp_path}/fraud:1", key=cosign.key, passphrase="wrong")
    assert not (tmp_path / "fraud").exists()


def test_an_encrypted_key_of_govern_verifies_by_cosign(
    cosign: Cosign, distribution: Running, repository: str, model: Path, tmp_path: Path, cli: Cli
) -> None:
    env = {"GOVERN_KEY_PASSPHRASE": "another one"}
    assert cli("key", "generate", "--output", tmp_path / "own", env=env).returncode == 0
    assert "ENCRYPTED PRIVATE KEY" in (tmp_path / "own.key").read_text()
    reference = f"{distribution.host}/{repository}:1.0.0"
    assert cli("push", model, reference, "--key", tmp_path / "own.key", env=env).returncode == 0
    assert cosign.accepts(reference, registration.TYPE, tmp_path / "own.pub")


# --- the same shape ------------------------------------------------------------------------------


def _without(manifest: Json) -> Json:
    """Return a record's manifest without what belongs to one signature."""
    layers = [one | {"digest": "", "size": 0} for one in manifest["layers"]]
    created = {"org.opencontainers.image.created": ""}
    return manifest | {"layers": layers, "annotations": manifest["annotations"] | created}


@pytest.mark.parametrize(("word", "kind", "predicate"), [EVIDENCE[0], EVIDENCE[2]])
def test_a_record_of_govern_has_the_manifest_that_cosign_writes(
    cosign: Cosign, plain: str, keys: tuple[Path, Path], word: str, kind: str, predicate: Json
) -> None:
    cosign.attests(plain, kind, predicate)
    (theirs,) = referrers_of(plain)
    govern.attest(plain, word, predicate, key=keys[0])
    (ours,) = [one for one in referrers_of(plain) if one != theirs]
    assert _without(ours) == _without(theirs)
    assert theirs["annotations"]["org.opencontainers.image.created"].endswith("Z")
    assert ours["annotations"]["org.opencontainers.image.created"].endswith("Z")
    bundles = [json.loads(blob_at(plain, one["layers"][0]["digest"])) for one in (ours, theirs)]
    assert bundles[0].keys() == bundles[1].keys()
    assert bundles[0]["mediaType"] == bundles[1]["mediaType"]
    envelopes = [one["dsseEnvelope"] for one in bundles]
    assert envelopes[0].keys() == envelopes[1].keys()
    assert [one.keys() for one in envelopes[0]["signatures"]] == [one.keys() for one in envelopes[1]["signatures"]]
    materials = [one["verificationMaterial"] for one in bundles]
    # sigstore-python wants the field that cosign leaves out; cosign takes it.
    assert materials[0].keys() - materials[1].keys() == {"tlogEntries"}
    assert not materials[1].keys() - materials[0].keys()
    statements = [json.loads(base64.b64decode(one["payload"])) for one in envelopes]
    assert statements[0]["predicate"] == statements[1]["predicate"]
    assert statements[0]["predicateType"] == statements[1]["predicateType"]
    assert statements[0]["subject"][0]["digest"] == statements[1]["subject"][0]["digest"]
