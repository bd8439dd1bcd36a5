"""The JSON Schemas of everything that others read or write: generated from the models.

`schemas/` holds what this makes; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, TypeAdapter

from govern.artifact.lock import Lock
from govern.artifact.metadata.model import MetadataFile
from govern.names import NAMESPACE
from govern.oci.descriptor import DigestText
from govern.policy.decision import Decision
from govern.policy.file import PolicyFile
from govern.predicates.annotation import Annotation
from govern.predicates.registration import Registration
from govern.report.affected import AffectedView
from govern.report.copy_views import CopyView, SaveView
from govern.report.file_views import CheckView, InitView, KeyView, PolicyCheckView, RefusalView, RepairView
from govern.report.query_views import RecordsView, ResolveView, ShowView, VersionsView
from govern.report.views import AttestView, ImportView, PullView, PushView


class _Format(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FilesOfDataset(_Format):
    """The files of a dataset, as one number."""

    count: Annotated[StrictInt, Field(ge=0)]
    digest: DigestText
    size: Annotated[StrictInt, Field(ge=0)]


class DatasetConfig(_Format):
    """The config of a dataset artifact (FORMAT §3)."""

    files: FilesOfDataset
    name: StrictStr
    version: StrictStr


class FileEntry(_Format):
    """An entry of the file list (FORMAT §3)."""

    layer: DigestText
    offset: Annotated[StrictInt, Field(ge=0)]
    path: StrictStr
    sha256: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[StrictInt, Field(ge=0)]


class LineLayer(_Format):
    """The layer of a line (FORMAT §2)."""

    line: StrictStr


MODELS: Final[Mapping[str, Any]] = {
    "records/registration": Registration,
    "records/annotation": Annotation,
    "format/dataset-config": DatasetConfig,
    "format/file-list": list[FileEntry],
    "format/line": LineLayer,
    "files/govern.yaml": MetadataFile,
    "files/govern.lock": Lock,
    "files/policy": PolicyFile,
    "output/affected": AffectedView,
    "output/decision": Decision,
    "output/push": PushView,
    "output/attest": AttestView,
    "output/import": ImportView,
    "output/pull": PullView,
    "output/records": RecordsView,
    "output/list": VersionsView,
    "output/show": ShowView,
    "output/resolve": ResolveView,
    "output/copy": CopyView,
    "output/save": SaveView,
    "output/init": InitView,
    "output/check": CheckView,
    "output/key": KeyView,
    "output/policy-check": PolicyCheckView,
    "output/repair": RepairView,
    "output/refusal": RefusalView,
}
"""Path under `schemas/` without the ending → model."""


def schema_of(path: str) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 document at a path of `MODELS`."""
    schema = TypeAdapter(MODELS[path]).json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{NAMESPACE}schemas/{path}/v0.1",
        **schema,
    }
