"""What came about with an artifact and is no part of it: logs, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govern import canonical
from govern.artifact.file_list import Entry
from govern.artifact.metadata.model import MetadataFile
from govern.capture.materials import Material
from govern.capture.tree_file import UNREADABLE, hash_below
from govern.errors import InvalidInput
from govern.limits import MAX_INLINE, MAX_LOG_SIZE
from govern.oci.digest import Digest


def byproducts(folder: Path, metadata: MetadataFile | None, packed: Mapping[str, Entry]) -> tuple[Material, ...]:
    """Return the byproducts of a push: the logs that the metadata file names, and its metrics.

    Args:
        folder: what is pushed.
        metadata: the metadata file, or None.
        packed: what is packed, by path; of these nothing is read again.

    Raises:
        InvalidInput: for a log that is a link, too large or cannot be read.
    """
    if metadata is None:
        return ()
    logs = metadata.training.logs if metadata.training is not None else ()
    found = [_log(folder, one, packed.get(one)) for one in dict.fromkeys(logs)]
    if metadata.metrics:
        found.append(
            _metrics([one.model_dump(by_alias=True, exclude_none=True, mode="json") for one in metadata.metrics])
        )
    return tuple(found)


def _log(folder: Path, path: str, packed: Entry | None) -> Material:
    if packed is not None:
        sha256, size = packed.sha256, packed.size
    else:
        try:
            hashed = hash_below(folder, path, MAX_LOG_SIZE)
        except UNREADABLE as fault:
            raise InvalidInput(
                "a log that the metadata file names cannot be read",
                got=repr(path),
                expected=f"a regular file of at most {MAX_LOG_SIZE.value} bytes ({MAX_LOG_SIZE.name}), no link",
                hint="copy it into the directory, or take it out of training.logs",
            ) from fault
        sha256, size = hashed.sha256, hashed.size
    return Material(path, {"sha256": sha256}, {"role": "log", "size": size}, media_type="text/plain")


def _metrics(metrics: list[dict[str, Any]]) -> Material:
    data = canonical.dumps(metrics)
    return Material(
        "metrics",
        {"sha256": Digest.of(data).encoded},
        {"count": len(metrics), "role": "metrics", "size": len(data)},
        media_type="application/json",
        content=data if len(data) <= MAX_INLINE.value else None,
    )
