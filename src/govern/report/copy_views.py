"""The JSON outputs of `copy`, `save` and `load`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from govern.operations.archive import Saved
from govern.operations.copy_result import Copied
from govern.report.views import View


class CopiedArtifactView(View):
    """One artifact that is at the target now."""

    reference: Annotated[str, Field(description="The pinned reference at the target.")]
    digest: str
    tags: tuple[str, ...]


class CopiedNameView(View):
    """One name that was copied."""

    name: str
    source: str
    target: str
    artifacts: tuple[CopiedArtifactView, ...]


class NotCarriedView(View):
    """One thing that could not be carried."""

    what: str
    digest: Annotated[str, Field(description="Its digest where it is known, or empty.")]
    reason: str


class SentView(View):
    """What was sent; what was there already is not counted."""

    manifests: int
    blobs: int
    size: int


class CopyView(View):
    """What `govern copy` and `govern load` print with --format json. With `complete` false the exit code is 3."""

    output: Literal["govern.copy/v0.1"] = "govern.copy/v0.1"
    names: Annotated[
        tuple[CopiedNameView, ...], Field(description="What was asked for first, then what it was made from.")
    ]
    records: Annotated[int, Field(description="Records and other referrers that are at the target now.")]
    sent: SentView
    lines: Annotated[dict[str, str], Field(description="Entries of the policy's `lines` that users of the copy need.")]
    complete: bool
    not_carried: tuple[NotCarriedView, ...]
    notes: tuple[str, ...]
    verified: Annotated[bool, Field(description="Whether a policy or key allowed it before anything was sent.")]

    @classmethod
    def of(cls, copied: Copied) -> CopyView:
        """Return the view of a copy."""
        return cls(
            names=tuple(
                CopiedNameView(
                    name=one.name,
                    source=one.source,
                    target=one.target,
                    artifacts=tuple(
                        CopiedArtifactView(reference=str(item.pinned), digest=item.pinned.digest, tags=item.tags)
                        for item in one.artifacts
                    ),
                )
                for one in copied.names
            ),
            records=copied.records,
            sent=SentView(manifests=copied.sent.manifests, blobs=copied.sent.blobs, size=copied.sent.size),
            lines=dict(copied.lines),
            complete=copied.complete,
            not_carried=tuple(
                NotCarriedView(what=one.what, digest=one.digest, reason=one.reason) for one in copied.not_carried
            ),
            notes=copied.notes,
            verified=copied.verified,
        )


class SaveView(View):
    """What `govern save --format json` prints. With `complete` false in `copied` the exit code is 3."""

    output: Literal["govern.save/v0.1"] = "govern.save/v0.1"
    file: str
    size: int
    copied: CopyView

    @classmethod
    def of(cls, saved: Saved) -> SaveView:
        """Return the view of a saved file."""
        return cls(file=str(saved.file), size=saved.size, copied=CopyView.of(saved.copied))
