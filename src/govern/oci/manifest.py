"""Manifests and indexes that keep the exact bytes they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from govern import canonical
from govern.errors import GovernError, InvalidInput, ProtocolError
from govern.limits import MAX_ANNOTATIONS, MAX_ENTRIES, MAX_LAYERS, MAX_MANIFEST, Bound
from govern.oci.descriptor import Descriptor, MediaType
from govern.oci.digest import Digest
from govern.oci.media_types import DOCKER_LIST, IMAGE_INDEX, IMAGE_MANIFEST, INDEXES, MANIFESTS


def _two(value: int) -> int:
    if value != 2:
        raise ValueError(f"schemaVersion {value} is not 2")
    return value


_AT_ONCE: Final = 1_000
"""Entries of an index that are models at the same time, where only their digests are wanted."""

SchemaVersion = Annotated[StrictInt, AfterValidator(_two)]
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RawManifest:
    """The bytes of a manifest or index, and the media type under which they were handed over.

    Args:
        media_type: the Content-Type, without parameters.
        data: the exact bytes.
    """

    media_type: str
    data: bytes

    @property
    def digest(self) -> Digest:
        """The sha256 digest of the bytes."""
        return Digest.of(self.data)

    @property
    def descriptor(self) -> Descriptor:
        """A bare descriptor of these bytes."""
        return Descriptor.of(self.data, self.media_type)


class Manifest(BaseModel):
    """An image manifest, parsed beside its bytes.

    Source: image-spec 1.1, manifest.md.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_version: SchemaVersion = Field(alias="schemaVersion")
    media_type: MediaType | None = Field(default=None, alias="mediaType")
    artifact_type: MediaType | None = Field(default=None, alias="artifactType")
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: dict[StrictStr, StrictStr] | None = None

    @property
    def kind(self) -> str:
        """The artifact type, or what image-spec says stands for it: the config's media type."""
        return self.artifact_type or self.config.media_type

    @property
    def named(self) -> tuple[Descriptor, ...]:
        """What must be there before it: the blobs."""
        return (self.config, *self.layers)


class Index(BaseModel):
    """An image index: a list of manifests.

    Source: image-spec 1.1, image-index.md; distribution spec 1.1, "Listing Referrers".
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_version: SchemaVersion = Field(alias="schemaVersion")
    media_type: MediaType | None = Field(default=None, alias="mediaType")
    artifact_type: MediaType | None = Field(default=None, alias="artifactType")
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: dict[StrictStr, StrictStr] | None = None

    @property
    def kind(self) -> None:
        """An index stands in a list without an artifact type."""
        return

    @property
    def named(self) -> tuple[Descriptor, ...]:
        """What must be there before it: the manifests."""
        return self.manifests


def read_either(raw: RawManifest) -> Manifest | Index:
    """Parse an image manifest or an image index, of the size of a manifest; raises as `read_manifest` does."""
    return read_index(raw, bound=MAX_MANIFEST) if raw.media_type in INDEXES else read_manifest(raw)


def read_manifest(
    raw: RawManifest,
    what: str = "the manifest",
    *,
    bound: Bound = MAX_MANIFEST,
    error: type[GovernError] = ProtocolError,
) -> Manifest:
    """Parse an image manifest.

    Args:
        raw: bytes and Content-Type.
        what: what it is, for messages.
        bound: the largest size.
        error: the class to raise.

    Raises:
        error: for an index, a body `mediaType` other than the Content-Type, `layers` beside
            `manifests`, duplicate keys, and everything that image-spec does not allow.
    """
    body = _body(raw, what, bound, error)
    if raw.media_type in INDEXES or "manifests" in body:
        raise error(
            f"{what} is an index of several manifests",
            got=raw.media_type,
            expected=IMAGE_MANIFEST,
            hint="name one of them by its digest",
        )
    # Counted before they are looked at: each that is wrong would cost a description of what is wrong.
    if isinstance(body.get("layers"), list):
        MAX_LAYERS.check(len(body["layers"]), f"the list of layers of {what}", error)
    return _validate(Manifest, body, what, error)


def read_index(
    raw: RawManifest, what: str = "the index", *, bound: Bound, error: type[GovernError] = ProtocolError
) -> Index:
    """Parse an image index; the arguments and refusals are those of `read_manifest`."""
    return _validate(Index, _index_body(raw, what, bound, error), what, error)


def read_index_digests(
    raw: RawManifest, what: str = "the index", *, bound: Bound, error: type[GovernError] = ProtocolError
) -> tuple[tuple[Digest, ...], Descriptor | None]:
    """Return what an index lists, and its subject; the arguments and refusals are those of `read_index`.

    An index of 8 MiB may list 80,000 manifests. As models they take 100 MiB, so never all of them are made at once.
    """
    body = _index_body(raw, what, bound, error)
    listed = body.get("manifests")
    rest = []
    if isinstance(listed, list):
        body["manifests"] = listed[:_AT_ONCE]
        rest = [listed[start : start + _AT_ONCE] for start in range(_AT_ONCE, len(listed), _AT_ONCE)]
    first = _validate(Index, body, what, error)
    found = [one.id for one in first.manifests]
    for part in rest:
        found += [one.id for one in _validate(Index, body | {"manifests": part}, what, error).manifests]
    return tuple(found), first.subject


def _index_body(raw: RawManifest, what: str, bound: Bound, error: type[GovernError]) -> dict[str, Any]:
    body = _body(raw, what, bound, error)
    if raw.media_type not in INDEXES or "layers" in body or "config" in body:
        raise error(f"{what} is not an index", got=raw.media_type, expected=IMAGE_INDEX)
    if isinstance(body.get("manifests"), list):
        MAX_ENTRIES.check(len(body["manifests"]), f"the list of manifests of {what}", error)
    return body


def _body(raw: RawManifest, what: str, bound: Bound, error: type[GovernError] = ProtocolError) -> dict[str, Any]:
    if raw.media_type not in MANIFESTS:
        raise error(
            f"{what} has a media type that is not a manifest's",
            got=repr(raw.media_type[:200]),
            expected=f"{IMAGE_MANIFEST} or {IMAGE_INDEX}",
        )
    body = canonical.loads(raw.data, what, bound=bound, error=error)
    if not isinstance(body, dict):
        raise error(f"{what} is not an object", got=canonical.describe(body), expected="a JSON object")
    # image-spec, manifest.md: a document that could be read as both is how clients are made to disagree
    # (CVE-2021-41190).
    if "layers" in body and "manifests" in body:
        raise error(f"{what} could be read as two things", got="layers beside manifests", expected="one of them")
    inner = body.get("mediaType")
    if inner is not None and inner != raw.media_type:
        raise error(
            f"{what} contradicts its Content-Type",
            got=f"mediaType {str(inner)[:200]!r}",
            expected=repr(raw.media_type),
        )
    if inner is None and raw.media_type == DOCKER_LIST:
        raise error(f"{what} does not say what it is", expected="a mediaType")
    annotations = body.get("annotations")
    if isinstance(annotations, dict):
        MAX_ANNOTATIONS.check(len(annotations), f"the annotations of {what}")
    return body


def _validate(model: type[_Model], body: dict[str, Any], what: str, error: type[GovernError] = ProtocolError) -> _Model:
    try:
        # Only the spec's own spelling of a field is read; ours is for making models in the code.
        return model.model_validate(body, by_alias=True, by_name=False)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise error(
            f"{what} is not what the image spec says",
            got=f"{place[:200]}: {first['msg'][:300]}",
            expected=f"a valid {model.__name__.lower()}",
        ) from fault


def write(document: dict[str, Any]) -> RawManifest:
    """Return the canonical bytes of a manifest that we make, under its own `mediaType`."""
    media_type = document["mediaType"]
    if not isinstance(media_type, str):
        raise InvalidInput("a manifest needs a mediaType", got=canonical.describe(media_type))
    return RawManifest(media_type, canonical.dumps(document))
