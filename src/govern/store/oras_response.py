"""Answers of the registry as `requests.Response`, which is what scripts for oras-py look into.

A blob or manifest that was asked for by digest is checked: whole before the response is handed out, or, streamed,
before its last bytes are.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.structures import CaseInsensitiveDict

from govern.errors import ContentMismatch, LimitExceeded
from govern.limits import MAX_ERROR_BODY, Bound
from govern.oci.digest import Digest
from govern.store.registry.answer import Answer

_REASONS: Final = {one.value: one.phrase for one in HTTPStatus}


class CheckedBody(io.RawIOBase):
    """The body of a streamed answer, as `Response.raw`.

    The last chunk is held back until the digest was found right, so that nobody gets all of a wrong blob.

    Args:
        answer: not read yet.
        digest: what the bytes must be, or None where nothing says.
        what: for messages ("the blob sha256:…").
    """

    def __init__(self, answer: Answer, digest: Digest | None, what: str) -> None:
        super().__init__()
        self._answer = answer
        self._digest = digest
        self._what = what
        self._chunks = self._checked()
        self._rest = memoryview(b"")

    def _checked(self) -> Iterator[bytes]:
        hasher = self._digest.hasher() if self._digest is not None else None
        held = b""
        for data in self._answer.chunks():
            if hasher is not None:
                hasher.update(data)
            if held:
                yield held
            held = bytes(data)
        if self._digest is not None and hasher is not None:
            self._digest.check_hex(hasher.hexdigest(), self._what)
        if held:
            yield held

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`; raises `ContentMismatch` instead of the last bytes of a wrong blob."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def stream(self, amt: int = 65_536, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002
        """Yield pieces of at most `amt` bytes: the name under which `requests` looks for it."""
        while data := self.read(amt):
            yield data

    def close(self) -> None:
        """Give the connection back."""
        if not self.closed:
            self._answer.close()
        super().close()


def response_of(method: str, answer: Answer, *, digest: Digest | None, bound: Bound, stream: bool) -> requests.Response:
    """Return an answer as a response.

    Args:
        method: how it was asked for.
        answer: what came; it is read here unless it is streamed.
        digest: what the content of a 200 must be, or None where nothing says.
        bound: the largest body that is held in memory.
        stream: whether the script reads the body itself.

    Raises:
        ContentMismatch: for other content than that of the digest.
        LimitExceeded: for a body beyond the bound.
    """
    good = answer.status == 200
    what = f"the content of {digest}" if digest is not None else "the answer"
    response = _empty(method, answer.url, answer.status)
    response.headers = CaseInsensitiveDict(answer.headers)
    if method == "HEAD":
        answer.close()
        return _filled(response, b"")
    if stream and good:
        response.raw = CheckedBody(answer, digest, what)
        return response
    if answer.status >= 400:
        return _filled(response, _error(answer))
    data = answer.read(bound, what)
    if good and digest is not None:
        digest.check(data, what)
    return _filled(response, data)


def _error(answer: Answer) -> bytes:
    try:
        return answer.read(MAX_ERROR_BODY, "the error")
    except LimitExceeded:
        # The status says enough; a page of a proxy's is no reason not to hand it over.
        answer.close()
        return b""


def name_by_content(response: requests.Response, digest: Digest | None) -> None:
    """Make `Docker-Content-Digest` of a manifest the digest of its bytes: scripts name files by it.

    Args:
        response: a 200.
        digest: by which it was asked for and checked, or None where it was a tag.

    Raises:
        ContentMismatch: where a registry says another digest of what a tag points to.
    """
    if digest is not None:
        response.headers["Docker-Content-Digest"] = str(digest)
        return
    found = Digest.of(response.content)
    claimed = response.headers.get("Docker-Content-Digest", str(found))
    if claimed.startswith("sha512:"):
        Digest(claimed, error=ContentMismatch).check(response.content, "the manifest")
    elif claimed != found:
        raise ContentMismatch(
            "the manifest is not what the registry says",
            got=str(found),
            expected=claimed[:100],
            hint="do not use it; ask again by digest",
        )
    response.headers["Docker-Content-Digest"] = str(claimed)


def stored(method: str, url: str, digest: str, status: int = 201) -> requests.Response:
    """Return the response to something that was stored: the one of the spec, or 200 for what was there already.

    Source: distribution spec 1.1, "Pushing blobs", "Pushing Manifests".
    """
    response = _empty(method, url, status)
    response.headers = CaseInsensitiveDict({"Location": url, "Docker-Content-Digest": digest, "Content-Length": "0"})
    return _filled(response, b"")


def _empty(method: str, url: str, status: int) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = url
    response.reason = _REASONS.get(status, "")
    # The request as a script may look at it: without the credentials that went along.
    response.request = requests.Request(method, url).prepare()
    response.encoding = "utf-8"
    return response


def _filled(response: requests.Response, data: bytes) -> requests.Response:
    response._content = data
    response._content_consumed = True  # type: ignore[attr-defined]
    response.raw = io.BytesIO(data)
    return response
