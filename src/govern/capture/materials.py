"""What a push found around it, as in-toto describes resources."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from govern.capture.redact import clean_json

LOCK_FILE: Final = "lock-file"
"""A lock file of a package manager."""

DVC_FILE: Final = "dvc-file"
"""A file of DVC's own that was read: `dvc.lock`, or one that ends in `.dvc`."""

DVC_DEPENDENCY: Final = "dvc-dependency"
"""What the DVC stage depended on that made what is pushed."""

DVC_TRACKED: Final = "dvc-tracked"
"""What DVC tracks in the repository; nothing says that it was used."""

DVC_IMPORT: Final = "dvc-import"
"""Where something that DVC tracks was imported from."""


@dataclass(frozen=True, slots=True)
class Material:
    """A resource that was found: an input, or a byproduct.

    Args:
        name: what it is called; a path is relative to the tree.
        digests: by algorithm (in-toto attestation, `digest_set.md`).
        annotations: what else is known of it, `role` among it.
        uri: where it is, or "".
        media_type: of its content, or "".
        content: the content itself, or None.
    """

    name: str
    digests: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    uri: str = ""
    media_type: str = ""
    content: bytes | None = None


def descriptors(materials: Iterable[Material]) -> list[dict[str, Any]]:
    """Return the resource descriptors of materials.

    Source: in-toto attestation framework v1, `resource_descriptor.md`.
    """
    return [_descriptor(one) for one in materials]


def _descriptor(one: Material) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "name": one.name,
        "uri": one.uri,
        "mediaType": one.media_type,
        "digest": dict(one.digests),
        "annotations": dict(one.annotations),
    }
    cleaned: dict[str, Any] = clean_json({key: value for key, value in parts.items() if value})
    if one.content is not None:
        cleaned["content"] = base64.b64encode(one.content).decode("ascii")
    return cleaned
