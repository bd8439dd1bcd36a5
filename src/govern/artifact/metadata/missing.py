"""What policies commonly ask for and a metadata file does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from govern.artifact.metadata.model import MetadataFile

_ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "model": (
        "owners", "licence", "risk_class", "intended_purpose", "limitations", "datasets", "hyperparameters", "metrics",
    ),
    "dataset": ("owners", "licence", "intended_purpose", "limitations", "data.collection", "data.preparation"),
}  # fmt: skip


def missing_for_policy(metadata: MetadataFile | None) -> tuple[str, ...]:
    """Return the fields that governance policies commonly ask for and that are absent.

    Args:
        metadata: the metadata file, or None where there is none.

    Source: AI Act Articles 10, 11, 13 and Annex IV; what is captured (code, environment) is not listed.
    """
    present = metadata or MetadataFile()
    return tuple(field for field in _ASKED[present.kind] if not _has(present, field))


def _has(metadata: MetadataFile, field: str) -> bool:
    section, _, last = field.rpartition(".")
    holder = getattr(metadata, section) if section else metadata
    return holder is not None and bool(getattr(holder, last))
