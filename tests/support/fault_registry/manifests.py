"""Manifests, tags and referrers of the fault registry."""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import urlencode

from support.fault_registry.content import (
    DIGEST,
    INDEX,
    Refused,
    is_digest_of,
    missing_parts,
    parse_manifest,
)
from support.fault_registry.endpoint import Endpoint, json_reply
from support.fault_registry.wire import Reply

_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_GITLAB: Final = re.compile(r"sha256-([0-9a-f]{64})")


class Manifests(Endpoint):
    """The endpoints of manifests (distribution spec 1.1, "Pulling manifests", "Content Discovery")."""

    def read_manifest(self, reference: str) -> Reply:
        """`GET` and `HEAD` of a manifest."""
        switches = self.state.switches
        if self.command == "HEAD" and switches.head_refused:
            raise Refused(405, "UNSUPPORTED")
        with self.state.content.lock:
            reference = self._alias(reference)
            stale = switches.stale_tag_reads > 0 and len(self.repository.tags.get(reference, ())) > 1
            switches.stale_tag_reads -= stale
            digest = self.repository.resolve(reference, stale=stale)
            media_type, body = self.repository.manifests[digest]
        accepted = self.headers.get("Accept", "*/*")
        if media_type not in accepted and "*/*" not in accepted:
            # As distribution does: no representation that the client takes is no manifest.
            raise Refused(404, "MANIFEST_UNKNOWN")
        headers = {"Content-Type": switches.manifest_content_type or media_type, **self.digest_header(digest)}
        return Reply(200, headers, self.flipped(body))

    def put_manifest(self, reference: str) -> Reply:
        """`PUT` of a manifest, by digest or by tag."""
        switches, body = self.state.switches, self.body()
        if len(body) > switches.manifest_max:
            raise Refused(413, "SIZE_INVALID")
        content_type = self.headers.get("Content-Type", "")
        manifest = parse_manifest(body, content_type)
        with self.state.content.lock:
            repository, reference = self.repository, self._alias(reference)
            by_digest = ":" in reference
            if by_digest and not is_digest_of(reference, body):
                raise Refused(400, "DIGEST_INVALID")
            if not by_digest and _TAG.fullmatch(reference) is None:
                raise Refused(400, "TAG_INVALID")
            if not switches.sparse and missing_parts(repository, manifest):
                raise Refused(404, "MANIFEST_BLOB_UNKNOWN")
            history = repository.tags.get(reference)
            if switches.immutable_tags and history and not is_digest_of(history[-1], body):
                raise Refused(switches.immutable_tags, "TAG_INVALID")
            digest = reference if by_digest else f"sha256:{hashlib.sha256(body).hexdigest()}"
            if not switches.put_manifest_ignored:
                repository.manifests[digest] = (content_type, body)
                if not by_digest:
                    repository.tags.setdefault(reference, []).append(digest)
        headers = self.stored(f"manifests/{digest}", digest)
        subject = manifest.get("subject")
        known = switches.oci_subject == "always" or (switches.oci_subject == "true" and switches.referrers_api)
        if subject and known:
            headers["OCI-Subject"] = subject["digest"]
        return Reply(201, headers)

    def delete_manifest(self, reference: str) -> Reply:
        """`DELETE` of a tag alone, or of a manifest with all its tags."""
        with self.state.content.lock:
            repository, reference = self.repository, self._alias(reference)
            if ":" not in reference:
                if repository.tags.pop(reference, None) is None:
                    raise Refused(404, "MANIFEST_UNKNOWN")
                return Reply(202)
            if repository.manifests.pop(reference, None) is None:
                raise Refused(404, "MANIFEST_UNKNOWN")
            for tag in [tag for tag, history in repository.tags.items() if history[-1] == reference]:
                del repository.tags[tag]
        return Reply(202)

    def list_tags(self) -> Reply:
        """`GET` of the tags, in lexical order."""
        with self.state.content.lock:
            repository = self.repository
            if not repository.manifests:
                raise Refused(404, "NAME_UNKNOWN")
            tags = sorted(repository.tags)
        positions, headers = self._page(tags)
        return json_reply({"name": self.name, "tags": [tags[position] for position in positions]}, headers)

    def list_referrers(self, digest: str) -> Reply:
        """`GET` of the referrers, in the order in which they came."""
        switches = self.state.switches
        if not switches.referrers_api:
            raise Refused(404, "NOT_FOUND")
        if switches.referrers_status:
            raise Refused(switches.referrers_status, "MANIFEST_INVALID")
        if switches.false_200:
            return Reply(200, {"Content-Type": "text/html"}, b"<html><body>Please sign in.</body></html>")
        if DIGEST.fullmatch(digest) is None:
            raise Refused(400, "DIGEST_INVALID")
        wanted = self.query.get("artifactType") if switches.referrers_filter else None
        with self.state.content.lock:
            found = self.repository.referrers(digest, wanted)
        positions, headers = self._page([entry["digest"] for entry in found])
        headers["Content-Type"] = INDEX
        if wanted is not None:
            headers["OCI-Filters-Applied"] = "artifactType"
        page = [found[position] for position in positions]
        return json_reply({"schemaVersion": 2, "mediaType": INDEX, "manifests": page}, headers)

    def _page(self, keys: list[str]) -> tuple[range, dict[str, str]]:
        """Return the positions of the entries on this page, and the `Link` to the next (RFC 8288)."""
        switches = self.state.switches
        asked = self.query.get("n", "")
        size = min((one for one in (int(asked) if asked.isdecimal() else 0, switches.page_size) if one), default=0)
        last = self.query.get("last", "")
        start = keys.index(last) + 1 if last in keys else 0
        end = min(start + size, len(keys)) if size else len(keys)
        if switches.looping_pages:
            target = self.path
        elif end < len(keys):
            target = self._next(last=keys[end - 1])
        elif switches.endless_pages:
            # A cursor that was never used starts anew: the same entries for ever, and no URL twice.
            target = self._next(last=f"page-{len(self.state.requests)}")
        else:
            return range(start, end), {}
        return range(start, end), {"Link": f'<{switches.link_origin}{target}>; rel="next"'}

    def _next(self, *, last: str) -> str:
        return f"{self.url.path}?{urlencode({**self.query, 'last': last})}"

    def _alias(self, reference: str) -> str:
        match = _GITLAB.fullmatch(reference) if self.state.switches.gitlab_alias else None
        digest = f"sha256:{match[1]}" if match else ""
        return digest if digest in self.repository.manifests else reference
