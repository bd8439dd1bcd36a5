"""The sections of the policy file, as they are written.

Its first sections are all that a small team needs (DESIGN §6): `lines`, `people`, `roles`, `require`. Trust
is triples (person, kinds, names): no key may say everything. `trust` and `build` are for teams whose records are
signed with certificates, timestamped, logged, or made by a build platform.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from govern.errors import InvalidInput, UsageError, shortened
from govern.names import PERSON_ID, is_repository
from govern.oci.reference import is_host
from govern.policy.model import stem_of
from govern.predicates.common import Time
from govern.predicates.kinds import resolve_type
from govern.times import read_time
from govern.trust.anchors import Window
from govern.trust.identity import is_provider
from govern.trust.keys import read_public_key

_WHOSE: Final = re.compile(r"(?:spiffe://[^/*]+/|[a-z][a-z0-9+.-]*://[^/*]+/[^/*]+/)[^*]*\*")
"""A pattern that says whose subjects it means: up to the owner on a shared host, up to a SPIFFE trust domain."""


def _kind(text: str) -> str:
    try:
        resolve_type(text)
    except UsageError as error:
        raise ValueError(error.message) from error
    return text


def _name_pattern(text: str) -> str:
    stem = stem_of(text)
    if text != "**" and not is_repository(stem):
        raise ValueError(f"{text!r} is not a name or a pattern like acme/**")
    return text


def _key(text: str) -> str:
    try:
        read_public_key(text.encode(), "this key")
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return text


def _subject(text: str) -> str:
    # A pattern that does not fix whose subjects it means trusts everybody whom the issuer knows.
    if "*" in text and _WHOSE.fullmatch(text) is None:
        raise ValueError(
            f"got {text!r}, expected a star only at the end of a URI, and after what says whose it is: "
            "https://HOST/OWNER/* or spiffe://DOMAIN/*"
        )
    return text


Kind = Annotated[StrictStr, AfterValidator(_kind)]
NamePattern = Annotated[StrictStr, AfterValidator(_name_pattern)]
PersonId = Annotated[StrictStr, Field(pattern=PERSON_ID)]
Pem = Annotated[StrictStr, AfterValidator(_key)]
Proof = Literal["timestamp", "log"]


class Section(BaseModel):
    """A part of the file: unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True, defer_build=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Validity(Section):
    """When a key or identity speaks for its person."""

    since: Annotated[Time | None, Field(alias="from", description="Not before.")] = None
    until: Annotated[Time | None, Field(description="Not after.")] = None
    revoked_from: Annotated[
        Time | None,
        Field(
            description="From then on nothing counts, and what is older only if something other than the signer's "
            "own word proves that it existed before: a timestamp, a log, a record of somebody else."
        ),
    ] = None
    proven_by: Annotated[
        tuple[Proof, ...], Field(description="What every record must carry: `timestamp`, `log`, or both.")
    ] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Validity:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"until {self.until} is before from {self.since}")
        return self

    @property
    def window(self) -> Window:
        """From and until."""
        return Window(_moment(self.since), _moment(self.until))

    @property
    def revoked(self) -> datetime | None:
        """`revokedFrom` as a moment."""
        return _moment(self.revoked_from)


def _moment(text: str | None) -> datetime | None:
    return read_time(text) if text is not None else None


class Key(Validity):
    """A public key, with what limits it."""

    key: Annotated[Pem, Field(description="The PEM public key.")]


def _entry(value: object) -> object:
    # One shape for both spellings: of a union every fault would be told once for each.
    if isinstance(value, str):
        return {"key": value}
    if not isinstance(value, dict | Key):
        raise ValueError(f"got {shortened(value, 80)}, expected a PEM public key, or key: with what limits it")
    return value


def _instance(value: object) -> object:
    if isinstance(value, str):
        return {"root": value}
    if isinstance(value, dict) and "root" not in value:
        raise ValueError("got its content, expected it as text: write - | and put the file below, indented")
    if not isinstance(value, dict | SigstoreInstance):
        raise ValueError(f"got {shortened(value, 80)}, expected text, or root: with its issuers")
    return value


def _issuer(text: str) -> str:
    if not is_provider(text):
        raise ValueError(f"got {shortened(text, 80)}, expected the URL of an OpenID provider")
    return text


class CertifiedIdentity(Validity):
    """An identity that certificates prove: keyless signing, or an internal PKI."""

    issuer: Annotated[
        StrictStr,
        Field(
            min_length=1,
            description="Exactly who vouches: the URL of the OpenID provider, or the name of the root (RFC 4514).",
        ),
    ]
    subject: Annotated[
        StrictStr,
        AfterValidator(_subject),
        Field(
            min_length=1,
            description="Exactly whom for: a mail address, a URI, a name (RFC 4514). A URI may end in * after its "
            "host and path, as in https://github.com/acme/models/.github/workflows/release.yml@refs/tags/*.",
        ),
    ]


class Person(Section):
    """A person or a workload, and what speaks for it. Two keys are one voice."""

    kind: Annotated[Literal["human", "workload"], Field(description="Who: a human being, or a machine's job.")]
    keys: Annotated[
        tuple[Annotated[Key, BeforeValidator(_entry, json_schema_input_type=Pem | Key)], ...],
        Field(description="PEM public keys, written out here."),
    ] = ()
    identities: Annotated[tuple[CertifiedIdentity, ...], Field(description="Identities that certificates prove.")] = ()

    @model_validator(mode="after")
    def _somebody(self) -> Person:
        if not self.keys and not self.identities:
            raise ValueError("nothing speaks for this person: expected keys, identities, or both")
        return self


class Role(Section):
    """Who may sign which kinds of record about which names."""

    members: Annotated[tuple[PersonId, ...], Field(min_length=1, description="Ids from `people`.")]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, description="Record kinds or predicate type URIs.")]
    names: Annotated[tuple[NamePattern, ...], Field(min_length=1, description="Names, or prefixes like acme/**.")]


class PinnedLog(Section):
    """A transparency log by its key."""

    origin: Annotated[StrictStr, Field(min_length=1, description="The name that its checkpoints carry: its host.")]
    key: Annotated[Pem, Field(description="Its PEM public key.")]


class SigstoreInstance(Section):
    """A Sigstore instance, and about whose people it is believed."""

    root: Annotated[StrictStr, Field(description="The text of its trusted_root.json.")]
    issuers: Annotated[
        # An empty list is no list: it would believe nothing, or everything.
        tuple[Annotated[StrictStr, AfterValidator(_issuer)], ...] | None,
        Field(
            min_length=1,
            description="The OpenID providers, exactly, about whose people its certificates are believed; left out, "
            "every provider. Who pins two instances says it of each: else one could certify the other's people.",
        ),
    ] = None


class TrustSection(Section):
    """Authorities and logs that are pinned here."""

    sigstore: Annotated[
        tuple[
            Annotated[SigstoreInstance, BeforeValidator(_instance, json_schema_input_type=str | SigstoreInstance)], ...
        ],
        Field(
            description="Sigstore instances: the text of each trusted_root.json, or `root` with `issuers`. The parts "
            "of one vouch for each other alone."
        ),
    ] = ()
    certificates: Annotated[
        tuple[StrictStr, ...], Field(description="Roots of internal PKIs, PEM. Their names are issuers of identities.")
    ] = ()
    timestamps: Annotated[
        tuple[StrictStr, ...],
        Field(description="Timestamp authorities: a PEM chain each, the signing certificate first, the root last."),
    ] = ()
    logs: Annotated[tuple[PinnedLog, ...], Field(description="Transparency logs for key-signed records.")] = ()


class Builder(Section):
    """A build platform, and whose signature says that it made a provenance."""

    builder: Annotated[StrictStr, Field(min_length=1, description="The builder id in the provenance, exactly.")]
    people: Annotated[tuple[PersonId, ...], Field(min_length=1, description="Whose signature says so.")]
    level: Annotated[Literal[1, 2, 3], Field(description="The SLSA build level that this pair is worth.")]


class BuildSection(Section):
    """What a provenance is worth (SLSA). What a client generates is level 1, whoever signs it."""

    level: Annotated[Literal[1, 2, 3] | None, Field(description="The level that an artifact must have.")] = None
    builders: tuple[Builder, ...] = ()


class PolicyFile(Section):
    """The policy file."""

    version: Annotated[Literal["govern.policy/v0.1"], Field(description="The version of this file's format.")]
    lines: Annotated[
        dict[StrictStr, NamePattern],
        Field(description="Repository pattern (HOST/PATH, or HOST/PATH/**) to name (or prefix/**)."),
    ] = {}
    people: Annotated[dict[PersonId, Person], Field(min_length=1)]
    roles: Annotated[dict[PersonId, Role], Field(min_length=1)]
    require: Annotated[tuple[Kind, ...], Field(min_length=1, description="Kinds of record that an artifact must have.")]
    trust: TrustSection = TrustSection()
    build: BuildSection = BuildSection()

    @field_validator("lines")
    @classmethod
    def _both_sides(cls, lines: dict[str, str]) -> dict[str, str]:
        for pattern, name in lines.items():
            host, slash, path = stem_of(pattern).partition("/")
            if not is_host(host) or (slash and not is_repository(path)) or not (slash or pattern.endswith("/**")):
                raise ValueError(f"{pattern!r} is not a place: HOST/PATH, HOST/PATH/** or HOST/**")
            if pattern.endswith("/**") != (name.endswith("/**") or name == "**"):
                raise ValueError(f"{pattern!r} and {name!r}: /** stands on both sides or on none")
        return lines
