"""Where registries without the referrers API keep records: the names of tags, and the index under them.

Source: distribution spec 1.1, "Referrers Tag Schema"; FORMAT §6.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from govern.errors import GovernError, ProtocolError
from govern.names import RECORD_TAG_DIGITS
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest
from govern.oci.media_types import IMAGE_INDEX


def record_tag(subject: Digest, record: Digest) -> str:
    """Return the tag of a record: `sha256-<hex>.g.<first 32 hex of the record's manifest>` (FORMAT §6)."""
    return f"{fallback_tag(subject)}.g.{record.encoded[:RECORD_TAG_DIGITS]}"


def fallback_tag(subject: Digest) -> str:
    """Return the tag of the fallback index (distribution spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm}-{subject.encoded}"[:128]


def index_document(entries: Iterable[Descriptor]) -> dict[str, Any]:
    """Return the fallback index of these records, in the order of their digests."""
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "manifests": [one.to_json() for one in sorted(entries, key=lambda one: str(one.digest))],
    }


def describe(raw: RawManifest) -> Descriptor:
    """Return the descriptor that a referrers list holds: artifact type and all annotations included.

    Source: distribution spec 1.1, "Listing Referrers": without an artifactType the config's media type
    stands for it.
    """
    try:
        manifest = read_manifest(raw, "the record's manifest")
    except GovernError as fault:
        raise ProtocolError(fault.what, got=fault.got, expected=fault.expected) from fault
    return Descriptor(
        media_type=raw.media_type,
        digest=raw.digest,
        size=len(raw.data),
        annotations=manifest.annotations,
        artifact_type=manifest.kind,
    )
