"""Annotation: anything that somebody wants to say about an artifact, under their own schema.

The question it answers: what did this signer note about this artifact? An annotation never decides; it
is shown per signer.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StrictStr

from govern.limits import MAX_NOTE_NAME, MAX_NOTES
from govern.names import NAMESPACE, predicate_type
from govern.predicates.common import Common, Text

KIND: Final = "annotation"
TYPE: Final = predicate_type(KIND)
PLAIN_SCHEMA: Final = f"{NAMESPACE}schemas/entries/v0.1"
"""The schema of entries that follow none: names and text."""

RESERVED: Final = frozenset(
    {
        "approval", "approved", "approver", "archived", "deprecated", "exception", "production", "promoted",
        "quarantined", "recalled", "registered", "rejected", "retired", "revoked", "signed", "stage",
        "staging", "status", "superseded", "transition", "trusted", "verified", "withdrawn",
    }
)  # fmt: skip
"""Words that other kinds of record decide. As a free note they would look like a decision and be none."""


_WORD: Final = re.compile(r"[a-z0-9]+")


def is_reserved(name: str) -> bool:
    """Whether an entry name reads as a decision: its last word is one, however it is spelled or dressed."""
    words = _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
    return bool(words) and words[-1] in RESERVED


def _names(entries: dict[str, Any]) -> dict[str, Any]:
    for name in entries:
        # Letters that a later Unicode will know are let through: readers of different ages must agree.
        hidden = any(unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") for one in name)
        if not name.strip() or len(name) > MAX_NOTE_NAME.value or hidden:
            raise ValueError(f"an entry name has 1 to {MAX_NOTE_NAME.value} characters, all of them visible")
        if is_reserved(name):
            raise ValueError(
                f"the entry name {name!r} is reserved: decisions have records of their own, "
                "and a note must not look like one"
            )
    return entries


class Annotation(Common):
    """A note: a schema, entries, a text."""

    schema_: Annotated[
        StrictStr,
        Field(alias="schema", pattern=r"^[a-z][a-z0-9+.-]*:.+$", description="URI of what the entries mean."),
    ] = PLAIN_SCHEMA
    entries: Annotated[dict[StrictStr, Any], AfterValidator(_names), Field(min_length=1, max_length=MAX_NOTES.value)]
    note: Text | None = None
