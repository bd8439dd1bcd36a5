"""A policy as a value: who is who, who may say what about which names, and what must have been said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from govern.names import NAMESPACE, Name
from govern.oci.digest import Digest
from govern.trust.anchors import Trust, Window
from govern.trust.identity import Identity, Voice

ANY_TIME: Final = Window()


def stem_of(pattern: str) -> str:
    """Return a pattern without its final `/**`."""
    return pattern.removesuffix("/**")


def matches(pattern: str, text: str) -> bool:
    """Whether a name or place matches a pattern: equal, or below a final `/**`; `**` is everything."""
    if pattern == "**":
        return True
    if pattern.endswith("/**"):
        return text.startswith(stem_of(pattern) + "/")
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
class Credential:
    """Something that speaks for a person.

    Args:
        person: the id.
        signer: of a key, or None.
        identity: that certificates prove, or None; its subject may end in `*`.
        window: when it speaks for the person.
        revoked_from: from when nothing of it counts by its own word, or None.
        proven_by: what its records must carry: `timestamp`, `log`.
    """

    person: str
    signer: Digest | None = None
    identity: Identity | None = None
    window: Window = ANY_TIME
    revoked_from: datetime | None = None
    proven_by: tuple[str, ...] = ()

    def speaks_for(self, voice: Voice) -> bool:
        """Whether a voice is this credential's."""
        if self.identity is None or voice.identity is None:
            return self.identity is None and voice.identity is None and self.signer == voice.signer
        if self.identity.issuer != voice.identity.issuer:
            return False
        pattern, subject = self.identity.subject, voice.identity.subject
        if not pattern.endswith("*"):
            return subject == pattern
        rest = subject.removeprefix(pattern[:-1])
        # What goes up again, or spells that otherwise, leads out of what the pattern means.
        return rest != subject and "%" not in rest and not {".", ".."} & set(re.split(r"[/\\]", rest))


@dataclass(frozen=True, slots=True)
class TrustedBuilder:
    """A pair that a provenance's level follows from (SLSA 1.2, "Verifying artifacts").

    Args:
        builder: the builder id.
        people: whose signature says that this builder made it.
        level: what the pair is worth.
    """

    builder: str
    people: frozenset[str]
    level: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, ready to be asked.

    Args:
        source: where it came from, for people.
        digest: the digest of the file, or None under `--key`.
        trust: the anchors: every known key, and the pinned authorities and logs.
        owners: signer of a key → person id.
        credentials: everything that speaks for somebody.
        kinds: person id → "human" or "workload".
        permissions: the triples.
        require: predicate type URIs that must be there.
        lines: repository pattern → name pattern.
        builders: pairs that levels follow from.
        level: the build level that an artifact must have, or None.
    """

    source: str
    digest: Digest | None
    trust: Trust
    owners: Mapping[Digest, str]
    credentials: tuple[Credential, ...]
    kinds: Mapping[str, str]
    permissions: tuple[Permission, ...]
    require: tuple[str, ...]
    lines: Mapping[str, str]
    builders: tuple[TrustedBuilder, ...] = ()
    level: int | None = None

    def credential_of(self, voice: Voice) -> Credential | None:
        """Return what makes a voice somebody's: an exact entry before a pattern, a longer pattern before a shorter."""
        found = [one for one in self.credentials if one.speaks_for(voice)]
        return max(found, key=_exactness) if found else None

    def owner_of(self, voice: Voice) -> str | None:
        """Return whose voice it is, or None for a stranger's."""
        if voice.identity is None:
            return self.owners.get(voice.signer)
        credential = self.credential_of(voice)
        return credential.person if credential is not None else None

    def name_of(self, voice: Voice) -> str:
        """Return what people call a voice: the person's id, else the identity, else the signer."""
        owner = self.owner_of(voice)
        return owner or (voice.identity.subject if voice.identity is not None else str(voice.signer))

    def who_may(self, voice: Voice, predicate_type: str, name: Name) -> Permission | None:
        """Return the permission under which a voice may say this kind of thing about this name."""
        person = self.owner_of(voice)
        if person is None:
            return None
        for permission in self.permissions:
            if permission.person != person or not any(matches(one, name) for one in permission.names):
                continue
            if predicate_type in permission.types or (permission.foreign and is_foreign(predicate_type)):
                return permission
        return None

    def may_matter(self, voice: Voice, name: Name, at: datetime) -> bool:
        """Whether a voice may say anything about a name: its words must be understood before anybody decides."""
        credential = self.credential_of(voice)
        if credential is None or (credential.revoked_from is not None and credential.revoked_from <= at):
            return False
        mine = (one for one in self.permissions if one.person == credential.person)
        return any(matches(pattern, name) for one in mine for pattern in one.names)

    def expected_name(self, place: str) -> Name | None:
        """Return the name that `lines` gives a place (`HOST/PATH`), by the longest matching pattern."""
        found = [pattern for pattern in self.lines if matches(pattern, place)]
        if not found:
            return None
        # A place that is named beats every pattern; of patterns the one with the longest path wins.
        pattern = max(found, key=lambda one: (not one.endswith("/**"), len(stem_of(one))))
        target = self.lines[pattern]
        if not pattern.endswith("/**"):
            return Name(target)
        rest = place.removeprefix(stem_of(pattern) + "/")
        return Name(rest if target == "**" else f"{stem_of(target)}/{rest}")


def _exactness(one: Credential) -> tuple[bool, int]:
    subject = one.identity.subject if one.identity is not None else ""
    return not subject.endswith("*"), len(subject)


def is_foreign(predicate_type: str) -> bool:
    """Whether a predicate type is not one of ours."""
    return not predicate_type.startswith(NAMESPACE)
