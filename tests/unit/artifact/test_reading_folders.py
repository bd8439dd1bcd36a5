"""Directories that oras and oras-py push are one layer: a tar, which is written as a tar and never unpacked."""

from __future__ import annotations

import pytest

from govern.artifact.reading import derived_file_list, layer_path
from govern.errors import ProtocolError
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import Manifest
from govern.oci.media_types import FILEPATH, TITLE

FOLDER = "application/vnd.oci.image.layer.v1.tar+gzip"
UNPACK = {"io.deis.oras.content.unpack": "true"}


def layer(
    title: str | None, media_type: str = FOLDER, more: dict[str, str] | None = None, data: bytes = b"x"
) -> Descriptor:
    annotations = {**({TITLE: title} if title is not None else {}), **(more or {})}
    return Descriptor.of(data, media_type, annotations=annotations)


@pytest.mark.parametrize(
    ("one", "path"),
    [
        (layer("data"), "data.tar.gz"),
        (layer("data", FOLDER, UNPACK), "data.tar.gz"),
        (layer("data/", FOLDER, UNPACK), "data.tar.gz"),
        (layer("a/data", "application/x-folder", UNPACK), "a/data.tar.gz"),
        (layer("data", "application/x-folder", {"io.deis.oras.content.unpack": "false"}), "data"),
        (layer("data", "application/vnd.oci.image.layer.v1.tar"), "data"),
        (layer("layer.tar.gz"), "layer.tar.gz"),
        (layer("layer.tgz", FOLDER, UNPACK), "layer.tgz"),
        # Layers of container images have no title, and are no files.
        (layer(None), ""),
        (layer(None, FOLDER, UNPACK), ""),
    ],
)
def test_a_directory_is_called_what_it_is(one: Descriptor, path: str) -> None:
    assert layer_path(one) == path


@pytest.mark.parametrize(
    ("title", "path"), [("./model.bin", "model.bin"), ("././a/b", "a/b"), ("./", ""), (".a", ".a")]
)
def test_a_title_as_it_was_typed_loses_its_dot(title: str, path: str) -> None:
    assert layer_path(layer(title, "application/x")) == path


def test_a_dot_makes_no_second_path() -> None:
    assert layer_path(layer("./a", "application/x", {FILEPATH: "a"})) == "a"
    with pytest.raises(ProtocolError, match="two paths"):
        layer_path(layer("./a", "application/x", {FILEPATH: "b"}))


def test_a_directory_and_a_file_in_it_are_two_files() -> None:
    config = Descriptor.of(b"{}", "application/x")
    layers = (layer("data", FOLDER, UNPACK), layer("./data/a.txt", "application/x", data=b"a"))
    files = derived_file_list(Manifest(schema_version=2, config=config, layers=layers))
    assert [(one.path, one.sha256) for one in files] == [
        ("data.tar.gz", Digest.of(b"x").encoded),
        ("data/a.txt", Digest.of(b"a").encoded),
    ]


@pytest.mark.parametrize("title", ["./../x", ".//x", "../data"])
def test_no_title_leaves_by_way_of_a_dot(title: str) -> None:
    config = Descriptor.of(b"{}", "application/x")
    with pytest.raises(ProtocolError, match="path that an artifact cannot hold"):
        derived_file_list(Manifest(schema_version=2, config=config, layers=(layer(title, FOLDER, UNPACK),)))


def test_a_directory_does_not_replace_a_file_of_that_name() -> None:
    config = Descriptor.of(b"{}", "application/x")
    layers = (layer("data", FOLDER, UNPACK), layer("data.tar.gz", "application/x", data=b"a"))
    with pytest.raises(ProtocolError, match="same path"):
        derived_file_list(Manifest(schema_version=2, config=config, layers=layers))
