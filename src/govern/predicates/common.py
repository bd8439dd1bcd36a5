"""The fields that all predicates of ours share (FORMAT §4, §5)."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from govern import canonical
from govern.errors import GovernError, InvalidInput
from govern.limits import MAX_SAW, MAX_TEXT
from govern.oci.digest import Digest
from govern.times import read_time

_HEX: Final = r"^[0-9a-f]{64}$"
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _time(text: str) -> str:
    try:
        read_time(text)
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return text


Time = Annotated[
    StrictStr,
    AfterValidator(_time),
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", examples=["2026-11-21T09:30:00Z"]),
]
Text = Annotated[StrictStr, Field(min_length=1, max_length=MAX_TEXT.value)]


def is_decimal(text: str) -> bool:
    """Whether `text` is a number as records write it: a decimal string."""
    return _DECIMAL.fullmatch(text) is not None


class Model(BaseModel):
    """A frozen model that refuses unknown fields: "written by a newer govern" (DESIGN §5)."""

    model_config = ConfigDict(
        frozen=True, defer_build=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, strict=True
    )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object, without absent fields."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


class DigestSet(Model):
    """A digest inside a statement: `{"sha256": "<64 hex>"}`."""

    sha256: Annotated[StrictStr, Field(pattern=_HEX)]

    @classmethod
    def of(cls, digest: Digest) -> DigestSet:
        """Wrap a sha256 digest."""
        return cls(sha256=digest.encoded)

    @property
    def id(self) -> Digest:
        """The digest, as its own type."""
        return Digest.from_hex(self.sha256)


class RecordReference(Model):
    """A reference to a record: satisfied only by an admitted record of this statement and this signer.

    `manifest` and `bundle` are where to look first (FORMAT §5).
    """

    statement: DigestSet
    signer: DigestSet
    manifest: DigestSet
    bundle: DigestSet


class Common(Model):
    """Fields of every predicate of ours."""

    issued_at: Annotated[Time, Field(description="When the writer says that it was written: a claim.")]
    reason: Annotated[Text | None, Field(description="Why, in the writer's words.")] = None
    policy: Annotated[
        DigestSet | None,
        Field(description="The policy that the writer had in mind: a claim, looked up, never trusted."),
    ] = None
    saw: Annotated[
        tuple[RecordReference, ...] | None,
        Field(
            max_length=MAX_SAW.value,
            description="Heads of the records that the writer had admitted. "
            "Orders records; proves nothing about completeness.",
        ),
    ] = None


_Common = TypeVar("_Common", bound=BaseModel)


def read_predicate(
    model: type[_Common],
    value: dict[str, Any],
    what: str,
    error: type[GovernError],
    *,
    tolerant: bool = False,
    newer: type[GovernError] | None = None,
) -> _Common:
    """Validate a predicate of ours.

    Args:
        model: the model of its kind.
        value: the parsed JSON.
        what: the kind, for messages.
        error: the class to raise.
        tolerant: whether unknown fields at the top are passed over: in kinds that decide nothing.
        newer: the class to raise instead where unknown fields are all that is wrong.

    Raises:
        error: with the first faults, each with its place; unknown fields are called a newer govern's.
    """
    known = {field.alias or name for name, field in model.model_fields.items()}
    kept = {key: item for key, item in value.items() if key in known} if tolerant else value
    try:
        canonical.check(kept)
        # By way of JSON text: there, strict means that an integer is an integer and an array a tuple.
        return model.model_validate_json(json.dumps(kept), by_alias=True, by_name=False)
    except InvalidInput as fault:
        raise error(f"the {what} is not valid", got=fault.message, expected=f"the schema of {what}") from fault
    except ValidationError as fault:
        unknown = all(item["type"] == "extra_forbidden" for item in fault.errors(include_url=False))
        if unknown and newer is not None:
            error = newer
        raise error(f"the {what} is not valid", got=faults_of(fault), expected=f"the schema of {what}") from fault


def faults_of(fault: ValidationError, most: int = 3) -> str:
    """Return the first faults of a validation, each with its place."""
    found = []
    for item in fault.errors(include_url=False, include_context=False, include_input=False)[:most]:
        place = ".".join(str(part)[:80] for part in item["loc"][:10]) or "the document"
        newer = item["type"] == "extra_forbidden"
        message = "unknown field, written by a newer govern" if newer else item["msg"][:300]
        found.append(f"{place}: {message}")
    rest = fault.error_count() - most
    return "; ".join(found) + (f"; and {rest} more" if rest > 0 else "")
