"""Which OpenSSF model signature goes with an artifact: the one that its registration lists."""

from __future__ import annotations

from collections.abc import Iterable

from govern.ledger.state import Registered
from govern.predicates.kinds import OMS_V1
from govern.trust.records import Record


def model_signature(registrations: Iterable[Registered], records: Iterable[Record]) -> Record | None:
    """Return the admitted OMS record that a registration names as evidence, or None.

    Anybody may attach another one, about the same files. It is shown like any record, and is not what was pushed.

    Args:
        registrations: of one artifact, by people who may register it.
        records: all that was admitted.
    """
    known = {one.identity: one for one in records if one.statement.predicate_type == OMS_V1}
    # The first registration speaks: those who register the same content again change nothing.
    for registered in sorted(registrations, key=lambda one: (one.content.issued_at, *one.record.identity)):
        for reference in registered.content.evidence:
            found = known.get((reference.statement.id, reference.signer.id))
            if found is not None:
                return found
    return None
