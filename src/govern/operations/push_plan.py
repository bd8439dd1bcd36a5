"""A push before its first request: what it was told, and the name, version and kind that follow (FORMAT §1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from govern import canonical
from govern.artifact.inspect import Rules
from govern.artifact.metadata.model import MetadataFile
from govern.artifact.pack import Kind, Packed, pack
from govern.artifact.walk import SourceFile, find_files
from govern.errors import UsageError
from govern.limits import MAX_TEXT
from govern.names import Name, Version
from govern.oci.reference import Reference
from govern.operations.context import Context
from govern.operations.metadata_file import load_metadata
from govern.policy.model import Policy


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What a push may be told.

    Args:
        name: the name to pack, or None for what FORMAT §1 says.
        kind: model or dataset, or None for what the metadata file says, else a model.
        rules: roles and waivers.
        link_roots: further folders that links may point into.
        inputs: folders that `pull` wrote, whose lock names an input.
        metadata: a metadata file elsewhere, or None for `govern.yaml` in the tree.
        policy: with one, only authorised registrations take a version.
        reason: why, in the writer's words; goes into the registration.
    """

    name: str | None = None
    kind: Kind | None = None
    rules: Rules = field(default_factory=Rules)
    link_roots: tuple[Path, ...] = ()
    inputs: tuple[Path, ...] = ()
    metadata: Path | None = None
    policy: Policy | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A push before its first request.

    Args:
        reference: where to.
        name: the name.
        version: the version.
        kind: what it is.
        metadata: what the metadata file says, or None.
    """

    reference: Reference
    name: Name
    version: Version
    kind: Kind
    metadata: MetadataFile | None


def plan_push(context: Context, path: Path, reference: Reference, options: PushOptions) -> Plan:
    """Find out name, version and kind (FORMAT §1).

    Raises:
        UsageError: without a tag, and where the metadata file names another version than the tag.
    """
    if reference.tag is None or reference.digest is not None:
        raise UsageError(
            "a push needs a version",
            got=str(reference),
            expected="a reference with a tag and no digest",
            hint=f"govern push {path} {reference.place}:1.0.0 --key ci.key",
        )
    version = Version(reference.tag, error=UsageError)
    if options.reason is not None:
        # What the registration would refuse is refused before anything is sent.
        MAX_TEXT.check(len(options.reason), "the reason", UsageError)
        canonical.dumps(options.reason)
        if not options.reason:
            raise UsageError("the reason is empty", expected="some words, or no --reason")
    metadata = load_metadata(path, options.metadata)
    if metadata is not None and metadata.version is not None and metadata.version != version:
        raise UsageError(
            "two versions were given",
            got=f"{metadata.version!r} in govern.yaml, {str(version)!r} in the reference",
            expected="the same",
            hint="the reference is enough: remove version from govern.yaml",
        )
    inside = metadata.name if metadata is not None else None
    chosen = options.name or inside
    name = Name(chosen, error=UsageError) if chosen else context.default_name(reference.place)
    kind: Kind = options.kind or (metadata.kind if metadata is not None and metadata.kind else "model")
    return Plan(reference, name, version, kind, metadata)


def pack_planned(
    context: Context,
    path: Path,
    plan: Plan,
    options: PushOptions,
    *,
    unhashed: Callable[[Sequence[SourceFile]], None] | None = None,
) -> Packed:
    """Pack what a plan describes; this is all that `--dry-run` does. `unhashed`: see `pack`."""
    files = find_files(path, link_roots=options.link_roots, note=context.progress.note)
    return pack(
        files,
        kind=plan.kind,
        name=plan.name,
        version=plan.version,
        rules=options.rules,
        cache=context.digests,
        progress=context.progress,
        unhashed=unhashed,
    )
