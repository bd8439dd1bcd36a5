"""A descriptor: what kind, which digest, how many bytes."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr

from govern.errors import ContentMismatch, GovernError, InvalidInput
from govern.limits import MAX_ANNOTATIONS, MAX_BLOB
from govern.oci.digest import Digest
from govern.oci.media_types import GRAMMAR


def _media_type(text: str) -> str:
    if GRAMMAR.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is not a media type")
    return text


def _digest(text: str) -> str:
    try:
        return Digest(text)
    except InvalidInput as error:
        raise ValueError(error.message) from error


MediaType = Annotated[StrictStr, AfterValidator(_media_type)]
DigestText = Annotated[StrictStr, AfterValidator(_digest)]
Size = Annotated[StrictInt, Field(ge=0, le=MAX_BLOB.value)]


class Descriptor(BaseModel):
    """Content of a media type, by digest and size. Unknown fields are kept out, never refused.

    Source: image-spec 1.1, descriptor.md.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    media_type: MediaType = Field(alias="mediaType")
    digest: DigestText
    size: Size
    annotations: dict[StrictStr, StrictStr] | None = Field(default=None, max_length=MAX_ANNOTATIONS.value)
    artifact_type: MediaType | None = Field(default=None, alias="artifactType")
    data: StrictStr | None = None

    @property
    def id(self) -> Digest:
        """The digest, as its own type."""
        return Digest(self.digest)

    @classmethod
    def of(cls, data: bytes, media_type: str, *, annotations: dict[str, str] | None = None) -> Descriptor:
        """Describe `data`."""
        return cls(media_type=media_type, digest=Digest.of(data), size=len(data), annotations=annotations)

    def check(self, data: bytes, what: str) -> bytes:
        """Return `data` if size and digest are this descriptor's; otherwise raise `ContentMismatch`.

        The size is judged before the digest (image-spec, descriptor.md, "Verification").
        """
        if len(data) != self.size:
            raise ContentMismatch(
                f"{what} is not as long as its descriptor says",
                got=f"{len(data)} bytes",
                expected=f"{self.size} bytes",
                hint=f"do not use it; its digest would have to be {self.digest}",
            )
        return self.id.check(data, what)

    def embedded(self, what: str, error: type[GovernError] = ContentMismatch) -> bytes | None:
        """Return the checked bytes of `data`, or None where there is none.

        Raises:
            error: where `data` is not base64 of this size and digest (FORMAT §5: a foreign `data` that
                lies is refused, not ignored).
        """
        if self.data is None:
            return None
        try:
            data = base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError) as fault:
            raise error(f"the embedded data of {what} is not base64", got=str(fault)) from fault
        if base64.b64encode(data).decode("ascii") != self.data:
            raise error(f"the embedded data of {what} is not canonical base64", expected="RFC 4648 §4, padded")
        return self.check(data, f"the embedded data of {what}")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object, without absent fields."""
        return self.model_dump(by_alias=True, exclude_none=True)
