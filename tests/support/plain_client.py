"""Pushes and lists with nothing but `requests`, for tests that must not take govern's word for what is there."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final
from urllib.parse import urljoin

import requests

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"


def digest_of(data: bytes) -> str:
    """Return the sha256 digest of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def begin_upload(session: requests.Session, base: str) -> str:
    """Open an upload session and return its URL.

    Args:
        session: who asks.
        base: the repository, `http://HOST/v2/NAME`.
    """
    answer = session.post(f"{base}/blobs/uploads/")
    assert answer.status_code == 202, answer.text
    return urljoin(base, answer.headers["Location"])


def push_blob(session: requests.Session, base: str, data: bytes) -> str:
    """Push a blob to the repository at `base` and return its digest."""
    answer = session.put(begin_upload(session, base), params={"digest": digest_of(data)}, data=data)
    assert answer.status_code == 201, answer.text
    return digest_of(data)


def put_manifest(session: requests.Session, base: str, reference: str, body: bytes) -> requests.Response:
    """Put an image manifest by tag or digest; its blobs have to be there."""
    return session.put(f"{base}/manifests/{reference}", data=body, headers={"Content-Type": MANIFEST})


def push_manifest(session: requests.Session, base: str, tag: str, subject: str = "") -> bytes:
    """Push a small manifest with its config under a tag, and return its bytes.

    Args:
        session: who asks.
        base: the repository, `http://HOST/v2/NAME`.
        tag: where it goes.
        subject: the digest of its subject; empty for none.
    """
    config = {"mediaType": "application/octet-stream", "digest": push_blob(session, base, b"{}"), "size": 2}
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    if subject:
        manifest["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": 1}
    body = json.dumps(manifest).encode()
    answer = put_manifest(session, base, tag, body)
    assert answer.status_code == 201, answer.text
    return body


def walk_pages(session: requests.Session, url: str, most: int = 10) -> tuple[list[Any], int]:
    """Follow `Link` from a listing of tags or referrers; return the entries and the number of pages.

    Args:
        session: who asks.
        url: the first page.
        most: pages after which it stops.
    """
    entries: list[Any] = []
    for page in range(1, most + 1):
        answer = session.get(url)
        listing = answer.json()
        entries += listing.get("manifests") or listing.get("tags") or []
        if "next" not in answer.links:
            return entries, page
        url = urljoin(url, answer.links["next"]["url"])
    return entries, most
