"""`records`: the auditor's query: every record about an artifact, verified or refused, with reasons.

Without a key or a policy nothing is verified, and every line says so.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from govern.errors import GovernError, UsageError
from govern.ledger.state import fold
from govern.oci.manifest import read_manifest
from govern.oci.reference import Reference
from govern.operations.context import Context, resolve
from govern.operations.found import Found, peek, sha256_of, written_at
from govern.operations.gather import Gathered, gather
from govern.operations.verify import Judged, Verifier, admit_all
from govern.policy.model import Policy
from govern.policy.requirements import may_say
from govern.predicates.kinds import OMS_V1, resolve_type
from govern.times import read_time
from govern.trust.records import Record, Rejected

SHORTEST_BEGINNING: Final = 8
"""Characters of a signer's digest by which records are asked for: two digests that begin so alike are no accident."""


@dataclass(frozen=True, slots=True)
class RecordsFound:
    """The answer to an auditor's query.

    Args:
        gathered: what was read.
        found: the records, those of the artifact and those of its line, each once.
        failures: what could not be read; with any, the answer is not complete.
        unread: how many were listed beyond the bound.
    """

    gathered: Gathered
    found: tuple[Found, ...]
    failures: tuple[GovernError, ...]
    unread: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What an auditor asks for.

    Args:
        kinds: kinds, aliases or URIs; empty for all.
        signers: person ids, or beginnings of a signer's digest or key hint, of `SHORTEST_BEGINNING` characters or
            more; empty for all. Where nothing is verified a signer is a claim as everything else, and persons are
            not known.
        since: only records that claim to be written then or later, or None.

    Raises:
        UsageError: for an empty signer, which would be the beginning of every one, and for a time without a zone.
    """

    kinds: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    since: datetime | None = None

    def __post_init__(self) -> None:
        if not all(self.signers):
            raise UsageError("the signer is empty", expected="a person's id, or the beginning of a signer's digest")
        if self.since is not None and self.since.tzinfo is None:
            raise UsageError("the time has no zone", got=self.since.isoformat(), expected="an aware datetime")

    def check(self, policy: Policy | None) -> None:
        """Raise where a signer is nobody whom the policy knows, and too short for the beginning of a digest.

        Some key's hint begins with any two letters: such a query would answer with whose key that is by chance.

        Args:
            policy: who is known, or None.

        Raises:
            UsageError: names the word.
        """
        known = policy.kinds if policy is not None else {}
        for one in self.signers:
            if one not in known and len(one.removeprefix("sha256:")) < SHORTEST_BEGINNING:
                raise UsageError(
                    "nobody is known by this name, and it is too short for the beginning of a signer's digest",
                    got=repr(one),
                    expected=f"{', '.join(sorted(known))[:300] or 'a person of a policy'}, or at least "
                    f"{SHORTEST_BEGINNING} characters of a digest",
                )

    def keeps(self, one: Found, policy: Policy | None = None) -> bool:
        """Whether a record is asked for.

        A refused claim that does not say its kind, signer or time is kept: a filter must not hide a refusal.

        Args:
            one: the record.
            policy: whom the reader knows: a refused claim of theirs is found under their id too.
        """
        refused = one.status == "refused"
        types = {resolve_type(kind) for kind in self.kinds}
        if types and one.type not in types and (one.type or not refused):
            return False
        if self.signers and (one.signer or not refused) and not self._is_by(one, policy):
            return False
        if self.since is not None:
            if one.issued_at is None:
                return refused
            try:
                return read_time(one.issued_at) >= self.since
            except GovernError:
                return True
        return True

    def _is_by(self, one: Found, policy: Policy | None) -> bool:
        spellings = _spellings(one.signer)
        owners = policy.owners if policy is not None else {}
        known = policy.kinds if policy is not None else {}
        person = one.person or next((who for signer, who in owners.items() if signer in spellings), "")
        # Whom the policy knows is asked for as that person, and never means a digest that begins like their id.
        return any(
            wanted == person if wanted in known else any(text.startswith(wanted) for text in spellings)
            for wanted in self.signers
        )


def _spellings(signer: str) -> tuple[str, ...]:
    """Return how a signer may be written: as digest, and as the key hint of a bundle (FORMAT §5)."""
    try:
        if signer.startswith("sha256:"):
            data = bytes.fromhex(signer.removeprefix("sha256:"))
        else:
            data = base64.b64decode(signer, validate=True)
    except ValueError:
        return (signer,)
    if len(data) != hashlib.sha256().digest_size:
        return (signer,)
    return f"sha256:{data.hex()}", data.hex(), base64.b64encode(data).decode("ascii")


def find_records(
    context: Context,
    reference: Reference,
    verifier: Verifier | None,
    *,
    name: str | None = None,
    only: Filter = Filter(),
    line: bool = True,
) -> RecordsFound:
    """Return every record about an artifact.

    Args:
        context: the surroundings.
        reference: the artifact.
        verifier: policy or keys, or None: then nothing is verified.
        name: the expected name, or None.
        only: what is asked for.
        line: whether records of the line about this artifact are included.
    """
    expected = context.expected_name(reference.place, name, verifier.policy if verifier else None)
    policy = verifier.for_name(expected) if verifier is not None else None
    only.check(policy)
    pinned = resolve(context, reference)
    gathered = gather(context, pinned, expected)
    failures: tuple[GovernError, ...] = ()
    if policy is None:
        found = _unverified(gathered, line=line)
    else:
        now = context.clock()
        judged = admit_all(gathered, policy, now, now)
        found, failures = _verified(gathered, policy, judged, now), judged.failures
    foreign = [
        Found("foreign", raw.digest, read_manifest(raw).kind, reason="not a signed record")
        for raw in gathered.artifact.foreign
    ]
    kept = sorted((one for one in [*found, *foreign] if only.keeps(one, policy)), key=_order)
    return RecordsFound(
        gathered,
        tuple(kept),
        (*gathered.artifact.failures, *gathered.line.failures, *failures),
        gathered.artifact.unread + gathered.line.unread,
    )


def _order(one: Found) -> tuple[str, str, str]:
    return one.issued_at or "", one.type, one.manifest


def _verified(gathered: Gathered, policy: Policy, judged: Judged, at: datetime) -> list[Found]:
    state = fold(judged.records, at)
    mine, refused = gathered.pinned.digest, judged.refused
    return [
        *(_record(one.record, gathered, policy, one.why) for one in judged.void if one.record.is_about(mine)),
        *(_record(one, gathered, policy) for one in state.records if one.is_about(mine)),
        *(_record(one, gathered, policy, "claims to be written later than now") for one in state.later),
        *_refused(refused, gathered),
    ]


def _record(one: Record, gathered: Gathered, policy: Policy, reason: str = "") -> Found:
    kind = one.statement.predicate_type
    authorised = may_say(policy, one, gathered.name)
    return Found(
        status="verified",
        manifest=one.claim.manifest,
        type=kind,
        statement=one.statement.digest,
        digest=sha256_of(one.statement),
        signer=one.signer,
        person=policy.owner_of(one.voice),
        authorised=authorised,
        about=one.statement.subjects[0].name,
        issued_at=written_at(one.predicate),
        reason=reason or ("" if authorised else f"not authorised under {policy.source}"),
        predicate=one.predicate,
        checks=tuple((check.step, check.made, check.detail) for check in one.checks),
    )


def _refused(refused: Sequence[Rejected], gathered: Gathered) -> list[Found]:
    claims = {one.manifest: one for one in (*gathered.line.found, *gathered.artifact.found)}
    return [
        Found(
            status="refused",
            manifest=one.manifest,
            type=one.claimed_type,
            signer=one.claimed_signer,
            issued_at=peek(claims[one.manifest]).issued_at if one.manifest in claims else None,
            reason=one.reason.message,
        )
        for one in refused
    ]


def _unverified(gathered: Gathered, *, line: bool) -> list[Found]:
    claims = {one.manifest: one for one in gathered.artifact.found}
    if line:
        for one in gathered.line.found:
            claims.setdefault(one.manifest, one)
    found = [peek(one) for one in claims.values()]
    # The line holds the registrations of every version; asked for is this artifact.
    # A model signature is about files, and hangs on the artifact that has them.
    about = [one for one in found if one.digest in ("", str(gathered.pinned.digest)) or one.type == OMS_V1]
    refused = gathered.artifact.rejected + (gathered.line.rejected if line else [])
    unique: dict[str, Found] = {}
    for record in about:
        # A record on D and on L is one record in two places.
        unique.setdefault(record.statement or record.manifest, record)
    return [*unique.values(), *_refused(refused, gathered)]
