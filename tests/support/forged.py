"""Artifacts that no honest tool makes, signed by somebody who is trusted: what is left is what a reader checks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from govern import canonical
from govern.intoto.statement import write_statement
from govern.line import line_of
from govern.names import Name
from govern.oci.media_types import (
    EMPTY_BLOB,
    FILEPATH,
    FILES,
    IMAGE_MANIFEST,
    MODEL_CONFIG,
    MODEL_MANIFEST,
    TITLE,
    model_layer,
)
from govern.operations.attach import Signed
from govern.predicates import registration
from govern.signing.key_file import load_signer
from govern.signing.signer import sign_statement
from support.attacked import NAME, Attacked
from support.fault_registry import Content
from support.plain_client import digest_of
from support.records import TIME, registered

RAW: Final = model_layer("doc", "raw")
TAR: Final = model_layer("doc", "tar")


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as its descriptor calls it.

    Args:
        data: its bytes.
        title: `org.opencontainers.image.title`, or None.
        filepath: `org.cncf.model.filepath`, or None for the same.
        media_type: its type.
        more: fields that replace those of the descriptor.
    """

    data: bytes
    title: str | None
    filepath: str | None = None
    media_type: str = RAW
    more: Mapping[str, Any] = field(default_factory=dict)

    def descriptor(self) -> dict[str, Any]:
        """Return the descriptor."""
        paths = {TITLE: self.title, FILEPATH: self.title if self.filepath is None else self.filepath}
        annotations = {name: path for name, path in paths.items() if path is not None}
        described = {"mediaType": self.media_type, "digest": digest_of(self.data), "size": len(self.data)}
        return described | ({"annotations": annotations} if annotations else {}) | dict(self.more)


def forge(
    victim: Attacked,
    content: Content,
    layers: Sequence[Layer],
    *,
    entries: object = None,
    config: object = None,
    version: str = "6.6.6",
) -> str:
    """Put an artifact and its registration, signed by the trusted key, into a registry; return its tag.

    Args:
        victim: whose key is misused.
        content: of the registry.
        layers: the layers.
        entries: the file list, written canonically, or bytes; None for no such layer.
        config: replaces the config.
        version: the version and the tag.
    """
    inside = {"descriptor": {"name": NAME, "version": version}} if config is None else config
    config_data = json.dumps(inside).encode()
    described = [one.descriptor() for one in layers]
    blobs = [*(one.data for one in layers), config_data, EMPTY_BLOB]
    if entries is not None:
        listed = entries if isinstance(entries, bytes) else canonical.dumps(entries)
        blobs.append(listed)
        described.append({"mediaType": FILES, "digest": digest_of(listed), "size": len(listed)})
    for data in blobs:
        content.put_blob(NAME, data)
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": MODEL_MANIFEST,
            "config": {"mediaType": MODEL_CONFIG, "digest": digest_of(config_data), "size": len(config_data)},
            "layers": described,
        }
    ).encode()
    digest = content.put_manifest(NAME, body, IMAGE_MANIFEST, version)
    _register(victim, content, digest, len(body), version)
    return version


def _register(victim: Attacked, content: Content, digest: str, size: int, version: str) -> None:
    from govern.oci.descriptor import Descriptor
    from govern.oci.digest import Digest

    signer = load_signer(str(victim.folder / "ci.key"), lambda _label: None, {})
    line = line_of(Name(NAME))
    subjects = [(f"{NAME}@{version}", Digest(digest)), (NAME, line.digest)]
    statement = write_statement(subjects, registration.TYPE, registered())
    signed = Signed(sign_statement(statement, signer), statement, signer.public_key.signer, TIME)
    content.put_blob(NAME, signed.bundle.data)
    artifact = Descriptor(media_type=IMAGE_MANIFEST, digest=digest, size=size)
    for subject in (artifact, line.manifest.descriptor):
        wrapper = signed.wrapper(subject)
        content.put_manifest(NAME, wrapper.data, wrapper.media_type)
