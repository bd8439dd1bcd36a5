"""Which name a repository holds: one, for tags are its versions, and the line's tag keeps only one line (FORMAT §1)."""

from __future__ import annotations

from govern import canonical
from govern.errors import ContentMismatch, GovernError, InvalidInput, NotFound
from govern.limits import MAX_CONFIG
from govern.line import line_of
from govern.names import LINE_TAG, Name
from govern.oci.manifest import RawManifest, read_manifest
from govern.store.protocol import Store


def held_name(store: Store) -> Name | None:
    """Return the name whose line a repository holds, which the line's digest proves; None for no such line."""
    try:
        return _name_of_line(store, store.get_manifest(LINE_TAG))
    except (NotFound, ContentMismatch):
        return None


def refuse_other_line(store: Store, name: Name, verb: str) -> None:
    """Raise `InvalidInput` where a repository holds another name.

    Args:
        store: the repository.
        name: the name that is to be written.
        verb: what the person does, for the hint.
    """
    line = line_of(name)
    try:
        there = store.get_manifest(LINE_TAG)
    except (NotFound, ContentMismatch):
        return  # what is spoiled is written again
    if there.digest != line.digest:
        other = _name_of_line(store, there)
        raise InvalidInput(
            "this repository holds another name",
            got=str(other) if other is not None else f"{LINE_TAG} is {there.digest}, which is the line of no name",
            expected=str(name),
            hint=f"one repository holds one name: {verb} to another repository"
            + (f", or say --name {other}" if other is not None else ""),
        )


def _name_of_line(store: Store, there: RawManifest) -> Name | None:
    """Return the name of a line, which its digest proves, or None where it is no line of any name."""
    what = "the line that is there"
    try:
        (layer,) = read_manifest(there, what).layers
        found = canonical.loads(store.read_blob(layer, MAX_CONFIG, what), what, bound=MAX_CONFIG)
        name = Name(found["line"])
    except (GovernError, ValueError, TypeError, KeyError):
        return None
    return name if line_of(name).digest == there.digest else None
