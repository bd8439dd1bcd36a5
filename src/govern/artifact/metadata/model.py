"""The metadata file, `govern.yaml`: what only a person knows about a model or a dataset.

Everything is optional: which of it must be there is for a policy to say. What it holds becomes part of a signed
record that stays for ever, so it holds no personal data, no secret and no path of a machine.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, StrictStr, model_validator
from pydantic.alias_generators import to_camel

from govern.artifact.metadata.fields import (
    Commit,
    Decimal,
    DigestText,
    Hyperparameter,
    Id,
    Licence,
    Location,
    NameText,
    Person,
    ReferenceText,
    Seed,
    TreePath,
    Uri,
    VersionText,
    Words,
)
from govern.limits import MAX_LISTED, MAX_LOCK_FILES, MAX_LOGS, MAX_OWNERS
from govern.predicates.common import Time

FILE_NAME: Final = "govern.yaml"

_System = Literal["dvc", "hf", "git", "lakefs", "delta", "other"]
_Role = Literal["train", "validation", "test", "base", "other"]
_MetricKind = Literal["performance", "fairness", "robustness", "other"]
_RiskClass = Literal["none", "minimal", "limited", "high", "gpai", "gpai-systemic"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=AliasGenerator(serialization_alias=to_camel))

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, value: Any) -> Any:
        # `owners:` with nothing behind it is a line that somebody did not fill in.
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if item is not None or key not in cls.model_fields}


class Source(_Section):
    """A dataset or base model that the artifact was made from: one of `path`, `reference`, `uri`."""

    path: Words | None = Field(None, description="A directory that `govern pull` made: its lock says what it is.")
    reference: ReferenceText | None = Field(None, description="HOST/REPOSITORY@sha256:… or :TAG, or layout:….")
    uri: Uri | None = Field(None, description="Where it is, outside of any OCI registry.")
    digest: DigestText | None = Field(None, description="sha256:… of what the URI gives.")
    system: _System | None = Field(None, description="The system whose revision pins the URI.")
    revision: Id | None = Field(None, description="The revision in that system.")
    role: _Role | None = Field(None, description="What it was used for.")

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        places = [name for name in ("path", "reference", "uri") if getattr(self, name) is not None]
        if len(places) != 1:
            got = " and ".join(places) or "none"
            raise ValueError(f"exactly one of path, reference and uri says where it is; got {got}")
        if (self.system is None) != (self.revision is None):
            raise ValueError("system and revision stand together")
        pinned = self.digest is not None or self.revision is not None
        if (self.uri is not None) != pinned:
            raise ValueError(
                "a uri may change: give its digest, or system and revision"
                if self.uri is not None
                else f"digest, system and revision belong to a uri; a {places[0]} has its own digest"
            )
        return self


class Code(_Section):
    """The code that made the artifact, where it is not the repository that pushes."""

    repository: Location | None = Field(None, description="URL of the repository.")
    commit: Commit | None = Field(None, description="The full commit id, 40 or 64 hex digits.")
    entry_point: Location | None = Field(None, description="The script or command that was run.")
    path: Location | None = Field(None, description="A directory of code, from this one; its digest is recorded.")


class Training(_Section):
    """The run that made the artifact."""

    run: Id | None = Field(None, description="Id or URI of the run, in MLflow, Weights & Biases, CI, ….")
    pipeline: Id | None = Field(None, description="Id or URI of the pipeline it belongs to.")
    started: Time | None = Field(None, description="When it began, RFC 3339 with Z.")
    finished: Time | None = Field(None, description="When it ended, RFC 3339 with Z.")
    hardware: Words | None = Field(None, description="What it ran on.")
    compute_flop: Decimal | None = Field(None, description="Floating point operations in total.")
    energy_kwh: Decimal | None = Field(None, description="Energy, in kilowatt hours.")
    seed: Seed | None = Field(None, description="The seed of random numbers.")
    framework: Words | None = Field(None, description="Framework and version; installed ones are captured too.")
    lock_files: tuple[TreePath, ...] = Field(
        (), max_length=MAX_LOCK_FILES.value, description="Lock files inside the pushed directory."
    )
    logs: tuple[TreePath, ...] = Field(
        (), max_length=MAX_LOGS.value, description="Logs inside the pushed directory; their digests are recorded."
    )


class Data(_Section):
    """How data was collected and prepared: AI Act Article 10(2) to 10(5)."""

    collection: Words | None = Field(None, description="How it was collected, and where it comes from.")
    original_purpose: Words | None = Field(None, description="Why personal data in it was first collected.")
    preparation: Words | None = Field(None, description="Labelling, cleaning, enrichment, aggregation.")
    assumptions: Words | None = Field(None, description="What it is taken to measure and represent.")
    suitability: Words | None = Field(None, description="Quantity, availability, fitness for the purpose.")
    setting: Words | None = Field(None, description="Place, context and behaviour that it covers.")
    bias: Words | None = Field(None, description="Biases looked for, found, and what was done.")
    special_categories: Words | None = Field(None, description="Special categories of data, and safeguards.")
    gaps: Words | None = Field(None, description="Known gaps and shortcomings.")


class Metric(_Section):
    """One measured number."""

    name: Words = Field(description="What was measured, for example auc.")
    value: Decimal = Field(description="The number; kept as text, letter for letter.")
    dataset: Words | None = Field(None, description="What it was measured on.")
    slice: Words | None = Field(None, description="The group of persons or part of the data.")
    kind: _MetricKind | None = Field(None, description="What kind of number it is.")


class MetadataFile(_Section):
    """The metadata file of a model or a dataset."""

    kind: Literal["model", "dataset"] = Field("model", description="What the directory holds.")
    name: NameText | None = Field(None, description="The name, if it is not the reference's repository path.")
    version: VersionText | None = Field(None, description="The version; must equal the tag of the push.")
    previous_version: VersionText | None = Field(None, description="The version that this one follows.")
    description: Words | None = Field(None, description="What it is, in a few sentences.")
    owners: tuple[Person, ...] = Field(
        (), max_length=MAX_OWNERS.value, description="Who answers for it: ids, no e-mail addresses."
    )
    contact: Person | None = Field(None, description="The id of the role to ask.")
    licence: Licence | None = Field(None, description="An SPDX expression.")
    risk_class: _RiskClass | None = Field(None, description="The AI Act's class of the system or model.")
    intended_purpose: Words | None = Field(None, description="What it is meant to be used for.")
    foreseeable_misuse: Words | None = Field(None, description="What it must not be used for.")
    limitations: Words | None = Field(None, description="What it cannot do, and where it fails.")
    ethical_considerations: Words | None = Field(None, description="Effects on people, and what was done about them.")
    human_oversight: Words | None = Field(None, description="Who can overrule it, and how.")
    card: TreePath | None = Field(None, description="The card, inside the pushed directory.")
    datasets: tuple[Source, ...] = Field((), max_length=MAX_LISTED.value, description="Datasets it was made from.")
    base_models: tuple[Source, ...] = Field((), max_length=MAX_LISTED.value, description="Models it was made from.")
    code: Code | None = Field(None, description="The code; captured from git where absent.")
    training: Training | None = Field(None, description="The run that made it.")
    data: Data | None = Field(None, description="How data was collected and prepared.")
    hyperparameters: dict[StrictStr, Hyperparameter] = Field(
        {}, max_length=MAX_LISTED.value, description="Name to text, integer or boolean."
    )
    metrics: tuple[Metric, ...] = Field((), max_length=MAX_LISTED.value, description="Measured numbers.")
