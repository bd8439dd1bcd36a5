"""Names, versions, and the one namespace from which every identifier of ours is built.

An artifact has a name (`acme/fraud`) and a version (`1.4.0`); both are inside the artifact and in every
record about it (DESIGN §3, FORMAT §1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from govern.errors import GovernError, InvalidInput, shortened
from govern.limits import MAX_NAME

NAMESPACE: Final = "https://w3id.org/govern/"
"""Every URI of ours begins here. The single constant of DESIGN §2."""

VENDOR: Final = "application/vnd.govern."
"""Every media type of ours begins here."""

FORMAT_VERSION: Final = "v0.1"
PACKING: Final = "v1"
"""The packing rules of FORMAT §3. They never change; other rules get another word."""

ANNOTATION_PREFIX: Final = "dev.govern."
LINE_TAG: Final = "govern.line"
FRESHNESS_TAG: Final = "govern.freshness"
RECORD_TAG_DIGITS: Final = 32
"""How many digits of the manifest's digest stand in a record tag (FORMAT §6)."""

CLIENT_BUILDER: Final = f"{NAMESPACE}builders/client/v0.1"
"""The builder id of what a client says of itself on somebody's machine or runner: L1 at most."""

PERSON_ID: Final = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$"
"""The id of a person or role in a policy, and of an owner in a metadata file."""

_NAME: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def predicate_type(kind: str) -> str:
    """Return the predicate type URI of a record kind of ours, e.g. `annotation`."""
    return f"{NAMESPACE}{kind}/{FORMAT_VERSION}"


def kind_of(predicate: str) -> str | None:
    """Return the kind that a predicate type of ours names, or None for a type of somebody else."""
    rest = predicate.removeprefix(NAMESPACE)
    if rest == predicate:
        return None
    kind, _, version = rest.partition("/")
    return kind if version == FORMAT_VERSION else rest


def media_type(word: str) -> str:
    """Return a media type of ours, e.g. `media_type("record")`."""
    return f"{VENDOR}{word}.v1+json"


def is_repository(text: str) -> bool:
    """Whether `text` follows the repository grammar of the distribution spec ("Pulling manifests")."""
    return _NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` follows the tag grammar of the distribution spec ("Pulling manifests")."""
    return _TAG.fullmatch(text) is not None


class Name(str):
    """What an artifact is: the repository grammar, at most 200 characters (FORMAT §1)."""

    __slots__ = ()

    def __new__(cls, text: str, *, error: type[GovernError] = InvalidInput) -> Self:
        """Check and wrap `text`; raise `error` if it is not a name."""
        MAX_NAME.check(len(text), f"the name {text[:40]}…", error)
        if not is_repository(text):
            raise error(
                "this is not a name",
                got=shortened(text),
                expected="lower-case letters, digits and . _ - between them, segments divided by /",
                hint="give one with --name, for example --name acme/fraud",
            )
        return super().__new__(cls, text)


class Version(str):
    """A registered version: the tag grammar less what is reserved (FORMAT §1)."""

    __slots__ = ()

    def __new__(cls, text: str, *, error: type[GovernError] = InvalidInput) -> Self:
        """Check and wrap `text`; raise `error` if it is not a version."""
        if "+" in text:
            raise error(
                "this is not a version",
                got=shortened(text),
                expected="letters, digits and . _ -",
                hint=f"registries have no + in tags: use {shortened(text.replace('+', '-'))}",
            )
        if not is_tag(text):
            raise error("this is not a version", got=shortened(text), expected="1 to 128 of letters, digits and . _ -")
        if text == "latest":
            raise error(
                "the version 'latest' moves",
                expected="a version that names one content for ever",
                hint="push REPOSITORY:1.0.0, or a commit id",
            )
        if text.startswith(("govern.", "sha256-")):
            raise error(
                "this version is reserved",
                got=shortened(text),
                expected="no version that begins with govern. or sha256-",
            )
        return super().__new__(cls, text)


@dataclass(frozen=True, slots=True)
class SubjectName:
    """The `name` of a statement's subject: `NAME@VERSION`, or `NAME` for a line.

    Args:
        name: the name.
        version: the version or tag behind the `@`, or None.
    """

    name: Name
    version: str | None

    @classmethod
    def parse(cls, text: str, *, error: type[GovernError] = InvalidInput) -> SubjectName:
        """Read `NAME@VERSION` or `NAME`; raise `error` for anything else."""
        name, at, version = text.partition("@")
        if at and not is_tag(version):
            raise error("this is not NAME@VERSION", got=shortened(text), expected="for example acme/fraud@1.4.0")
        return cls(Name(name, error=error), version if at else None)

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version is not None else str(self.name)
