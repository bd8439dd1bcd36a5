"""Claims, records and refusals. Trust changes the type (DESIGN §1).

A `Claim` is bytes from a registry. `admit` makes of it a `Record`, which is authentic and no more than
that, or a `Rejected`, which is kept: auditors see what was refused and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from govern.errors import GovernError
from govern.intoto.bundle import Bundle
from govern.intoto.statement import Statement
from govern.oci.digest import Digest
from govern.predicates.common import Common, DigestSet, RecordReference
from govern.predicates.kinds import OURS, word_for
from govern.trust.identity import Identity, Voice
from govern.trust.trusted_time import TrustedTime
from govern.trust.wrapping import Wrapper


@dataclass(frozen=True, slots=True)
class Claim:
    """An untrusted record.

    Args:
        wrapper: its manifest.
        bundle: the bundle's bytes; the digest was checked when they were read.
    """

    wrapper: Wrapper
    bundle: bytes

    @property
    def manifest(self) -> Digest:
        """The digest of the manifest: where it was found, not what it is."""
        return self.wrapper.raw.digest


REVOCATION: Final = "revocation"
"""The step that asks whether an internal PKI took a certificate back: made where a list of every issuer was given."""


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the proof, as it went.

    Args:
        step: what was looked at, e.g. "signature".
        made: whether this step was made at all; a step not made is said, never left out.
        detail: what was found.
    """

    step: str
    made: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Record:
    """An authentic record: these bytes were signed by this signer about this subject.

    It says nothing about permission.

    Args:
        claim: where it was found.
        bundle: the parsed bundle.
        statement: what was signed.
        signer: who signed: sha256 of the DER SPKI, or of the certificate's identity.
        content: the parsed predicate, for kinds of ours; None for others.
        issued_at: when the writer says that it was written, or None.
        checks: the steps of the proof.
        certified: the identity that the certificate proved, or None for keys.
        times: when it existed, by others' word than the signer's; earliest first.
        logged: whether a pinned transparency log holds it.
        described: the artifact that a statement without its digest was compared with and describes, or None.
    """

    claim: Claim
    bundle: Bundle
    statement: Statement
    signer: Digest
    content: Common | None
    issued_at: datetime | None
    checks: tuple[Check, ...]
    certified: Identity | None = None
    times: tuple[TrustedTime, ...] = ()
    logged: bool = False
    described: Digest | None = None

    @property
    def voice(self) -> Voice:
        """Who signed; whose voice it is, the policy says."""
        return Voice(self.signer, self.certified)

    @property
    def identity(self) -> tuple[Digest, Digest]:
        """(statement, signer): what is said, and by whom (FORMAT §5)."""
        return self.statement.digest, self.signer

    @property
    def predicate(self) -> Mapping[str, Any]:
        """The predicate as JSON."""
        return self.statement.predicate

    @property
    def word(self) -> str:
        """What people call its type."""
        return word_for(self.statement.predicate_type)

    def is_about(self, digest: Digest) -> bool:
        """Whether this content is what the record is about.

        Kinds that speak of the line as well are about their first subject; the line is only where they are
        listed.
        """
        if self.described is not None:
            return self.described == digest
        kind = OURS.get(self.statement.predicate_type)
        if kind is not None and kind.names_line:
            return self.statement.subjects[0].sha256 == digest.encoded
        return self.statement.is_about(digest)

    @property
    def reference(self) -> RecordReference:
        """How other records name this one."""
        return RecordReference(
            statement=DigestSet.of(self.statement.digest),
            signer=DigestSet.of(self.signer),
            manifest=DigestSet.of(self.claim.manifest),
            bundle=DigestSet.of(Digest.of(self.claim.bundle)),
        )


@dataclass(frozen=True, slots=True)
class Rejected:
    """A claim that was refused, and why.

    Args:
        manifest: the digest under which it was listed.
        reason: the refusal.
        claimed_type: the predicate type it claims, unverified, or "".
        claimed_signer: the signer it claims, unverified, or "".
        about_another: whether it is authentic and about another name, version or artifact.
        newer: by whom, if it is authentic, may matter here, and a newer govern wrote it: nobody can say then what it
            decides. Otherwise None.
    """

    manifest: Digest
    reason: GovernError
    claimed_type: str = ""
    claimed_signer: str = ""
    about_another: bool = False
    newer: Voice | None = None


def unite(records: Iterable[Record]) -> list[Record]:
    """Return each record once, whatever number of wrappings it was found in (FORMAT §5).

    The wrapping that is kept is the same on every machine, and what any of them proves about time counts: somebody
    who copies a record without its timestamp takes nothing away.
    """
    wrappings: dict[tuple[Digest, Digest], list[Record]] = {}
    for record in records:
        wrappings.setdefault(record.identity, []).append(record)
    # All wrappings of a record at once: two by two, the order would say whose checks are shown.
    return [_united(wrappings[key]) for key in sorted(wrappings)]


def _united(wrappings: Sequence[Record]) -> Record:
    first, *others = sorted(wrappings, key=lambda one: one.claim.manifest)
    if all((one.times, one.logged) == (first.times, first.logged) for one in others):
        return first
    # The proof that is shown is the one that proves more.
    shown = min((first, *others), key=lambda one: (not one.logged, not one.times, one.times[:1]))
    times = tuple(sorted({time for one in wrappings for time in one.times}))
    return replace(first, times=times, logged=any(one.logged for one in wrappings), checks=shown.checks)
