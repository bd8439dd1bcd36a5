"""Layers to files: each checked against its digest while it is written, small files cut out of their tars."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from govern.artifact.file_list import Entry
from govern.artifact.reading import is_bundle
from govern.artifact.tree import Tree, check_space
from govern.errors import ContentMismatch, Undecided, shortened
from govern.oci.descriptor import Descriptor
from govern.oci.manifest import Manifest
from govern.operations.context import Context
from govern.operations.workers import run_all
from govern.progress import Progress
from govern.store.protocol import Store
from govern.store.regular_file import holds, open_regular


@dataclass(frozen=True, slots=True)
class _Job:
    """One layer to fetch: a file, or a tar to cut files out of."""

    layer: Descriptor
    number: int
    path: str | None
    entries: tuple[Entry, ...] = ()


def fetch_files(context: Context, store: Store, manifest: Manifest, tree: Tree, wanted: Sequence[Entry]) -> None:
    """Bring files into the stage.

    Args:
        context: `jobs` says how many at once.
        store: where from.
        manifest: of the artifact.
        tree: whose stage.
        wanted: which files.
    """
    layers = {one.digest: one for one in manifest.layers}
    raw = [one for one in wanted if not is_bundle(layers[one.layer])]
    bundled: dict[str, list[Entry]] = {}
    for one in wanted:
        if is_bundle(layers[one.layer]):
            bundled.setdefault(one.layer, []).append(one)
    total = sum(one.size for one in raw) + sum(layers[digest].size for digest in bundled)
    check_space(tree, total + sum(one.size for entries in bundled.values() for one in entries))
    context.progress.start("pulling", total)

    def fetch(job: _Job, progress: Progress) -> None:
        if job.path is not None and _there(tree.files / job.path, job.layer, progress):
            return
        # Layers are made under names of our own: a file called like another's part could spoil it.
        part = tree.parts / f"{job.layer.id.encoded}-{job.number}"
        if not _there(part, job.layer, progress):
            store.fetch_blob(job.layer, part, progress)
        if job.path is not None:
            with _writing(job.path):
                (tree.files / job.path).parent.mkdir(parents=True, exist_ok=True)
                part.replace(tree.files / job.path)
        else:
            _extract(part, job.entries, tree.files)
            part.unlink()

    # Entries with the same content are one layer: it is fetched for each, because each is a file.
    jobs = [_Job(layers[one.layer], number, one.path) for number, one in enumerate(raw)]
    jobs += [_Job(layers[digest], 0, None, tuple(entries)) for digest, entries in sorted(bundled.items())]
    jobs.sort(key=lambda job: -job.layer.size)
    run_all(fetch, jobs, jobs=context.settings.jobs, progress=context.progress)


def _there(target: Path, descriptor: Descriptor, progress: Progress) -> bool:
    """Whether a killed pull left this file in the stage, whole; it is hashed again."""
    if not holds(target, descriptor, follow=False):
        return False
    progress.advance(descriptor.size)
    return True


def _extract(layer: Path, entries: Sequence[Entry], files: Path) -> None:
    """Cut small files out of a layer by offset, each checked: the tar's own headers are never believed."""
    with open_regular(layer, follow=False) as source:
        for one in sorted(entries, key=lambda one: one.offset):
            source.seek(one.offset)
            data = source.read(one.size)
            if hashlib.sha256(data).hexdigest() != one.sha256:
                raise ContentMismatch(
                    f"the file {one.path!r} is not what the file list says",
                    got=f"sha256:{hashlib.sha256(data).hexdigest()}",
                    expected=f"sha256:{one.sha256}",
                    hint="the artifact contradicts itself: do not use it",
                )
            with _writing(one.path):
                target = files / one.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)  # it may have another name, under which it would be written too
                with open(target, "xb") as file:
                    file.write(data)


@contextlib.contextmanager
def _writing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise Undecided(
            "a file cannot be written",
            got=f"{shortened(path)}: {fault.strerror}",
            expected="a file system that has the room and takes the name",
            hint="pull into another directory, or leave the file out with --include",
        ) from fault
