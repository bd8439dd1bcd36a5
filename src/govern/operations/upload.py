"""Blobs to a store, several at once; what is there already is not sent again."""

from __future__ import annotations

from govern.artifact.pack import Packed
from govern.operations.ahead import SentAhead
from govern.operations.context import Context
from govern.operations.workers import run_all


def upload(context: Context, store: SentAhead, packed: Packed) -> None:
    """Upload every blob of an artifact.

    Args:
        context: `jobs` says how many at once.
        store: where to, with what is on its way already.
        packed: what.

    Raises:
        GovernError: the first fault; the others are given up.
    """
    progress = context.progress
    progress.start("uploading", sum(one.descriptor.size for one in packed.contents))
    # Large blobs first: the last one to start should not be the longest.
    contents = sorted(packed.contents, key=lambda one: -one.descriptor.size)
    run_all(store.put_blob, contents, jobs=context.settings.jobs, progress=progress)
    progress.finish()
