"""The decision: three outcomes, every reason, and what was not proven. Its JSON is a contract.

allowed, denied, undecided. Undecided is never allowed. Empty is never yes (DESIGN §1).
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from govern.errors import Denied, GovernError, Undecided
from govern.predicates.common import Time
from govern.trust.identity import Identity

VERSION: Final = "govern.decision/v0.1"

Outcome = Literal["allowed", "denied", "undecided"]


class Code(Enum):
    """Why: a word that programs may compare."""

    NAME_MISMATCH = "NAME-MISMATCH"
    TAG_MISMATCH = "TAG-MISMATCH"
    VERSION_MISMATCH = "VERSION-MISMATCH"
    CONFLICT = "CONFLICT"
    MISSING = "MISSING"
    INCONCLUSIVE = "INCONCLUSIVE"
    LISTING = "LISTING"
    UNREAD = "UNREAD"
    NEWER = "NEWER"
    LEVEL = "LEVEL"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Reason(_View):
    """One reason for the outcome."""

    code: Code
    outcome: Annotated[Outcome, Field(description="What this reason alone leads to.")]
    message: str
    hint: str = ""


class SubjectView(_View):
    """What was decided about."""

    reference: Annotated[str, Field(description="The pinned reference.")]
    digest: str
    name: Annotated[str, Field(description="The expected name.")]
    version: Annotated[str | None, Field(description="The version: from inside, or as registered.")]
    kind: Annotated[str, Field(description="`model`, `dataset`, or the artifact type of another tool.")]


class PolicyView(_View):
    """Under which policy."""

    source: str
    digest: Annotated[str | None, Field(description="Digest of the policy file; null under --key.")]


class CheckView(_View):
    """A step of a record's proof."""

    step: str
    made: Annotated[bool, Field(description="Whether the step was made at all.")]
    detail: str


class IdentityView(_View):
    """Whom a certificate was about."""

    issuer: str
    subject: str

    @classmethod
    def of(cls, identity: Identity) -> IdentityView:
        """Return the view of an identity."""
        return cls(issuer=identity.issuer, subject=identity.subject)


class RecordView(_View):
    """An authentic record."""

    word: Annotated[str, Field(description="What people call its type.")]
    type: Annotated[str, Field(description="Predicate type URI.")]
    statement: Annotated[str, Field(description="Digest of the statement's bytes.")]
    signer: Annotated[str, Field(description="Digest of the signer's public key, or of the certificate's identity.")]
    identity: Annotated[IdentityView | None, Field(description="Whom the certificate proved; null for keys.")] = None
    person: Annotated[str | None, Field(description="Whom the policy knows by this key or identity.")]
    authorised: Annotated[bool, Field(description="Whether this person may say this about this name.")]
    manifest: Annotated[str, Field(description="Digest of the manifest under which it was found.")]
    issued_at: Annotated[str | None, Field(description="When the writer says that it was written.")]
    proven_at: Annotated[
        str | None, Field(description="When it existed at the latest, by a timestamp or log; null for no proof.")
    ] = None
    build_level: Annotated[
        int | None, Field(description="SLSA build level of a provenance, by its signer and builder.")
    ] = None
    about: Annotated[str, Field(description="The subject's name in the statement.")]
    note: Annotated[str, Field(description="Why it does not count, or empty.")] = ""
    checks: tuple[CheckView, ...] = ()


class RefusedView(_View):
    """A claim that was not admitted. All but `manifest` and `reason` is unverified."""

    manifest: str
    reason: str
    claimed_type: str
    claimed_signer: str
    about_another: bool


class Requirement(_View):
    """A required kind of record, and which records satisfy it."""

    word: str
    type: str
    satisfied: bool
    by: Annotated[tuple[str, ...], Field(description="Statement digests.")]


class TagView(_View):
    """The tag that was typed, and what it is worth."""

    typed: str | None
    verdict: Literal["none", "registered", "unproven", "mismatch"]


class Decision(_View):
    """What a policy says about an artifact at a moment."""

    version: Literal["govern.decision/v0.1"] = VERSION
    outcome: Outcome
    subject: SubjectView
    policy: PolicyView
    at: Time
    enforced: Annotated[bool, Field(description="Whether the outcome binds (`enforce`) or only informs.")] = True
    absence: Annotated[
        Literal["proven", "unproven"],
        Field(description="Whether it was proven that no other record exists. Without a snapshot it is not."),
    ] = "unproven"
    tag: TagView
    reasons: tuple[Reason, ...]
    requirements: tuple[Requirement, ...]
    records: tuple[RecordView, ...]
    refused: tuple[RefusedView, ...]
    unread: Annotated[int, Field(ge=0, description="Claims that were listed and not read.")] = 0

    def to_json(self) -> dict[str, object]:
        """Return the JSON object of the contract."""
        return self.model_dump(by_alias=True, mode="json")

    def require(self) -> Decision:
        """Return this decision if it allows; raise what it is otherwise. No require, no pull."""
        if self.outcome == "allowed" and self.enforced:
            return self
        error: type[GovernError] = Denied if self.outcome == "denied" else Undecided
        given = [one for one in self.reasons if one.outcome == self.outcome]
        if not given:
            raise Undecided("a decision that was not enforced unlocks nothing", got=self.outcome)
        # What could not be read comes before what was not found: the one is why of the other.
        first = next((one for one in given if one.code in (Code.LISTING, Code.UNREAD)), given[0])
        rest = len(self.reasons) - 1
        more = f" (and {rest} more: govern verify shows all)" if rest else ""
        raise error(f"{first.code.value}: {first.message}{more}", hint=first.hint)
