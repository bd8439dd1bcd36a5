"""What an artifact was made from: from the lock of a pull, else from what the metadata file says; and by which code.

A lock was written when the bytes came; a tag that is looked up now may have moved since the training. So
each input says how it was observed: `lock`, `at-push` or `declared`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govern.artifact.lock import Lock, read_lock
from govern.artifact.metadata.model import MetadataFile, Source
from govern.capture.provenance import Input
from govern.errors import InvalidInput
from govern.oci.digest import Digest
from govern.oci.reference import parse
from govern.operations.code import named_code
from govern.operations.context import Context, resolve


def resolve_inputs(
    context: Context, path: Path, metadata: MetadataFile | None, folders: Sequence[Path]
) -> tuple[Input, ...]:
    """Return every input of a push, each once.

    Args:
        context: the surroundings; references are resolved with it.
        path: what is pushed; a lock in it names what it was made from.
        metadata: its datasets and base models, or None.
        folders: of `--input`: directories that a pull made.

    Raises:
        InvalidInput: for a directory without a lock, and for code that is not there.
        Undecided: for a reference that cannot be resolved now.
    """
    found: list[Input] = []
    if path.is_dir() and (lock := read_lock(path)) is not None:
        found.append(_locked(lock, "base"))
    found += [_locked(_lock_of(folder), "") for folder in folders]
    if metadata is not None:
        for sources, role in ((metadata.datasets, "train"), (metadata.base_models, "base")):
            found += [_source(context, path, one, one.role or role) for one in sources]
    unique: dict[tuple[str, str], Input] = {}
    for one in found:
        unique.setdefault((str(one.digest or ""), one.uri), one)
    code = metadata.code if metadata is not None else None
    folder = path if path.is_dir() else path.parent
    return (*unique.values(), *(named_code(context, folder, code) if code is not None else ()))


def _locked(lock: Lock, role: str) -> Input:
    name = f"{lock.name}@{lock.version}" if lock.version else lock.name
    return Input(
        name=name,
        uri=f"oci://{lock.reference}" if not lock.reference.startswith("layout:") else f"layout:{name}@{lock.digest}",
        digest=Digest(lock.digest),
        role=role or ("train" if lock.kind == "dataset" else "base"),
        observed="lock",
        verified=False if lock.verified is None else None,
    )


def _lock_of(folder: Path) -> Lock:
    lock = read_lock(folder)
    if lock is None:
        raise InvalidInput(
            "an input has no lock",
            got=str(folder),
            expected="a directory that govern pull made",
            hint="pull the dataset or base model with govern, and train from that directory",
        )
    return lock


def _source(context: Context, path: Path, source: Source, role: str) -> Input:
    if source.path is not None:
        base = path if path.is_dir() else path.parent
        return _locked(_lock_of(base / source.path), role)
    if source.reference is not None:
        reference = parse(source.reference, default_registry=context.settings.registry)
        pinned = resolve(context, reference)
        name = context.default_name(reference.place)
        return Input(
            name=f"{name}@{reference.tag}" if reference.tag else str(name),
            uri=f"oci://{pinned}" if not str(pinned).startswith("layout:") else f"layout:{name}@{pinned.digest}",
            digest=pinned.digest,
            role=role,
            observed="declared" if reference.digest is not None else "at-push",
        )
    return Input(
        name=source.uri or "",
        uri=source.uri or "",
        digest=Digest(source.digest) if source.digest is not None else None,
        role=role,
        observed="declared",
        digests={source.system: source.revision} if source.system and source.revision else {},
    )
