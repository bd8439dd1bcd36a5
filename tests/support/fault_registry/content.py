"""What the fault registry holds: blobs, manifests, tags and uploads, in memory. Knows nothing of HTTP."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any, Final

DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
INDEX: Final = "application/vnd.oci.image.index.v1+json"


class Refused(Exception):
    """A request that the registry does not take.

    Args:
        status: the HTTP status.
        code: the error code of the distribution spec, "Error Codes".
        headers: what the answer carries besides.
    """

    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers or {}


@dataclass(slots=True)
class Upload:
    """A blob on its way.

    Args:
        data: its bytes so far.
        before: how many there were before the last chunk.
        short: whether the last chunk was under the minimum.
        serial: which `Location` is the latest; an older one is refused, as distribution does.
    """

    data: bytearray = field(default_factory=bytearray)
    before: int = 0
    short: bool = False
    serial: int = 0


@dataclass(slots=True)
class Repository:
    """One repository. A tag is its history, so that a stale read has something to show.

    Args:
        blobs: by digest.
        manifests: media type and bytes, by digest.
        tags: the digests that a tag had, the latest last.
        uploads: the open sessions.
        sessions: how many sessions there ever were.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    sessions: int = 0

    def resolve(self, reference: str, *, stale: bool = False) -> str:
        """Return the digest of a manifest that is there, for a digest or a tag."""
        history = self.tags.get(reference, [reference])
        digest = history[-2] if stale and len(history) > 1 else history[-1]
        if digest not in self.manifests:
            raise Refused(404, "MANIFEST_UNKNOWN")
        return digest

    def referrers(self, subject: str, artifact_type: str | None) -> list[dict[str, Any]]:
        """Return the descriptors of the manifests with this subject (spec 1.1, "Listing Referrers")."""
        found = []
        for digest, (media_type, body) in self.manifests.items():
            manifest = json.loads(body)
            if (manifest.get("subject") or {}).get("digest") != subject:
                continue
            entry: dict[str, Any] = {"mediaType": media_type, "digest": digest, "size": len(body)}
            config_type = (manifest.get("config") or {}).get("mediaType")
            kind = manifest.get("artifactType") or config_type
            if kind:
                entry["artifactType"] = kind
            if manifest.get("annotations"):
                entry["annotations"] = manifest["annotations"]
            if artifact_type is None or kind == artifact_type:
                found.append(entry)
        return found


@dataclass(slots=True)
class Content:
    """All repositories, and the lock that every reader and writer takes. Two servers may share one."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def repository(self, name: str) -> Repository:
        """Return a repository, which is made on first use."""
        return self.repositories.setdefault(name, Repository())

    def put_blob(self, name: str, data: bytes) -> str:
        """Store a blob and return its digest."""
        with self.lock:
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            self.repository(name).blobs[digest] = data
            return digest

    def put_manifest(self, name: str, body: bytes, media_type: str, tag: str | None = None) -> str:
        """Store a manifest without any check, and return its digest."""
        with self.lock:
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            repository = self.repository(name)
            repository.manifests[digest] = (media_type, body)
            if tag is not None:
                repository.tags.setdefault(tag, []).append(digest)
            return digest


def is_digest_of(digest: str, data: bytes | bytearray) -> bool:
    """Whether `digest` is well formed and that of `data`."""
    if DIGEST.fullmatch(digest) is None:
        return False
    algorithm, _, encoded = digest.partition(":")
    return hashlib.new(algorithm, data).hexdigest() == encoded


def parse_manifest(body: bytes, content_type: str) -> dict[str, Any]:
    """Read a manifest that is put; refuse what is none, or of another type than its `Content-Type`."""
    try:
        manifest = json.loads(body)
    except ValueError as fault:
        raise Refused(400, "MANIFEST_INVALID") from fault
    if not isinstance(manifest, dict) or manifest.get("schemaVersion") != 2:
        raise Refused(400, "MANIFEST_INVALID")
    if not content_type or manifest.get("mediaType", content_type) != content_type:
        raise Refused(400, "MANIFEST_INVALID")
    return manifest


def missing_parts(repository: Repository, manifest: dict[str, Any]) -> list[str]:
    """Return the digests that a manifest names and the repository lacks. A subject may be missing."""
    try:
        config = [manifest["config"]] if manifest.get("config") else []
        blobs = [entry["digest"] for entry in (*config, *(manifest.get("layers") or ()))]
        children = [entry["digest"] for entry in manifest.get("manifests") or ()]
    except (KeyError, TypeError) as fault:
        raise Refused(400, "MANIFEST_INVALID") from fault
    return [
        *(digest for digest in blobs if digest not in repository.blobs),
        *(digest for digest in children if digest not in repository.manifests),
    ]
