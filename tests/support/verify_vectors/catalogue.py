"""All vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from support.verify_vectors.case import Case
from support.verify_vectors.cases import (
    certificates,
    encodings,
    envelopes,
    identities,
    instances,
    kinds,
    log_bodies,
    log_proofs,
    logs,
    oms,
    passed_once,
    pki,
    registrations,
    revocation_lists,
    revocations,
    served,
    signatures,
    stamps,
    standing,
    subjects,
    trusted_keys,
    wrappers,
)

THEMES: Final = (
    certificates,
    encodings,
    envelopes,
    identities,
    instances,
    kinds,
    log_bodies,
    log_proofs,
    logs,
    oms,
    passed_once,
    pki,
    registrations,
    revocation_lists,
    revocations,
    served,
    signatures,
    stamps,
    standing,
    subjects,
    trusted_keys,
    wrappers,
)


def all_cases() -> Iterator[Case]:
    """Yield every vector, once."""
    for theme in THEMES:
        yield from theme.cases()
