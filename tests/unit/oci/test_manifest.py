"""Manifests of strangers: read strictly, kept exactly."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from govern import canonical
from govern.errors import Denied, GovernError, InvalidInput, LimitExceeded, ProtocolError
from govern.limits import MAX_ANNOTATIONS, MAX_INDEX, MAX_LAYERS, Bound
from govern.oci.manifest import Index, Manifest, RawManifest, read_either, read_index, read_manifest, write
from govern.oci.media_types import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    EMPTY,
    EMPTY_BLOB,
    EMPTY_DIGEST,
    GRAMMAR,
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    MODEL_LAYER,
    model_layer,
)

CONFIG = {"mediaType": EMPTY, "digest": EMPTY_DIGEST, "size": len(EMPTY_BLOB)}
MANIFEST: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": CONFIG, "layers": [CONFIG]}
INDEX: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [CONFIG]}


def changed(base: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({key: value for key, value in (base | changes).items() if value is not ...}).encode()


def manifest(data: bytes, media_type: str = IMAGE_MANIFEST, **options: Any) -> Manifest:
    return read_manifest(RawManifest(media_type, data), **options)


def index(data: bytes, media_type: str = IMAGE_INDEX, **options: Any) -> Index:
    return read_index(RawManifest(media_type, data), bound=MAX_INDEX, **options)


def test_a_manifest_is_parsed_beside_its_exact_bytes():
    data = b' {"layers":[],"config":' + json.dumps(CONFIG).encode() + b',\n"schemaVersion":2, "unknown": {"x": 1.5}} '
    raw = RawManifest(IMAGE_MANIFEST, data)
    assert read_manifest(raw).kind == EMPTY
    assert raw.data is data
    assert raw.descriptor.check(data, "it") is data


@pytest.mark.parametrize(("media_type", "inner"), [(IMAGE_MANIFEST, ...), (IMAGE_MANIFEST, IMAGE_MANIFEST),
(DOCKER_MANIFEST, DOCKER_MANIFEST), (DOCKER_MANIFEST, ...)])  # fmt: skip
def test_a_body_that_agrees_with_its_content_type_is_read(media_type, inner):
    assert manifest(changed(MANIFEST, mediaType=inner, artifactType="a/b"), media_type).kind == "a/b"


@pytest.mark.parametrize(
    ("changes", "media_type"),
    [
        ({"manifests": []}, IMAGE_MANIFEST),
        ({"manifests": None}, IMAGE_MANIFEST),
        ({"mediaType": IMAGE_INDEX}, IMAGE_MANIFEST),
        ({"mediaType": DOCKER_MANIFEST}, IMAGE_MANIFEST),
        ({"mediaType": IMAGE_MANIFEST}, DOCKER_MANIFEST),
        ({"mediaType": "a/b"}, IMAGE_MANIFEST),
        ({"mediaType": ""}, IMAGE_MANIFEST),
        ({"mediaType": 7}, IMAGE_MANIFEST),
        ({"mediaType": {}}, IMAGE_MANIFEST),
        ({"mediaType": ...}, IMAGE_INDEX),
        ({"mediaType": ...}, DOCKER_LIST),
        ({"mediaType": ...}, "application/json"),
        ({"mediaType": ...}, ""),
        ({"schemaVersion": 1}, IMAGE_MANIFEST),
        ({"schemaVersion": "2"}, IMAGE_MANIFEST),
        ({"schemaVersion": ...}, IMAGE_MANIFEST),
        ({"config": ...}, IMAGE_MANIFEST),
        ({"config": None}, IMAGE_MANIFEST),
        ({"layers": ...}, IMAGE_MANIFEST),
        ({"layers": None}, IMAGE_MANIFEST),
        ({"layers": {}}, IMAGE_MANIFEST),
        ({"layers": [1]}, IMAGE_MANIFEST),
        ({"layers": [{}]}, IMAGE_MANIFEST),
        ({"layers": [CONFIG | {"size": -1}]}, IMAGE_MANIFEST),
        ({"layers": [CONFIG | {"digest": "sha256:x"}]}, IMAGE_MANIFEST),
        ({"subject": []}, IMAGE_MANIFEST),
        ({"subject": {"digest": EMPTY_DIGEST}}, IMAGE_MANIFEST),
        ({"artifactType": "nonsense"}, IMAGE_MANIFEST),
        ({"annotations": []}, IMAGE_MANIFEST),
        ({"annotations": {"a": None}}, IMAGE_MANIFEST),
        ({"annotations": {str(number): "" for number in range(MAX_ANNOTATIONS.value + 1)}}, IMAGE_MANIFEST),
    ],
)
def test_a_manifest_that_is_not_one_is_refused(changes, media_type):
    with pytest.raises((ProtocolError, LimitExceeded)):
        manifest(changed(MANIFEST, **changes), media_type)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b'{"a":1,"a":1}', b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"a":"\\ud800"}']
)
def test_bytes_that_are_no_manifest_are_refused(data):
    with pytest.raises(ProtocolError):
        manifest(data)
    with pytest.raises(Denied):
        index(data, error=Denied)


def test_layers_beside_manifests_are_two_documents_in_one_and_neither_is_read():
    data = changed(MANIFEST, manifests=[CONFIG], mediaType=...)
    for read in (manifest, index):
        with pytest.raises(ProtocolError, match="two things"):
            read(data)


@pytest.mark.parametrize(
    ("changes", "media_type"),
    [
        ({"layers": []}, IMAGE_INDEX),
        ({"config": CONFIG}, IMAGE_INDEX),
        ({"mediaType": ...}, DOCKER_LIST),
        ({"mediaType": IMAGE_MANIFEST}, IMAGE_MANIFEST),
        ({"mediaType": ...}, IMAGE_MANIFEST),
        ({"manifests": ...}, IMAGE_INDEX),
        ({"manifests": [CONFIG, 1]}, IMAGE_INDEX),
    ],
)
def test_an_index_that_is_not_one_is_refused(changes, media_type):
    with pytest.raises(ProtocolError):
        index(changed(INDEX, **changes), media_type)


def test_an_index_is_read():
    assert [one.digest for one in index(changed(INDEX, subject=CONFIG)).manifests] == [EMPTY_DIGEST]
    assert index(changed(INDEX, mediaType=DOCKER_LIST), DOCKER_LIST).media_type == DOCKER_LIST


def test_either_is_read_by_its_media_type_and_names_what_must_be_there_before_it():
    image, several = read_either(RawManifest(IMAGE_MANIFEST, changed(MANIFEST))), changed(INDEX)
    assert (type(image), image.kind, [one.digest for one in image.named]) == (Manifest, EMPTY, [EMPTY_DIGEST] * 2)
    listed = read_either(RawManifest(IMAGE_INDEX, several))
    assert (type(listed), listed.kind, [one.digest for one in listed.named]) == (Index, None, [EMPTY_DIGEST])
    for media_type in (IMAGE_MANIFEST, "text/plain"):
        with pytest.raises(ProtocolError):
            read_either(RawManifest(media_type, several))
    with pytest.raises(ProtocolError):
        read_either(RawManifest(IMAGE_INDEX, changed(MANIFEST)))


def test_bounds_are_named():
    with pytest.raises(GovernError, match="MAX_TEST"):
        manifest(changed(MANIFEST), bound=Bound("MAX_TEST", 10))
    with pytest.raises(GovernError, match="MAX_LAYERS"):
        manifest(changed(MANIFEST, layers=[CONFIG] * (MAX_LAYERS.value + 1)))


@pytest.mark.parametrize("field", ["schema_version", "media_type", "artifact_type"])
def test_only_the_specs_spelling_of_a_field_is_read(field):
    camel = {"schema_version": "schemaVersion", "media_type": "mediaType", "artifact_type": "artifactType"}[field]
    value = {"schema_version": 2, "media_type": "a/b", "artifact_type": "a/b"}[field]
    base = {key: item for key, item in MANIFEST.items() if key != camel}
    try:
        read = manifest(changed(base, **{field: value}))
    except ProtocolError:
        return
    assert getattr(read, field) is None


def test_the_schema_version_is_an_integer():
    with pytest.raises(ProtocolError):
        manifest(changed(MANIFEST, schemaVersion=2.0))


def test_a_refusal_takes_no_more_memory_than_the_manifest_deserves():
    data = changed(MANIFEST, layers=[0] * 30_000)
    assert MAX_LAYERS.value < 30_000
    tracemalloc.start()
    try:
        with pytest.raises(GovernError):
            manifest(data)
        assert tracemalloc.get_traced_memory()[1] < 100 * len(data)
    finally:
        tracemalloc.stop()


def test_a_manifest_of_ours_is_written_canonically_under_its_own_media_type():
    raw = write(MANIFEST)
    assert raw.media_type == IMAGE_MANIFEST
    assert raw.data == canonical.dumps(MANIFEST)
    with pytest.raises(InvalidInput):
        write({"mediaType": None})


@pytest.mark.parametrize("text", ["a/b", "application/vnd.oci.image.manifest.v1+json", "A/1!#$&^_.+-"])
def test_the_media_type_grammar_is_that_of_rfc_6838(text):
    assert GRAMMAR.fullmatch(text)


def test_model_layers_are_named_as_modelpack_names_them():
    for role in ("weight", "weight.config", "doc", "code", "dataset"):
        for encoding in ("raw", "tar"):
            match = MODEL_LAYER.fullmatch(model_layer(role, encoding))
            assert match
            assert match.groups() == (role, encoding)
