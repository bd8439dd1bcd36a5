"""In-toto statements: opaque signed bytes with a checked reading beside them.

Source: in-toto attestation spec v1, statement.md and resource_descriptor.md; v0.1 is what cosign still
writes for `attest`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from govern import canonical
from govern.errors import GovernError, InvalidInput
from govern.limits import MAX_STATEMENT
from govern.oci.digest import Digest

STATEMENT_V1: Final = "https://in-toto.io/Statement/v1"
STATEMENT_V01: Final = "https://in-toto.io/Statement/v0.1"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about.

    Args:
        name: its name, or "" where the writer gave none (cosign's `sign`).
        sha256: 64 hex digits, or None where the writer used another digest.
        exact: whether nothing but a name and a sha256 stands there.
    """

    name: str
    sha256: str | None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, read.

    Args:
        data: the exact bytes that were signed.
        type: the statement type URI.
        subjects: in the order of the document, at least one.
        predicate_type: the URI of what is said.
        predicate: what is said.
        digest: the sha256 of the exact bytes: half of a record's identity (FORMAT §5).
    """

    data: bytes
    type: str
    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Any]
    digest: Digest = field(init=False)

    def __post_init__(self) -> None:
        # Once: a decision compares the identities of all records with each other.
        object.__setattr__(self, "digest", Digest.of(self.data))

    def is_about(self, digest: Digest) -> bool:
        """Whether one of the subjects is this content."""
        return any(one.sha256 == digest.encoded for one in self.subjects)


def read_statement(data: bytes, error: type[GovernError] = InvalidInput) -> Statement:
    """Parse the payload of an envelope.

    Args:
        data: the exact payload.
        error: the class to raise.

    Raises:
        error: for JSON that `canonical.loads` refuses, an unknown statement type, no subject, a sha256
            that is not 64 lower-case hex digits, or unknown top-level fields (cosign refuses them too).
    """
    body = canonical.loads(data, "the statement", bound=MAX_STATEMENT, error=error)
    if not isinstance(body, dict):
        raise error("the statement is not an object", got=canonical.describe(body), expected="a JSON object")
    kind = body.get("_type")
    if kind not in (STATEMENT_V1, STATEMENT_V01):
        raise error("the statement has an unknown type", got=repr(kind)[:200], expected=STATEMENT_V1)
    unknown = sorted(set(body) - {"_type", "subject", "predicateType", "predicate"})
    if unknown:
        raise error("the statement has unknown fields", got=", ".join(unknown)[:200], expected="none")
    predicate_type = body.get("predicateType")
    if not isinstance(predicate_type, str) or not predicate_type:
        raise error("the statement has no predicateType", got=repr(predicate_type)[:200], expected="a URI")
    # A statement without a predicate says nothing beyond its type; the spec allows it.
    predicate = body.get("predicate")
    if predicate is None:
        predicate = {}
    if not isinstance(predicate, dict):
        raise error("the predicate is not an object", got=canonical.describe(predicate), expected="a JSON object")
    return Statement(
        data=data,
        type=kind,
        subjects=_subjects(body.get("subject"), error),
        predicate_type=predicate_type,
        predicate=MappingProxyType(predicate),
    )


def _subjects(value: object, error: type[GovernError]) -> tuple[Subject, ...]:
    if not isinstance(value, list) or not value:
        raise error("the statement has no subject", got=canonical.describe(value), expected="at least one")
    result = []
    for number, item in enumerate(value):
        what = f"subject {number} of the statement"
        if not isinstance(item, dict):
            raise error(f"{what} is not an object", got=canonical.describe(item), expected="a JSON object")
        digests = item.get("digest")
        if not isinstance(digests, dict) or not digests:
            raise error(f"{what} has no digest", got=canonical.describe(digests), expected="sha256")
        sha256 = digests.get("sha256")
        if sha256 is not None and (not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None):
            raise error(f"{what} has a malformed sha256", got=repr(sha256)[:100], expected="64 lower-case hex digits")
        name = item.get("name", "")
        if not isinstance(name, str):
            raise error(f"{what} has a name that is not text", got=canonical.describe(name), expected="text")
        exact = set(item) == {"name", "digest"} and set(digests) == {"sha256"}
        result.append(Subject(name, sha256, exact))
    return tuple(result)


def write_statement(
    subjects: Sequence[tuple[str, Digest]], predicate_type: str, predicate: Mapping[str, Any]
) -> Statement:
    """Return a new v1 statement with canonical bytes (FORMAT §4).

    Args:
        subjects: (name, sha256 digest) pairs, in order.
        predicate_type: the URI.
        predicate: the JSON object, without floats.

    Raises:
        InvalidInput: for values that have no canonical form.
    """
    data = canonical.dumps(
        {
            "_type": STATEMENT_V1,
            "subject": [{"name": name, "digest": {"sha256": digest.encoded}} for name, digest in subjects],
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )
    # Reading back what will be signed is cheap, and what we could not read we must not sign.
    return read_statement(data)
