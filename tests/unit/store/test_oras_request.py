"""URLs, headers and bodies of a script: where they go, and what is refused before anything goes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

from govern.errors import InvalidInput, ProtocolError
from govern.settings import HostSettings, Settings
from govern.store.oras_connection import Connections
from govern.store.oras_request import route, sent

HOST = "https://registry.example.com"
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def connections() -> Iterator[Connections]:
    found = Connections(Settings(), None)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("method", "path", "kind", "key", "scope"),
    [
        ("GET", "/v2/a/b/manifests/1", "manifests", "1", "repository:a/b:pull"),
        ("HEAD", f"/v2/a/blobs/{DIGEST}", "blobs", DIGEST, "repository:a:pull"),
        ("POST", "/v2/a/blobs/uploads/", "blobs", "uploads/", "repository:a:pull,push"),
        ("PATCH", "/v2/a/blobs/uploads/x?_state=&y", "blobs", "uploads/x", "repository:a:pull,push"),
        ("DELETE", f"/v2/a/manifests/{DIGEST}", "manifests", DIGEST, "repository:a:delete,pull"),
        ("GET", "/v2/a/manifests/manifests/1", "manifests", "1", "repository:a/manifests:pull"),
        ("GET", "/v2/a/tags/list?n=5", "tags", "list", "repository:a:pull"),
        ("GET", f"/v2/a/referrers/{DIGEST}", "referrers", DIGEST, "repository:a:pull"),
        ("GET", "/v2/", "", "", ""),
        ("GET", "/v2/_catalog", "", "", "registry:catalog:*"),
        ("GET", "/api/v2.0/projects", "", "", ""),
        ("GET", "/v2/A/manifests/1", "", "", ""),
    ],
)
def test_a_url_says_what_is_asked_for(
    connections: Connections, method: str, path: str, kind: str, key: str, scope: str
) -> None:
    found = route(connections, HOST + path, method)
    assert (found.url, found.kind, found.key, found.scope) == (HOST + path, kind, key, scope)


def test_a_digest_in_a_url_is_what_the_content_is_held_against(connections: Connections) -> None:
    def digest_of(path: str) -> str | None:
        return route(connections, f"{HOST}/v2/a/{path}", "GET").digest

    assert digest_of(f"blobs/{DIGEST}") == digest_of(f"manifests/{DIGEST}") == DIGEST
    assert digest_of(f"blobs/{DIGEST.replace(':', '%3A')}") == DIGEST
    assert digest_of("manifests/1") is digest_of("blobs/uploads/x") is digest_of("tags/list") is None
    for key in ("blobs/x", "blobs/sha256:x", "manifests/sha256:x"):
        with pytest.raises(InvalidInput, match="digest"):
            digest_of(key)


@pytest.mark.parametrize(
    "url",
    [
        f"{HOST}/v2/a/../b/manifests/1",
        f"{HOST}/v2/a/%2E%2e/manifests/1",
        f"{HOST}/v2/a/manifests/b%3Fx=1",
        f"{HOST}/v2/a/manifests/a/b",
        "http://registry.example.com/v2/",
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(connections: Connections, url: str) -> None:
    with pytest.raises(InvalidInput):
        route(connections, url, "GET")


@pytest.mark.parametrize("url", ["ftp://a/v2/", "/v2/", "https://user:word@a/v2/", "https:///v2/", "https://a:x/v2/"])
def test_what_is_no_url_is_refused(connections: Connections, url: str) -> None:
    with pytest.raises(ProtocolError):
        route(connections, url, "GET")


def test_a_plain_registry_is_asked_plainly() -> None:
    connections = Connections(Settings(any_host=HostSettings(plain_http=True)), None)
    for scheme in ("http", "https"):
        assert (
            route(connections, f"{scheme}://registry.example.com/v2/", "GET").url == "http://registry.example.com/v2/"
        )
    connections.close()


def test_only_what_may_be_sent_twice_is(connections: Connections) -> None:
    def repeats(method: str, path: str) -> bool:
        return route(connections, f"{HOST}/v2/a/{path}", method).may_repeat(method)

    assert repeats("GET", "manifests/1")
    assert repeats("PUT", "manifests/1")
    assert repeats("POST", "blobs/uploads/")
    assert not repeats("PUT", "blobs/uploads/x")
    assert not repeats("PATCH", "blobs/uploads/x")


def test_bodies_are_sent_as_requests_would() -> None:
    assert sent("GET", HOST, None, None, None).body is None
    assert sent("PUT", HOST, None, b"x", None).body == b"x"
    assert sent("PUT", HOST, None, "ü", None).body == "ü".encode()
    form = sent("POST", HOST, None, {"a": "b c"}, None)
    assert (form.body, form.headers["Content-Type"]) == (b"a=b+c", "application/x-www-form-urlencoded")
    document = sent("PUT", HOST, {"Content-Type": "text/x", "Content-Length": "99"}, None, {"a": 1})
    assert (document.body, document.headers["Content-Type"]) == (b'{"a": 1}', "text/x")
    assert "Content-Length" not in document.headers


def test_a_file_is_sent_from_where_it_stands_as_often_as_needed() -> None:
    file = io.BytesIO(b"skipped, sent")
    file.seek(9)
    out = sent("PUT", HOST, None, file, None)
    assert isinstance(out.body, Callable)  # type: ignore[arg-type]
    assert out.length == 4
    assert [b"".join(map(bytes, out.body())) for _ in range(2)] == [b"sent", b"sent"]  # type: ignore[operator,misc]


def test_a_body_that_cannot_be_sent_again_is_refused() -> None:
    class Pipe(io.RawIOBase):
        def readable(self) -> bool:
            return True

    for body in (iter([b"x"]), Pipe()):
        with pytest.raises(InvalidInput, match="only once"):
            sent("PUT", HOST, None, body, None)
