"""`copy`: an artifact with everything that is said about it, from one place to another, byte by byte.

(1) find what is to be carried, and refuse what must not be: nothing is sent yet
(2) blobs, then the manifest, untagged
(3) records on D, and what other tools hang on it
(4) the line, records on L, then `govern.line`
(5) `govern.freshness`
(6) the version tag

So a copy that was killed anywhere shows no version that is not whole, and the same command again goes on with it.
Copying never judges, unless a policy is given: whoever uses the copy verifies it there. Bytes and names stay what
they are, so the verdict is that of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from govern.errors import Denied, GovernError, UsageError
from govern.limits import MAX_DEPENDENCIES
from govern.line import line_of
from govern.oci.digest import Digest
from govern.oci.reference import LayoutPlace, Pinned, Place, Reference, RegistryPlace
from govern.operations.context import Context
from govern.operations.copy_dependencies import (
    Dependency,
    dependencies_of,
    find_dependency,
    left_behind,
    place_below,
    place_beside,
)
from govern.operations.copy_plan import Asked, Plan, Root, plan_copy
from govern.operations.copy_records import carry_records
from govern.operations.copy_result import Copied, CopiedArtifact, CopiedName, Sent
from govern.operations.copy_tags import carry_freshness, carry_legacy, carry_line, put_version
from govern.operations.copy_transfer import Transfer, blobs_of
from govern.operations.held_name import held_name, refuse_other_line
from govern.operations.verify import Verifier


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """What a copy may be told.

    Args:
        name: the expected name, or None.
        verifier: decides at the source before anything is sent; None judges nothing.
        records_only: carry records and the line's tags, not the artifact, which must be at the target.
        depth: how far to follow what an artifact was made from; 0 carries nothing of it.
        dependencies: `HOST/PATH` or `layout:FOLDER` below which that goes; None is beside the target.
    """

    name: str | None = None
    verifier: Verifier | None = None
    records_only: bool = False
    depth: int = 0
    dependencies: str | None = None

    def __post_init__(self) -> None:
        if self.depth < 0:
            raise UsageError("the depth is below zero", got=str(self.depth), expected="0 or more")
        if self.dependencies is not None and not self.depth:
            raise UsageError("a place for dependencies was given, and none are copied", expected="--depth 1 or more")


def copy(context: Context, source: Reference, target: Reference, options: CopyOptions = CopyOptions()) -> Copied:
    """Copy an artifact, or every version of a name, with all that belongs to it.

    Args:
        context: the surroundings.
        source: with a tag or digest; without either, every version.
        target: a repository or layout; a tag may be repeated, never changed.
        options: see `CopyOptions`.

    Raises:
        Denied: for what the policy does not allow, and for a version that is other content at the target.
        UsageError: for a target with a digest or another tag, and for the source itself.
        Undecided: for passing trouble; what came stays, and is not sent again.
    """
    if target.digest is not None or (target.tag is not None and target.tag != source.tag):
        raise UsageError(
            "a copy keeps its names",
            got=str(target),
            expected=f"{target.place}",
            hint="the tags of the source are the tags of the copy",
        )
    asked = Asked(source, target.place, options.name, options.verifier, records_only=options.records_only)
    plans = plan_all(context, asked, options)
    return carry_all(context, plans, verified=options.verifier is not None)


def plan_all(context: Context, asked: Asked, options: CopyOptions) -> list[Plan]:
    """Return the plans of a name and of what it was made from, the name that was asked for first."""
    first = plan_copy(context, asked, open_transfer(context, asked.source.place, asked.target))
    plans, level = [first], [first]
    seen = {root.digest for root in first.roots}
    for _ in range(options.depth):
        following: list[Plan] = []
        for plan in level:
            for root in plan.roots:
                following += _plan_dependencies(context, first, plan, root, options, seen)
        plans, level = plans + following, following
    if not asked.records_only:
        hint = f"--depth {options.depth + 1} copies that too"
        plans[0] = replace(first, notes=(*first.notes, *left_behind(context, level, seen, hint)))
    return plans


def _plan_dependencies(
    context: Context, first: Plan, plan: Plan, root: Root, options: CopyOptions, seen: set[Digest]
) -> list[Plan]:
    found = []
    for one in dependencies_of(context, plan, root):
        if one.digest in seen:
            continue
        seen.add(one.digest)
        try:
            MAX_DEPENDENCIES.check(len(seen), "what it was made from")
            source = find_dependency(context, plan, one)
            asked = _asked_of(context, first, plan, one, source, options)
            transfer = open_transfer(context, source.place, asked.target)
        except GovernError as fault:
            plan.transfer.lacks(f"what it was made from, {one}", fault, one.digest)
            continue
        try:
            found.append(plan_copy(context, asked, transfer))
        except Denied:
            raise
        except GovernError as fault:
            plan.transfer.lacks(f"what it was made from, {one}", fault, one.digest)
    return found


def _asked_of(
    context: Context, first: Plan, plan: Plan, one: Dependency, source: Reference, options: CopyOptions
) -> Asked:
    name = held_name(context.store(source.place)) or one.name or context.default_name(source.place)
    if options.dependencies is not None:
        target = place_below(context, options.dependencies, name)
    else:
        target = place_beside(first.asked.target, first.name, name)
    # A verifier expects what a record says that their policy vouches for, or what the path gives.
    expected = one.name if one.vouched else None
    return replace(plan.asked, source=source, target=target, name=expected, expect_at=None)


def open_transfer(context: Context, source: Place, target: Place) -> Transfer:
    """Open both ends.

    Raises:
        UsageError: where they are the same place.
    """
    if _is_same(source, target):
        raise UsageError("source and target are the same place", got=str(target), expected="two places")
    mounts = (
        (source.repository,)
        if isinstance(source, RegistryPlace) and isinstance(target, RegistryPlace) and source.host == target.host
        else ()
    )
    return Transfer(context, context.store(source), context.store(target, mounts))


def _is_same(source: Place, target: Place) -> bool:
    if isinstance(source, LayoutPlace) and isinstance(target, LayoutPlace):
        return Path(source.path).resolve() == Path(target.path).resolve()
    return source == target


def carry_all(context: Context, plans: list[Plan], *, verified: bool) -> Copied:
    """Carry what was planned: what an artifact was made from first, what was asked for last."""
    names = [_carry(context, plan) for plan in reversed(plans)]
    context.progress.finish()
    transfers = [plan.transfer for plan in plans]
    return Copied(
        names=tuple(reversed(names)),
        records=sum(len(one.records) for one in transfers),
        sent=sum((one.sent for one in transfers), Sent()),
        lines=_lines(context, plans),
        not_carried=tuple(lacking for one in transfers for lacking in one.not_carried),
        notes=(*(note for plan in plans for note in plan.notes), *_called_otherwise(plans)),
        verified=verified,
    )


def _carry(context: Context, plan: Plan) -> CopiedName:
    transfer, carried = plan.transfer, []
    # Two names of one plan may have been led to one place.
    refuse_other_line(transfer.target, plan.name, "copy")
    # (2)
    for root in plan.roots:
        try:
            if not plan.asked.records_only:
                _carry_artifact(context, transfer, root)
            carried.append(root)
        except GovernError as fault:
            if not plan.asked.whole:
                raise
            transfer.lacks(f"the artifact {', '.join(root.tags) or root.digest}", fault, root.digest)
    # (3)
    for root in carried:
        carry_records(transfer, root.digest)
        carry_legacy(transfer, root.digest)
    # (4)
    carry_line(transfer, line_of(plan.name))
    # (5)
    carry_freshness(transfer)
    # (6)
    if not plan.asked.records_only:
        for root in carried:
            for tag in root.tags:
                put_version(transfer, root.raw, tag)
    place = plan.asked.target
    artifacts = tuple(CopiedArtifact(Pinned(place, root.digest), root.tags) for root in carried)
    return CopiedName(plan.name, str(plan.asked.source), str(place), artifacts)


def _carry_artifact(context: Context, transfer: Transfer, root: Root) -> None:
    graph = transfer.graph(root.raw)
    blobs = {blob.digest: blob for one in graph for blob in blobs_of(one)}
    context.progress.start("copying", sum(blob.size for blob in blobs.values()))
    transfer.put_blobs(list(blobs.values()), context.progress)
    for one in graph:
        if not transfer.is_at_target(one.digest):
            transfer.put_manifest(one)


def _called_otherwise(plans: list[Plan]) -> Iterator[str]:
    """Yield what users of a layout must say, whose folder does not give the name: no policy speaks of folders."""
    for plan in plans:
        place = plan.asked.target
        if (
            isinstance(place, LayoutPlace)
            and Path(place.path).is_dir()
            and Path(place.path).absolute().name != plan.name
        ):
            yield f"{place} is not called like the name; its users say: --name {plan.name}"


def _lines(context: Context, plans: list[Plan]) -> Mapping[str, str]:
    """Return what a policy must say of repositories whose path is not the name (FORMAT §1)."""
    return {
        str(plan.asked.target): plan.name
        for plan in plans
        if isinstance(plan.asked.target, RegistryPlace) and context.default_name(plan.asked.target) != plan.name
    }
