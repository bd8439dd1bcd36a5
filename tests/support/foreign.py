"""Artifacts as oras-py writes them, put into the fault registry past every check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from support.fault_registry import FaultRegistry
from support.plain_client import MANIFEST, digest_of

NAME: Final = "acme/fraud"
DATA: Final = bytes(range(256)) * 256
OCTETS: Final = "application/octet-stream"


def layer_of(data: bytes, title: str = "", media_type: str = OCTETS, **more: Any) -> dict[str, Any]:
    """Return the descriptor of a layer; `more` is written over it."""
    named = {"annotations": {"org.opencontainers.image.title": title}} if title else {}
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **named, **more}


def serve(registry: FaultRegistry, *layers: tuple[bytes, dict[str, Any]], tag: str = "1", name: str = NAME) -> str:
    """Put an artifact of these blobs and layers into a registry; return the digest of its manifest.

    Args:
        registry: where.
        layers: each blob with its descriptor, which need not be true.
        tag: the manifest's tag.
        name: the repository.
    """
    registry.content.put_blob(name, b"{}")
    for data, _ in layers:
        registry.content.put_blob(name, data)
    config = {"mediaType": "application/vnd.unknown.config.v1+json", "digest": digest_of(b"{}"), "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer for _, layer in layers]}
    # Compact, as Go writes it and oras-py does not.
    body = json.dumps(manifest, separators=(",", ":")).encode()
    return registry.content.put_manifest(name, body, MANIFEST, tag)


def serve_data(registry: FaultRegistry, name: str = NAME) -> str:
    """Serve an artifact of one file, `model.bin` with `DATA`; return the reference of it."""
    serve(registry, (DATA, layer_of(DATA, "model.bin")), name=name)
    return f"{registry.host}/{name}:1"


def files_below(folder: Path) -> list[str]:
    """Return the paths of everything below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
