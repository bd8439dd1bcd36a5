"""The JSON outputs of the commands: each a versioned contract, with its schema in `schemas/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from govern.policy.decision import Decision
from govern.predicates.kinds import word_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    # One verb's view must not load the other verbs.
    from govern.operations.attest import Attested
    from govern.operations.pull import Pulled
    from govern.operations.push import Pushed


class View(BaseModel):
    """A frozen output model."""

    model_config = ConfigDict(
        frozen=True, defer_build=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the contract."""
        return self.model_dump(by_alias=True, mode="json")


class PushedRecord(View):
    """A record that belongs to a push."""

    word: str
    type: str
    statement: str


class PushView(View):
    """What `govern push --format json` prints."""

    output: Literal["govern.push/v0.1"] = "govern.push/v0.1"
    reference: Annotated[str, Field(description="The pinned reference.")]
    digest: str
    name: str
    version: str
    kind: str
    files: int
    size: int
    already: Annotated[bool, Field(description="Whether everything was there and nothing was signed.")]
    records: tuple[PushedRecord, ...]
    missing: Annotated[tuple[str, ...], Field(description="Metadata that policies commonly ask for.")]

    @classmethod
    def of(cls, pushed: Pushed) -> PushView:
        """Return the view of a push."""
        return cls(
            reference=str(pushed.pinned),
            digest=pushed.pinned.digest,
            name=pushed.name,
            version=pushed.version,
            kind=pushed.kind,
            files=pushed.files,
            size=pushed.size,
            already=pushed.already,
            records=tuple(
                PushedRecord(word=word_for(kind), type=kind, statement=statement) for kind, statement in pushed.records
            ),
            missing=pushed.missing,
        )


class AttestView(View):
    """What `govern attest` and `govern annotate` print with --format json."""

    output: Literal["govern.attest/v0.1"] = "govern.attest/v0.1"
    reference: str
    word: str
    type: str
    statement: str
    signer: str
    manifest: str
    about: str

    @classmethod
    def of(cls, attested: Attested) -> AttestView:
        """Return the view of a new record."""
        return cls(
            reference=str(attested.pinned),
            word=attested.word,
            type=attested.type,
            statement=attested.statement,
            signer=attested.signer,
            manifest=attested.manifest,
            about=attested.about,
        )


class ImportView(View):
    """What `govern attest --import` prints with --format json: the bundles of the file, in their order."""

    output: Literal["govern.import/v0.1"] = "govern.import/v0.1"
    records: tuple[AttestView, ...]

    @classmethod
    def of(cls, found: Sequence[Attested]) -> ImportView:
        """Return the view of records that were signed elsewhere."""
        return cls(records=tuple(AttestView.of(one) for one in found))


class PullView(View):
    """What `govern pull --format json` prints."""

    output: Literal["govern.pull/v0.1"] = "govern.pull/v0.1"
    reference: str
    folder: str
    files: int
    fetched: int
    size: int
    verified: Annotated[bool, Field(description="False only under --insecure-no-verify.")]
    decision: Decision | None

    @classmethod
    def of(cls, pulled: Pulled) -> PullView:
        """Return the view of a pull."""
        return cls(
            reference=str(pulled.pinned),
            folder=str(pulled.folder),
            files=pulled.files,
            fetched=pulled.fetched,
            size=pulled.size,
            verified=pulled.decision is not None,
            decision=pulled.decision,
        )
