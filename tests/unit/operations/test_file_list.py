"""The files of an artifact are told by its manifest and its list, which have to agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from govern import canonical
from govern.errors import ContentMismatch, GovernError, NotFound, ProtocolError, Undecided
from govern.oci.content import BytesContent
from govern.oci.digest import Digest
from govern.oci.manifest import Manifest, read_manifest, write
from govern.oci.media_types import (
    EMPTY,
    EMPTY_BLOB,
    FILEPATH,
    FILES,
    IMAGE_MANIFEST,
    MODEL_CONFIG,
    MODEL_MANIFEST,
    TITLE,
    model_layer,
)
from govern.operations.file_list import files_of
from govern.progress import SILENT
from govern.store.layout import LayoutStore
from govern.store.object_cache import ObjectCache

TAR = bytes(4096)
WEIGHTS = b"weights"
HEX = "ab" * 32


def layer(data: bytes, title: str | None, media_type: str = "", **more: Any) -> dict[str, Any]:
    described = {
        "mediaType": media_type or model_layer("weight", "raw"), "digest": Digest.of(data), "size": len(data)
    }  # fmt: skip
    return described | ({"annotations": {TITLE: title, FILEPATH: title}} if title else {}) | more


RAW = layer(WEIGHTS, "model.bin")
BUNDLE = layer(TAR, ".govern-tar/doc-0000.tar", model_layer("doc", "tar"))
LISTED: list[dict[str, Any]] = [
    {"layer": Digest.of(TAR), "offset": 512, "path": "a.md", "sha256": HEX, "size": 3},
    {"layer": Digest.of(WEIGHTS), "offset": 0, "path": "model.bin", "sha256": Digest.of(WEIGHTS).encoded, "size": 7},
]


def manifest(*layers: dict[str, Any]) -> Manifest:
    config = {"mediaType": MODEL_CONFIG, "digest": Digest.of(b"{}"), "size": 2}
    return read_manifest(
        write(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "artifactType": MODEL_MANIFEST,
                "config": config,
                "layers": list(layers),
            }
        )
    )


@pytest.fixture
def store(tmp_path: Path) -> LayoutStore:
    return LayoutStore(tmp_path / "layout")


def with_list(store: LayoutStore, entries: Sequence[dict[str, Any]], *layers: dict[str, Any]) -> Manifest:
    """Store a file list, and return the manifest of an artifact that ends in it."""
    data = canonical.dumps(list(entries))
    store.put_blob(BytesContent.of(data, FILES), SILENT)
    return manifest(*layers, layer(data, None, FILES))


def files(store: LayoutStore, of: Manifest, cache: Path | None = None) -> dict[str, str]:
    return files_of(store, of, ObjectCache(cache))


def test_raw_layers_are_told_by_the_manifest_alone(store: LayoutStore) -> None:
    assert files(store, manifest(RAW)) == {"model.bin": Digest.of(WEIGHTS).encoded}


def test_files_in_tars_are_told_by_the_list_without_the_tars(store: LayoutStore) -> None:
    assert files(store, with_list(store, LISTED, BUNDLE, RAW)) == {
        "a.md": HEX,
        "model.bin": Digest.of(WEIGHTS).encoded,
    }


def test_the_list_is_read_once(store: LayoutStore, tmp_path: Path) -> None:
    made = with_list(store, LISTED, BUNDLE, RAW)
    first = files(store, made, tmp_path)
    (tmp_path / "layout" / "blobs" / "sha256" / made.layers[-1].id.encoded).unlink()
    assert files(store, made, tmp_path) == first
    with pytest.raises(NotFound):
        files(store, made)


def test_a_layer_that_makes_unknown_files_is_not_passed_over(store: LayoutStore) -> None:
    hidden = layer(b"a tar of somebody", None, "application/vnd.oci.image.layer.v1.tar")
    with pytest.raises(Undecided, match="without a path"):
        files(store, manifest(RAW, hidden))
    with pytest.raises(Undecided, match="without a path"):
        files(store, with_list(store, LISTED, BUNDLE, RAW, hidden))
    # A list that is not the last layer is none.
    with pytest.raises(Undecided, match="without a path"):
        files(store, manifest(layer(b"[]", None, FILES), RAW))


def test_an_empty_layer_is_no_file(store: LayoutStore) -> None:
    assert set(files(store, manifest(RAW, layer(EMPTY_BLOB, None, EMPTY)))) == {"model.bin"}


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ([LISTED[0] | {"offset": 4095}, LISTED[1]], ContentMismatch),
        ([LISTED[0] | {"size": 5_000_000}, LISTED[1]], ContentMismatch),
        ([LISTED[0], LISTED[1] | {"sha256": HEX}], ContentMismatch),
        ([LISTED[0], LISTED[1] | {"path": "other.bin"}], ContentMismatch),
        ([LISTED[0], LISTED[1] | {"offset": 1}], ContentMismatch),
        ([LISTED[0]], ContentMismatch),
        ([LISTED[1], LISTED[0]], ProtocolError),
        ([LISTED[0] | {"path": "../a.md"}, LISTED[1]], ProtocolError),
        ([LISTED[0] | {"layer": Digest.of(b"?")}, LISTED[1]], ProtocolError),
    ],
)
def test_a_list_that_contradicts_the_manifest_is_refused(
    store: LayoutStore, entries: list[dict[str, Any]], error: type[GovernError]
) -> None:
    with pytest.raises(error):
        files(store, with_list(store, entries, BUNDLE, RAW))


def test_a_layer_with_two_sizes_is_refused(store: LayoutStore) -> None:
    with pytest.raises(ProtocolError, match="two sizes"):
        files(store, manifest(RAW, layer(WEIGHTS, "other.bin", size=8)))
