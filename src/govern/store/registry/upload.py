"""Blobs to a repository: there already, mounted, sent whole, or sent in chunks.

Source: distribution spec 1.1, "Pushing blobs".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from govern.errors import AuthError, InvalidInput, NetworkError, ProtocolError
from govern.oci.content import Content
from govern.oci.descriptor import Descriptor
from govern.progress import Progress
from govern.store.registry.answer import Answer
from govern.store.registry.client import Client, read_only, read_write
from govern.store.registry.origin import same_origin
from govern.store.registry.retry import PASSING, Tries

CHUNK_BYTES: Final = 8 * 1024 * 1024
MAX_CHUNK: Final = 64 * 1024 * 1024
"""A chunk is held in memory."""

COMMIT_RATE: Final = 20 * 1024 * 1024
"""Bytes per second at which a slow registry hashes and stores after the last byte; its timeout grows so."""


def has_blob(client: Client, repository: str, descriptor: Descriptor) -> bool:
    """Whether a blob is there; a registry that cannot say is taken to have none."""
    answer = client.request("HEAD", client.url(f"{repository}/blobs/{descriptor.digest}"), read_only(repository))
    answer.close()
    if answer.status == 200:
        return answer.length is None or answer.length == descriptor.size
    if answer.status in (404, 405, 400):
        return False
    raise client.fault(answer, f"the blob {descriptor.digest} cannot be asked for")


def put_blob(
    client: Client,
    repository: str,
    content: Content,
    progress: Progress,
    mount_from: Sequence[str] = (),
    *,
    piece: int | None = None,
) -> None:
    """Store a blob unless it is there; see `Blobs.put_blob`.

    Args:
        client: the registry.
        repository: where to.
        content: what.
        progress: told the bytes.
        mount_from: other repositories of this registry that may have it.
        piece: bytes of each chunk, at most MAX_CHUNK, where it is to be sent in chunks whatever the settings say.
    """
    descriptor = content.descriptor
    # Asked even for a handful of bytes: many records share the empty config, and distribution rewrites a
    # link in place when a blob comes again, which another writer may read half-written.
    if has_blob(client, repository, descriptor):
        progress.advance(descriptor.size)
        return
    tries = Tries()
    chunked = piece is not None or client.own.upload == "chunks"
    size = min(piece or CHUNK_BYTES, MAX_CHUNK)
    for source in (*mount_from, None):
        session = _begin(client, repository, descriptor, source)
        if session is None:
            progress.advance(descriptor.size)
            return
        if source is not None:
            # The registry did not mount and opened a session instead; the last one is used.
            continue
        while True:
            counted = _Counted(content, progress)
            try:
                if chunked:
                    answer = _send_chunks(client, repository, session, counted, size)
                else:
                    answer = _send_whole(client, repository, session, counted)
            except NetworkError:
                counted.take_back()
                if not tries.again():
                    raise
            else:
                if answer.status in (201, 204):
                    answer.close()
                    return
                counted.take_back()
                if answer.status == 413 and not chunked and client.own.upload == "auto":
                    # Some registries take large blobs only in pieces.
                    chunked = True
                    answer.close()
                elif answer.status not in PASSING or not tries.again(answer.headers.get("Retry-After")):
                    raise _refused(client, answer, descriptor)
                else:
                    answer.close()
            # A session whose request failed is not reliable: begin a new one, from the first byte.
            session = _begin(client, repository, descriptor, None)
            if session is None:
                progress.advance(descriptor.size)
                return


def _refused(client: Client, answer: Answer, descriptor: Descriptor) -> Exception:
    if answer.status == 400:
        fault = client.fault(answer, f"the registry refused the blob {descriptor.digest}")
        if "DIGEST" in fault.got.upper():
            return InvalidInput(
                "a file changed while it was pushed",
                got=fault.got,
                expected=descriptor.digest,
                hint="wait until nobody writes it, then push again",
            )
        return fault
    return client.fault(answer, f"the blob {descriptor.digest} cannot be stored")


def _begin(client: Client, repository: str, descriptor: Descriptor, source: str | None) -> str | None:
    """Open an upload session and return its URL, or None where the blob was mounted."""
    query = f"?{urlencode({'mount': descriptor.digest, 'from': source})}" if source is not None else ""
    scope = read_write(repository) + (f" {read_only(source)}" if source is not None else "")
    try:
        answer = client.request("POST", client.url(f"{repository}/blobs/uploads/{query}"), scope)
    except AuthError:
        if source is None:
            raise
        # The right to read the other repository is missing, perhaps no more than that.
        return _begin(client, repository, descriptor, None)
    if source is not None and answer.status == 201:
        answer.close()
        return None
    if source is not None and answer.status != 202:
        # Not being allowed to mount is no reason not to upload.
        answer.close()
        return _begin(client, repository, descriptor, None)
    if answer.status != 202:
        raise client.fault(answer, f"nothing can be uploaded to {client.host}/{repository}")
    return location_of(client, answer)


def location_of(client: Client, answer: Answer) -> str:
    """Return where an upload goes on, which must be at the registry itself."""
    location = answer.headers.get("Location")
    url = answer.url
    answer.close()
    if not location:
        raise ProtocolError(f"{client.host} opened an upload without a place", expected="a Location")
    return same_origin(url, location, "the upload location")


def _with_digest(session: str, descriptor: Descriptor) -> str:
    # The query of the location is the registry's own state: it is kept letter for letter.
    separator = "&" if urlsplit(session).query else "?"
    return f"{session}{separator}digest={quote(descriptor.digest, safe='')}"


class _Counted:
    """A content that tells progress, and takes back what it told when the request failed."""

    def __init__(self, content: Content, progress: Progress) -> None:
        self.content = content
        self.descriptor = content.descriptor
        self._progress = progress
        self._told = 0

    def chunks(self) -> Iterator[bytes | memoryview]:
        self.take_back()
        sent = 0
        for chunk in self.content.chunks():
            sent += len(chunk)
            if sent > self.descriptor.size:
                raise InvalidInput("a file grew while it was pushed", expected=f"{self.descriptor.size} bytes")
            yield chunk
            self._told += len(chunk)
            self._progress.advance(len(chunk))
        if sent != self.descriptor.size:
            raise InvalidInput(
                "a file shrank while it was pushed", got=f"{sent} bytes", expected=f"{self.descriptor.size} bytes"
            )

    def take_back(self) -> None:
        if self._told:
            self._progress.advance(-self._told)
            self._told = 0


def _send_whole(client: Client, repository: str, session: str, content: _Counted) -> Answer:
    size = content.descriptor.size
    return client.request(
        "PUT",
        _with_digest(session, content.descriptor),
        read_write(repository),
        headers={"Content-Type": "application/octet-stream"},
        body=content.chunks,
        length=size,
        repeat=False,
        extra_time=size / COMMIT_RATE,
    )


def _send_chunks(client: Client, repository: str, session: str, content: _Counted, size: int) -> Answer:
    offset, url = 0, session
    for piece in _pieces(content.chunks(), size):
        end = offset + len(piece)
        answer = client.request(
            "PATCH",
            url,
            read_write(repository),
            headers={"Content-Type": "application/octet-stream", "Content-Range": f"{offset}-{end - 1}"},
            body=piece,
            repeat=False,
        )
        if answer.status not in (201, 202):
            return answer
        held = _held(answer)
        # distribution 2.8 takes pieces out of order with 202: only its Range says what it has. ECR
        # answers 201 with a stale Range.
        if held is not None and held != end and answer.status == 202:
            raise ProtocolError(
                f"{client.host} lost a piece of an upload", got=f"{held} bytes held", expected=f"{end} bytes"
            )
        url, offset = location_of(client, answer), end
    return commit_upload(client, repository, url, content.descriptor)


def begin_upload(client: Client, repository: str) -> str:
    """Open an upload session and return its URL."""
    answer = client.request("POST", client.url(f"{repository}/blobs/uploads/"), read_write(repository))
    if answer.status != 202:
        raise client.fault(answer, f"nothing can be uploaded to {client.host}/{repository}")
    return location_of(client, answer)


def commit_upload(client: Client, repository: str, session: str, descriptor: Descriptor) -> Answer:
    """Give what a session holds its name; the registry hashes it now at the latest."""
    return client.request(
        "PUT",
        _with_digest(session, descriptor),
        read_write(repository),
        body=b"",
        repeat=False,
        extra_time=descriptor.size / COMMIT_RATE,
    )


def _held(answer: Answer) -> int | None:
    last = answer.headers.get("Range", "").removeprefix("bytes=").partition("-")[2]
    return int(last) + 1 if last.isascii() and last.isdigit() and len(last) < 19 else None


def _pieces(chunks: Iterator[bytes | memoryview], size: int) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)
