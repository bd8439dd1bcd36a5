"""The policy file: who is who, who may say what about which names, and what must have been said.

Its first sections are all that a small team needs (DESIGN §6): `lines`, `people`, `roles`, `require`. Trust
is triples (person, kinds, names): no key may say everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr, ValidationError, field_validator

from govern.document import Document, Fault, dotted, faults_in, faulty
from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_POLICY
from govern.names import NAMESPACE, Name, is_repository
from govern.oci.digest import Digest
from govern.oci.reference import is_host
from govern.predicates.kinds import resolve_type
from govern.trust.keys import PublicKey, read_public_key

VERSION: Final = "govern.policy/v0.1"
_PATTERN: Final = re.compile(r"(.*?)(/\*\*)?", re.DOTALL)


def _kind(text: str) -> str:
    try:
        resolve_type(text)
    except UsageError as error:
        raise ValueError(error.message) from error
    return text


def _name_pattern(text: str) -> str:
    stem = _stem(text)
    if text != "**" and not is_repository(stem):
        raise ValueError(f"{text!r} is not a name or a pattern like acme/**")
    return text


def _key(text: str) -> str:
    try:
        read_public_key(text.encode(), "this key")
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return text


Kind = Annotated[StrictStr, AfterValidator(_kind)]
NamePattern = Annotated[StrictStr, AfterValidator(_name_pattern)]
PersonId = Annotated[StrictStr, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")


class Person(_Section):
    """A person or a workload, and the keys that speak for it. Two keys are one voice."""

    kind: Annotated[Literal["human", "workload"], Field(description="Who: a human being, or a machine's job.")]
    keys: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(_key)], ...],
        Field(min_length=1, description="PEM public keys, written out here."),
    ]


class Role(_Section):
    """Who may sign which kinds of record about which names."""

    members: Annotated[tuple[PersonId, ...], Field(min_length=1, description="Ids from `people`.")]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, description="Record kinds or predicate type URIs.")]
    names: Annotated[tuple[NamePattern, ...], Field(min_length=1, description="Names, or prefixes like acme/**.")]


class PolicyFile(_Section):
    """The policy file."""

    version: Annotated[Literal["govern.policy/v0.1"], Field(description="The version of this file's format.")]
    lines: Annotated[
        dict[StrictStr, NamePattern],
        Field(description="Repository pattern (HOST/PATH, or HOST/PATH/**) to name (or prefix/**)."),
    ] = {}
    people: Annotated[dict[PersonId, Person], Field(min_length=1)]
    roles: Annotated[dict[PersonId, Role], Field(min_length=1)]
    require: Annotated[tuple[Kind, ...], Field(min_length=1, description="Kinds of record that an artifact must have.")]

    @field_validator("lines")
    @classmethod
    def _both_sides(cls, lines: dict[str, str]) -> dict[str, str]:
        for pattern, name in lines.items():
            host, slash, path = _stem(pattern).partition("/")
            if not is_host(host) or (slash and not is_repository(path)) or not (slash or pattern.endswith("/**")):
                raise ValueError(f"{pattern!r} is not a place: HOST/PATH, HOST/PATH/** or HOST/**")
            if pattern.endswith("/**") != (name.endswith("/**") or name == "**"):
                raise ValueError(f"{pattern!r} and {name!r}: /** stands on both sides or on none")
        return lines


def _stem(pattern: str) -> str:
    return pattern.removesuffix("/**")


def matches(pattern: str, text: str) -> bool:
    """Whether a name or place matches a pattern: equal, or below a final `/**`; `**` is everything."""
    if pattern == "**":
        return True
    if pattern.endswith("/**"):
        return text.startswith(_stem(pattern) + "/")
    return text == pattern


@dataclass(frozen=True, slots=True)
class Permission:
    """One triple of trust.

    Args:
        person: the id of the person.
        role: the role that gives it.
        types: predicate type URIs.
        names: name patterns.
        foreign: whether types outside our namespace are included; only under `--key`, where one key
            is trusted for what it says about one name.
    """

    person: str
    role: str
    types: frozenset[str]
    names: tuple[str, ...]
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, ready to be asked.

    Args:
        source: where it came from, for people.
        digest: the digest of the file, or None under `--key`.
        keys: every known key, by signer.
        owners: signer → person id.
        kinds: person id → "human" or "workload".
        permissions: the triples.
        require: predicate type URIs that must be there.
        lines: repository pattern → name pattern.
    """

    source: str
    digest: Digest | None
    keys: Mapping[Digest, PublicKey]
    owners: Mapping[Digest, str]
    kinds: Mapping[str, str]
    permissions: tuple[Permission, ...]
    require: tuple[str, ...]
    lines: Mapping[str, str]

    def who_may(self, signer: Digest, predicate_type: str, name: Name) -> Permission | None:
        """Return the permission under which a signer may say this kind of thing about this name."""
        person = self.owners.get(signer)
        for permission in self.permissions:
            if permission.person != person or not any(matches(one, name) for one in permission.names):
                continue
            if predicate_type in permission.types or (permission.foreign and is_foreign(predicate_type)):
                return permission
        return None

    def expected_name(self, place: str) -> Name | None:
        """Return the name that `lines` gives a place (`HOST/PATH`), by the longest matching pattern."""
        found = [pattern for pattern in self.lines if matches(pattern, place)]
        if not found:
            return None
        # A place that is named beats every pattern; of patterns the one with the longest path wins.
        pattern = max(found, key=lambda one: (not one.endswith("/**"), len(_stem(one))))
        target = self.lines[pattern]
        if not pattern.endswith("/**"):
            return Name(target)
        rest = place.removeprefix(_stem(pattern) + "/")
        return Name(rest if target == "**" else f"{_stem(target)}/{rest}")


def is_foreign(predicate_type: str) -> bool:
    """Whether a predicate type is not one of ours."""
    return not predicate_type.startswith(NAMESPACE)


def read_policy(data: bytes, source: str) -> Policy:
    """Read a policy file.

    Args:
        data: the exact bytes, which the policy's digest is of.
        source: the path, for messages.

    Raises:
        InvalidInput: with every fault and its line.
    """
    what = f"the policy {source}"
    # Imported here: who verifies with a key alone reads no YAML.
    from govern.yaml_text import read_yaml

    document = read_yaml(data, what, bound=MAX_POLICY)
    if not isinstance(document.value, dict):
        raise InvalidInput(
            f"{what} is empty", expected="people, roles and require", hint="govern policy init writes one"
        )
    faults = [*_later(document), *_contradictions(document)]
    try:
        file = PolicyFile.model_validate(document.value)
    except ValidationError as fault:
        later = {(key,) for key in _LATER}
        known = [one for one in faults_in(fault, document) if (one.place,) not in later]
        raise faulty(what, [*faults, *known]) from fault
    if faults:
        raise faulty(what, faults)
    keys: dict[Digest, PublicKey] = {}
    owners: dict[Digest, str] = {}
    for person_id, person in file.people.items():
        for text in person.keys:
            key = read_public_key(text.encode())
            keys[key.signer] = key
            owners[key.signer] = person_id
    return Policy(
        source=source,
        digest=Digest.of(data),
        keys=keys,
        owners=owners,
        kinds={person_id: person.kind for person_id, person in file.people.items()},
        permissions=tuple(
            Permission(member, role_id, frozenset(resolve_type(kind) for kind in role.kinds), role.names)
            for role_id, role in file.roles.items()
            for member in role.members
        ),
        require=tuple(dict.fromkeys(resolve_type(kind) for kind in file.require)),
        lines=file.lines,
    )


_LATER: Final = (
    "home",
    "conflicts",
    "stages",
    "conditions",
    "freshness",
    "lineage",
    "accepted",
    "mode",
    "exceptions",
    "retention",
)


def _later(document: Document) -> list[Fault]:
    # A section that a newer govern judges must not be passed over in silence by this one.
    return [
        Fault(document.line((key,)), dotted((key,)), "belongs to a newer govern; this one cannot judge it")
        for key in _LATER
        if key in document.value
    ]


def _contradictions(document: Document) -> Iterator[Fault]:
    """Yield what no field is wrong about by itself: members whom nobody knows, and keys of two people."""
    people, roles = document.value.get("people"), document.value.get("roles")
    known = set(people) if isinstance(people, dict) else set()
    for role_id, role in roles.items() if isinstance(roles, dict) else ():
        members = role.get("members") if isinstance(role, dict) else None
        for number, member in enumerate(members if isinstance(members, list) else ()):
            if isinstance(member, str) and member not in known:
                path = ("roles", role_id, "members", number)
                yield Fault(document.line(path), dotted(path), f"{member!r} is not in people")
    owners: dict[str, str] = {}
    for person_id, person in people.items() if isinstance(people, dict) else ():
        keys = person.get("keys") if isinstance(person, dict) else None
        for number, text in enumerate(keys if isinstance(keys, list) else ()):
            try:
                signer = read_public_key(str(text).encode()).signer
            except InvalidInput:
                continue  # the field's own check says what is wrong with it
            other = owners.setdefault(signer, person_id)
            if other != person_id:
                # One key with two owners would be two voices of one person.
                path = ("people", person_id, "keys", number)
                yield Fault(document.line(path), dotted(path), f"the key {signer} is also {other}'s")
