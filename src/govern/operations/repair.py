"""`repair`: bring back records that other tools lost from a listing (DESIGN §5).

On a registry without the referrers API, other tools read the fallback index, change it and write it back;
two at once, and one record vanishes from it. Records of ours have a tag of their own and are never lost; this
puts them back into the index, so that other tools see them too.
"""

from __future__ import annotations

from dataclasses import dataclass

from govern.line import line_of
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.reference import Reference
from govern.operations.claims import find_claims
from govern.operations.context import Context, resolve


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did.

    Args:
        checked: how many records are attached to the artifact and its line.
        missing: digests of records that a listing did not show before.
    """

    checked: int
    missing: tuple[Digest, ...]


def repair(context: Context, reference: Reference, name: str | None) -> Repaired:
    """Attach every record of an artifact and of its line again, where a listing lacks it.

    Raises:
        Undecided: where a listing cannot be read.
    """
    store = context.store(reference.place)
    pinned = resolve(context, reference)
    line = line_of(context.expected_name(reference.place, name, None)).digest
    checked, missing = 0, []
    for subject in (pinned.digest, line):
        listings = {listing.source: listing for listing in store.list_referrers(subject)}
        shown = {
            digest
            for source in ("layout", "referrers API", "fallback index")
            if source in listings
            for digest in listings[source].digests
        }
        claims = find_claims(store, subject, context.objects, jobs=context.settings.jobs)
        if claims.failures:
            raise claims.failures[0]
        manifests: list[RawManifest] = [one.wrapper.raw for one in claims.found] + claims.foreign
        checked += len(manifests)
        for raw in manifests:
            if raw.digest not in shown:
                missing.append(raw.digest)
                store.attach(raw, subject)
    return Repaired(checked, tuple(missing))
