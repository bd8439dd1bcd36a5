"""The floor client: our own stack, workers, buffers and disk, with digests known and nothing hashed.

What it takes is what the registry, the network and the disk take; a client that verifies cannot be faster.
Run as a process: `python -m benchmarks.floor push|pull HOST/REPO FOLDER`, options in the environment.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from govern.artifact.contents import FileContent
from govern.artifact.walk import find_files
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest, write
from govern.oci.media_types import EMPTY, EMPTY_BLOB, IMAGE_MANIFEST, TITLE
from govern.oci.reference import RegistryPlace
from govern.operations.workers import run_all
from govern.progress import SILENT
from govern.settings import HostSettings, load_settings
from govern.store.registry import RegistryStore


class NoHash:
    """A hash object that hashes nothing and says what is expected."""

    def __init__(self, expected: str) -> None:
        self._expected = expected

    def update(self, data: object) -> None:
        """Look away."""

    def hexdigest(self) -> str:
        """Return what was expected."""
        return self._expected


def main() -> None:
    """Push or pull."""
    verb, target, folder = sys.argv[1:4]
    host, _, repository = target.partition("/")
    ca = os.environ.get("FLOOR_CA")
    settings = load_settings(os.environ, any_host=HostSettings(ca=Path(ca) if ca else None))
    store = RegistryStore(RegistryPlace(host, repository), settings)
    if verb == "push":
        digests = json.loads(os.environ["FLOOR_DIGESTS"])
        contents = [
            FileContent(
                Descriptor(
                    media_type="application/octet-stream",
                    digest=digests[one.path],
                    size=one.size,
                    annotations={TITLE: one.path},
                ),
                one,
            )
            for one in find_files(Path(folder))
        ]
        run_all(store.put_blob, contents, jobs=settings.jobs, progress=SILENT)
        store.put_blob(BytesContent.of(EMPTY_BLOB, EMPTY), SILENT)
        config = BytesContent.of(EMPTY_BLOB, EMPTY).descriptor
        manifest = write(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "artifactType": "application/vnd.example.floor",
                "config": config.to_json(),
                "layers": [one.descriptor.to_json() for one in contents],
            }
        )
        store.put_manifest(manifest, "1")
    else:
        Digest.hasher = lambda self: NoHash(self.encoded)  # type: ignore[method-assign,assignment,return-value]
        manifest_read = read_manifest(store.get_manifest("1"))
        Path(folder).mkdir(parents=True)
        jobs = [(layer, Path(folder) / (layer.annotations or {})[TITLE]) for layer in manifest_read.layers]
        run_all(
            lambda job, progress: store.fetch_blob(job[0], job[1], progress), jobs, jobs=settings.jobs, progress=SILENT
        )
    store.close()


main()
