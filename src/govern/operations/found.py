"""A record as an auditor sees it, and what a claim says of itself with nothing verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from govern.errors import GovernError
from govern.intoto.bundle import PublicKeyHint, read_bundle
from govern.intoto.statement import Statement, read_statement
from govern.oci.digest import Digest
from govern.predicates.kinds import word_for
from govern.trust.records import Claim

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
        digest=sha256_of(statement),
        signer=hint,
        about=statement.subjects[0].name,
        issued_at=written_at(statement.predicate),
        predicate=statement.predicate,
    )


def sha256_of(statement: Statement) -> str:
    """Return the first digest that a statement is about, or empty."""
    first = statement.subjects[0].sha256
    return f"sha256:{first}" if first is not None else ""


def written_at(predicate: Mapping[str, Any]) -> str | None:
    """Return when a record says that it was written: `issuedAt` of ours, or when a build ended (SLSA 1.2)."""
    found: object = predicate
    for key in ("issuedAt",) if "issuedAt" in predicate else ("runDetails", "metadata", "finishedOn"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None
