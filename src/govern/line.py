"""The line of a name: a tiny manifest that anyone computes from the name alone (FORMAT §2).

Its digest is known before any request, on any registry, with no host in it. What is said of all versions
of a name is attached to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from govern import canonical
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, write
from govern.oci.media_types import EMPTY, EMPTY_BLOB, EMPTY_DIGEST, IMAGE_MANIFEST, LINE


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its manifest and the one blob beside the empty config.

    Args:
        name: the name.
        manifest: the exact manifest.
        layer: the exact layer, `{"line":NAME}`.
    """

    name: Name
    manifest: RawManifest
    layer: bytes

    @property
    def digest(self) -> Digest:
        """L."""
        return self.manifest.digest


@lru_cache(maxsize=64)
def line_of(name: Name) -> Line:
    """Compute the line of a name; every claim of a decision asks for the same one."""
    layer = canonical.dumps({"line": str(name)})
    manifest = write(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": LINE,
            "config": {"mediaType": EMPTY, "digest": EMPTY_DIGEST, "size": len(EMPTY_BLOB)},
            "layers": [{"mediaType": LINE, "digest": Digest.of(layer), "size": len(layer)}],
        }
    )
    return Line(name, manifest, layer)
