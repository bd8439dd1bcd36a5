"""What a copy will carry of one name, and every reason not to begin: found before the first byte is sent."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from govern.artifact.reading import Inside, read_inside
from govern.errors import Denied, GovernError, InvalidInput, NotFound, UsageError
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest
from govern.oci.media_types import INDEXES
from govern.oci.reference import Place, Reference
from govern.operations.context import Context, resolve
from govern.operations.copy_tags import is_special, refuse_other_version
from govern.operations.copy_transfer import Transfer, tag_at
from govern.operations.gather import read_artifact, read_config
from govern.operations.held_name import held_name, refuse_other_line
from govern.operations.verify import Verified, Verifier, verify
from govern.operations.versions import list_versions


@dataclass(frozen=True, slots=True)
class Root:
    """One artifact to carry.

    Args:
        raw: its manifest.
        inside: what it says of itself.
        tags: tags of the source that lead to it and are carried.
        verified: the decision that allowed it, or None where nobody was to decide.
    """

    raw: RawManifest
    inside: Inside
    tags: tuple[str, ...]
    verified: Verified | None = None

    @property
    def digest(self) -> Digest:
        """D."""
        return self.raw.digest

    def is_version(self, tag: str) -> bool:
        """Whether a tag is this artifact's version, which never moves; without a version inside, any tag is."""
        return self.inside.version in (None, tag)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a copy of one name is asked.

    Args:
        source: a place with a tag or digest, or without: then every version.
        target: where to.
        name: the name that is expected, or None.
        verifier: who decides at the source, or None.
        expect_at: the place whose path gives the expected name to the verifier.
        records_only: whether the artifact itself must be at the target already.
        part: whether the source may hold some of the registered versions only, as a saved file does.
        loose: artifacts to which no tag leads, beside those that are registered.
    """

    source: Reference
    target: Place
    name: str | None = None
    verifier: Verifier | None = None
    expect_at: Place | None = None
    records_only: bool = False
    part: bool = False
    loose: tuple[Digest, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every version is asked for."""
        return self.source.tag is None and self.source.digest is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be carried of one name.

    Args:
        asked: what was asked.
        name: the name.
        transfer: from where to where.
        roots: the artifacts.
        notes: what a person should hear.
    """

    asked: Asked
    name: Name
    transfer: Transfer
    roots: tuple[Root, ...]
    notes: tuple[str, ...]


def plan_copy(context: Context, asked: Asked, transfer: Transfer) -> Plan:
    """Find out what is to be carried, and refuse what must not be.

    Raises:
        NotFound: where the source has nothing of it, and under `records_only` where the target has not.
        Denied: for what the policy does not allow, another name inside, a version that is taken at the target.
        InvalidInput: where the target holds another name.
    """
    found = _every_root(context, asked, transfer) if asked.whole else [_one_root(context, asked.source, transfer)]
    name = _name_of(context, asked, transfer, found)
    roots = _of_name(transfer, name, found, asked)
    if asked.whole:
        roots, notes = _with_registered(context, asked, transfer, name, roots)
    else:
        notes = []
    if not roots:
        raise NotFound("there is no version to copy", got=str(asked.source), expected="a tag, or a registered version")
    refuse_other_line(transfer.target, name, "copy")
    if asked.verifier is not None:
        roots = [replace(one, verified=_decide(context, asked, asked.verifier, name, one)) for one in roots]
    roots = [_without_taken(transfer, one) for one in roots]
    if asked.records_only:
        roots, absent = _at_target(transfer, roots, asked)
        notes += absent
    return Plan(asked, name, transfer, tuple(roots), tuple(notes))


# --- what is there -------------------------------------------------------------------------------


def _one_root(context: Context, reference: Reference, transfer: Transfer) -> Root:
    pinned = resolve(context, reference)
    raw = read_artifact(transfer.source, pinned, context.objects)
    inside = _inside(context, transfer, raw)
    wanted = dict.fromkeys(one for one in (reference.tag, inside.version) if one is not None and not is_special(one))
    leads = {tag: there.digest for tag in wanted if (there := tag_at(transfer.source, tag)) is not None}
    if reference.tag is not None and leads.get(reference.tag) != raw.digest:
        raise Denied(
            f"the tag {reference.tag!r} does not lead to the digest that was typed with it",
            got=str(leads.get(reference.tag, "no such tag")),
            expected=str(raw.digest),
        )
    return Root(raw, inside, tuple(tag for tag in wanted if leads.get(tag) == raw.digest))


def _every_root(context: Context, asked: Asked, transfer: Transfer) -> list[Root]:
    """Return what every tag leads to; what is registered and has no tag is found once the name is known."""
    tags = [tag for tag in transfer.source_tags if not is_special(tag)]
    found: dict[Digest, Root] = {}
    with ThreadPoolExecutor(context.settings.jobs, thread_name_prefix="tags") as pool:
        for tag, there in zip(tags, pool.map(lambda tag: _look(transfer, tag), tags), strict=True):
            if isinstance(there, GovernError):
                transfer.lacks(f"the tag {tag!r}", there)
            elif there is not None and there.digest in found:
                known = found[there.digest]
                found[there.digest] = replace(known, tags=(*known.tags, tag))
            elif there is not None:
                _add(context, transfer, there, (tag,), found)
    for digest in asked.loose:
        if digest not in found:
            _add(context, transfer, transfer.source.get_manifest(digest), (), found)
    return list(found.values())


def _look(transfer: Transfer, tag: str) -> RawManifest | GovernError | None:
    try:
        return tag_at(transfer.source, tag)
    except GovernError as fault:
        return fault


def _add(
    context: Context, transfer: Transfer, raw: RawManifest, tags: tuple[str, ...], found: dict[Digest, Root]
) -> None:
    try:
        found[raw.digest] = Root(raw, _inside(context, transfer, raw), tags)
    except GovernError as fault:
        transfer.lacks(f"the artifact {', '.join(tags) or raw.digest}", fault, raw.digest)


def _with_registered(
    context: Context, asked: Asked, transfer: Transfer, name: Name, roots: Sequence[Root]
) -> tuple[list[Root], list[str]]:
    """Add what is registered on the line and has no tag any more."""
    listed = list_versions(context, asked.source, None, name)
    for fault in listed.failures:
        transfer.lacks(f"a record of the line of {name}", fault)
    found, notes = {one.digest: one for one in roots}, []
    for one in listed.versions:
        digest = Digest(one.digest)
        if digest in found:
            continue
        try:
            raw = transfer.source.get_manifest(digest)
        except GovernError as fault:
            if asked.part and isinstance(fault, NotFound):
                notes.append(f"{name}@{one.version} is registered and not part of {asked.source}")
            else:
                transfer.lacks(f"the version {one.version}, which is registered", fault, digest)
            continue
        _add(context, transfer, raw, (), found)
    return list(found.values()), notes


def _inside(context: Context, transfer: Transfer, raw: RawManifest) -> Inside:
    if raw.media_type in INDEXES:
        return Inside(raw.media_type)
    manifest = read_manifest(raw, "the artifact's manifest")
    return read_inside(manifest, read_config(transfer.source, manifest, context.objects))


# --- the name ------------------------------------------------------------------------------------


def _name_of(context: Context, asked: Asked, transfer: Transfer, roots: Sequence[Root]) -> Name:
    """Return the name whose line is carried.

    A verifier's expectation comes from `--name`, the policy or the path, as everywhere. Without one nothing is
    judged, and the name is the one that the source's own line proves.
    """
    place = asked.expect_at or asked.source.place
    if asked.verifier is not None:
        return context.expected_name(place, asked.name, asked.verifier.policy)
    held = held_name(transfer.source)
    if asked.name is not None:
        name = Name(asked.name, error=UsageError)
        if held not in (None, name):
            raise Denied("the source holds another name", got=str(held), expected=str(name))
        return name
    if held is not None:
        return held
    inside = [one.inside.name for one in roots if one.inside.name is not None]
    return Name(inside[0], error=InvalidInput) if inside else context.default_name(place)


def _of_name(transfer: Transfer, name: Name, roots: Sequence[Root], asked: Asked) -> list[Root]:
    """Return the artifacts of this name; another name inside is refused, or said where every version is asked for."""
    kept = []
    for one in roots:
        if one.inside.name in (None, name):
            kept.append(one)
            continue
        fault = Denied(
            "the artifact has another name inside",
            got=repr(one.inside.name),
            expected=repr(str(name)),
            hint=f"if that is what you mean: --name {one.inside.name}",
        )
        if not asked.whole or asked.verifier is not None:
            raise fault
        transfer.lacks(f"the artifact {', '.join(one.tags)}", fault, one.digest)
    return kept


# --- reasons not to begin ------------------------------------------------------------------------


def _decide(context: Context, asked: Asked, verifier: Verifier, name: Name, root: Root) -> Verified:
    verified = verify(context, replace(asked.source, digest=root.digest), verifier, name=name)
    verified.decision.require()
    return verified


def _without_taken(transfer: Transfer, root: Root) -> Root:
    """Return an artifact with the tags that may be carried; refuse where its version is taken at the target."""
    kept = []
    for tag in root.tags:
        try:
            refuse_other_version(transfer.target, tag, root.digest)
        except Denied as fault:
            if root.is_version(tag):
                raise
            transfer.lacks(f"the tag {tag!r}", fault, root.digest)
        else:
            kept.append(tag)
    return replace(root, tags=tuple(kept))


def _at_target(transfer: Transfer, roots: Sequence[Root], asked: Asked) -> tuple[list[Root], list[str]]:
    there = [one for one in roots if transfer.is_at_target(one.digest)]
    absent = [one for one in roots if one not in there]
    if not there:
        raise NotFound(
            f"{asked.target} does not hold the artifact",
            got=", ".join(one.digest for one in absent[:3]),
            expected="the artifact itself, whose records alone were to be copied",
            hint=f"copy it once without --records-only: govern copy {asked.source} {asked.target}",
        )
    return there, [f"{', '.join(one.tags) or one.digest} is not at {asked.target}" for one in absent]
