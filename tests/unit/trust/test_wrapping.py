"""A record's manifest: a pure function of subject, bundle and time, read strictly (FORMAT §5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govern import canonical
from govern.errors import Denied, GovernError
from govern.limits import MAX_BUNDLE
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.media_types import BUNDLE, EMPTY, EMPTY_DIGEST, IMAGE_INDEX, IMAGE_MANIFEST, RECORD
from govern.predicates.kinds import Wrapping
from govern.trust.wrapping import read_wrapper, wrap_record
from support.records import TIME, D

SUBJECT = Descriptor(media_type=IMAGE_MANIFEST, digest=D, size=1000, annotations={"not": "copied"}, data="bm8=")
DATA = b"the bundle"
CONFIG = {"mediaType": EMPTY, "digest": EMPTY_DIGEST, "size": 2}
LAYER = {"mediaType": BUNDLE, "digest": Digest.of(DATA), "size": len(DATA)}
RAW: dict[str, Any] = {
    "schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "artifactType": BUNDLE, "config": CONFIG, "layers": [LAYER],
    "subject": {"mediaType": IMAGE_MANIFEST, "digest": D, "size": 1000},
}  # fmt: skip


def wrap(wrapping: Wrapping) -> RawManifest:
    return wrap_record(SUBJECT, DATA, predicate_type="x:y", created=TIME, wrapping=wrapping)


def read(**changes: Any):
    body = {key: value for key, value in (RAW | changes).items() if value is not ...}
    return read_wrapper(RawManifest(IMAGE_MANIFEST, json.dumps(body).encode()), Denied)


def test_the_evidence_wrapping_is_cosigns():
    assert json.loads(wrap(Wrapping.EVIDENCE).data) == RAW | {
        "config": CONFIG | {"artifactType": BUNDLE},
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "x:y",
            "org.opencontainers.image.created": TIME,
        },
    }


def test_the_reading_wrapping_is_taken_for_a_signature_by_nobody():
    assert json.loads(wrap(Wrapping.READING).data) == RAW | {
        "artifactType": RECORD,
        "layers": [LAYER | {"mediaType": RECORD}],
        "annotations": {"dev.govern.predicateType": "x:y", "org.opencontainers.image.created": TIME},
    }


@pytest.mark.parametrize("wrapping", Wrapping)
def test_a_wrapper_is_canonical_and_read_back(wrapping):
    raw = wrap(wrapping)
    assert raw.data == canonical.dumps(json.loads(raw.data)) == wrap(wrapping).data
    wrapper = read_wrapper(raw)
    assert wrapper is not None
    assert (wrapper.subject, wrapper.bundle.id, wrapper.raw) == (D, Digest.of(DATA), raw)
    assert wrapper.annotations["org.opencontainers.image.created"] == TIME


@pytest.mark.parametrize(
    "changes",
    [
        {"artifactType": "application/spdx+json", "layers": [CONFIG]},
        {"artifactType": ..., "config": CONFIG | {"mediaType": "image/png"}, "layers": []},
        {"artifactType": "a/b", "layers": [], "subject": ...},
    ],
)
def test_a_referrer_without_a_bundle_is_foreign(changes):
    assert read(**changes) is None


@pytest.mark.parametrize("kind", [BUNDLE, RECORD, "a/b", ...])
@pytest.mark.parametrize("layer", [BUNDLE, RECORD])
def test_whatever_carries_a_bundle_is_a_claim(kind, layer):
    wrapper = read(artifactType=kind, layers=[LAYER | {"mediaType": layer}])
    assert wrapper is not None
    assert wrapper.bundle.id == Digest.of(DATA)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ...},
        {"subject": None},
        {"layers": []},
        {"layers": [LAYER, LAYER]},
        {"layers": [LAYER, CONFIG]},
        {"layers": [CONFIG, LAYER]},
        {"layers": [CONFIG]},
        {"artifactType": "a/b", "layers": [CONFIG, LAYER]},
        {"artifactType": ..., "config": CONFIG | {"mediaType": RECORD}, "layers": []},
        {"layers": [LAYER | {"size": MAX_BUNDLE.value + 1}]},
    ],
)
def test_a_record_that_is_malformed_is_refused(changes):
    with pytest.raises(Denied):
        read(**changes)


@pytest.mark.parametrize(
    "raw",
    [
        RawManifest(IMAGE_MANIFEST, b"{"),
        RawManifest(IMAGE_INDEX, json.dumps({"schemaVersion": 2, "manifests": []}).encode()),
        RawManifest("text/html", b"<html>"),
        RawManifest(IMAGE_MANIFEST, json.dumps(RAW | {"manifests": []}).encode()),
    ],
)
def test_what_is_no_manifest_is_refused(raw):
    with pytest.raises(GovernError):
        read_wrapper(raw)


def test_the_caller_chooses_the_error():
    with pytest.raises(Denied):
        read_wrapper(RawManifest(IMAGE_MANIFEST, json.dumps(RAW | {"config": None}).encode()), Denied)
