"""What the methods of `GovernRegistry` do with one repository: blobs, layers, manifests and tags, over the engine."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from govern.errors import GovernError, InvalidInput, NotFound, ProtocolError, Undecided
from govern.limits import MAX_PUSHED_MANIFEST
from govern.names import is_tag
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_either
from govern.oci.media_types import IMAGE_MANIFEST, TITLE
from govern.paths import check_collisions
from govern.progress import SILENT
from govern.store.oras_errors import NoSuchManifest
from govern.store.oras_files import FileBlob
from govern.store.oras_response import stored
from govern.store.oras_unpack import check_title, part_of, place, unpack_folder
from govern.store.registry.client import Client, read_only
from govern.store.registry.download import STREAMS, Download
from govern.store.registry.manifests import exists, get_manifest, put_manifest
from govern.store.registry.referrers import ReferrersOf
from govern.store.registry.upload import put_blob

FOLDER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
"""The media type under which oras-py and oras push a directory."""

_EMPTY: Final = Digest.of(b"")
_RECORD_TAGS: Final = ("sha256-", "sha512-", "govern.")


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of one registry.

    Args:
        client: the registry's.
        name: the repository.
    """

    client: Client
    name: str

    def url(self, rest: str) -> str:
        """Return the URL of something in it, e.g. `tags/list`."""
        return self.client.url(f"{self.name}/{rest}")

    # --- blobs -----------------------------------------------------------------------------------

    def upload(self, blob: FileBlob, piece: int | None = None) -> requests.Response:
        """Store a file, whole or in chunks of `piece` bytes."""
        put_blob(self.client, self.name, blob, SILENT, piece=piece)
        digest = blob.descriptor.digest
        return stored("PUT", self.url(f"blobs/{digest}"), digest)

    def download(self, digest: Digest, size: int | None, target: Path) -> None:
        """Write a blob to a file that appears when it is whole and right.

        Args:
            digest: which.
            size: bytes, or None where no descriptor said it.
            target: replaced.
        """
        try:
            with part_of(target) as part:
                if digest == _EMPTY and not size:
                    part.touch()  # some registries do not keep it, and everybody knows its bytes
                    return
                size = self._size(digest) if size is None else size
                descriptor = Descriptor(media_type="application/octet-stream", digest=digest, size=size)
                slots = threading.Semaphore(STREAMS)
                Download(self.client, self.name, descriptor, part, SILENT, slots).run()
        except OSError as fault:
            raise Undecided("a blob cannot be written", got=f"{str(target)!r}: {fault.strerror}") from fault

    def _size(self, digest: Digest) -> int:
        what = f"the blob {digest}"
        for method in ("HEAD", "GET"):
            answer = self.client.request(method, self.url(f"blobs/{digest}"), read_only(self.name))
            length = answer.length
            if method == "GET" and answer.status != 200:
                raise self.client.fault(answer, f"{what} cannot be read")
            answer.close()
            if answer.status == 200 and length is not None:
                return length
        raise ProtocolError(
            f"{self.client.host} does not say how long {what} is",
            expected="a Content-Length",
            hint="pull the artifact: its manifest says it",
        )

    def pull_layers(self, layers: Sequence[Descriptor], root: Path, *, overwrite: bool) -> Iterator[Path]:
        """Write layers under their titles and yield the paths, a directory's for one that was unpacked.

        Args:
            layers: of the manifest.
            root: the script's directory, resolved.
            overwrite: whether what is there already is written anew; otherwise it is passed over.
        """
        paths: dict[str, Descriptor] = {}
        for one in layers:
            path = check_title((one.annotations or {}).get(TITLE) or one.digest)
            if paths.setdefault(path, one).digest != one.digest:
                raise ProtocolError("two layers have the same path", got=repr(path), expected="every path once")
        check_collisions(paths, ProtocolError)
        for path, layer in paths.items():
            if not overwrite and (root / path).exists():
                continue
            self._pull_layer(layer, root, path)
            yield root / path

    def _pull_layer(self, layer: Descriptor, root: Path, path: str) -> None:
        if layer.media_type != FOLDER or path == layer.digest:
            self.download(layer.id, layer.size, place(root, path))
            return
        try:
            with tempfile.TemporaryDirectory(dir=root, prefix=".") as folder:
                archive = Path(folder) / "layer"
                self.download(layer.id, layer.size, archive)
                if not unpack_folder(archive, root, path):
                    archive.replace(place(root, path))
        except OSError as fault:
            raise Undecided("a layer cannot be unpacked", got=f"{path!r}: {fault.strerror}") from fault

    # --- manifests and tags ----------------------------------------------------------------------

    def read(self, key: Digest | str, allowed: Sequence[str] | None = None) -> RawManifest:
        """Return a manifest or index, checked against its digest, if it is of an allowed media type."""
        try:
            raw = get_manifest(self.client, self.name, key)
        except NotFound as fault:
            raise NoSuchManifest(fault.what, got=fault.got, expected=fault.expected, hint=fault.hint) from fault
        if allowed and raw.media_type not in allowed:
            raise NoSuchManifest(
                "the manifest is of another media type", got=raw.media_type[:200], expected=", ".join(allowed)
            )
        return raw

    def write(self, document: dict[str, Any], key: Digest | str) -> requests.Response:
        """Store a manifest or index that a script made, and make it discoverable if it has a subject.

        The bytes are those that oras-py sends, because scripts compute digests from the same JSON.

        Raises:
            InvalidInput: for one that image-spec does not allow, or whose subject is not there.
        """
        media_type = document.get("mediaType", IMAGE_MANIFEST)
        try:
            raw = RawManifest(str(media_type), json.dumps(document, allow_nan=False).encode())
        except (TypeError, ValueError, RecursionError) as fault:
            raise InvalidInput("the manifest cannot be written as JSON", got=str(fault)[:200]) from fault
        MAX_PUSHED_MANIFEST.check(len(raw.data), "the manifest", InvalidInput)
        try:
            subject = read_either(raw).subject
        except GovernError as fault:
            raise InvalidInput(fault.what, got=fault.got, expected=fault.expected, hint=fault.hint) from fault
        if isinstance(key, Digest):
            key.check(raw.data, "the manifest")
        if subject is not None and not exists(self.client, self.name, subject.id):
            raise InvalidInput(
                "the subject of the manifest is not in the repository",
                got=subject.digest,
                expected="the digest of a manifest that is there",
                hint="Subject.from_manifest writes the manifest anew, and so finds another digest than its own: "
                "use GovernRegistry.subject(target)",
            )
        answer = put_manifest(self.client, self.name, raw, None if isinstance(key, Digest) else key)
        if subject is not None:
            ReferrersOf(self.client, self.name).attach(raw, subject.id)
        return stored("PUT", answer.url, raw.digest, answer.status)

    def remove_tag(self, tag: str) -> bool:
        """Remove a tag and nothing else; return False where there is none.

        Raises:
            InvalidInput: for a digest, for tags that hold records, and on registries that delete only whole manifests.

        Source: distribution spec 1.1, "Deleting tags".
        """
        if not is_tag(tag):
            raise InvalidInput("this is not a tag", got=repr(tag[:200]), expected="1 to 128 of letters, digits, . _ -")
        if tag.startswith(_RECORD_TAGS):
            # GitLab takes `sha256-<hex>` for the manifest of that digest, and would delete it.
            raise InvalidInput(
                "this tag holds records, or another name of a manifest", got=repr(tag), expected="another"
            )
        try:
            get_manifest(self.client, self.name, tag)
        except NotFound:
            return False
        scope = f"repository:{self.name}:delete,pull"
        answer = self.client.request("DELETE", self.url(f"manifests/{tag}"), scope)
        if answer.status in (200, 202, 204):
            answer.close()
            return True
        fault = self.client.fault(answer, f"the tag {tag!r} cannot be deleted")
        if answer.status in (400, 404, 405, 415, 501):
            raise InvalidInput(
                f"{self.client.host} cannot delete a tag alone",
                got=fault.got,
                expected="a registry that can",
                hint="the manifest would be deleted, under all of its tags and with all of its records: that is not "
                "done here; move the tag, or delete it in the registry's own interface",
            )
        raise fault
