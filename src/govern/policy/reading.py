"""Reading a policy file: all its faults at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from govern.document import Document, Fault, dotted, faults_in, faulty
from govern.errors import GovernError, InvalidInput, shortened
from govern.limits import MAX_POLICY
from govern.names import CLIENT_BUILDER
from govern.oci.digest import Digest
from govern.policy.build_level import CLIENT_LEVEL
from govern.policy.file import PolicyFile
from govern.policy.model import Credential, Permission, Policy, TrustedBuilder
from govern.policy.trust_section import read_trust
from govern.predicates.kinds import resolve_type
from govern.trust.identity import Identity
from govern.trust.keys import PublicKey, read_public_key

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
        empty = document.value is None
        raise InvalidInput(
            f"{what} is empty" if empty else f"{what} is no mapping",
            got="" if empty else shortened(document.value, 80),
            expected="people, roles and require",
            hint="govern policy init writes one",
        )
    faults = [*_later(document), *_contradictions(document), *_faults_of_trust(document)]
    try:
        file = PolicyFile.model_validate(document.value, by_alias=True, by_name=False)
    except ValidationError as fault:
        later = {(key,) for key in _LATER}
        known = [one for one in faults_in(fault, document) if (one.place,) not in later]
        raise faulty(what, [*faults, *known]) from fault
    if faults:
        raise faulty(what, faults)
    keys, credentials = _credentials(file)
    return Policy(
        source=source,
        digest=Digest.of(data),
        trust=read_trust(file.trust, keys, what),
        owners={one.signer: one.person for one in credentials if one.signer is not None},
        credentials=tuple(credentials),
        kinds={person_id: person.kind for person_id, person in file.people.items()},
        permissions=tuple(
            Permission(member, role_id, frozenset(resolve_type(kind) for kind in role.kinds), role.names)
            for role_id, role in file.roles.items()
            for member in role.members
        ),
        require=tuple(dict.fromkeys(resolve_type(kind) for kind in file.require)),
        lines=file.lines,
        builders=tuple(TrustedBuilder(one.builder, frozenset(one.people), one.level) for one in file.build.builders),
        level=file.build.level,
    )


def _credentials(file: PolicyFile) -> tuple[dict[Digest, PublicKey], list[Credential]]:
    keys: dict[Digest, PublicKey] = {}
    credentials = []
    for person_id, person in file.people.items():
        for one in person.keys:
            key = read_public_key(one.key.encode())
            keys[key.signer] = key
            credentials.append(Credential(person_id, key.signer, None, one.window, one.revoked, one.proven_by))
        credentials += [
            Credential(person_id, None, Identity(one.issuer, one.subject), one.window, one.revoked, one.proven_by)
            for one in person.identities
        ]
    return keys, credentials


def _faults_of_trust(document: Document) -> Iterator[Fault]:
    """Yield what stands in `trust` and cannot be read, each with its line."""
    from govern.policy.trust_section import faults_of

    section = document.value.get("trust")
    for path, message in faults_of(section if isinstance(section, dict) else {}):
        place = ("trust", *path)
        yield Fault(document.line(place), dotted(place), message)


def _later(document: Document) -> list[Fault]:
    # A section that a newer govern judges must not be passed over in silence by this one.
    return [
        Fault(document.line((key,)), dotted((key,)), "belongs to a newer govern; this one cannot judge it")
        for key in _LATER
        if key in document.value
    ]


def _contradictions(document: Document) -> Iterator[Fault]:
    """Yield what no field is wrong about by itself: unknown people, voices of two people, a client above its level."""
    people = document.value.get("people")
    known = set(people) if isinstance(people, dict) else set()
    for path, person in _named(document.value):
        if person not in known:
            yield Fault(document.line(path), dotted(path), f"{person!r} is not in people")
    for number, builder in _builders(document.value):
        level = builder.get("level")
        if builder.get("builder") == CLIENT_BUILDER and isinstance(level, int) and level > CLIENT_LEVEL:
            path = ("build", "builders", number, "level")
            message = f"got {level}, expected {CLIENT_LEVEL}: what a client says of itself is worth no more"
            yield Fault(document.line(path), dotted(path), message)
    owners: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, person_id, voice, limits in _voices(people if isinstance(people, dict) else {}):
        other, others = owners.setdefault(voice, (person_id, limits))
        if other != person_id:
            # One key with two owners would be two voices of one person.
            yield Fault(document.line(path), dotted(path), f"{voice} is also {other}'s")
        elif others != limits:
            # Only one of them can count, and whoever adds a revocation below means that one.
            yield Fault(document.line(path), dotted(path), f"{voice} stands twice, with other limits: keep one")


def _named(value: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every place that names a person, with the id."""
    roles = value.get("roles")
    for role_id, role in roles.items() if isinstance(roles, dict) else ():
        members = role.get("members") if isinstance(role, dict) else None
        for number, member in enumerate(members if isinstance(members, list) else ()):
            if isinstance(member, str):
                yield ("roles", role_id, "members", number), member
    for place, builder in _builders(value):
        people = builder.get("people")
        for number, person in enumerate(people if isinstance(people, list) else ()):
            if isinstance(person, str):
                yield ("build", "builders", place, "people", number), person


def _builders(value: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    build = value.get("build")
    builders = build.get("builders") if isinstance(build, dict) else None
    for number, builder in enumerate(builders if isinstance(builders, list) else ()):
        if isinstance(builder, dict):
            yield number, builder


def _voices(people: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str, dict[str, Any]]]:
    """Yield (place, person, voice, limits) of every key and identity that can be read; fields' checks say the rest."""
    for person_id, person in people.items():
        keys = person.get("keys") if isinstance(person, dict) else None
        for number, entry in enumerate(keys if isinstance(keys, list) else ()):
            text = entry.get("key") if isinstance(entry, dict) else entry
            try:
                signer = read_public_key(str(text).encode()).signer
            except GovernError:
                continue
            yield ("people", person_id, "keys", number), person_id, f"the key {signer}", _limits(entry)
        identities = person.get("identities") if isinstance(person, dict) else None
        for number, entry in enumerate(identities if isinstance(identities, list) else ()):
            subject, issuer = (entry.get("subject"), entry.get("issuer")) if isinstance(entry, dict) else (None, None)
            if isinstance(subject, str) and isinstance(issuer, str):
                voice = f"the identity {subject} by {issuer}"
                yield ("people", person_id, "identities", number), person_id, voice, _limits(entry)


def _limits(entry: object) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "key"} if isinstance(entry, dict) else {}
