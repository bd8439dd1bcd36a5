"""What an artifact was made from, as its provenance says, and where a copy of that is looked for and goes.

Whoever may attach a record may write any place into it. So another host than the source's own is asked only where
the verifier's policy vouches for the record; otherwise it is said, and left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never

from govern.errors import Denied, GovernError, NotFound
from govern.names import Name, SubjectName
from govern.oci.digest import Digest
from govern.oci.reference import LayoutPlace, Place, Reference, RegistryPlace, parse
from govern.operations.claims import Claims, find_claims
from govern.operations.context import Context
from govern.operations.copy_plan import Plan, Root
from govern.operations.found import peek
from govern.predicates.kinds import SLSA_V02, SLSA_V1

_OCI: Final = "oci://"
_NAMED: Final = 3
"""How many artifacts that are left behind a note names."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One artifact that another was made from.

    Args:
        digest: which.
        name: what the record calls it, or None.
        place: where the record says that it is, or None.
        vouched: whether a policy was asked, and lets the writer of the record say this.
    """

    digest: Digest
    name: Name | None
    place: Place | None
    vouched: bool

    def __str__(self) -> str:
        return f"{self.place or self.name}@{self.digest}"


def dependencies_of(context: Context, plan: Plan, root: Root) -> tuple[Dependency, ...]:
    """Return what an artifact was made from, each once; what could not be read of that is not carried.

    Under a policy only those records speak that it lets their writers sign; without one, every provenance does.
    """
    claims = _claims(context, plan, root)
    for fault in claims.failures:
        plan.transfer.lacks("a record that may name what it was made from", fault)
    return _named_in(claims, root)


def left_behind(context: Context, plans: Sequence[Plan], seen: Collection[Digest], hint: str) -> tuple[str, ...]:
    """Return a note where artifacts were made from something that is not carried with them.

    Args:
        context: the surroundings.
        plans: of the artifacts whose provenance is asked.
        seen: what is carried.
        hint: how it can be.
    """
    left: set[str] = set()
    for plan in plans:
        for root in plan.roots:
            # A note decides nothing: who carries the records meets what cannot be read, and says so.
            with contextlib.suppress(GovernError):
                made_from = _named_in(_claims(context, plan, root), root)
                left.update(str(one.name or one) for one in made_from if one.digest not in seen)
    if not left:
        return ()
    names = sorted(left)
    some = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return (f"made from {some}, which stays where it is: {hint}",)


def _claims(context: Context, plan: Plan, root: Root) -> Claims:
    if root.verified is not None:
        return root.verified.gathered.artifact
    return find_claims(plan.transfer.source, root.digest, context.objects, jobs=context.settings.jobs)


def _named_in(claims: Claims, root: Root) -> tuple[Dependency, ...]:
    if root.verified is not None:
        vouched = {one.manifest for one in root.verified.decision.records if one.authorised}
    else:
        vouched = {one.manifest for one in claims.found}
    found: dict[Digest, Dependency] = {}
    for claim in claims.found:
        said = peek(claim)
        if said.type not in (SLSA_V1, SLSA_V02) or said.digest != root.digest or said.predicate is None:
            continue
        if claim.manifest in vouched:
            for one in read_dependencies(said.predicate):
                found.setdefault(one.digest, replace(one, vouched=root.verified is not None))
    return tuple(found.values())


def read_dependencies(predicate: Mapping[str, Any]) -> Iterator[Dependency]:
    """Yield the OCI artifacts that a provenance names; never raises for what it contains.

    Source: SLSA 1.2, `buildDefinition.resolvedDependencies`; SLSA 0.2, `materials`.
    """
    definition = predicate.get("buildDefinition")
    listed = definition.get("resolvedDependencies") if isinstance(definition, Mapping) else predicate.get("materials")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping):
            try:
                yield from _dependency(one)
            except GovernError:
                continue  # a digest or place that is none: whatever it is, no artifact of a registry


def _dependency(one: Mapping[str, Any]) -> Iterator[Dependency]:
    digests, uri, label = one.get("digest"), one.get("uri"), one.get("name")
    encoded = digests.get("sha256") if isinstance(digests, Mapping) else None
    if not isinstance(encoded, str):
        return
    digest, name = Digest.from_hex(encoded), None
    if isinstance(label, str):
        try:
            name = SubjectName.parse(label).name
        except GovernError:
            name = None
    if isinstance(uri, str) and uri.startswith(_OCI):
        yield Dependency(digest, name, parse(uri.removeprefix(_OCI)).place, vouched=False)
    elif not uri and name is not None:
        # What came from a layout says no place: paths of a machine mean nothing elsewhere.
        yield Dependency(digest, name, None, vouched=False)


# --- places --------------------------------------------------------------------------------------


def find_dependency(context: Context, plan: Plan, dependency: Dependency) -> Reference:
    """Return where a dependency is: beside the artifact that was made from it, or where the record says.

    Raises:
        NotFound: where it is at none of these.
        Denied: where only a record for which nobody vouches names another host.
    """
    source = plan.asked.source.place
    name = dependency.name or _path_name(dependency.place)
    near = place_beside(source, plan.name, name) if name is not None else None
    for place in (near, dependency.place):
        if place is None:
            continue
        if not dependency.vouched and not _is_near(source, place):
            raise Denied(
                "a record that nobody verified names another host",
                got=str(place),
                expected="a record that your policy lets its writer sign",
                hint="copy with --policy or --key",
            )
        try:
            context.store(place).get_manifest(dependency.digest)
        except NotFound:
            continue
        return Reference(place, None, dependency.digest)
    places = " or ".join(str(one) for one in (near, dependency.place) if one is not None)
    raise NotFound("what it was made from is not there", got=str(dependency), expected=places or "a place")


def _path_name(place: Place | None) -> Name | None:
    return Name(place.repository) if isinstance(place, RegistryPlace) else None


def _is_near(source: Place, place: Place) -> bool:
    match place:
        case LayoutPlace():
            return True  # beside the source: no record names a path
        case RegistryPlace():
            return isinstance(source, RegistryPlace) and source.host == place.host
        case _:
            assert_never(place)


def place_beside(place: Place, name: Name, other: Name) -> Place:
    """Return where another name goes, beside the place of one.

    What has the same name goes to the same place. A place that ends with its own name gives its beginning, followed
    by the other name; any other gives its folder, followed by the other name's last part.
    """
    if other == name:
        return place
    path = place.repository if isinstance(place, RegistryPlace) else place.path
    if path == name or path.endswith(f"/{name}"):
        beside = path[: len(path) - len(name)] + other
    else:
        folder, slash, _ = path.rpartition("/")
        beside = folder + slash + other.rpartition("/")[2]
    return RegistryPlace(place.host, beside) if isinstance(place, RegistryPlace) else LayoutPlace(beside)


def place_below(context: Context, prefix: str, other: Name) -> Place:
    """Return where a name goes below a prefix, `HOST/PATH` or `layout:FOLDER`."""
    return context.parse(f"{prefix.rstrip('/')}/{other}").place
