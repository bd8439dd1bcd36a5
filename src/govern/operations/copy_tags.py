"""The tags that a copy carries, and when it leaves the target's own alone.

A version's tag never moves. `govern.freshness` moves forward only: a mirror that went back would be called rolled
back by everyone who saw it before. cosign's own tags (`sha256-<hex>.sig`, `.att`, `.sbom`) grow only. Any other tag
is best effort (FORMAT §6), and one that leads elsewhere at the target is said and left.
"""

from __future__ import annotations

import re
from typing import Final

from govern.errors import AuthError, ContentMismatch, Denied, GovernError, InvalidInput, NotFound, ProtocolError
from govern.intoto.bundle import read_bundle
from govern.intoto.statement import read_statement
from govern.limits import MAX_BUNDLE
from govern.line import Line
from govern.names import FRESHNESS_TAG, LINE_TAG
from govern.oci.content import BytesContent
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest
from govern.oci.media_types import EMPTY, EMPTY_BLOB, LINE
from govern.operations.copy_records import carry_records
from govern.operations.copy_transfer import Transfer, tag_at
from govern.store.protocol import Store

_LEGACY: Final = ("sig", "att", "sbom")
"""Suffixes of the tags under which cosign kept what it says of an image, before it used referrers."""

_NUMBERED: Final = re.compile(re.escape(FRESHNESS_TAG) + r"\.([0-9]{1,15})")


def is_special(tag: str) -> bool:
    """Whether a tag is one of the format's or of a tool's own, and not a version or a stage."""
    return tag.startswith(("govern.", "sha256-"))


def carry_line(transfer: Transfer, line: Line) -> None:
    """Carry a line with every record on it, then its tag. A source that has none gives none."""
    if not _has_line(transfer.source, line):
        return
    if not transfer.is_at_target(line.digest):
        transfer.put_own(BytesContent.of(line.layer, LINE))
        transfer.put_own(BytesContent.of(EMPTY_BLOB, EMPTY))
        transfer.put_manifest(line.manifest)
    carry_records(transfer, line.digest, line=True)
    tagged = tag_at(transfer.target, LINE_TAG)
    if tagged is None or tagged.digest != line.digest:
        transfer.put_manifest(line.manifest, LINE_TAG)


def _has_line(source: Store, line: Line) -> bool:
    try:
        return source.get_manifest(line.digest).digest == line.digest
    except (NotFound, ContentMismatch):
        # Anybody can compute the line again; what hangs on it is what counts.
        return any(listing.digests or listing.tags for listing in source.list_referrers(line.digest))


# --- freshness -----------------------------------------------------------------------------------


def carry_freshness(transfer: Transfer) -> None:
    """Carry what says until when the records are complete: the tag that moves, and those that have a number."""
    numbered = {tag: int(match[1]) for tag in transfer.source_tags if (match := _NUMBERED.fullmatch(tag))}
    if numbered:
        there = set(_tags(transfer.target))
        newest = max(numbered, key=lambda tag: numbered[tag])
        # What has a number never changes, so of those that are there only the one that decides is looked at.
        for tag in sorted(numbered, key=lambda tag: numbered[tag]):
            if tag not in there or tag == newest:
                _carry_numbered(transfer, tag)
    try:
        raw = tag_at(transfer.source, FRESHNESS_TAG)
        if raw is not None:
            _carry_moving(transfer, raw)
    except GovernError as fault:
        transfer.lacks(f"the tag {FRESHNESS_TAG!r}", fault)


def _carry_numbered(transfer: Transfer, tag: str) -> None:
    try:
        raw = transfer.source.get_manifest(tag)
        there = tag_at(transfer.target, tag)
        if there is not None and there.digest != raw.digest:
            raise Denied("the target has another one under this number", got=str(there.digest), expected=raw.digest)
        _put_freshness(transfer, raw, tag)
    except GovernError as fault:
        transfer.lacks(f"the tag {tag!r}", fault)


def _carry_moving(transfer: Transfer, raw: RawManifest) -> None:
    there = tag_at(transfer.target, FRESHNESS_TAG)
    if there is not None and there.digest != raw.digest:
        ours, theirs = _number_of(transfer.source, raw), _number_of(transfer.target, there)
        if theirs > ours:
            raise Denied(
                "the target has a newer one, and going back would look like a rollback",
                got=f"seq {ours} at the source",
                expected=f"at least {theirs}",
                hint="copy from the home of the name",
            )
    try:
        _put_freshness(transfer, raw, FRESHNESS_TAG)
    except (ProtocolError, AuthError):
        # A registry whose tags never move has one for each number (FORMAT §6).
        number = _number_of(transfer.source, raw)
        if there is None or number < 0:
            raise
        _put_freshness(transfer, raw, f"{FRESHNESS_TAG}.{number}")


def _put_freshness(transfer: Transfer, raw: RawManifest, tag: str) -> None:
    if read_manifest(raw).subject is not None:
        raise InvalidInput("a freshness manifest has no subject (FORMAT §6)", got=f"{raw.digest} with one")
    transfer.put_graph(raw)
    tagged = tag_at(transfer.target, tag)
    if tagged is None or tagged.digest != raw.digest:
        transfer.put_manifest(raw, tag)


def _number_of(store: Store, raw: RawManifest) -> int:
    """Return the `seq` that a freshness record claims, or -1: it is compared, and never believed."""
    try:
        (layer,) = read_manifest(raw).layers
        bundle = read_bundle(store.read_blob(layer, MAX_BUNDLE, "the freshness record"))
        number = read_statement(bundle.envelope.payload).predicate.get("seq")
    except (GovernError, ValueError):
        return -1
    return number if isinstance(number, int) else -1


def _tags(store: Store) -> tuple[str, ...]:
    try:
        return store.tags()
    except NotFound:
        return ()


# --- tags of other tools -------------------------------------------------------------------------


def carry_legacy(transfer: Transfer, digest: Digest) -> None:
    """Carry what cosign keeps under tags made of the subject's digest."""
    for suffix in _LEGACY:
        tag = f"{digest.algorithm}-{digest.encoded}.{suffix}"
        if tag not in transfer.source_tags:
            continue
        try:
            raw = transfer.source.get_manifest(tag)
            there = tag_at(transfer.target, tag)
            if there is None or there.digest != raw.digest:
                _refuse_loss(raw, there)
                transfer.put_graph(raw)
                transfer.put_manifest(raw, tag)
            else:
                transfer.put_graph(raw)
            transfer.carried(raw.digest)
        except GovernError as fault:
            transfer.lacks(f"the tag {tag!r}", fault)


def _refuse_loss(raw: RawManifest, there: RawManifest | None) -> None:
    """Raise `Denied` where the target's manifest holds layers that the source's does not."""
    if there is None:
        return
    ours, theirs = ({one.digest for one in read_manifest(one).layers} for one in (raw, there))
    if lost := theirs - ours:
        raise Denied(
            "the target has signatures under it that the source has not",
            got=f"{len(lost)} of them",
            expected="none that would be lost",
        )


# --- versions ------------------------------------------------------------------------------------


def refuse_other_version(store: Store, tag: str, digest: Digest) -> bool:
    """Return whether a version's tag leads to this artifact; raise `Denied` where it leads to other content."""
    there = tag_at(store, tag)
    if there is not None and there.digest != digest:
        raise Denied(
            f"the tag {tag!r} leads to other content at {store.place}",
            got=str(there.digest),
            expected=f"no such tag, or {digest}",
            hint="a version is never reused: find out which of the two is right, or copy to another repository",
        )
    return there is not None


def put_version(transfer: Transfer, raw: RawManifest, tag: str) -> None:
    """Give an artifact its tag at the target, and read it back: another copy may have been as quick."""
    if not refuse_other_version(transfer.target, tag, raw.digest):
        transfer.put_manifest(raw, tag)
        refuse_other_version(transfer.target, tag, raw.digest)
