"""Every kind of record: its type, how it is wrapped, and what people may call it.

Wrapping (FORMAT §5): kinds that only *add evidence* are wrapped as cosign does, so that every gate of the
field can use them. Everything whose content must be *read* before it means anything is wrapped apart, so
that no other tool takes a refusal for a signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from govern.errors import UsageError
from govern.names import NAMESPACE, kind_of
from govern.predicates import annotation, registration
from govern.predicates.common import Common

SLSA_V1: Final = "https://slsa.dev/provenance/v1"
SLSA_V02: Final = "https://slsa.dev/provenance/v0.2"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
VSA_V1: Final = "https://slsa.dev/verification_summary/v1"
OMS_V1: Final = "https://model_signing/signature/v1.0"
CYCLONEDX: Final = "https://cyclonedx.org/bom"
SPDX: Final = "https://spdx.dev/Document"
CROISSANT: Final = "http://mlcommons.org/croissant/1.1"
COSIGN_SIGN: Final = "https://sigstore.dev/cosign/sign/v1"


class Wrapping(Enum):
    """How a record's manifest looks to other tools."""

    EVIDENCE = "evidence"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Kind:
    """A record kind of ours.

    Args:
        word: its name in commands and policies.
        uri: its predicate type.
        model: the model of its predicate.
        wrapping: how it is wrapped.
        own_verb: the command that alone writes it, or None where `attest` may.
        names_line: whether its statement speaks of the line as well (FORMAT §4).
        decides: whether its content decides something; then unknown fields are refused by readers.
    """

    word: str
    uri: str
    model: type[Common]
    wrapping: Wrapping
    own_verb: str | None
    names_line: bool
    decides: bool


OURS: Final[Mapping[str, Kind]] = {
    kind.uri: kind
    for kind in (
        Kind("registration", registration.TYPE, registration.Registration, Wrapping.EVIDENCE, "push", True, True),
        Kind("annotation", annotation.TYPE, annotation.Annotation, Wrapping.READING, None, False, False),
    )
}

RESERVED_WORDS: Final = frozenset(
    {
        "approval", "deployment", "evaluation", "exception", "freshness", "retention", "snapshot", "status",
        "transition",
    }
)  # fmt: skip
"""Kinds of the format that this version neither writes nor judges."""

ADDING_WORDS: Final = RESERVED_WORDS - {"status"}
"""Those that only add: who does not know them misses a permission, never a refusal."""

ALIASES: Final[Mapping[str, str]] = {
    "provenance": SLSA_V1,
    "slsaprovenance": SLSA_V02,
    "slsaprovenance02": SLSA_V02,
    "slsaprovenance1": SLSA_V1,
    "link": "https://in-toto.io/Link/v1",
    "spdx": SPDX,
    "spdxjson": SPDX,
    "cyclonedx": CYCLONEDX,
    "croissant": CROISSANT,
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "openvex": "https://openvex.dev/ns",
    "custom": "https://cosign.sigstore.dev/attestation/v1",
    "test-result": TEST_RESULT,
    "vsa": VSA_V1,
    "oms": OMS_V1,
    "signature": COSIGN_SIGN,
}
"""Short names; those that cosign has mean what they mean there."""


def resolve_type(text: str) -> str:
    """Return the predicate type URI that a word or URI names.

    Args:
        text: a kind of ours (`registration`), an alias (`slsaprovenance1`), or a URI.

    Raises:
        UsageError: for a word that nobody knows, and for a type under our namespace that is no kind.
    """
    for kind in OURS.values():
        if text in (kind.word, kind.uri):
            return kind.uri
    if text in ALIASES:
        return ALIASES[text]
    if text.startswith(NAMESPACE) or text in RESERVED_WORDS:
        raise UsageError(
            "this record kind is not one that this govern knows",
            got=repr(text),
            expected=", ".join(kind.word for kind in OURS.values()),
            hint="a newer govern may know it; types of your own need a namespace of your own",
        )
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or not scheme.isascii() or not scheme[:1].isalpha():
        raise UsageError(
            "this is not a predicate type",
            got=repr(text[:200]),
            expected="a URI, or one of " + ", ".join([*(kind.word for kind in OURS.values()), *ALIASES]),
        )
    return text


def word_for(predicate: str) -> str:
    """Return what people call a predicate type: the kind or alias, else the URI itself."""
    if kind := OURS.get(predicate):
        return kind.word
    for word, uri in ALIASES.items():
        if uri == predicate:
            return word
    return kind_of(predicate) or predicate


def _passed(field: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda predicate: predicate.get(field) == "PASSED"


def _always(_predicate: Mapping[str, Any]) -> bool:
    return True


_EVIDENCE: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    SLSA_V1: _always,
    SLSA_V02: _always,
    OMS_V1: _always,
    CYCLONEDX: _always,
    SPDX: _always,
    CROISSANT: _always,
    TEST_RESULT: _passed("result"),
    VSA_V1: _passed("verificationResult"),
}


def is_passed(predicate: str, content: Mapping[str, Any]) -> bool:
    """Whether a record of a type that has a result says that it passed; others have nothing to pass."""
    adds = _EVIDENCE.get(predicate)
    return adds is None or adds(content)


def wrapping_of(predicate: str, content: Mapping[str, Any]) -> Wrapping:
    """Return how a record is wrapped.

    Args:
        predicate: its predicate type URI.
        content: its predicate; a failed result is no evidence.
    """
    if kind := OURS.get(predicate):
        return kind.wrapping
    adds = _EVIDENCE.get(predicate)
    return Wrapping.EVIDENCE if adds is not None and adds(content) else Wrapping.READING
