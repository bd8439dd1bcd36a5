"""The methods of `GovernRegistry` about blobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import requests

from govern.errors import InvalidInput
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.store.oras_files import describe_file
from govern.store.oras_transfer import Repository
from govern.store.registry.upload import has_blob

CHUNK: Final = 16_777_216
"""What oras-py sends at once where it is asked for chunks."""

Layer: TypeAlias = dict[str, Any]


class BlobMethods:
    """Blobs in and out of a repository. A container is a reference, or an `oras.container.Container`."""

    headers: dict[str, str]
    do_request: Callable[..., requests.Response]

    def _open(self, target: Any) -> tuple[Repository, Digest | str]:
        raise NotImplementedError

    def upload_blob(
        self, blob: str, container: Any, layer: Layer, do_chunked: bool = False, chunk_size: int = CHUNK
    ) -> requests.Response:
        """Store a file unless it is there."""
        if do_chunked:
            return self.chunked_upload(blob, container, layer, chunk_size=chunk_size)
        return self.put_upload(blob, container, layer)

    def put_upload(self, blob: str, container: Any, layer: Layer) -> requests.Response:
        """Store a file in one request, out of one buffer; in chunks where the registry wants that."""
        repository, _ = self._open(container)
        return repository.upload(describe_file(Path(blob), layer["digest"], layer["size"]))

    def chunked_upload(self, blob: str, container: Any, layer: Layer, chunk_size: int = CHUNK) -> requests.Response:
        """Store a file in chunks, at most 64 MiB each; what the registry holds is compared after each."""
        if chunk_size < 1:
            raise InvalidInput("a chunk has no size", got=str(chunk_size), expected="1 or more bytes")
        repository, _ = self._open(container)
        return repository.upload(describe_file(Path(blob), layer["digest"], layer["size"]), chunk_size)

    def blob_exists(self, layer: Layer, container: Any) -> bool:
        """Whether a blob of this digest, and of this size where the layer says it, is there."""
        repository, _ = self._open(container)
        if "size" not in layer:
            return self.get_blob(container, layer["digest"], head=True).status_code == 200
        descriptor = Descriptor(media_type="application/octet-stream", digest=layer["digest"], size=layer["size"])
        return has_blob(repository.client, repository.name, descriptor)

    def get_blob(self, container: Any, digest: str, stream: bool = False, head: bool = False) -> requests.Response:
        """Return a blob, checked: up to 64 MiB in memory, or streamed with its last bytes held back until then."""
        repository, _ = self._open(container)
        url = repository.url(f"blobs/{Digest(digest)}")
        return self.do_request(url, "HEAD" if head else "GET", headers=self.headers, stream=stream)

    def download_blob(self, container: Any, digest: str, outfile: str) -> str:
        """Write a blob to a file that appears when it is whole and right; return its path."""
        repository, _ = self._open(container)
        wanted, target = Digest(digest), Path(outfile)
        target.parent.mkdir(parents=True, exist_ok=True)
        repository.download(wanted, None, target)
        return outfile
