"""Manifests and tags of a repository.

Source: distribution spec 1.1, "Pulling manifests", "Pushing Manifests", "Listing Tags".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from govern import canonical
from govern.errors import ContentMismatch, NotFound, ProtocolError
from govern.limits import MAX_INDEX, MAX_MANIFEST, MAX_PAGES, MAX_TAGS, Bound
from govern.names import is_tag
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.media_types import MANIFESTS
from govern.store.registry.answer import Answer
from govern.store.registry.client import Client, read_only, read_write
from govern.store.registry.origin import same_origin
from govern.store.registry.retry import Tries

_ACCEPT = ", ".join(MANIFESTS)
_PAGE = 1000


def get_manifest(client: Client, repository: str, key: Digest | str, bound: Bound = MAX_MANIFEST) -> RawManifest:
    """Return a manifest; see `Manifests.get_manifest`."""
    what = f"the manifest {key}" if isinstance(key, Digest) else f"the manifest tagged {key!r}"
    url = client.url(f"{repository}/manifests/{key}")
    answer, data = client.get(url, read_only(repository), bound, what, headers={"Accept": _ACCEPT})
    if answer.status != 200:
        raise client.fault(
            answer, f"{what} is not in {client.host}/{repository}" if answer.status == 404 else f"{what} cannot be read"
        )
    media_type, claimed = answer.content_type, answer.headers.get("Docker-Content-Digest")
    raw = RawManifest(media_type, data)
    if isinstance(key, Digest):
        key.check(raw.data, what)
    elif claimed is not None and claimed.startswith("sha256:") and claimed != raw.digest:
        # What a tag points to has one digest: the registry and the bytes must agree on it.
        raise ContentMismatch(
            f"{what} is not what the registry says",
            got=str(raw.digest),
            expected=claimed[:100],
            hint="do not use it; ask again by digest",
        )
    return raw


def put_manifest(client: Client, repository: str, manifest: RawManifest, tag: str | None) -> Answer:
    """Store a manifest by digest or by tag, and return the closed answer for its headers."""
    key = tag or manifest.digest
    tries = Tries()
    while True:
        answer = client.request(
            "PUT",
            client.url(f"{repository}/manifests/{key}"),
            read_write(repository),
            headers={"Content-Type": manifest.media_type},
            body=manifest.data,
        )
        if answer.status in (200, 201, 202):
            break
        fault = client.fault(answer, f"the manifest {key} cannot be stored", _tag_hint(answer.status, tag))
        # distribution answers DIGEST_INVALID when it reads a link that another writer is just writing.
        # The digest is ours and right, so this is passing trouble.
        if not ("DIGEST_INVALID" in fault.got and tries.again()):
            raise fault
    claimed = answer.headers.get("Docker-Content-Digest")
    answer.close()
    if claimed is not None and claimed.startswith("sha256:") and claimed != manifest.digest:
        raise ProtocolError(
            "the registry stored another manifest than it got", got=claimed[:100], expected=str(manifest.digest)
        )
    return answer


def _tag_hint(status: int, tag: str | None) -> str:
    if tag is not None and status in (400, 403, 409, 412):
        return f"the tag {tag!r} may be immutable here"
    return ""


def list_tags(client: Client, repository: str, *, must_exist: bool = False) -> tuple[str, ...]:
    """Return every tag, in lexical order.

    The distribution spec ("Listing Tags") asks that order of registries; distribution 2.8 answers in any.

    Args:
        client: the registry.
        repository: the repository path.
        must_exist: whether an unknown repository is not found; else it has no tags.

    Raises:
        NotFound: for an unknown repository. Some registries do not know one that has manifests and no tag.
    """
    url = client.url(f"{repository}/tags/list?{urlencode({'n': _PAGE})}")
    found: list[str] = []
    missing = f"{client.host}/{repository} is no repository, or has no tag" if must_exist else ""
    for page in pages(
        client, url, read_only(repository), "the list of tags", not_found=not must_exist, missing=missing
    ):
        tags = page.get("tags")
        if tags is None:
            continue
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise ProtocolError(
                "the list of tags is malformed", got=canonical.describe(tags), expected="an array of text"
            )
        found += [tag for tag in tags if is_tag(tag)]
        MAX_TAGS.check(len(found), "the list of tags")
    return tuple(sorted(set(found)))


def pages(
    client: Client, url: str, scope: str, what: str, *, not_found: bool, missing: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a paged listing, to the last page or not at all.

    Args:
        client: the registry.
        url: of the first page.
        scope: what reading needs.
        what: for messages.
        not_found: whether 404 means an empty listing.
        missing: what it means otherwise, for the message.

    Raises:
        Undecided: for every page that cannot be read: a listing that fails is never an empty one.
    """
    seen: set[str] = set()
    while True:
        if url in seen:
            raise ProtocolError(f"{what} goes round in a circle", got="a page that was read before", expected="an end")
        seen.add(url)
        MAX_PAGES.check(len(seen), what)
        answer, data = client.get(url, scope, MAX_INDEX, what)
        if answer.status == 404 and not_found and len(seen) == 1:
            answer.close()
            return
        if answer.status == 404 and missing:
            raise client.fault(
                answer, missing, f"check the name; where it is hidden from strangers: govern login {client.host}"
            )
        if answer.status != 200:
            raise client.fault(answer, f"{what} cannot be read")
        link = answer.headers.get("Link")
        value = canonical.loads(data, what, bound=MAX_INDEX, error=ProtocolError)
        if not isinstance(value, dict):
            raise ProtocolError(f"{what} is not an object", got=canonical.describe(value), expected="a JSON object")
        yield value
        following = next_link(url, link, what)
        if following is None:
            return
        url = following


def next_link(url: str, header: str | None, what: str) -> str | None:
    """Return the URL of the next page (RFC 8288), on the same origin, or None."""
    if not header:
        return None
    for part in header.split(","):
        target, _, parameters = part.strip().partition(">")
        relations = [one.strip().lower().replace('"', "").replace(" ", "") for one in parameters.split(";")]
        if target.startswith("<") and "rel=next" in relations:
            return same_origin(url, target[1:], f"the next page of {what}")
    return None


def exists(client: Client, repository: str, digest: Digest) -> bool:
    """Whether a manifest is there, without reading it."""
    answer = client.request(
        "HEAD",
        client.url(f"{repository}/manifests/{digest}"),
        read_only(repository),
        headers={"Accept": _ACCEPT},
    )
    answer.close()
    if answer.status in (200, 404):
        return answer.status == 200
    try:
        get_manifest(client, repository, digest)
    except NotFound:
        return False
    return True
