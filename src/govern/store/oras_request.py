"""What a script hands to `do_request`: a URL, headers and a body, made safe or refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import requests

from govern.errors import InvalidInput, UsageError
from govern.limits import BUFFER_BYTES, MAX_HELD, MAX_INDEX, MAX_MANIFEST, Bound
from govern.names import is_repository, is_tag
from govern.oci.digest import Digest
from govern.oci.reference import RegistryPlace, parse
from govern.store.oras_connection import Connections
from govern.store.oras_errors import NotAReference
from govern.store.oras_response import name_by_content, response_of
from govern.store.registry.client import Body, Client, read_only, read_write
from govern.store.registry.origin import origin_of
from govern.store.registry.upload import COMMIT_RATE

_API: Final = re.compile(r"/v2/(.+)/(blobs|manifests|tags|referrers)/([^/].*)")
_OURS: Final = frozenset(
    {"accept-encoding", "authorization", "content-length", "cookie", "host", "proxy-authorization", "transfer-encoding"}
)


def read_reference(text: str, default_registry: str | None) -> tuple[RegistryPlace, str | None, Digest | None]:
    """Return the repository, tag and digest of a reference; raise `NotAReference` for anything else."""
    try:
        found = parse(text, default_registry=default_registry)
    except UsageError as fault:
        raise NotAReference(fault.what, got=fault.got, expected=fault.expected, hint=fault.hint) from fault
    if not isinstance(found.place, RegistryPlace):
        raise NotAReference("this is not a repository of a registry", got=repr(text), expected="HOST/REPOSITORY:TAG")
    return found.place, found.tag, found.digest


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    Args:
        client: the registry's.
        url: on the registry's own origin.
        scope: what the request needs.
        kind: `blobs`, `manifests`, `tags`, `referrers`, or empty outside of a repository.
        key: what follows in the path: a digest, a tag, `list`, `uploads/…`.
    """

    client: Client
    url: str
    scope: str
    kind: str = ""
    key: str = ""

    @property
    def digest(self) -> Digest | None:
        """The digest by which content is asked for, or None; raises `InvalidInput` for one that is none."""
        if self.kind == "blobs" and not self.key.startswith("uploads/"):
            return Digest(self.key)
        return Digest(self.key) if self.kind == "manifests" and ":" in self.key else None

    @property
    def is_tagged(self) -> bool:
        """Whether this is a manifest by its tag."""
        return self.kind == "manifests" and ":" not in self.key

    @property
    def bound(self) -> Bound:
        """The largest answer that is held in memory."""
        return {"blobs": MAX_HELD, "manifests": MAX_MANIFEST}.get(self.kind, MAX_INDEX)

    def may_repeat(self, method: str) -> bool:
        """Whether the same request may be sent again after passing trouble; see `govern.store.registry.retry`."""
        return method != "PATCH" and not (method == "PUT" and self.kind == "blobs")


def route(connections: Connections, url: str, method: str) -> Route:
    """Return where a URL of the distribution API goes, whatever host it names.

    Docker Hub's API is on another host than its name, and the registries of the loopback speak without TLS, so the
    URL that oras-py makes of a reference is not always the one to ask.

    Raises:
        InvalidInput: for paths with dots, tags and digests that are none, and a plain URL of a registry that is
            spoken to over TLS.
    """
    origin = origin_of(url)
    parts = urlsplit(url)
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        raise InvalidInput("a URL leads out of its own path", got=repr(parts.path[:200]), expected="no . and .. in it")
    host = connections.host(parts.netloc)
    client = connections.client(host)
    match = _API.fullmatch(parts.path)
    if match is None or not is_repository(match[1]):
        kind, key, path = "", "", parts.path
        scope = "registry:catalog:*" if parts.path == "/v2/_catalog" else ""
    else:
        repository, kind, key = match[1], match[2], unquote(match[3])
        if host == "docker.io" and "/" not in repository:
            repository = f"library/{repository}"
        if kind == "manifests" and ":" not in key and not is_tag(key):
            raise InvalidInput("this is not a tag", got=repr(key[:200]), expected="1 to 128 of letters, digits, . _ -")
        path, scope = f"/v2/{repository}/{kind}/{match[3]}", _scope(method, repository)
    if origin.scheme == "http" and client.origin.scheme == "https":
        raise InvalidInput(
            "a registry would be spoken to without TLS",
            got=url[:200],
            expected=str(client.origin),
            hint="GovernRegistry(insecure=True) does that; everybody on the way can read and change what comes",
        )
    query = f"?{parts.query}" if parts.query else ""
    return Route(client, f"{client.origin}{path}{query}", scope, kind, key)


def _scope(method: str, repository: str) -> str:
    if method in ("GET", "HEAD"):
        return read_only(repository)
    return f"repository:{repository}:delete,pull" if method == "DELETE" else read_write(repository)


def check_header(name: str, value: str) -> None:
    """Refuse a header that is not the script's to set.

    Credentials among them would reach hosts that they are not for, and the others would change what is sent.
    """
    if name.lower() in _OURS:
        raise InvalidInput(
            f"the header {name} is not for a script to set",
            expected="another header",
            hint="credentials: login(), GOVERN_AUTH_HOST with GOVERN_AUTH_USERNAME and GOVERN_AUTH_PASSWORD, "
            "or the files of Docker and Podman",
        )
    text = f"{name}{value}"
    if not text.isascii() or not text.isprintable():
        raise InvalidInput("a header holds what no header may", got=repr(name[:100]), expected="printable ASCII")


def perform(
    connections: Connections,
    url: str,
    method: str,
    headers: Mapping[str, str] | None,
    data: Any,
    json: Any,
    stream: bool,
) -> requests.Response:
    """Send a request of a script's and return a checked response; the arguments are those of `do_request`."""
    goes = route(connections, url, method)
    digest = goes.digest if method == "GET" else None
    out = sent(method, goes.url, headers, data, json)
    size = out.length if out.length is not None else len(out.body) if isinstance(out.body, bytes) else 0
    answer = goes.client.request(
        method,
        goes.url,
        goes.scope,
        headers=out.headers,
        body=out.body,
        length=out.length,
        repeat=goes.may_repeat(method),
        extra_time=size / COMMIT_RATE,
    )
    response = response_of(method, answer, digest=digest, bound=goes.bound, stream=stream and not goes.is_tagged)
    if method == "GET" and goes.kind == "manifests" and response.status_code == 200:
        name_by_content(response, digest)
    return response


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes out.

    Args:
        headers: beside the usual ones.
        body: as `Client.request` takes it.
        length: of a body that is a file, or None.
    """

    headers: dict[str, str]
    body: Body
    length: int | None


def sent(method: str, url: str, headers: Mapping[str, str] | None, data: Any, json: Any) -> Sent:
    """Return headers and body as `requests` would send them.

    Raises:
        InvalidInput: for headers that are not a script's, and for a body that cannot be sent a second time.
    """
    given = {str(name): str(value) for name, value in (headers or {}).items()}
    for name, value in given.items():
        # oras-py itself sets the length of what it sends; it is counted here anyway.
        if name.lower() != "content-length":
            check_header(name, value)
    if hasattr(data, "read"):
        return Sent(_without_length(given), *_file_body(data))
    prepared = requests.Request(method, url, headers=given, data=data, json=json).prepare()
    body = prepared.body
    if isinstance(body, str):
        body = body.encode()
    if body is not None and not isinstance(body, bytes):
        raise InvalidInput(
            "a body can be sent only once",
            got=type(data).__name__,
            expected="bytes, text, a form, or a file that can be rewound",
            hint="upload_blob sends a file in pieces",
        )
    return Sent(_without_length({str(name): str(value) for name, value in prepared.headers.items()}), body, None)


def _without_length(headers: dict[str, str]) -> dict[str, str]:
    return {"Accept": "*/*", **{name: value for name, value in headers.items() if name.lower() != "content-length"}}


def _file_body(file: Any) -> tuple[Body, int]:
    try:
        start = file.tell()
        length = file.seek(0, os.SEEK_END) - start
    except (AttributeError, OSError) as fault:
        raise InvalidInput(
            "a body can be sent only once", got=type(file).__name__, expected="a file that can be rewound"
        ) from fault

    def chunks() -> Iterator[bytes]:
        file.seek(start)
        while data := file.read(BUFFER_BYTES):
            yield data

    return chunks, length
