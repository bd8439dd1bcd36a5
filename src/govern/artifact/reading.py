"""What an artifact says of itself: kind, name, version, layers. Made by us, or by other tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govern import canonical
from govern.artifact.file_list import Entry, FileList
from govern.errors import ProtocolError
from govern.limits import MAX_CONFIG, MAX_INSIDE
from govern.oci.descriptor import Descriptor
from govern.oci.manifest import Manifest
from govern.oci.media_types import (
    DATASET_CONFIG,
    DATASET_MANIFEST,
    FILEPATH,
    FILES,
    MODEL_CONFIG,
    MODEL_LAYER,
    MODEL_MANIFEST,
    TITLE,
)
from govern.paths import TAR_FOLDER, check_collisions, check_path

_FOLDER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
"""The media type under which oras and oras-py push a directory."""

_UNPACK: Final = "io.deis.oras.content.unpack"
"""The annotation of oras on a directory, whatever its media type."""

_ARCHIVES: Final = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Inside:
    """Name and version as they stand inside an artifact, unchecked against anything.

    Args:
        kind: `model`, `dataset`, or the artifact type of another tool.
        name: the name inside, or None.
        version: the version inside, or None.
    """

    kind: str
    name: str | None = None
    version: str | None = None


def kind_of_manifest(manifest: Manifest) -> str:
    """Return `model`, `dataset`, or the artifact type of another tool."""
    if manifest.kind in (MODEL_MANIFEST, MODEL_CONFIG):
        return "model"
    return "dataset" if manifest.kind in (DATASET_MANIFEST, DATASET_CONFIG) else manifest.kind


def has_known_config(manifest: Manifest) -> bool:
    """Whether the config is of a type that may hold a name."""
    return manifest.config.media_type in (MODEL_CONFIG, DATASET_CONFIG)


def read_inside(manifest: Manifest, config: bytes | None) -> Inside:
    """Read name and version from an artifact's config.

    Args:
        manifest: its manifest.
        config: the config's bytes, checked; None where the type is not known.

    Raises:
        ProtocolError: for a config of a known type that is not JSON of its shape.
    """
    kind = kind_of_manifest(manifest)
    if config is None:
        return Inside(kind)
    value = canonical.loads(config, "the artifact's config", bound=MAX_CONFIG, error=ProtocolError)
    if not isinstance(value, dict):
        raise ProtocolError(
            "the artifact's config is not an object", got=canonical.describe(value), expected="an object"
        )
    holder = value if manifest.config.media_type == DATASET_CONFIG else value.get("descriptor", {})
    if not isinstance(holder, dict):
        raise ProtocolError("the config's descriptor is not an object", got=canonical.describe(holder))
    name, version = holder.get("name"), holder.get("version")
    for word, text in (("name", name), ("version", version)):
        if text is not None and not isinstance(text, str):
            raise ProtocolError(f"the {word} inside the artifact is not text", got=canonical.describe(text))
        # What other tools write there need not be a name of ours; it is shown, and should fit a line.
        MAX_INSIDE.check(len(text or ""), f"the {word} inside the artifact", ProtocolError)
    return Inside(kind, name, version)


def file_list_layer(manifest: Manifest) -> Descriptor | None:
    """Return the layer that holds the file list, or None where the list follows from the manifest."""
    if manifest.layers and manifest.layers[-1].media_type == FILES:
        return manifest.layers[-1]
    return None


def is_bundle(layer: Descriptor) -> bool:
    """Whether a layer is one of our tars of many small files."""
    match = MODEL_LAYER.fullmatch(layer.media_type)
    return match is not None and match[2] == "tar" and layer_path(layer).startswith(f"{TAR_FOLDER}/")


def layer_path(layer: Descriptor) -> str:
    """Return the path of a layer as a file, or empty; refuse a title and a filepath that differ (DESIGN §4).

    A directory that oras or oras-py pushed is one layer, a tar. It is never unpacked: the path then ends in `.tar.gz`,
    so that nobody takes the tar for the directory.
    """
    annotations = layer.annotations or {}
    title, filepath = _plain(annotations.get(TITLE)), _plain(annotations.get(FILEPATH))
    if title is not None and filepath is not None and title != filepath:
        raise ProtocolError(
            "a layer has two paths",
            got=f"{TITLE} {title[:200]!r} and {FILEPATH} {filepath[:200]!r}",
            expected="the same path in both",
            hint="two tools would write two different trees: do not use it",
        )
    path = filepath if filepath is not None else title or ""
    if path and (layer.media_type == _FOLDER or annotations.get(_UNPACK) == "true"):
        path = path.rstrip("/")
        return path if path.endswith(_ARCHIVES) else f"{path}.tar.gz"
    return path


def _plain(path: str | None) -> str | None:
    # Some tools write the title as it was typed: ./model.bin.
    start = 0
    while path is not None and path.startswith("./", start):
        start += 2
    return path if path is None else path[start:]


def role_of_layer(layer: Descriptor) -> str:
    """Return the role that a layer's media type names, or empty for other types."""
    match = MODEL_LAYER.fullmatch(layer.media_type)
    return match[1] if match else ""


def check_layers(manifest: Manifest) -> None:
    """Raise `ProtocolError` for layers with paths that cannot be files of one tree."""
    paths = [layer_path(one) for one in manifest.layers if not is_bundle(one)]
    check_collisions((_checked(one) for one in paths if one), ProtocolError)


def derived_file_list(manifest: Manifest) -> FileList:
    """Return the file list of an artifact whose layers are files.

    Layers without a path are left out: other tools keep things there that are no files.
    """
    entries = []
    for layer in manifest.layers:
        path = layer_path(layer)
        if path and layer.id.algorithm != "sha256":
            # The list names files by sha256, and whoever pulls keeps them by it.
            raise ProtocolError("a file is named by another digest", got=layer.digest[:80], expected="sha256")
        if path:
            entries.append(Entry(layer.digest, 0, _checked(path), layer.id.encoded, layer.size))
    check_collisions((one.path for one in entries), ProtocolError)
    return FileList.of(entries)


def _checked(path: str) -> str:
    return check_path(path, "a layer", ProtocolError)
