"""A record's manifest: how a bundle hangs on its subject (FORMAT §5). Written and read here.

The manifest is a pure function of (subject descriptor, bundle, created), so that two pushes of the same
record make the same manifest, and a resumed push none anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from govern.errors import GovernError, InvalidInput
from govern.limits import MAX_BUNDLE
from govern.names import ANNOTATION_PREFIX
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import Manifest, RawManifest, read_manifest, write
from govern.oci.media_types import BUNDLE, CREATED, EMPTY, EMPTY_BLOB, EMPTY_DIGEST, IMAGE_MANIFEST, RECORD
from govern.predicates.kinds import Wrapping

BUNDLE_CONTENT: Final = "dev.sigstore.bundle.content"
BUNDLE_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
RECORD_PREDICATE: Final = f"{ANNOTATION_PREFIX}predicateType"


def wrap_record(
    subject: Descriptor, bundle: bytes, *, predicate_type: str, created: str, wrapping: Wrapping
) -> RawManifest:
    """Return the manifest that attaches a bundle to its subject.

    Args:
        subject: media type, digest and size of the subject's manifest.
        bundle: the exact bundle bytes.
        predicate_type: for the annotation, which is a hint and never trusted.
        created: RFC 3339; `issuedAt`, or the second of signing for standard predicates.
        wrapping: evidence exactly as cosign 3 writes it, or the reading wrapping.
    """
    layer: dict[str, Any] = {"digest": Digest.of(bundle), "size": len(bundle)}
    config: dict[str, Any] = {"mediaType": EMPTY, "digest": EMPTY_DIGEST, "size": len(EMPTY_BLOB)}
    match wrapping:
        case Wrapping.EVIDENCE:
            kind = BUNDLE
            # cosign puts the artifact type on the config's descriptor as well.
            config["artifactType"] = BUNDLE
            annotations = {
                BUNDLE_CONTENT: "dsse-envelope",
                BUNDLE_PREDICATE: predicate_type,
                CREATED: created,
            }
        case Wrapping.READING:
            kind = RECORD
            annotations = {RECORD_PREDICATE: predicate_type, CREATED: created}
        case _:
            assert_never(wrapping)
    return write(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": kind,
            "config": config,
            "layers": [{"mediaType": kind, **layer}],
            "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
            "annotations": annotations,
        }
    )


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A record's manifest, read.

    Args:
        raw: the exact bytes.
        manifest: the parsed manifest.
        subject: the digest it hangs on.
        bundle: the descriptor of its bundle.
    """

    raw: RawManifest
    manifest: Manifest
    subject: Digest
    bundle: Descriptor

    @property
    def annotations(self) -> Mapping[str, str]:
        """Unsigned annotations: good for a first glance, never for a decision."""
        return self.manifest.annotations or {}


def read_wrapper(raw: RawManifest, error: type[GovernError] = InvalidInput) -> Wrapper | None:
    """Read a referrer's manifest.

    Returns:
        The wrapper, or None for a referrer that carries no bundle (an SBOM, a picture): it says nothing
        here, and is shown as foreign.

    Raises:
        error: for a manifest that claims to be a record and is malformed: several layers, a layer of
            another type, a bundle beyond the bound, no subject.
    """
    manifest = read_manifest(raw, "the record's manifest", error=error)
    types = {layer.media_type for layer in manifest.layers}
    if manifest.kind not in (BUNDLE, RECORD) and not types & {BUNDLE, RECORD}:
        return None
    if manifest.subject is None:
        raise error("the record's manifest has no subject", expected="the manifest it is about")
    if len(manifest.layers) != 1:
        # cosign reads the first layer and others may read another: one layer, or no record.
        raise error("the record's manifest has several layers", got=str(len(manifest.layers)), expected="one")
    layer = manifest.layers[0]
    if layer.media_type not in (BUNDLE, RECORD):
        raise error("the record's layer is not a bundle", got=layer.media_type, expected=f"{BUNDLE} or {RECORD}")
    MAX_BUNDLE.check(layer.size, "the bundle", error)
    return Wrapper(raw, manifest, manifest.subject.id, layer)
