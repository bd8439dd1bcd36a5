"""The fold: admitted records to what they say at a time (DESIGN §1). Pure; permission is judged elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from govern.names import SubjectName
from govern.oci.digest import Digest
from govern.predicates.annotation import Annotation
from govern.predicates.registration import Registration
from govern.trust.records import Record, unite

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a writer's clock may be ahead of the moment that is asked about."""


@dataclass(frozen=True, slots=True)
class Registered:
    """That a digest is a version of a name, as one record says.

    Args:
        version: the version.
        digest: D.
        record: who says so.
        content: what was registered.
    """

    version: str
    digest: Digest
    record: Record
    content: Registration


@dataclass(frozen=True, slots=True)
class State:
    """What a set of records says at a time.

    Args:
        records: every record that counts, each (statement, signer) once, in a fixed order.
        later: records that claim to be written after the moment that is asked about.
        registered: every registration of the name, this artifact's and others'.
        announced: registrations that claim to be written in the future. They register nothing yet, and what they
            claim is not free either: of two writers the one with the wrong clock must not lose silently.
        annotations: the notes on this artifact.
        identities: (statement, signer) of every record that counts.
    """

    records: tuple[Record, ...]
    later: tuple[Record, ...]
    registered: tuple[Registered, ...]
    announced: tuple[Registered, ...]
    annotations: tuple[Record, ...]
    identities: frozenset[tuple[Digest, Digest]]

    def of_version(self, version: str) -> tuple[Registered, ...]:
        """Return who claims one version, now or in the future."""
        return tuple(one for one in (*self.registered, *self.announced) if one.version == version)

    def of_digest(self, digest: Digest) -> tuple[Registered, ...]:
        """Return the registrations of one artifact."""
        return tuple(one for one in self.registered if one.digest == digest)

    def of_type(self, predicate_type: str, digest: Digest) -> tuple[Record, ...]:
        """Return the records of a predicate type about one artifact."""
        return tuple(
            one for one in self.records if one.statement.predicate_type == predicate_type and one.is_about(digest)
        )


def fold(records: Iterable[Record], at: datetime, now: datetime | None = None) -> State:
    """Fold admitted records to a state.

    Args:
        records: any order, with repetitions: a record may be found in several wrappings and places.
        at: the moment that is asked about. Claimed times are judged as claims: a record that claims to
            be written later is set aside, and no order of two signers follows from them.
        now: the time by the verifier's clock, where `at` is another moment.
    """
    ordered = unite(records)
    current: list[Record] = []
    later: list[Record] = []
    for record in ordered:
        # What says no time itself existed at the latest when others saw it, and nobody knows of it before.
        claimed = record.issued_at or (record.times[0].at if record.times else None)
        (later if claimed is not None and claimed - at > CLOCK_SKEW else current).append(record)
    future = [one for one in later if one.issued_at is not None and one.issued_at - (now or at) > CLOCK_SKEW]
    return State(
        records=tuple(current),
        later=tuple(later),
        registered=_registered(current),
        announced=_registered(future),
        annotations=tuple(one for one in current if isinstance(one.content, Annotation)),
        identities=frozenset(one.identity for one in current),
    )


def _registered(records: Iterable[Record]) -> tuple[Registered, ...]:
    found = []
    for record in records:
        if isinstance(record.content, Registration):
            artifact = record.statement.subjects[0]
            version = SubjectName.parse(artifact.name).version
            if version is not None and artifact.sha256 is not None:
                found.append(Registered(version, Digest.from_hex(artifact.sha256), record, record.content))
    return tuple(found)
