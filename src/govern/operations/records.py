"""`records`: the auditor's query: every record about an artifact, verified or refused, with reasons.

Without a key or a policy nothing is verified, and every line says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from govern.errors import GovernError
from govern.intoto.bundle import PublicKeyHint, read_bundle
from govern.intoto.statement import Statement, read_statement
from govern.ledger.state import fold
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest
from govern.oci.reference import Reference
from govern.operations.context import Context, resolve
from govern.operations.gather import Gathered, gather
from govern.operations.verify import Verifier, admit_all
from govern.policy.model import Policy
from govern.predicates.kinds import resolve_type, word_for
from govern.times import read_time
from govern.trust.records import Claim, Record, Rejected

Status = Literal["verified", "refused", "unverified", "foreign"]


@dataclass(frozen=True, slots=True)
class Found:
    """One record, as an auditor sees it. Where it is not verified, everything but the digests is a claim.

    Args:
        status: verified, refused, unverified (nobody was trusted), or foreign (no signed record at all).
        manifest: digest of the manifest under which it was found.
        type: predicate type URI, or the artifact type of a foreign one.
        statement: digest of the statement, or "".
        digest: the first digest that it is about, or "".
        signer: sha256 of the signer's key; a bare hint where it is not verified.
        person: whom the policy knows by it, or None.
        authorised: whether they may say this about this name.
        about: the subject's name in the statement.
        issued_at: when the writer says that it was written, or None.
        reason: why it is refused, or "".
        predicate: what it says.
        checks: (step, made, detail) of its proof.
    """

    status: Status
    manifest: Digest
    type: str
    statement: str = ""
    digest: str = ""
    signer: str = ""
    person: str | None = None
    authorised: bool = False
    about: str = ""
    issued_at: str | None = None
    reason: str = ""
    predicate: Mapping[str, Any] | None = None
    checks: tuple[tuple[str, bool, str], ...] = ()

    @property
    def word(self) -> str:
        """What people call its type."""
        return word_for(self.type)


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
        signers: person ids, or beginnings of a signer's digest; empty for all.
        since: only records that claim to be written then or later, or None.
    """

    kinds: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    since: datetime | None = None

    def keeps(self, one: Found) -> bool:
        """Whether a record is asked for. What cannot be judged is kept: a filter must not hide a refusal."""
        types = {resolve_type(kind) for kind in self.kinds}
        if types and one.type and one.type not in types:
            return False
        if self.signers and one.status == "verified":
            names = (one.person or "", one.signer, one.signer.removeprefix("sha256:"))
            if not any(name.startswith(wanted) for wanted in self.signers for name in names if wanted):
                return False
        if self.since is not None and one.issued_at is not None:
            try:
                return read_time(one.issued_at) >= self.since
            except GovernError:
                return True
        return True


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
    pinned = resolve(context, reference)
    gathered = gather(context, pinned, expected)
    found: Iterable[Found]
    if verifier is None:
        found = _unverified(gathered, line=line)
    else:
        found = _verified(gathered, verifier.for_name(expected), context.clock())
    foreign = [
        Found("foreign", raw.digest, read_manifest(raw).kind, reason="not a signed record")
        for raw in gathered.artifact.foreign
    ]
    kept = sorted((one for one in [*found, *foreign] if only.keeps(one)), key=_order)
    return RecordsFound(
        gathered,
        tuple(kept),
        tuple(gathered.artifact.failures + gathered.line.failures),
        gathered.artifact.unread + gathered.line.unread,
    )


def _order(one: Found) -> tuple[str, str, str]:
    return one.issued_at or "", one.type, one.manifest


def _verified(gathered: Gathered, policy: Policy, at: datetime) -> list[Found]:
    records, refused = admit_all(gathered, policy)
    state = fold(records, at)
    mine = gathered.pinned.digest
    return [
        *(_record(one, gathered, policy) for one in state.records if one.is_about(mine)),
        *(_record(one, gathered, policy, "claims to be written later than now") for one in state.later),
        *(_refused(one) for one in refused),
    ]


def _record(one: Record, gathered: Gathered, policy: Policy, reason: str = "") -> Found:
    kind = one.statement.predicate_type
    authorised = policy.who_may(one.signer, kind, gathered.name) is not None
    return Found(
        status="verified",
        manifest=one.claim.manifest,
        type=kind,
        statement=one.statement.digest,
        digest=_sha256(one.statement),
        signer=one.signer,
        person=policy.owners.get(one.signer),
        authorised=authorised,
        about=one.statement.subjects[0].name,
        issued_at=_text(one.predicate.get("issuedAt")),
        reason=reason or ("" if authorised else f"not authorised under {policy.source}"),
        predicate=one.predicate,
        checks=tuple((check.step, check.made, check.detail) for check in one.checks),
    )


def _refused(one: Rejected) -> Found:
    return Found(
        status="refused",
        manifest=one.manifest,
        type=one.claimed_type,
        signer=one.claimed_signer,
        reason=one.reason.message,
    )


def _unverified(gathered: Gathered, *, line: bool) -> list[Found]:
    claims = {one.manifest: one for one in gathered.artifact.found}
    if line:
        for one in gathered.line.found:
            claims.setdefault(one.manifest, one)
    found = [peek(one) for one in claims.values()]
    # The line holds the registrations of every version; asked for is this artifact.
    about = [one for one in found if one.digest in ("", str(gathered.pinned.digest))]
    refused = gathered.artifact.rejected + (gathered.line.rejected if line else [])
    unique: dict[str, Found] = {}
    for record in about:
        # A record on D and on L is one record in two places.
        unique.setdefault(record.statement or record.manifest, record)
    return [*unique.values(), *(_refused(one) for one in refused)]


def peek(claim: Claim) -> Found:
    """Return what a claim says of itself, with nothing verified."""
    try:
        bundle = read_bundle(claim.bundle)
        statement = read_statement(bundle.envelope.payload)
    except GovernError as fault:
        return Found("refused", claim.manifest, "", reason=fault.message)
    hint = bundle.material.hint if isinstance(bundle.material, PublicKeyHint) else "a certificate"
    return Found(
        status="unverified",
        manifest=claim.manifest,
        type=statement.predicate_type,
        statement=statement.digest,
        digest=_sha256(statement),
        signer=hint,
        about=statement.subjects[0].name,
        issued_at=_text(statement.predicate.get("issuedAt")),
        predicate=statement.predicate,
    )


def _sha256(statement: Statement) -> str:
    first = statement.subjects[0].sha256
    return f"sha256:{first}" if first is not None else ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
