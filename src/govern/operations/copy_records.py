"""Everything that hangs on a subject, carried as it is: admitted or not, of govern or of another tool.

A record is found by the union of all listings and carried by its exact bytes. Nothing is judged on the way: a
record that this policy refuses may be the one that another needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from govern.errors import GovernError, LimitExceeded, ProtocolError
from govern.limits import MAX_BUNDLE, MAX_CARRIED, MAX_LINE_BUNDLE, MAX_REFERRERS, Bound
from govern.names import RECORD_TAG_DIGITS
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_either, read_manifest
from govern.oci.media_types import BUNDLE, INDEXES, RECORD
from govern.operations.claims import read_listed
from govern.operations.copy_transfer import Transfer, blobs_of
from govern.operations.workers import run_all
from govern.progress import SILENT, Progress


def carry_records(transfer: Transfer, subject: Digest, *, line: bool = False, level: int = 1) -> bool:
    """Carry every referrer of a subject, and theirs, where they are no records.

    Args:
        transfer: from where to where.
        subject: D or L.
        line: whether it is a line, whose bundles have a smaller bound (FORMAT §5).
        level: how many subjects deep.

    Returns:
        Whether anything was listed.

    Raises:
        Undecided: where the listing at the source cannot be read: nobody knows then what is lacking.
    """
    listings = transfer.source.list_referrers(subject)
    digests = sorted({one for listing in listings for one in listing.digests})
    tags = sorted({one for listing in listings for one in listing.tags})
    if not digests and not tags:
        return False
    bound = MAX_LINE_BUNDLE if line else MAX_BUNDLE
    carrier = _Carrier(transfer, subject, bound, _shown_at_target(transfer, subject))
    left = MAX_REFERRERS.value
    # A record tag holds half of a digest. Where that manifest was read already, the tag says nothing new; a digest
    # that is only listed, and leads nowhere, must not hide it.
    for keys in (digests, tags):
        wanted = [one for one in keys if isinstance(one, Digest) or one.rpartition(".")[2] not in carrier.read]
        if len(wanted) > left:
            fault = LimitExceeded("more are listed than are read", expected=MAX_REFERRERS.name)
            transfer.lacks(f"{len(wanted) - left} records of {subject}", fault)
        run_all(carrier.carry, wanted[:left], jobs=transfer.context.settings.jobs, progress=SILENT)
        left = max(0, left - len(wanted))
    for one in sorted(carrier.foreign):
        if level < MAX_CARRIED.value:
            carry_records(transfer, one, level=level + 1)
    return True


@dataclass(slots=True)
class _Carrier:
    """Carries the referrers of one subject.

    Args:
        transfer: from where to where.
        subject: D or L.
        bound: on a bundle.
        shown: what the target lists already.
        read: the first digits of what was read.
        foreign: what was carried and is no record.
    """

    transfer: Transfer
    subject: Digest
    bound: Bound
    shown: set[Digest]
    read: set[str] = field(default_factory=set)
    foreign: set[Digest] = field(default_factory=set)

    def carry(self, key: Digest | str, progress: Progress) -> None:
        """Carry what a listing leads to, unless it is about something else."""
        transfer = self.transfer
        try:
            raw = read_listed(transfer.source, key, transfer.context.objects)
            self.read.add(raw.digest.encoded[:RECORD_TAG_DIGITS])
            if _subject_of(raw) != self.subject:
                return  # the listing lied, or the tag was made by hand
            for one in transfer.graph(raw):
                for blob in blobs_of(one):
                    if blob.media_type in (BUNDLE, RECORD):
                        self.bound.check(blob.size, "the bundle")
                    transfer.put_blob(blob, progress)
                if one is not raw and not transfer.is_at_target(one.digest):
                    transfer.put_manifest(one)
            if raw.digest not in self.shown:
                transfer.attach(raw, self.subject)
            if raw.media_type in INDEXES and raw.digest not in _shown_at_target(transfer, self.subject):
                raise ProtocolError("an index is not shown there as a referrer", expected="a registry that lists it")
            transfer.carried(raw.digest)
            if raw.media_type in INDEXES or read_manifest(raw).kind not in (BUNDLE, RECORD):
                self.foreign.add(raw.digest)
        except GovernError as fault:
            transfer.lacks(f"the record {key}", fault, key if isinstance(key, Digest) else "")


def _shown_at_target(transfer: Transfer, subject: Digest) -> set[Digest]:
    """Return what other tools find at the target too: not what only a record tag of ours leads to."""
    return {digest for listing in transfer.target.list_referrers(subject) for digest in listing.digests}


def _subject_of(raw: RawManifest) -> Digest | None:
    about = read_either(raw).subject
    return about.id if about is not None else None
