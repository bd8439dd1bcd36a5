"""All vectors."""

from __future__ import annotations

from collections.abc import Iterator

from support.verify_vectors.case import Case
from support.verify_vectors.cases import (
    certificates,
    envelopes,
    logs,
    oms,
    pki,
    stamps,
    standing,
    statements,
    wrappers,
)


def all_cases() -> Iterator[Case]:
    """Yield every vector, once."""
    for theme in (envelopes, statements, wrappers, oms, certificates, pki, stamps, logs, standing):
        yield from theme.cases()
