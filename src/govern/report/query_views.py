"""The JSON outputs of the queries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from govern.operations.records import RecordsFound
from govern.operations.show import Shown
from govern.operations.versions import Versions
from govern.report.views import View
from govern.trust.hints import spelled


class FoundView(View):
    """One record. Where `status` is not `verified`, all but the digests is a claim."""

    status: Literal["verified", "refused", "unverified", "foreign"]
    word: str
    type: str
    manifest: str
    statement: str
    signer: str
    person: str | None
    authorised: bool
    about: str
    issued_at: str | None
    reason: str
    predicate: Annotated[dict[str, Any] | None, Field(description="What the record says, as JSON.")]


class RecordsView(View):
    """What `govern records` and `govern tree` print with --format json."""

    output: Literal["govern.records/v0.1"] = "govern.records/v0.1"
    reference: str
    name: str
    complete: Annotated[bool, Field(description="Whether everything that was listed could be read.")]
    records: tuple[FoundView, ...]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, found: RecordsFound) -> RecordsView:
        """Return the view of an auditor's query."""
        return cls(
            reference=str(found.gathered.pinned),
            name=found.gathered.name,
            complete=not found.failures and not found.unread,
            records=tuple(
                FoundView(
                    status=one.status,
                    word=one.word,
                    type=one.type,
                    manifest=one.manifest,
                    statement=one.statement,
                    signer=spelled(one.signer),
                    person=one.person,
                    authorised=one.authorised,
                    about=one.about,
                    issued_at=one.issued_at,
                    reason=one.reason,
                    predicate=dict(one.predicate) if one.predicate is not None else None,
                )
                for one in found.found
            ),
            problems=(
                *(one.message for one in found.failures),
                *((f"{found.unread} listed claims were not read",) if found.unread else ()),
            ),
        )


class VersionView(View):
    """One registered version."""

    version: str
    digest: str
    kind: str
    registered_at: str
    signer: str
    status: Literal["registered", "not authorised", "void", "unverified"]
    conflict: bool
    tagged: bool
    why: Annotated[str, Field(description="Why it is void, or empty.")] = ""


class VersionsView(View):
    """What `govern list --format json` prints."""

    output: Literal["govern.list/v0.1"] = "govern.list/v0.1"
    name: str
    place: str
    versions: tuple[VersionView, ...]
    refused: int
    problems: tuple[str, ...]

    @classmethod
    def of(cls, found: Versions) -> VersionsView:
        """Return the view of a line."""
        return cls(
            name=found.name,
            place=found.place,
            versions=tuple(
                VersionView(
                    version=one.version,
                    digest=one.digest,
                    kind=one.kind,
                    registered_at=one.registered_at,
                    signer=spelled(one.signer),
                    status=one.status,  # type: ignore[arg-type]  # the model checks the word
                    conflict=one.conflict,
                    tagged=one.tagged,
                    why=one.why,
                )
                for one in found.versions
            ),
            refused=found.refused,
            problems=tuple(one.message for one in found.failures),
        )


class LayerView(View):
    """One layer."""

    digest: str
    media_type: str
    size: int
    path: str
    role: str


class ShowView(View):
    """What `govern show --format json` prints. Nothing of it is verified but the digest."""

    output: Literal["govern.show/v0.1"] = "govern.show/v0.1"
    reference: str
    digest: str
    kind: str
    name: str | None
    version: str | None
    artifact_type: str
    size: int
    config: dict[str, Any]
    layers: tuple[LayerView, ...]

    @classmethod
    def of(cls, shown: Shown) -> ShowView:
        """Return the view of an artifact."""
        return cls(
            reference=str(shown.pinned),
            digest=shown.pinned.digest,
            kind=shown.inside.kind,
            name=shown.inside.name,
            version=shown.inside.version,
            artifact_type=shown.manifest.kind,
            size=sum(layer.size for layer in shown.manifest.layers),
            config=dict(shown.config),
            layers=tuple(
                LayerView(digest=layer.digest, media_type=layer.media_type, size=layer.size, path=path, role=role)
                for layer, path, role in shown.layers
            ),
        )


class ResolveView(View):
    """What `govern resolve --format json` prints."""

    output: Literal["govern.resolve/v0.1"] = "govern.resolve/v0.1"
    reference: str
    digest: str
