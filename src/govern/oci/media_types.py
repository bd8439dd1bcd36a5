"""Media types, each from the document that defines it."""

from __future__ import annotations

import re
from typing import Final

from govern.names import VENDOR, media_type

# image-spec 1.1, media-types.md
IMAGE_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX: Final = "application/vnd.oci.image.index.v1+json"
EMPTY: Final = "application/vnd.oci.empty.v1+json"
EMPTY_BLOB: Final = b"{}"
EMPTY_DIGEST: Final = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

# What registries of before OCI serve; read, never written.
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFESTS: Final = (IMAGE_MANIFEST, IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
INDEXES: Final = (IMAGE_INDEX, DOCKER_LIST)

# CNCF ModelPack, model-spec docs/spec.md
MODEL_MANIFEST: Final = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG: Final = "application/vnd.cncf.model.config.v1+json"
MODEL_LAYER: Final = re.compile(
    r"application/vnd\.cncf\.model\.(weight|weight\.config|doc|code|dataset)\.v1\.(raw|tar)"
)

# Ours (FORMAT §2, §3, §5)
LINE: Final = media_type("line")
RECORD: Final = media_type("record")
FILES: Final = media_type("files")
DATASET_MANIFEST: Final = f"{VENDOR}dataset.manifest.v1+json"
DATASET_CONFIG: Final = f"{VENDOR}dataset.config.v1+json"

# Sigstore protobuf-specs, sigstore_bundle.proto
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
BUNDLE_LONG: Final = "application/vnd.dev.sigstore.bundle+json;version=0.3"

# in-toto attestation spec, envelope.md
IN_TOTO: Final = "application/vnd.in-toto+json"

# Annotations
TITLE: Final = "org.opencontainers.image.title"
CREATED: Final = "org.opencontainers.image.created"
FILEPATH: Final = "org.cncf.model.filepath"


def model_layer(role: str, encoding: str) -> str:
    """Return the ModelPack layer type of a role (`weight`, `doc`, …) and an encoding (`raw` or `tar`)."""
    return f"application/vnd.cncf.model.{role}.v1.{encoding}"


# RFC 6838 §4.2: type and subtype names of at most 127 characters.
GRAMMAR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
