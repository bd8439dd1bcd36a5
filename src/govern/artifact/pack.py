"""A directory or file → an artifact: deterministic, the same manifest digest on every machine (FORMAT §3).

Nothing of the machine, the time or the person goes in: only the files, the name and the version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal

from govern import canonical
from govern.artifact.contents import FileContent, TarContent, hash_tar
from govern.artifact.digest_cache import DigestCache
from govern.artifact.file_list import Entry, FileList
from govern.artifact.hashing import HASH_THREADS, hash_files
from govern.artifact.headers.modelpack import model_config
from govern.artifact.inspect import Findings, Rules, inspect
from govern.artifact.roles import Role
from govern.artifact.tar import BUNDLED_SIZE, END, MAX_TAR, member_size
from govern.artifact.walk import SourceFile
from govern.errors import InvalidInput
from govern.limits import MAX_PUSHED_MANIFEST
from govern.names import Name, Version
from govern.oci.content import BytesContent, Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, write
from govern.oci.media_types import (
    DATASET_CONFIG,
    DATASET_MANIFEST,
    FILEPATH,
    FILES,
    IMAGE_MANIFEST,
    MODEL_CONFIG,
    MODEL_MANIFEST,
    TITLE,
    model_layer,
)
from govern.paths import TAR_FOLDER, order
from govern.progress import SILENT, Progress

Kind = Literal["model", "dataset"]

BUNDLE_ABOVE: Final = 512
"""More files than this, and small ones are bundled (FORMAT §3)."""

BUNDLED_ROLES: Final[tuple[Role, ...]] = ("weight.config", "doc", "code", "dataset")


@dataclass(frozen=True, slots=True)
class Packed:
    """An artifact, ready to be pushed.

    Args:
        kind: model or dataset.
        name: the name inside.
        version: the version inside.
        manifest: its exact bytes.
        contents: every blob, each digest once: layers, then the config.
        files: the file list.
        pickles: paths of pickles that were allowed explicitly.
        secrets: paths that look like secrets and were allowed explicitly.
    """

    kind: Kind
    name: Name
    version: Version
    manifest: RawManifest
    contents: tuple[Content, ...]
    files: FileList
    pickles: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def digest(self) -> Digest:
        """D."""
        return self.manifest.digest

    @property
    def digests(self) -> dict[str, str]:
        """Path → sha256 of every file, in hex digits."""
        return {one.path: one.sha256 for one in self.files}


def pack(
    files: Sequence[SourceFile],
    *,
    kind: Kind,
    name: Name,
    version: Version,
    rules: Rules,
    cache: DigestCache,
    progress: Progress = SILENT,
    unhashed: Callable[[Sequence[SourceFile]], None] | None = None,
) -> Packed:
    """Make an artifact of files.

    Args:
        files: from `find_files`, in order.
        kind: what it is.
        name: goes inside.
        version: goes inside.
        rules: overrides and waivers.
        cache: digests of files that were hashed before.
        progress: told the bytes that are hashed.
        unhashed: told which files become layers as they are and are hashed only now; nothing speaks against them.

    Raises:
        InvalidInput: for everything that `inspect` refuses, for files that change meanwhile, and for a
            manifest above 4,000,000 bytes.

    Source: FORMAT §3; ModelPack model-spec, docs/spec.md and docs/config.md.
    """
    findings = inspect(files, rules, dataset=kind == "dataset", progress=progress)
    bundled: dict[Role, list[SourceFile]] = {}
    raw: list[SourceFile] = []
    for one in files:
        role = findings.roles[one.path]
        if len(files) > BUNDLE_ABOVE and one.size <= BUNDLED_SIZE and role in BUNDLED_ROLES:
            bundled.setdefault(role, []).append(one)
        else:
            raw.append(one)
    digests = hash_files(raw, cache, progress=progress, unhashed=unhashed)
    layers: list[tuple[Content, list[Entry]]] = [_raw_layer(one, findings, digests[one.path]) for one in raw]
    tars = [
        (role, number, tuple(members))
        for role in BUNDLED_ROLES
        for number, members in enumerate(_split(bundled.get(role, [])))
    ]
    with ThreadPoolExecutor(HASH_THREADS, thread_name_prefix="tar") as pool:
        layers += pool.map(lambda tar: _tar_layer(*tar), tars)
    layers.sort(key=lambda layer: order((layer[0].descriptor.annotations or {})[TITLE]))
    listed = FileList.of(entry for _, entries in layers for entry in entries)
    contents = [content for content, _ in layers]
    if tars:
        contents.append(BytesContent.of(listed.to_bytes(), FILES))
    config = _config(kind, name, version, findings, contents, listed)
    manifest = _manifest(kind, config.descriptor, [one.descriptor for one in contents])
    MAX_PUSHED_MANIFEST.check(len(manifest.data), "the manifest", InvalidInput)
    unique: Mapping[str, Content] = {one.descriptor.digest: one for one in [*contents, config]}
    return Packed(
        kind=kind,
        name=name,
        version=version,
        manifest=manifest,
        contents=tuple(unique.values()),
        files=listed,
        pickles=tuple(findings.pickles),
        secrets=tuple(findings.secrets),
    )


def _raw_layer(file: SourceFile, findings: Findings, digest: Digest) -> tuple[Content, list[Entry]]:
    descriptor = Descriptor(
        media_type=model_layer(findings.roles[file.path], "raw"),
        digest=digest,
        size=file.size,
        annotations={FILEPATH: file.path, TITLE: file.path},
    )
    return FileContent(descriptor, file), [Entry(digest, 0, file.path, digest.encoded, file.size)]


def _split(files: Sequence[SourceFile]) -> list[list[SourceFile]]:
    """Fill tars greedily, in order: a new one starts when the whole blob would exceed MAX_TAR."""
    result: list[list[SourceFile]] = []
    size = 0
    for one in files:
        taken = member_size(one.path, one.size)
        if not result or size + taken + len(END) > MAX_TAR:
            result.append([])
            size = 0
        result[-1].append(one)
        size += taken
    return result


def _tar_layer(role: Role, number: int, members: tuple[SourceFile, ...]) -> tuple[Content, list[Entry]]:
    hashed = hash_tar(members)
    title = f"{TAR_FOLDER}/{role}-{number:04d}.tar"
    descriptor = Descriptor(
        media_type=model_layer(role, "tar"),
        digest=hashed.digest,
        size=hashed.size,
        annotations={FILEPATH: title, TITLE: title},
    )
    entries = [
        Entry(hashed.digest, offset, one.path, sha256, one.size)
        for one, offset, sha256 in zip(members, hashed.offsets, hashed.digests, strict=True)
    ]
    return TarContent(descriptor, members), entries


def _config(
    kind: Kind, name: Name, version: Version, findings: Findings, contents: Sequence[Content], files: FileList
) -> BytesContent:
    value: dict[str, Any]
    if kind == "dataset":
        count, digest, size = files.summary()
        value = {
            "files": {"count": count, "digest": str(digest), "size": size},
            "name": str(name),
            "version": str(version),
        }
        return BytesContent.of(canonical.dumps(value), DATASET_CONFIG)
    value = {
        "descriptor": {"name": str(name), "version": str(version)},
        "config": model_config(findings.headers, findings.config),
        "modelfs": {"type": "layers", "diffIds": [str(one.descriptor.digest) for one in contents]},
    }
    return BytesContent.of(canonical.dumps(value), MODEL_CONFIG)


def _manifest(kind: Kind, config: Descriptor, layers: Sequence[Descriptor]) -> RawManifest:
    return write(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": DATASET_MANIFEST if kind == "dataset" else MODEL_MANIFEST,
            "config": config.to_json(),
            "layers": [one.to_json() for one in layers],
        }
    )
