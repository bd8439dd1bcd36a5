"""Registration: which content is which version of which name, and what was pushed with it.

The question it answers: is this digest a version of this name, who registered it, and is the evidence
that was pushed with it still there?
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, StrictInt, StrictStr

from govern.names import predicate_type
from govern.predicates.common import Common, DigestSet, Model, RecordReference, Text

KIND: Final = "registration"
TYPE: Final = predicate_type(KIND)


class Files(Model):
    """The files of the artifact, as one number (FORMAT §3)."""

    count: Annotated[StrictInt, Field(ge=0, description="How many files.")]
    digest: Annotated[DigestSet, Field(description="The digest of the canonical file list.")]
    size: Annotated[StrictInt, Field(ge=0, description="The sum of the file sizes, in bytes.")]


class Waiver(Model):
    """A rule of packing that the person who pushed set aside, explicitly."""

    rule: Annotated[StrictStr, Field(description="The rule, e.g. `pickle` or `secret`.")]
    paths: Annotated[tuple[Text, ...], Field(min_length=1, description="The files it would have refused.")]


class Registration(Common):
    """The commit point of a push for everyone who uses digests (DESIGN §5)."""

    kind: Annotated[Literal["model", "dataset"], Field(description="What the artifact is.")]
    packing: Annotated[Literal["v1"], Field(description="The packing rules that made the artifact.")]
    files: Files
    evidence: Annotated[
        tuple[RecordReference, ...], Field(description="Every record that was pushed with the artifact.")
    ]
    metadata: Annotated[
        dict[str, Any] | None,
        Field(description="The metadata file, as validated at the push: open, so that it can grow."),
    ] = None
    waived: Annotated[tuple[Waiver, ...] | None, Field(description="Rules that were set aside.")] = None
