"""The metadata file, `govern.yaml`: what only a person knows about a model or a dataset.

Everything is optional: which of it must be there is for a policy to say. What it holds becomes part of a signed
record that stays for ever, so it holds no personal data, no secret and no path of a machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from govern import canonical
from govern.errors import GovernError, InvalidInput
from govern.limits import MAX_METADATA, Bound, KiB
from govern.names import Name, Version
from govern.oci.digest import Digest
from govern.oci.reference import parse
from govern.paths import check_path
from govern.predicates.common import Time, is_decimal
from govern.secret_shapes import find_shape
from govern.yaml_text import Fault, Path, dotted, faults_in, faulty, read_yaml

FILE_NAME: Final = "govern.yaml"
DEFAULT_CARD: Final = "README.md"
"""The model card where the file names none and the tree has this one."""

MAX_METADATA_RECORD: Final = Bound("MAX_METADATA_RECORD", 512 * KiB)
"""A registration is attached to the line, where bundles above 1 MiB are refused (FORMAT §5)."""

PERSON_ID: Final = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$"
"""The ids of a policy's `people` and `roles`."""

_LICENCE_TERM: Final = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?[A-Za-z0-9.-]+\+?")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_LOCAL: Final = re.compile(r"[/~\\]|file:|[A-Za-z]:[\\/]", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CREDENTIALS: Final = re.compile(
    r"https?://[^/?#\s]*@|://[^/?#\s@]*:[^/?#\s@]*@"
    r"|[?&](?:x-(?:amz|goog)-(?:signature|credential)|sig|(?:access_|private_)?token|password)=",
    re.IGNORECASE,
)


def _text_of_number(value: object) -> object:
    # YAML gave an integer where people wrote a version or a metric; letter for letter the same text.
    return str(value) if type(value) is int else value


def _by(check: Any) -> AfterValidator:
    """A validator that asks a function of ours, whose refusals say what was expected."""

    def validate(text: str) -> str:
        try:
            check(text)
        except GovernError as error:
            raise ValueError(error.message + (f"; {error.hint}" if error.hint else "")) from error
        return text

    return AfterValidator(validate)


def _person(value: object) -> object:
    if isinstance(value, str) and "@" in value:
        raise ValueError(
            "an e-mail address is personal data, and what is signed stays for ever; "
            "write the id that the policy gives the person, for example fraud-team"
        )
    return value


def _decimal(text: str) -> str:
    if not is_decimal(text):
        raise ValueError("this is not a decimal number; write it as 0.93, without units or %")
    return text


def _licence(text: str) -> str:
    depth, operand = 0, True  # `operand`: a licence or an opening bracket comes next
    legal = True
    for word in re.findall(r"[()]|[^\s()]+", text):
        opens, closes, joins = word == "(", word == ")", word in ("AND", "OR", "WITH")
        depth += opens - closes
        known = opens or closes or _LICENCE_TERM.fullmatch(word) is not None
        legal = legal and known and depth >= 0 and operand != (closes or joins)
        operand = opens or joins
    if not legal or operand or depth:
        raise ValueError("this is not an SPDX expression; write Apache-2.0, MIT OR Apache-2.0, LicenseRef-acme, …")
    return text


def _elsewhere(text: str) -> str:
    if _LOCAL.match(text):
        raise ValueError("a path of this machine says nothing elsewhere; write an id, a URI or a relative path")
    return text


def _uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise ValueError("this is not a URI; write for example s3://bucket/key or https://host/path")
    return _elsewhere(text)


def _reference(text: str) -> None:
    reference = parse(text)
    if reference.tag is None and reference.digest is None:
        raise InvalidInput("the reference names no version", expected="…@sha256:… or …:TAG")


def _value(value: object) -> object:
    if not isinstance(value, bool | int | str):
        raise ValueError("a hyperparameter is text, an integer, true or false; write nested ones as optimizer.beta1")
    if isinstance(value, int) and abs(value) > canonical.MAX_SAFE_INTEGER:
        raise ValueError(f"an integer of 2^53 or more does not survive JSON; write it in quotes: '{value}'")
    return value


_Number = BeforeValidator(_text_of_number)
# An editor that checks the file by the schema reads 0.93 as a number, where this reader keeps its letters.
_number_schema = WithJsonSchema({"type": ["string", "number"]})
_Words = Annotated[StrictStr, Field(min_length=1, max_length=10_000)]
_Place = Annotated[StrictStr, AfterValidator(_elsewhere), Field(min_length=1, max_length=2_000)]
_Id = Annotated[StrictStr, _Number, AfterValidator(_elsewhere), Field(min_length=1, max_length=2_000), _number_schema]
_Person = Annotated[StrictStr, BeforeValidator(_person), Field(pattern=PERSON_ID)]
_Decimal = Annotated[StrictStr, _Number, AfterValidator(_decimal), Field(max_length=100), _number_schema]
_Version = Annotated[StrictStr, _Number, _by(Version), _number_schema]
_TreePath = Annotated[StrictStr, _by(check_path)]
_Value = Annotated[
    StrictBool | StrictInt | StrictStr,
    BeforeValidator(_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
_Reference = Annotated[StrictStr, _by(_reference)]
_Uri = Annotated[StrictStr, AfterValidator(_uri)]
_Digest = Annotated[StrictStr, _by(Digest)]
_Name = Annotated[StrictStr, _by(Name)]
_Licence = Annotated[StrictStr, AfterValidator(_licence), Field(max_length=1_000)]
_Commit = Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
_System = Literal["dvc", "hf", "git", "lakefs", "delta", "other"]
_Role = Literal["train", "validation", "test", "base", "other"]
_MetricKind = Literal["performance", "fairness", "robustness", "other"]
_RiskClass = Literal["none", "minimal", "limited", "high", "gpai", "gpai-systemic"]
_Seed = Annotated[StrictInt, Field(ge=-canonical.MAX_SAFE_INTEGER, le=canonical.MAX_SAFE_INTEGER)]


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

    path: _Words | None = Field(None, description="A directory that `govern pull` made: its lock says what it is.")
    reference: _Reference | None = Field(None, description="HOST/REPOSITORY@sha256:… or :TAG, or layout:….")
    uri: _Uri | None = Field(None, description="Where it is, outside of any OCI registry.")
    digest: _Digest | None = Field(None, description="sha256:… of what the URI gives.")
    system: _System | None = Field(None, description="The system whose revision pins the URI.")
    revision: _Id | None = Field(None, description="The revision in that system.")
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

    repository: _Place | None = Field(None, description="URL of the repository.")
    commit: _Commit | None = Field(None, description="The full commit id, 40 or 64 hex digits.")
    entry_point: _Place | None = Field(None, description="The script or command that was run.")


class Training(_Section):
    """The run that made the artifact."""

    run: _Id | None = Field(None, description="Id or URI of the run, in MLflow, Weights & Biases, CI, ….")
    pipeline: _Id | None = Field(None, description="Id or URI of the pipeline it belongs to.")
    started: Time | None = Field(None, description="When it began, RFC 3339 with Z.")
    finished: Time | None = Field(None, description="When it ended, RFC 3339 with Z.")
    hardware: _Words | None = Field(None, description="What it ran on.")
    compute_flop: _Decimal | None = Field(None, description="Floating point operations in total.")
    energy_kwh: _Decimal | None = Field(None, description="Energy, in kilowatt hours.")
    seed: _Seed | None = Field(None, description="The seed of random numbers.")
    framework: _Words | None = Field(None, description="Framework and version; installed ones are captured too.")
    lock_files: tuple[_TreePath, ...] = Field((), max_length=100, description="Lock files inside the pushed directory.")


class Data(_Section):
    """How data was collected and prepared: AI Act Article 10(2) to 10(5)."""

    collection: _Words | None = Field(None, description="How it was collected, and where it comes from.")
    original_purpose: _Words | None = Field(None, description="Why personal data in it was first collected.")
    preparation: _Words | None = Field(None, description="Labelling, cleaning, enrichment, aggregation.")
    assumptions: _Words | None = Field(None, description="What it is taken to measure and represent.")
    suitability: _Words | None = Field(None, description="Quantity, availability, fitness for the purpose.")
    setting: _Words | None = Field(None, description="Place, context and behaviour that it covers.")
    bias: _Words | None = Field(None, description="Biases looked for, found, and what was done.")
    special_categories: _Words | None = Field(None, description="Special categories of data, and safeguards.")
    gaps: _Words | None = Field(None, description="Known gaps and shortcomings.")


class Metric(_Section):
    """One measured number."""

    name: _Words = Field(description="What was measured, for example auc.")
    value: _Decimal = Field(description="The number; kept as text, letter for letter.")
    dataset: _Words | None = Field(None, description="What it was measured on.")
    slice: _Words | None = Field(None, description="The group of persons or part of the data.")
    kind: _MetricKind | None = Field(None, description="What kind of number it is.")


class MetadataFile(_Section):
    """The metadata file of a model or a dataset."""

    kind: Literal["model", "dataset"] = Field("model", description="What the directory holds.")
    name: _Name | None = Field(None, description="The name, if it is not the reference's repository path.")
    version: _Version | None = Field(None, description="The version; must equal the tag of the push.")
    previous_version: _Version | None = Field(None, description="The version that this one follows.")
    description: _Words | None = Field(None, description="What it is, in a few sentences.")
    owners: tuple[_Person, ...] = Field((), max_length=100, description="Who answers for it: ids, no e-mail addresses.")
    contact: _Person | None = Field(None, description="The id of the role to ask.")
    licence: _Licence | None = Field(None, description="An SPDX expression.")
    risk_class: _RiskClass | None = Field(None, description="The AI Act's class of the system or model.")
    intended_purpose: _Words | None = Field(None, description="What it is meant to be used for.")
    foreseeable_misuse: _Words | None = Field(None, description="What it must not be used for.")
    limitations: _Words | None = Field(None, description="What it cannot do, and where it fails.")
    ethical_considerations: _Words | None = Field(None, description="Effects on people, and what was done about them.")
    human_oversight: _Words | None = Field(None, description="Who can overrule it, and how.")
    card: _TreePath | None = Field(None, description="The card, inside the pushed directory; README.md if it is there.")
    datasets: tuple[Source, ...] = Field((), max_length=1_000, description="Datasets it was made from.")
    base_models: tuple[Source, ...] = Field((), max_length=1_000, description="Models it was made from.")
    code: Code | None = Field(None, description="The code; captured from git where absent.")
    training: Training | None = Field(None, description="The run that made it.")
    data: Data | None = Field(None, description="How data was collected and prepared.")
    hyperparameters: dict[StrictStr, _Value] = Field(
        {}, max_length=1_000, description="Name to text, integer or boolean."
    )
    metrics: tuple[Metric, ...] = Field((), max_length=1_000, description="Measured numbers.")


_ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "model": (
        "owners", "licence", "risk_class", "intended_purpose", "limitations", "datasets", "hyperparameters", "metrics",
    ),
    "dataset": ("owners", "licence", "intended_purpose", "limitations", "data.collection", "data.preparation"),
}  # fmt: skip

_SPELLINGS: Final[Mapping[str, str]] = {
    "license": "licence", "licenses": "licence", "author": "owners", "authors": "owners", "maintainers": "owners",
    "risk": "risk_class", "intended_use": "intended_purpose", "params": "hyperparameters", "parents": "base_models",
}  # fmt: skip


def read_metadata(data: bytes, source: str) -> MetadataFile:
    """Read a metadata file. An empty one is valid: it says nothing.

    Args:
        data: the bytes of the file.
        source: its path, for messages.

    Raises:
        InvalidInput: with every fault, its line and what was expected; for secrets and credentials too.
    """
    what = f"the metadata file {source}"
    document = read_yaml(data, what, bound=MAX_METADATA)
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} is not a mapping", got=canonical.describe(value), expected="lines of `name: value`")
    faults = [Fault(document.line(path), dotted(path), message) for path, message in _unsignable(value, ())]
    try:
        metadata = MetadataFile.model_validate(value)
    except ValidationError as fault:
        faults += [_reworded(one) for one in faults_in(fault, document)]
    else:
        if not faults:
            return metadata
    raise faulty(what, faults)


def _unsignable(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """What must not stand in a signed record, wherever it stands."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _unsignable(key, (*path, key))
                yield from _unsignable(item, (*path, key))
        case list():
            for number, item in enumerate(value):
                yield from _unsignable(item, (*path, number))
        case str():
            if shape := find_shape(value):
                yield path, f"looks like {shape}; what is signed stays for ever: take it out, and revoke it"
            elif _CREDENTIALS.search(value):
                yield path, "is an address with credentials; write it without user, password and token"
            elif _CONTROL.search(value):
                yield path, "holds control characters; write plain text"
        case _:
            pass


def _reworded(fault: Fault) -> Fault:
    """Say what pydantic means in the words of the file's writer."""
    _, dot, key = fault.place.rpartition(".")
    message = fault.message.replace("a valid tuple", "a list, as [a, b]")
    message = re.sub(r"a valid dictionary(?: or instance of \w+)?", "lines of `name: value`", message)
    if message.startswith("is not known here"):
        near = get_close_matches(key, MetadataFile.model_fields, n=1, cutoff=0.8) if not dot else []
        word = _SPELLINGS.get(key) or (near[0] if near else None)
        if word is not None and not dot:
            message = f"is spelled {word} here"
    return replace(fault, message=message)


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
