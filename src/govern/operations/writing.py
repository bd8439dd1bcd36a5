"""Signing records: the statement, its time, its `saw`, its signature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from govern.intoto.statement import Statement, write_statement
from govern.ledger.heads import heads
from govern.line import line_of
from govern.names import Name, SubjectName
from govern.oci.digest import Digest
from govern.operations.attach import Signed
from govern.predicates.common import RecordReference
from govern.predicates.kinds import OURS
from govern.signing.record_signer import RecordSigner
from govern.times import write_time
from govern.trust.records import Record


@dataclass(frozen=True, slots=True)
class About:
    """What a new record is about.

    Args:
        digest: D.
        name: the name.
        version: the version or typed tag, or None where neither is known.
    """

    digest: Digest
    name: Name
    version: str | None

    @property
    def subject(self) -> tuple[str, Digest]:
        """The subject of FORMAT §4: `NAME@VERSION` and D."""
        return str(SubjectName(self.name, self.version)), self.digest

    @property
    def subjects_with_line(self) -> tuple[tuple[str, Digest], ...]:
        """The two subjects of records that speak of the line as well."""
        return self.subject, (str(self.name), line_of(self.name).digest)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it is signed.

    Args:
        subjects: (name, digest) pairs, in order.
        predicate_type: the URI.
        predicate: what is said.
    """

    subjects: Sequence[tuple[str, Digest]]
    predicate_type: str
    predicate: Mapping[str, Any]

    def statement(self) -> Statement:
        """Return what will be signed."""
        return write_statement(self.subjects, self.predicate_type, self.predicate)

    def created(self, at: datetime) -> str:
        """Return `issuedAt` in kinds of ours, in all others the second of signing (FORMAT §5)."""
        return str(self.predicate["issuedAt"]) if self.predicate_type in OURS else write_time(at)


def sign_records(drafts: Sequence[Draft], signer: RecordSigner, at: datetime) -> tuple[Signed, ...]:
    """Sign records at once, in their order: all, or none.

    Args:
        drafts: what is to be said.
        signer: who says it.
        at: the time of signing.
    """
    statements = [one.statement() for one in drafts]
    return tuple(
        Signed(signed.bundle, signed.statement, signed.signer, draft.created(at))
        for draft, signed in zip(drafts, signer.sign(statements), strict=True)
    )


def saw_of(records: Iterable[Record]) -> tuple[RecordReference, ...] | None:
    """Return the `saw` field for a writer who admitted these records, or None for no records."""
    return heads(records) or None
