"""Heads: the records that no other record reaches. What a writer says that it saw (FORMAT §4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from govern.limits import MAX_SAW
from govern.oci.digest import Digest
from govern.predicates.common import RecordReference
from govern.predicates.registration import Registration
from govern.trust.records import Record, unite

Identity = tuple[Digest, Digest]


def links_of(record: Record) -> Iterator[Identity]:
    """Yield the identities of the records that a record links to: `saw` and every link field."""
    if record.content is None:
        return
    for reference in record.content.saw or ():
        yield reference.statement.id, reference.signer.id
    if isinstance(record.content, Registration):
        for reference in record.content.evidence:
            yield reference.statement.id, reference.signer.id


def heads(records: Iterable[Record]) -> tuple[RecordReference, ...]:
    """Return references to the heads of admitted records, at most `MAX_SAW`, in a fixed order.

    Kinds of this version are all positive, so none comes first; where there are too many, those that claim
    to be newest are kept.
    """
    unique = {one.identity: one for one in unite(records)}
    reached = {identity for record in unique.values() for identity in links_of(record)}
    found = [record for identity, record in unique.items() if identity not in reached]
    found.sort(key=lambda one: one.identity)
    found.sort(key=lambda one: one.issued_at.timestamp() if one.issued_at else 0.0, reverse=True)
    return tuple(one.reference for one in found[: MAX_SAW.value])
