"""An OCI image layout in memory: honest wrapping, and every lie about it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from govern import canonical
from govern.line import line_of
from govern.names import Name
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.media_types import EMPTY_BLOB, IMAGE_INDEX, IMAGE_MANIFEST
from govern.predicates.kinds import Wrapping
from govern.trust.wrapping import wrap_record
from support.verify_vectors.artifacts import ISSUED, MODEL, Model
from support.verify_vectors.bundles import Json, loads

_TAG: Final = "org.opencontainers.image.ref.name"


@dataclass
class Layout:
    """A layout.

    Args:
        blobs: digest → bytes; where these differ, the layout lies.
        manifests: the entries of its index.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: list[Json] = field(default_factory=list)

    def put(self, data: bytes) -> str:
        """Store a blob."""
        digest = str(Digest.of(data))
        self.blobs[digest] = data
        return digest

    def list(self, data: bytes, tag: str | None = None, media_type: str = IMAGE_MANIFEST) -> str:
        """Store a manifest and list it."""
        digest = self.put(data)
        entry: Json = {"mediaType": media_type, "digest": digest, "size": len(data)}
        if tag is not None:
            entry["annotations"] = {_TAG: tag}
        self.manifests.append(entry)
        return digest

    def model(self, model: Model = MODEL, tag: str | None = None) -> Layout:
        """Store an artifact under its version, or another tag."""
        for blob in model.blobs:
            self.put(blob)
        self.list(model.manifest, tag or model.version)
        return self

    def line(self, name: str) -> Layout:
        """Store the line of a name."""
        line = line_of(Name(name))
        self.put(line.layer)
        self.put(EMPTY_BLOB)
        self.list(line.manifest.data, "govern.line")
        return self

    def attach(
        self,
        bundle: Json | bytes,
        on: Digest | None = None,
        *,
        wrapping: Wrapping = Wrapping.EVIDENCE,
        change: Callable[[Json], object] | None = None,
        store: bytes | None = None,
    ) -> Layout:
        """Attach a bundle; to the model where nothing else is named.

        Args:
            bundle: JSON, or exact bytes.
            on: the subject.
            wrapping: how it looks to other tools.
            change: of the wrapper's manifest, before it is stored.
            store: what lies under the bundle's digest instead; empty for nothing at all.
        """
        data = bundle if isinstance(bundle, bytes) else json.dumps(bundle, separators=(",", ":")).encode()
        predicate_type = _predicate_type(data)
        subject = Descriptor(media_type=IMAGE_MANIFEST, digest=on or MODEL.digest, size=len(MODEL.manifest))
        wrapper = wrap_record(subject, data, predicate_type=predicate_type, created=ISSUED, wrapping=wrapping).data
        if change is not None:
            body = loads(wrapper)
            change(body)
            wrapper = canonical.dumps(body)
        self.put(EMPTY_BLOB)
        digest = self.put(data)
        if store is not None:
            self.blobs[digest] = store
            if not store:
                del self.blobs[digest]
        self.list(wrapper)
        return self

    def write(self, folder: Path) -> None:
        """Write it as files."""
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
        index = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": self.manifests}
        (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
        for digest, data in self.blobs.items():
            (folder / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(data)


def _predicate_type(bundle: bytes) -> str:
    """Return what an honest annotation says of a bundle that can be read at all."""
    try:
        payload: Any = json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))
        return str(payload["predicateType"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "https://slsa.dev/provenance/v1"
