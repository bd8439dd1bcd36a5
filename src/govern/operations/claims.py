"""Every claim about a subject: the union of all listings, each fetched by digest and checked.

Listings, artifact types and annotations say where to look. They never skip a claim: a negative record
could hide there (DESIGN §5).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from govern import canonical
from govern.errors import Denied, GovernError, LimitExceeded, NotFound, ProtocolError, Undecided
from govern.limits import MAX_BUNDLE, MAX_CLAIMS, MAX_LINE_BUNDLE, MAX_MANIFEST, MAX_REFERRERS, Bound
from govern.names import RECORD_TAG_DIGITS
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.media_types import IMAGE_MANIFEST
from govern.store.object_cache import ObjectCache
from govern.store.protocol import Listing, Store
from govern.trust.records import Claim, Rejected
from govern.trust.wrapping import read_wrapper


@dataclass(slots=True)
class Claims:
    """What was found about one subject.

    Args:
        found: claims, in the order of their manifests' digests.
        rejected: what was listed and is no readable claim.
        foreign: manifests that hang on the subject and carry no bundle (an SBOM, a picture).
        failures: what could not be read for a passing reason: nobody can say.
        unread: how many were listed beyond the bounds.
    """

    found: list[Claim] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    foreign: list[RawManifest] = field(default_factory=list)
    failures: list[GovernError] = field(default_factory=list)
    unread: int = 0


def find_claims(store: Store, subject: Digest, cache: ObjectCache, *, jobs: int, line: bool = False) -> Claims:
    """Return every claim about a subject. Never raises for what one claim contains.

    Args:
        store: where to look.
        subject: D or L.
        cache: small objects that were read before.
        jobs: how many requests at once.
        line: whether the subject is a line, whose bundles have a smaller bound (FORMAT §5).
    """
    claims = Claims()
    try:
        listings = store.list_referrers(subject)
    except GovernError as fault:
        # Also a listing whose bytes were changed: nobody can say then what it would have held.
        claims.failures.append(fault)
        return claims
    bound, room = MAX_LINE_BUNDLE if line else MAX_BUNDLE, _Room(MAX_CLAIMS.value)
    seen: set[Digest] = set()
    left, there = MAX_REFERRERS.value, set[str]()
    with ThreadPoolExecutor(jobs, thread_name_prefix="claims") as pool:
        for candidates in (_digests(listings), _tags(listings)):
            # A record tag holds half of a digest. Where that manifest was read already, the tag says nothing new; a
            # digest that is only listed, and leads nowhere, must not hide it.
            wanted = [one for one in candidates if isinstance(one, Digest) or one.rpartition(".")[2] not in there]
            claims.unread += max(0, len(wanted) - left)
            for key, result in pool.map(
                lambda key: (key, _read(store, key, subject, cache, bound, room)), wanted[:left]
            ):
                if isinstance(key, Digest) and isinstance(result, tuple | RawManifest | None):
                    there.add(key.encoded[:RECORD_TAG_DIGITS])
                _sort_in(result, claims, seen)
            left = max(0, left - len(wanted))
    claims.found.sort(key=lambda one: one.manifest)
    return claims


def _digests(listings: Sequence[Listing]) -> list[Digest | str]:
    return sorted({one for listing in listings for one in listing.digests})


def _tags(listings: Sequence[Listing]) -> list[Digest | str]:
    return sorted({one for listing in listings for one in listing.tags})


class _Full(Exception):
    """What is held already leaves no room for a claim."""


class _Room:
    """How many bytes of claims may still be held. Ten thousand of them, each within its own bound, would be
    more than any memory.

    Args:
        left: bytes.
    """

    def __init__(self, left: int) -> None:
        self._left = left
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Take `count` bytes; raise `_Full` where so many are not left."""
        with self._lock:
            if count > self._left:
                raise _Full
            self._left -= count


_Result = tuple[Digest, Claim] | Rejected | RawManifest | GovernError | _Full | None


def _read(store: Store, key: Digest | str, subject: Digest, cache: ObjectCache, bound: Bound, room: _Room) -> _Result:
    digest = key if isinstance(key, Digest) else None
    try:
        raw = read_listed(store, key, cache)
        digest = raw.digest
        room.take(len(raw.data))
        wrapper = read_wrapper(raw, Denied)
        if wrapper is None:
            return raw
        if wrapper.subject != subject:
            # The listing lied, or the tag was made by hand: it is about something else.
            return None
        bundle = _bundle(store, wrapper.bundle, cache, bound, room)
        return digest, Claim(wrapper, bundle)
    except _Full:
        return _Full()  # a new one, which holds no frames
    except (NotFound, LimitExceeded, Denied) as fault:
        return Rejected(digest if digest is not None else _from_tag(str(key)), fault.bare())
    except Undecided as fault:
        # The registry did not say what the record is: nobody knows then what it would have denied.
        return fault.bare()


def _from_tag(tag: str) -> Digest:
    # Only for showing: the first digits of a digest that could not be read, filled up with zeros.
    return Digest.from_hex(tag.rpartition(".")[2][:RECORD_TAG_DIGITS].ljust(64, "0"))


def read_listed(store: Store, key: Digest | str, cache: ObjectCache) -> RawManifest:
    """Return the manifest that a listing leads to, by digest or by a record tag.

    Raises:
        ProtocolError: for a record tag that leads to another record.
    """
    if isinstance(key, Digest) and (known := cache.get(key)) is not None:
        return RawManifest(IMAGE_MANIFEST, known)
    raw = store.get_manifest(key)
    if not isinstance(key, Digest) and not key.endswith(f".{raw.digest.encoded[:RECORD_TAG_DIGITS]}"):
        # Otherwise a registry could show any record where another one was asked for, and hide that one.
        raise ProtocolError(
            "a record tag leads to another record",
            got=str(raw.digest),
            expected=key,
            hint="somebody moved the tag: find out who, and bring the record back from another copy",
        )
    if isinstance(key, Digest) and raw.media_type != IMAGE_MANIFEST and _calls_itself_a_manifest(raw.data):
        # The digest vouches for the bytes; nobody does for the header beside them.
        raw = RawManifest(IMAGE_MANIFEST, raw.data)
    if raw.media_type == IMAGE_MANIFEST:
        cache.put(raw.digest, raw.data)
    return raw


def _calls_itself_a_manifest(data: bytes) -> bool:
    try:
        value = canonical.loads(data, "a manifest", bound=MAX_MANIFEST, error=Denied)
    except Denied:
        return False
    return isinstance(value, dict) and value.get("mediaType") == IMAGE_MANIFEST


def _bundle(store: Store, descriptor: Descriptor, cache: ObjectCache, bound: Bound, room: _Room) -> bytes:
    what = "the record's bundle"
    bound.check(descriptor.size, what)
    room.take(descriptor.size)
    if (embedded := descriptor.embedded(what)) is not None:
        return embedded
    if (known := cache.get(descriptor.id)) is not None:
        return descriptor.check(known, what)
    data = store.read_blob(descriptor, bound, what)
    cache.put(descriptor.id, data)
    return data


def _sort_in(result: _Result, claims: Claims, seen: set[Digest]) -> None:
    match result:
        case None:
            return
        case _Full():
            claims.unread += 1
        case GovernError():
            claims.failures.append(result)
        case Rejected():
            if result.manifest not in seen:
                seen.add(result.manifest)
                claims.rejected.append(result)
        case RawManifest():
            if result.digest not in seen:
                seen.add(result.digest)
                claims.foreign.append(result)
        case (digest, claim):
            if digest not in seen:
                seen.add(digest)
                claims.found.append(claim)
