"""What a manifest of a layout is: its bytes say that, and the index only hints at it."""

from __future__ import annotations

from govern import canonical
from govern.errors import ProtocolError
from govern.limits import MAX_MANIFEST
from govern.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST, INDEXES, MANIFESTS


def type_of(data: bytes, said: str) -> str:
    """Return the media type of a manifest: its own word, or what its fields are of.

    A digest covers the bytes, and nothing covers an entry of `index.json`. Who may change that file alone could
    otherwise hide a record by calling it an index.

    Args:
        data: the bytes.
        said: what the index says, which is taken where the bytes are no JSON object.

    Source: image-spec 1.1, manifest.md and image-index.md: `mediaType` should be used.
    """
    try:
        body = canonical.loads(data, "the manifest", bound=MAX_MANIFEST, error=ProtocolError)
    except ProtocolError:
        return said
    if not isinstance(body, dict):
        return said
    inner = body.get("mediaType")
    if inner is not None:
        return inner if inner in MANIFESTS else said
    if "manifests" in body:
        return said if said in INDEXES else IMAGE_INDEX
    return said if said in MANIFESTS and said not in INDEXES else IMAGE_MANIFEST
