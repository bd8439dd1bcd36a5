"""Referrers of a repository: the API, the fallback index, and record tags.

Writing on a registry without the API (DESIGN §5):

    (1) PUT the record by its own tag: conflict-free, nobody else writes it
    (2) list the record tags and read the index
    (3) if the index lacks any of them, PUT the union, or let another writer who lacks do it
    (4) list again after one's own PUT; stop only when the index is complete

Every writer puts what it has ever seen, so a writer that was overwritten is put back by any other, and the
last one to finish has seen all. Source: distribution spec 1.1, "Listing Referrers", "Pushing Manifests with
Subject", "Unavailable Referrers API".
"""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from govern.errors import AuthError, NotFound, ProtocolError, Undecided
from govern.limits import MAX_INDEX, MAX_PAGES, MAX_REFERRERS
from govern.names import RECORD_TAG_DIGITS
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import Index, RawManifest, read_index, read_index_digests, write
from govern.oci.media_types import IMAGE_INDEX, MANIFESTS
from govern.store.protocol import Listing
from govern.store.registry.client import Client, read_only
from govern.store.registry.fallback import describe, fallback_tag, index_document, record_tag
from govern.store.registry.manifests import exists, get_manifest, list_tags, next_link, put_manifest

MAX_ROUNDS: Final = 400
PATIENCE: Final = 12
LOOK_AGAIN: Final = 0.1
"""Seconds before a writer looks again whether another one has written for it; `PATIENCE` times at most."""

_GITLAB: Final = "registry.gitlab.com"


@dataclass(slots=True)
class ReferrersOf:
    """The referrers of one repository.

    Args:
        client: the registry.
        repository: which.
    """

    client: Client
    repository: str
    _api: bool | None = None
    _descriptors: dict[str, Descriptor] = field(default_factory=dict)

    # --- reading ---------------------------------------------------------------------------------

    def listings(self, subject: Digest) -> tuple[Listing, ...]:
        """Return every source's listing, each complete; raise where one could not be read.

        Record tags cost a listing of the repository, and are read all the same: a registry that was given the API
        later need not show what was written before, and one junk record must not hide them (DESIGN §5).
        """
        with ThreadPoolExecutor(3, thread_name_prefix="listing") as pool:
            api = pool.submit(self._from_api, subject)
            index = pool.submit(self._from_index, subject)
            tagged = pool.submit(self._record_tags, subject)
            found, listed, tags = api.result(), index.result(), tagged.result()
        result = [Listing("fallback index", listed)] if listed else []
        if found is not None:
            result.append(Listing("referrers API", tuple(found)))
        if tags:
            result.append(Listing("record tags", tags=tags))
        return tuple(result)

    def _from_api(self, subject: Digest) -> list[Digest] | None:
        """Return what the API lists, over every page; None where there is no API."""
        if self.client.own.referrers == "tags" or self._api is False:
            return None
        url = self.client.url(f"{self.repository}/referrers/{subject}")
        what = f"the list of records of {subject}"
        found: list[Digest] = []
        seen: set[str] = set()
        while True:
            if url in seen:
                raise ProtocolError(f"{what} goes round in a circle", expected="an end")
            seen.add(url)
            MAX_PAGES.check(len(seen), what)
            if len(found) > MAX_REFERRERS.value * 10:
                raise ProtocolError(f"{what} has no end", got=f"{len(found)} records", expected=MAX_REFERRERS.name)
            answer, data = self.client.get(url, read_only(self.repository), MAX_INDEX, what)
            if answer.status in (404, 405, 501) and len(seen) == 1:
                # Not there, or not spoken: distribution says 404 to both.
                answer.close()
                return None
            if answer.status != 200:
                raise self.client.fault(answer, f"{what} cannot be read")
            if answer.content_type != IMAGE_INDEX:
                got = answer.content_type or "no Content-Type"
                # 200 with something else is what a proxy or a half-implemented API says. It is no list.
                raise ProtocolError(
                    f"{what} is not a list",
                    got=f"200 with {got!r}",
                    expected=IMAGE_INDEX,
                    hint=f"if {self.client.host} has no referrers API, say so in the settings: "
                    f'[hosts."{self.client.host}"] referrers = "tags"',
                )
            link = answer.headers.get("Link")
            found += read_index_digests(RawManifest(IMAGE_INDEX, data), what, bound=MAX_INDEX)[0]
            del data  # the next page may be as large
            following = next_link(url, link, what)
            if following is None:
                return found
            url = following

    def _from_index(self, subject: Digest) -> tuple[Digest, ...]:
        raw = self._raw_index(subject)
        if raw is None:
            return ()
        listed, about = read_index_digests(raw, f"the fallback index of {subject}", bound=MAX_INDEX)
        return listed if about is None else ()

    def _read_index(self, subject: Digest) -> Index | None:
        raw = self._raw_index(subject)
        if raw is None:
            return None
        index = read_index(raw, f"the fallback index of {subject}", bound=MAX_INDEX)
        return None if index.subject is not None else index

    def _raw_index(self, subject: Digest) -> RawManifest | None:
        """Return the fallback index, or None where there is none or the tag is something else.

        GitLab makes the tag an alias of the subject itself: what it gives is then the artifact, and its
        children are no records.
        """
        raw = None if self._no_index else self._at_fallback_tag(subject)
        return None if raw is None or raw.media_type != IMAGE_INDEX or raw.digest == subject else raw

    def _at_fallback_tag(self, subject: Digest) -> RawManifest | None:
        """Return what the fallback tag leads to, or None where it leads nowhere."""
        try:
            raw = get_manifest(self.client, self.repository, fallback_tag(subject), MAX_INDEX)
        except NotFound:
            return None
        if raw.media_type not in MANIFESTS:
            # A page that asks to sign in, say. It is no manifest, and so it is not "no list" either.
            raise ProtocolError(
                f"the fallback index of {subject} is not a list",
                got=f"200 with {raw.media_type[:100] or 'no Content-Type'!r}",
                expected=IMAGE_INDEX,
            )
        return raw

    @property
    def _no_index(self) -> bool:
        return self.client.host == _GITLAB or self.client.own.referrers == "api"

    def _record_tags(self, subject: Digest) -> tuple[str, ...]:
        if self.client.own.referrers == "api":
            return ()
        ours = re.compile(re.escape(f"{fallback_tag(subject)}.g.") + f"[0-9a-f]{{{RECORD_TAG_DIGITS}}}")
        return tuple(tag for tag in list_tags(self.client, self.repository) if ours.fullmatch(tag))

    # --- writing ---------------------------------------------------------------------------------

    def attach(self, manifest: RawManifest, subject: Digest) -> None:
        """Store a record so that every reader finds it."""
        digest = manifest.digest
        if self._has_api(subject):
            put_manifest(self.client, self.repository, manifest, None)
            # `OCI-Subject` lies both ways in the field; only the list itself says whether it lists.
            if digest in (self._from_api(subject) or ()):
                return
            if self.client.own.referrers == "api":
                raise Undecided(
                    f"{self.client.host} does not list a record that it stored",
                    got=str(digest),
                    expected="a referrers API",
                    hint='referrers = "auto" in the settings writes tags instead',
                )
        tag = record_tag(subject, digest)
        put_manifest(self.client, self.repository, manifest, tag)
        self._descriptors[tag] = describe(manifest)
        if not self._no_index and self._may_index(subject):
            self._converge(subject, tag)

    def _has_api(self, subject: Digest) -> bool:
        if self.client.own.referrers == "tags":
            return False
        if self._api is None:
            self._api = self._from_api(subject) is not None
        return self._api

    def _may_index(self, subject: Digest) -> bool:
        """Whether the fallback tag is ours to write: never where it reads back as something else."""
        raw = self._at_fallback_tag(subject)
        return raw is None or (raw.media_type == IMAGE_INDEX and raw.digest != subject)

    def _converge(self, subject: Digest, own: str) -> None:
        """Write the fallback index until it holds every record tag and everything it ever held.

        Of the writers whose records are missing, the one with the smallest tag writes, for all that it
        sees; the others look again a little later. Were it gone, they write themselves. So many writers at
        once cost few writes, and none waits for another for long.
        """
        known: dict[str, Descriptor] = {}
        patience = PATIENCE
        before: frozenset[str] = frozenset()
        dead: set[str] = set()
        for _ in range(MAX_ROUNDS):
            tags = {*self._record_tags(subject), own}
            index = self._read_index(subject)
            for one in index.manifests if index is not None else ():
                known.setdefault(one.digest, one)
            held = {one.digest for one in index.manifests} if index is not None else set()
            prefixes = {Digest(digest).encoded[:RECORD_TAG_DIGITS] for digest in held}
            missing = frozenset(tag for tag in tags - dead if tag.rpartition(".")[2] not in prefixes)
            if not missing and known.keys() <= held:
                return
            if missing != before:
                before, patience = missing, PATIENCE
            if missing and own != min(missing) and patience:
                patience -= 1
                time.sleep(random.uniform(0.5, 1) * LOOK_AGAIN)  # noqa: S311
                continue
            dead |= self._learn(missing, known)
            if not self._put_index(subject, known):
                return
            # Another writer may have read before and written after: look again.
        # Perhaps the registry said that it stored the record, and did not: that has its own fault.
        get_manifest(self.client, self.repository, own)
        raise Undecided(
            "the fallback index of the record list did not settle",
            got=f"{MAX_ROUNDS} rounds",
            expected="an index that holds every record",
            hint="the record is stored and govern finds it by its tag; for other tools run: govern repair",
        )

    def _learn(self, tags: frozenset[str], known: dict[str, Descriptor]) -> set[str]:
        """Add the descriptors of records that only a tag names; return the tags that name none."""
        dead: set[str] = set()
        ordered = sorted(tags)
        with ThreadPoolExecutor(4, thread_name_prefix="learn") as pool:
            for tag, found in zip(ordered, pool.map(self._describe_tag, ordered), strict=True):
                if found is not None:
                    known[found.digest] = found
                else:
                    dead.add(tag)
        return dead

    def _describe_tag(self, tag: str) -> Descriptor | None:
        if tag in self._descriptors:
            return self._descriptors[tag]
        try:
            found = describe(get_manifest(self.client, self.repository, tag))
        except (NotFound, ProtocolError):
            return None
        self._descriptors[tag] = found
        return found

    def _put_index(self, subject: Digest, known: dict[str, Descriptor]) -> bool:
        document = index_document(known.values())
        raw = write(document)
        if len(raw.data) > MAX_INDEX.value // 2:
            return False  # other tools stop reading there; record tags carry the rest
        try:
            put_manifest(self.client, self.repository, raw, fallback_tag(subject))
        except (ProtocolError, NotFound, AuthError):
            # A registry that checks an index refuses one that names a manifest it collected, with 400 or
            # 404: such entries are dead, and are left out. One whose tags may not move says 403, or 409.
            alive = {key: one for key, one in known.items() if exists(self.client, self.repository, one.id)}
            if len(alive) == len(known):
                # Not that: the tag is immutable, say. Record tags alone carry the records here.
                return False
            dead = known.keys() - alive.keys()
            for key in dead:
                del known[key]
            put_manifest(self.client, self.repository, write(index_document(known.values())), fallback_tag(subject))
        return True
