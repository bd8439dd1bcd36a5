"""What readers need of `index.json`: of every entry four fields, whatever else somebody wrote there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from govern import canonical
from govern.errors import ProtocolError
from govern.limits import MAX_ANNOTATIONS, MAX_ENTRIES, Bound
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_index
from govern.oci.media_types import IMAGE_INDEX

REF_NAME: Final = "org.opencontainers.image.ref.name"
"""The annotation that holds a tag (image-spec 1.1, annotations.md)."""

_READ: Final = ("mediaType", "digest", "size", "artifactType")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the index: a hint, as all listings are, until the bytes were looked at.

    Args:
        media_type: what the index says that the manifest is.
        digest: of the manifest.
        size: bytes, as the index says.
        tag: its tag, or None.
    """

    media_type: str
    digest: Digest
    size: int
    tag: str | None

    @property
    def descriptor(self) -> Descriptor:
        """The entry as a descriptor, to check bytes against."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=self.size)


@dataclass(frozen=True, slots=True)
class Entries(Sequence[Entry]):
    """Every entry of the index in its order, found by digest and by tag.

    Args:
        listed: the entries.
    """

    listed: tuple[Entry, ...]
    _digests: dict[Digest, Entry] = field(init=False, default_factory=dict, compare=False, repr=False)
    _tags: dict[str, list[Entry]] = field(init=False, default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for one in self.listed:
            self._digests.setdefault(one.digest, one)
            if one.tag is not None:
                self._tags.setdefault(one.tag, []).append(one)

    def __len__(self) -> int:
        return len(self.listed)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.listed)

    def __getitem__(self, position: Any) -> Any:
        return self.listed[position]

    def of_digest(self, digest: Digest) -> Entry | None:
        """Return the first entry of a manifest, or None."""
        return self._digests.get(digest)

    def of_tag(self, tag: str) -> Entry | None:
        """Return the entry of a tag, or None.

        Raises:
            ProtocolError: where the tag stands at two manifests. Readers differ in which of them they take, so
                that what was verified would not be what another tool pulls.
        """
        found = self._tags.get(tag, [])
        digests = list(dict.fromkeys(one.digest for one in found))
        if len(digests) > 1:
            raise ProtocolError(
                f"the tag {tag!r} is ambiguous",
                got=" and ".join(digests[:2]) + (f" and {len(digests) - 2} more" if len(digests) > 2 else ""),
                expected="one entry of index.json",
                hint="take the tag from all but one of them, or name the artifact by its digest",
            )
        return found[0] if found else None

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag, in order."""
        return tuple(sorted(self._tags))


def read_entries(data: bytes, what: str, bound: Bound) -> Entries:
    """Parse the index; raise `ProtocolError` for what image-spec does not allow.

    Annotations and other fields are dropped before anything is made of them: they may be most of the file.
    """
    document = canonical.loads(data, what, bound=bound, error=ProtocolError)
    listed = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        listed = []  # refused below, as part of a document that is no index
    else:
        MAX_ENTRIES.check(len(listed), f"the list of manifests of {what}", ProtocolError)
        document["manifests"] = []
    read_index(RawManifest(IMAGE_INDEX, json.dumps(document).encode()), what, bound=bound)
    found = []
    # Each is given back once it was looked at, so that the document and the entries are never held whole together.
    for number in range(len(listed)):
        found.append(_entry(listed[number], f"manifests.{number}", what))
        listed[number] = None
    return Entries(tuple(found))


def tag_of(entry: dict[str, Any]) -> str | None:
    """Return the tag of an entry as it stands in the file, or None."""
    annotations = entry.get("annotations")
    value = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else None


def _entry(value: Any, place: str, what: str) -> Entry:
    read = value
    if isinstance(value, dict):
        read = {key: value[key] for key in _READ if key in value}
        annotations = value.get("annotations")
        if isinstance(annotations, dict):
            MAX_ANNOTATIONS.check(len(annotations), f"the annotations of {place} of {what}", ProtocolError)
            annotations = {key: annotations[key] for key in (REF_NAME,) if key in annotations}
        read["annotations"] = annotations
    try:
        one = Descriptor.model_validate(read, by_alias=True, by_name=False)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join([place, *(str(part) for part in first["loc"])])
        raise ProtocolError(
            f"{what} is not what the image spec says",
            got=f"{place[:200]}: {first['msg'][:300]}",
            expected="a valid descriptor",
        ) from fault
    # Thousands of entries have a handful of media types.
    return Entry(sys.intern(one.media_type), one.id, one.size, tag_of(value))
