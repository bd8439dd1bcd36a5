"""What an artifact says of itself, read from the manifests and configs of strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govern import canonical
from govern.artifact.reading import (
    Inside,
    derived_file_list,
    file_list_layer,
    has_known_config,
    is_bundle,
    kind_of_manifest,
    layer_path,
    read_inside,
    role_of_layer,
)
from govern.errors import ProtocolError
from govern.limits import MAX_CONFIG
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import Manifest, RawManifest, read_manifest
from govern.oci.media_types import (
    DATASET_CONFIG,
    DATASET_MANIFEST,
    FILEPATH,
    FILES,
    IMAGE_MANIFEST,
    MODEL_CONFIG,
    MODEL_MANIFEST,
    TITLE,
)

RAW = "application/vnd.cncf.model.weight.v1.raw"
FOREIGN = "application/vnd.example.layer"


def layer(path: str | None = None, media_type: str = RAW, data: bytes = b"x", **annotations: str) -> dict[str, Any]:
    if path is not None:
        annotations |= {TITLE: path, FILEPATH: path}
    marked = {"annotations": annotations} if annotations else {}
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)} | marked


def descriptor(*args: Any, **more: Any) -> Descriptor:
    return Descriptor.model_validate(layer(*args, **more))


def manifest(
    *layers: dict[str, Any], config_type: str = MODEL_CONFIG, artifact_type: str | None = MODEL_MANIFEST
) -> Manifest:
    value = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": layer(media_type=config_type)}
    value |= {"layers": list(layers)} | ({"artifactType": artifact_type} if artifact_type else {})
    return read_manifest(RawManifest(IMAGE_MANIFEST, json.dumps(value).encode()))


# --- kind, name and version ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("artifact_type", "config_type", "kind"),
    [
        (MODEL_MANIFEST, MODEL_CONFIG, "model"),
        (None, MODEL_CONFIG, "model"),
        (DATASET_MANIFEST, DATASET_CONFIG, "dataset"),
        (None, DATASET_CONFIG, "dataset"),
        ("application/x-mlmodel", FOREIGN, "application/x-mlmodel"),
        (None, FOREIGN, FOREIGN),
    ],
)
def test_the_kind_is_the_artifact_s_type(artifact_type: str | None, config_type: str, kind: str) -> None:
    read = manifest(config_type=config_type, artifact_type=artifact_type)
    assert kind_of_manifest(read) == kind
    assert has_known_config(read) is (config_type != FOREIGN)
    assert read_inside(read, None) == Inside(kind)


@pytest.mark.parametrize(
    ("config_type", "config", "name", "version"),
    [
        (
            MODEL_CONFIG,
            {"descriptor": {"name": "a/b", "version": "1", "createdAt": "2026-01-01T00:00:00Z"}},
            "a/b",
            "1",
        ),
        (MODEL_CONFIG, {"descriptor": {"name": "A Model"}, "config": {"x": 0.5}}, "A Model", None),
        (MODEL_CONFIG, {"descriptor": {}}, None, None),
        (MODEL_CONFIG, {}, None, None),
        (MODEL_CONFIG, {"name": "outside", "descriptor": {}}, None, None),
        (DATASET_CONFIG, {"files": {}, "name": "a/b", "version": "1"}, "a/b", "1"),
        (DATASET_CONFIG, {"descriptor": {"name": "elsewhere"}}, None, None),
    ],
)
def test_name_and_version_are_read_where_the_config_s_type_puts_them(
    config_type: str, config: Any, name: str | None, version: str | None
) -> None:
    inside = read_inside(manifest(config_type=config_type), json.dumps(config).encode())
    assert (inside.name, inside.version) == (name, version)


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"[]",
        b"null",
        b'{"descriptor":[]}',
        b'{"descriptor":null}',
        b'{"descriptor":{"name":1}}',
        b'{"descriptor":{"version":{}}}',
        b'{"descriptor":{"name":"a","name":"b"}}',
        b'{"descriptor":{"name":"\\ud800"}}',
        b"\xff",
        b"[" * 10_000,
        b" " * (MAX_CONFIG.value + 1),
    ],
    ids=lambda data: repr(data[:40]),
)
def test_a_config_that_is_not_of_its_shape_is_refused(config: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_inside(manifest(), config)


# --- layers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotations", "path"),
    [
        ({TITLE: "a", FILEPATH: "a"}, "a"),
        ({TITLE: "a"}, "a"),
        ({FILEPATH: "a"}, "a"),
        ({TITLE: "./a"}, "a"),
        ({TITLE: "././a/b", FILEPATH: "a/b"}, "a/b"),
        ({FILEPATH: ""}, ""),
        ({"other": "a"}, ""),
        ({}, ""),
    ],
)
def test_a_layer_s_path_is_in_either_annotation(annotations: dict[str, str], path: str) -> None:
    assert layer_path(descriptor(**annotations)) == path


@pytest.mark.parametrize(
    ("media_type", "annotations", "path"),
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip", {TITLE: "data"}, "data.tar.gz"),
        ("application/vnd.oci.image.layer.v1.tar+gzip", {TITLE: "./data/"}, "data.tar.gz"),
        ("application/vnd.oci.image.layer.v1.tar+gzip", {TITLE: "data.tgz"}, "data.tgz"),
        ("application/vnd.oci.image.layer.v1.tar+gzip", {}, ""),
        (FOREIGN, {TITLE: "data", "io.deis.oras.content.unpack": "true"}, "data.tar.gz"),
        (FOREIGN, {TITLE: "data", "io.deis.oras.content.unpack": "false"}, "data"),
    ],
)
def test_a_folder_that_oras_pushed_is_a_file_called_like_the_tar_that_it_is(
    media_type: str, annotations: dict[str, str], path: str
) -> None:
    assert layer_path(descriptor(media_type=media_type, **annotations)) == path


@pytest.mark.parametrize(("title", "filepath"), [("a", "b"), ("a", "a/"), ("a", "/a"), ("", "a"), ("a", "")])
def test_a_layer_with_two_paths_is_refused(title: str, filepath: str) -> None:
    with pytest.raises(ProtocolError, match="a layer has two paths"):
        layer_path(descriptor(**{TITLE: title, FILEPATH: filepath}))


@pytest.mark.parametrize(
    ("media_type", "path", "bundle", "role"),
    [
        ("application/vnd.cncf.model.dataset.v1.tar", ".govern-tar/dataset-0000.tar", True, "dataset"),
        ("application/vnd.cncf.model.weight.config.v1.tar", ".govern-tar/x", True, "weight.config"),
        # A tar of somebody else is a file; so is a raw layer with a tar's name.
        ("application/vnd.cncf.model.dataset.v1.tar", "dataset.tar", False, "dataset"),
        ("application/vnd.cncf.model.dataset.v1.raw", ".govern-tar/dataset-0000.tar", False, "dataset"),
        ("application/vnd.cncf.model.dataset.v1.tar+gzip", ".govern-tar/dataset-0000.tar", False, ""),
        (FOREIGN, ".govern-tar/dataset-0000.tar", False, ""),
        (FILES, None, False, ""),
    ],
)
def test_only_our_own_tars_are_bundles(media_type: str, path: str | None, bundle: bool, role: str) -> None:
    one = descriptor(path, media_type)
    assert (is_bundle(one), role_of_layer(one)) == (bundle, role)


def test_the_file_list_is_only_a_last_layer_of_its_type() -> None:
    last = manifest(layer("a"), layer(media_type=FILES, data=b"[]"))
    assert file_list_layer(last) == last.layers[-1]
    assert file_list_layer(manifest(layer(media_type=FILES, data=b"[]"), layer("a"))) is None
    assert file_list_layer(manifest(layer("a"))) is None
    assert file_list_layer(manifest()) is None


def test_a_file_list_is_derived_from_layers_that_are_files() -> None:
    read = manifest(layer("b/c", data=b"12"), layer(media_type=FOREIGN), layer("a", data=b""))
    assert [one._asdict() for one in derived_file_list(read)] == [
        {"layer": Digest.of(b""), "offset": 0, "path": "a", "sha256": Digest.of(b"").encoded, "size": 0},
        {"layer": Digest.of(b"12"), "offset": 0, "path": "b/c", "sha256": Digest.of(b"12").encoded, "size": 2},
    ]
    assert canonical.loads(derived_file_list(manifest()).to_bytes(), "it", bound=MAX_CONFIG) == []


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", ".//a", "a\\b", "a\x1bb", "e\u0301"]
)
def test_unsafe_paths_in_a_manifest_are_refused(path: str) -> None:
    with pytest.raises(ProtocolError, match="a layer has a path that an artifact cannot hold"):
        derived_file_list(manifest(layer(path)))


@pytest.mark.parametrize(("first", "second"), [("a", "a"), ("a", "A"), ("a", "a/b"), ("x/A", "X/b")])
def test_paths_that_collide_are_refused(first: str, second: str) -> None:
    with pytest.raises(ProtocolError):
        derived_file_list(manifest(layer(first), layer(second)))
