"""The layout as a `Store`."""

from __future__ import annotations

from collections.abc import Sequence
from io import FileIO
from pathlib import Path

from govern.errors import InvalidInput
from govern.limits import MAX_MANIFEST
from govern.oci.content import Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_either
from govern.progress import Progress
from govern.store.layout.durable import disk_faults, write_whole
from govern.store.layout.entries import Entries
from govern.store.layout.index_file import IndexFile, add_manifest, locked
from govern.store.layout.reading import LayoutReading
from govern.store.regular_file import holds, open_regular


class LayoutStore(LayoutReading):
    """One OCI image layout in a folder.

    Args:
        path: its folder, which need not exist before the first write.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._root = path
        self._index = IndexFile(path)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _entries(self) -> Entries:
        return self._index.read()

    def _has(self, digest: Digest) -> bool:
        return self._path(digest).exists()

    def _open(self, digest: Digest) -> FileIO:
        return open_regular(self._path(digest))

    # --- manifests -------------------------------------------------------------------------------

    def put_manifest(self, manifest: RawManifest, tag: str | None = None) -> None:
        """See `Manifests.put_manifest`."""
        parsed = read_either(manifest)
        with locked(self._root):
            self._require(parsed.named)
            self._write(manifest.digest, [manifest.data])
            descriptor = manifest.descriptor.model_copy(update={"artifact_type": parsed.kind})
            add_manifest(self._root, descriptor, tag)

    def _require(self, named: Sequence[Descriptor]) -> None:
        # What a registry refuses, a layout refuses too: no manifest before what it names.
        for one in named:
            if not self._path(one.id).exists():
                raise InvalidInput(
                    "a manifest names something that is not there",
                    got=one.digest,
                    expected="every blob before the manifest, every manifest before the index",
                )

    # --- blobs -----------------------------------------------------------------------------------

    def put_blob(self, content: Content, progress: Progress) -> None:
        """See `Blobs.put_blob`."""
        descriptor = content.descriptor
        target = self._path(descriptor.id)
        with locked(self._root):
            pass  # makes the layout
        # A blob that is there is read again: pushing from the source is how a damaged copy is mended.
        if holds(target, descriptor):
            progress.advance(descriptor.size)
            return
        hasher = descriptor.id.hasher()
        with disk_faults(self._root), write_whole(self._root, target) as file:
            size = 0
            for chunk in content.chunks():
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
                progress.advance(len(chunk))
            if size != descriptor.size or hasher.hexdigest() != descriptor.id.encoded:
                raise InvalidInput(
                    "the content changed while it was stored",
                    got=f"{size} bytes, {descriptor.id.algorithm}:{hasher.hexdigest()}",
                    expected=f"{descriptor.size} bytes, {descriptor.digest}",
                )

    # --- referrers -------------------------------------------------------------------------------

    def attach(self, manifest: RawManifest, subject: Digest) -> None:  # noqa: ARG002 - the manifest says it
        """See `Referrers.attach`. In a layout, records are untagged entries of the index (FORMAT §6)."""
        self.put_manifest(manifest)

    # --- files -----------------------------------------------------------------------------------

    def _path(self, digest: Digest) -> Path:
        return self._root / "blobs" / digest.algorithm / digest.encoded

    def _write(self, digest: Digest, chunks: list[bytes]) -> None:
        target = self._path(digest)
        if target.exists() and digest.hasher().name == "sha256":
            with open_regular(target) as file:
                if Digest.of(file.read(MAX_MANIFEST.value + 1)) == digest:
                    return
        with write_whole(self._root, target) as file:
            for chunk in chunks:
                file.write(chunk)
