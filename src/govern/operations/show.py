"""`show`: what an artifact is, by its own manifest and config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govern import canonical
from govern.artifact.reading import Inside, layer_path, read_inside, role_of_layer
from govern.errors import ProtocolError
from govern.limits import MAX_CONFIG
from govern.oci.descriptor import Descriptor
from govern.oci.manifest import Manifest, read_manifest
from govern.oci.reference import Pinned, Reference
from govern.operations.context import Context, resolve
from govern.operations.gather import read_artifact, read_config


@dataclass(frozen=True, slots=True)
class Shown:
    """An artifact, as it describes itself.

    Args:
        pinned: what it is.
        manifest: its manifest.
        inside: its own name, version and kind.
        config: its config, or empty for types that are not known here.
        layers: (descriptor, path, role) of every layer.
    """

    pinned: Pinned
    manifest: Manifest
    inside: Inside
    config: Mapping[str, Any]
    layers: tuple[tuple[Descriptor, str, str], ...]


def show(context: Context, reference: Reference) -> Shown:
    """Read an artifact's manifest and config. Only the digest is checked; nobody's word is verified."""
    store = context.store(reference.place)
    pinned = resolve(context, reference)
    manifest = read_manifest(read_artifact(store, pinned, context.objects), "the artifact's manifest")
    data = read_config(store, manifest, context.objects)
    config: Any = {}
    if data is not None:
        config = canonical.loads(data, "the artifact's config", bound=MAX_CONFIG, error=ProtocolError)
    return Shown(
        pinned=pinned,
        manifest=manifest,
        inside=read_inside(manifest, data),
        config=config if isinstance(config, dict) else {},
        layers=tuple((layer, layer_path(layer), role_of_layer(layer)) for layer in manifest.layers),
    )
