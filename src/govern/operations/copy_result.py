"""What a copy did, and what it could not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govern.names import Name
from govern.oci.reference import Pinned


@dataclass(frozen=True, slots=True)
class NotCarried:
    """One thing that could not be carried.

    Args:
        what: which, for people.
        digest: its digest where it is known, or "".
        reason: why.
    """

    what: str
    digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class CopiedArtifact:
    """One artifact that is at the target now.

    Args:
        pinned: where.
        tags: which of the target's tags lead to it, of those that were to be carried.
    """

    pinned: Pinned
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CopiedName:
    """One name that was copied.

    Args:
        name: the name, which is the same on both sides.
        source: where from.
        target: where to.
        artifacts: its artifacts.
    """

    name: Name
    source: str
    target: str
    artifacts: tuple[CopiedArtifact, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What went over the wire, or to the disk; what was there already is not counted.

    Args:
        manifests: artifacts, records and lines.
        blobs: how many.
        size: their bytes.
    """

    manifests: int = 0
    blobs: int = 0
    size: int = 0

    def __add__(self, other: Sent) -> Sent:
        return Sent(self.manifests + other.manifests, self.blobs + other.blobs, self.size + other.size)


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did.

    Args:
        names: the name that was asked for first, then what it was made from.
        records: how many records and other referrers are at the target now, of those at the source.
        sent: what was sent.
        lines: entries of the policy section `lines` that users of the copy need: repository to name.
        not_carried: what could not be carried; with any, the copy is not complete.
        notes: what a person should hear, and what lacks nothing.
        verified: whether a policy or key allowed it before anything was sent.
    """

    names: tuple[CopiedName, ...]
    records: int
    sent: Sent
    lines: Mapping[str, str]
    not_carried: tuple[NotCarried, ...]
    notes: tuple[str, ...]
    verified: bool

    @property
    def complete(self) -> bool:
        """Whether everything was carried."""
        return not self.not_carried
