"""What of the metadata file goes into the signed registration."""

from __future__ import annotations

from typing import Any

from govern import canonical
from govern.artifact.metadata.model import MetadataFile
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA_RECORD


def to_record(metadata: MetadataFile) -> dict[str, Any]:
    """Return the JSON object that goes into the registration record.

    Left out: `kind`, `name` and `version`, which the record itself says; `datasets` and `base_models`,
    which the push resolves to digests and writes as dependencies of the provenance; whatever is absent.
    Keys are camelCase, but for the hyperparameters' own names; no floats, no paths outside the artifact.

    Raises:
        InvalidInput: above `MAX_METADATA_RECORD`.
    """
    left_out = {"kind", "name", "version", "datasets", "base_models"}
    dumped = metadata.model_dump(by_alias=True, exclude_none=True, mode="json", exclude=left_out)
    sections = {key: _filled(item) for key, item in dumped.items()}
    record = {key: item for key, item in sections.items() if item not in ({}, [])}
    MAX_METADATA_RECORD.check(len(canonical.dumps(record)), "the metadata", InvalidInput)
    return record


def _filled(section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    return {key: item for key, item in section.items() if item not in ({}, [])}
