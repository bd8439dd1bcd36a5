"""A name with everything on it that a copy has to carry, and everything that is in a place, to compare two of them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import govern
from govern.intoto.statement import write_statement
from govern.line import line_of
from govern.names import FRESHNESS_TAG, LINE_TAG, Name, predicate_type
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest, write
from govern.oci.media_types import BUNDLE, EMPTY, EMPTY_BLOB, IMAGE_MANIFEST, RECORD
from govern.oci.reference import LayoutPlace, parse
from govern.progress import SILENT
from govern.settings import HostSettings, Settings
from govern.signing.signer import sign_statement
from govern.store.layout import LayoutStore
from govern.store.protocol import Store
from govern.store.registry import RegistryStore
from support.model_files import safetensors_of
from support.records import signer
from support.stores import put_record
from support.trees import write_tree

NAME: Final = Name("acme/fraud")
SIMPLE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"


def open_place(place: str, **options: Any) -> Store:
    """Open a repository or layout as somebody who may write."""
    found = parse(place).place
    if isinstance(found, LayoutPlace):
        return LayoutStore(Path(found.path))
    return RegistryStore(found, Settings(hosts={found.host: HostSettings(**options)}, timeout=20.0))


@dataclass(frozen=True, slots=True)
class Source:
    """What was put somewhere.

    Args:
        place: where.
        digest: D of version 1.0.0.
        other: D of version 2.0.0.
        sbom: a referrer of another tool, which has a referrer itself.
    """

    place: str
    digest: Digest
    other: Digest
    sbom: Digest


def put_everything(place: str, folder: Path, *, size: int = 256) -> Source:
    """Push two versions to a place that nobody uses, and hang on them whatever may hang on an artifact.

    Args:
        place: where.
        folder: for the files, which need not be there.
        size: bytes of the weights; 1.0.0 has them twice, so that there is something to share.
    """
    header = {"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    # Random, because some registries give a blob of one repository to all others.
    weights = safetensors_of(json.dumps(header).encode(), os.urandom(size))
    files = {"README.md": b"# It\n", "config.json": b"{}\n", "model.safetensors": weights}
    write_tree(folder / "one", files | {"copy.safetensors": weights})
    write_tree(folder / "two", files | {"README.md": b"# Next\n"})
    first, second = (
        govern.push(folder / tree, f"{place}:{version}", key=signer(), name=NAME).pinned
        for tree, version in (("one", "1.0.0"), ("two", "2.0.0"))
    )
    govern.annotate(str(first), {"team": "risk"}, key=signer(), name=NAME)
    # Nobody trusts this one: it is carried all the same.
    govern.annotate(str(first), {"team": "nobody"}, key=signer("stranger"), name=NAME)
    store = open_place(place)
    subject = store.get_manifest(first.digest)
    sbom = put_record(store, subject.digest, len(subject.data))
    put_record(store, sbom.digest, len(sbom.data))
    put_claim(store, subject, b"no bundle at all")
    put_legacy(store, subject.digest, b"one signature")
    put_freshness(store, 7)
    store.close()
    return Source(place, first.digest, second.digest, sbom.digest)


def put_claim(store: Store, subject: RawManifest, bundle: bytes) -> RawManifest:
    """Attach what says that it is a record, and may be none."""
    layer = put_bytes(store, bundle, BUNDLE)
    config = put_bytes(store, EMPTY_BLOB, EMPTY)
    manifest = write(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": BUNDLE,
            "config": config.to_json(),
            "layers": [layer.to_json()],
            "subject": {"mediaType": IMAGE_MANIFEST, "digest": subject.digest, "size": len(subject.data)},
        }
    )
    store.attach(manifest, subject.digest)
    return manifest


def put_legacy(store: Store, digest: Digest, *signatures: bytes) -> RawManifest:
    """Put signatures where cosign 2 puts them."""
    layers = [put_bytes(store, one, SIMPLE).to_json() for one in signatures]
    config = put_bytes(store, EMPTY_BLOB, EMPTY)
    manifest = write({"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": config.to_json(), "layers": layers})
    store.put_manifest(manifest, f"sha256-{digest.encoded}.sig")
    return manifest


def put_freshness(store: Store, number: int, tag: str = FRESHNESS_TAG) -> RawManifest:
    """Put a freshness record of this number under its tag, without a subject (FORMAT §6)."""
    predicate = {"line": str(NAME), "seq": number, "issuedAt": "2026-11-21T09:30:00Z"}
    statement = write_statement([(str(NAME), line_of(NAME).digest)], predicate_type("freshness"), predicate)
    layer = put_bytes(store, sign_statement(statement, signer()).data, RECORD)
    config = put_bytes(store, EMPTY_BLOB, EMPTY)
    manifest = write(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": RECORD,
            "config": config.to_json(),
            "layers": [layer.to_json()],
        }
    )
    store.put_manifest(manifest, tag)
    return manifest


def put_bytes(store: Store, data: bytes, media_type: str) -> Descriptor:
    """Store a blob and return its descriptor."""
    content = BytesContent.of(data, media_type)
    store.put_blob(content, SILENT)
    return content.descriptor


# --- to compare ----------------------------------------------------------------------------------


def everything(place: str, *digests: Digest, tags: tuple[str, ...] = ("1.0.0", LINE_TAG, FRESHNESS_TAG)) -> Any:
    """Return all that is at a place of these artifacts: every tag, listing, manifest and blob, by digest.

    Each byte is read and hashed here, so that two places are equal only if every byte of both is right.
    """
    store = open_place(place)
    found: dict[str, Any] = {"tags": {tag: str(store.get_manifest(tag).digest) for tag in tags}}
    legacy = [f"sha256-{one.encoded}.sig" for one in digests]
    found["tags"] |= {tag: str(store.get_manifest(tag).digest) for tag in legacy if tag in store.tags()}
    manifests = {store.get_manifest(tag).digest for tag in found["tags"]} | set(digests)
    found["referrers"], left = {}, [*digests, line_of(NAME).digest]
    while left:
        subject = left.pop()
        listed = {one for listing in store.list_referrers(subject) for one in listing.digests}
        # What only a record tag of ours leads to, other tools do not see.
        tagged = {store.get_manifest(tag).digest for one in store.list_referrers(subject) for tag in one.tags}
        assert tagged <= listed
        found["referrers"][str(subject)] = sorted(listed)
        manifests |= listed
        left += listed - found["referrers"].keys()
    found["manifests"], found["blobs"] = {}, {}
    for digest in sorted(manifests):
        raw = store.get_manifest(digest)
        assert Digest.of(raw.data) == digest
        found["manifests"][str(digest)] = hashlib.sha256(raw.data).hexdigest()
        parsed = read_manifest(raw)
        for blob in (parsed.config, *parsed.layers):
            hasher = hashlib.sha256()
            for chunk in store.stream_blob(blob):
                hasher.update(chunk)
            assert f"sha256:{hasher.hexdigest()}" == blob.digest
            found["blobs"][blob.digest] = blob.size
    store.close()
    return found


def verdict(reference: str) -> Any:
    """Return what a verifier decides, without the place and the moment."""
    decision = json.loads(govern.verify(reference, key=signer().public_key, name=NAME).model_dump_json(by_alias=True))
    del decision["subject"]["reference"], decision["at"]
    return decision
