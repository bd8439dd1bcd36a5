"""`save` and `load`: everything that a copy carries, in one file that crosses an air gap.

The file is a tar of an OCI image layout, which other tools read as it is. It is trusted for nothing: `load` checks
every byte by its digest, and unpacks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from govern.errors import UsageError
from govern.oci.reference import Reference
from govern.operations.context import Context
from govern.operations.copy import carry_all, open_transfer
from govern.operations.copy_dependencies import left_behind
from govern.operations.copy_plan import Asked, plan_copy
from govern.operations.copy_result import Copied
from govern.operations.copy_tags import is_special
from govern.operations.copy_transfer import Transfer
from govern.operations.verify import Verifier
from govern.store.archive import ArchiveStore, ArchiveWriter


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did.

    Args:
        file: the file.
        size: its bytes.
        copied: what is in it.
    """

    file: Path
    size: int
    copied: Copied


def save(
    context: Context,
    source: Reference,
    file: Path,
    *,
    name: str | None = None,
    verifier: Verifier | None = None,
    force: bool = False,
) -> Saved:
    """Write an artifact, or every version of a name, with all that belongs to it, into one file.

    Args:
        context: the surroundings.
        source: with a tag or digest; without either, every version.
        file: the file, which has its name only once it is whole.
        name: the expected name, or None.
        verifier: decides before anything is read, or None.
        force: whether a file that is there is replaced.

    Raises:
        InvalidInput: for a file that is there or cannot be written.
        GovernError: as `copy`.
    """
    with ArchiveWriter(file, force=force) as writer:
        asked = Asked(source, writer.place, name, verifier)
        plan = plan_copy(context, asked, Transfer(context, context.store(source.place), writer))
        inside = {root.digest for root in plan.roots}
        notes = left_behind(context, [plan], inside, "it needs a file of its own")
        plan = replace(plan, notes=(*plan.notes, *notes))
        copied = carry_all(context, [plan], verified=verifier is not None)
        size = writer.finish(context.progress)
        context.progress.finish()
    return Saved(file, size, copied)


def load(
    context: Context, file: Path, target: Reference, *, name: str | None = None, verifier: Verifier | None = None
) -> Copied:
    """Copy everything in a saved file to a registry or layout.

    Args:
        context: the surroundings.
        file: what `save` wrote, or any tar of an image layout.
        target: where to; its path gives the expected name to a verifier. A tag of the file may be repeated; all come.
        name: the expected name, or None.
        verifier: decides before anything is sent, or None.

    Raises:
        InvalidInput: for a file that holds no layout.
        UsageError: for a target with a digest, or a tag that the file does not have.
        GovernError: as `copy`.
    """
    store = ArchiveStore(file)
    context.keep(store)
    if target.digest is not None or (target.tag is not None and target.tag not in store.tags()):
        tags = [tag for tag in store.tags() if not is_special(tag)]
        raise UsageError(
            "what is loaded keeps its names",
            got=str(target),
            expected=f"{target.place}",
            hint="the tags of the file are the tags at the target: " + (", ".join(tags[:10]) or "none"),
        )
    asked = Asked(
        Reference(store.place), target.place, name, verifier, expect_at=target.place, part=True, loose=store.loose()
    )
    plan = plan_copy(context, asked, open_transfer(context, store.place, target.place))
    return carry_all(context, [plan], verified=verifier is not None)
