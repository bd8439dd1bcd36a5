"""What oras-py 0.2.43 does wrong with credentials, `GovernRegistry` does not: whose they are, and where they go."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from govern.errors import AuthError, InvalidInput, ProtocolError, UsageError
from govern.store.oras_adapter import GovernRegistry
from support.fault_registry import FaultRegistry, Switches
from support.foreign import DATA, NAME, serve_data
from support.plain_client import digest_of

Start = Callable[..., FaultRegistry]


@pytest.fixture
def opened() -> Iterator[Callable[..., GovernRegistry]]:
    """Open a `GovernRegistry` that is closed after the test."""
    made: list[GovernRegistry] = []

    def start(hostname: str | None = None, **options: Any) -> GovernRegistry:
        made.append(GovernRegistry(hostname, insecure=True, **options))
        return made[-1]

    yield start
    for one in made:
        one.close()


def credentials_seen(registry: FaultRegistry) -> set[str]:
    return {one.headers["authorization"] for one in registry.requests() if "authorization" in one.headers}


def basic(username: str = "ci", password: str = "secret") -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_credentials_of_one_host_never_go_to_another(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path, kind: Any
) -> None:
    ours, theirs = start_fault_registry(Switches(auth=kind)), start_fault_registry()
    client = opened(ours.host)
    client.auth.set_basic_auth("ci", "secret")
    assert len(client.pull(serve_data(ours), outdir=tmp_path)) == 1
    assert credentials_seen(ours)
    target = serve_data(theirs)
    client.pull(target, outdir=tmp_path)
    theirs.switches.auth = "basic"
    # Asked for a password, that of the other host is not given either.
    with pytest.raises(AuthError):
        client.pull(target, outdir=tmp_path)
    assert credentials_seen(theirs) == set()


def test_credentials_without_a_host_are_refused(opened: Callable[..., GovernRegistry]) -> None:
    with pytest.raises(UsageError, match="credentials were given and no registry"):
        opened().auth.set_basic_auth("ci", "secret")


def test_tokens_are_for_one_repository_each(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path
) -> None:
    registry = start_fault_registry(Switches(auth="bearer"))
    client = opened(registry.host)
    client.auth.set_basic_auth("ci", "secret")
    for name in ("acme/one", "acme/two", "acme/one"):
        client.pull(serve_data(registry, name), outdir=tmp_path)
    asked = [one.path for one in registry.requests("GET", "/token")]
    assert len(asked) == 2
    assert "acme%2Fone%3Apull&" in asked[0]
    assert "acme%2Ftwo%3Apull&" in asked[1]


def test_a_token_that_ended_is_fetched_anew(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path
) -> None:
    registry = start_fault_registry(Switches(auth="bearer", token_uses=1))
    client = opened(registry.host)
    client.auth.set_basic_auth("ci", "secret")
    (tmp_path / "model.bin").write_bytes(DATA)
    client.push(f"{registry.host}/{NAME}:2", files=[tmp_path / "model.bin"], disable_path_validation=True)
    assert client.pull(f"{registry.host}/{NAME}:2", outdir=tmp_path / "out") == [str(tmp_path / "out" / "model.bin")]


def test_credentials_do_not_go_to_an_upload_location_on_another_host(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path
) -> None:
    theirs = start_fault_registry()
    ours = start_fault_registry(Switches(auth="bearer", upload_origin=theirs.url))
    client = opened(ours.host)
    client.auth.set_basic_auth("ci", "secret")
    (tmp_path / "x").write_bytes(DATA)
    layer = {"digest": digest_of(DATA), "size": len(DATA), "mediaType": "text/plain"}
    for upload in (client.put_upload, client.chunked_upload, client.upload_blob):
        with pytest.raises(ProtocolError, match="leads to another host"):
            upload(str(tmp_path / "x"), f"{ours.host}/{NAME}", layer)
    answer = client.do_request(f"{ours.url}/v2/{NAME}/blobs/uploads/", "POST")
    with pytest.raises(ProtocolError, match="leads to another host"):
        client._get_location(answer, client.get_container(f"{ours.host}/{NAME}"))
    assert theirs.requests() == []


def test_neither_credentials_nor_headers_of_a_script_follow_a_redirect(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path
) -> None:
    theirs = start_fault_registry()
    ours = start_fault_registry(Switches(auth="bearer", redirect_blobs=theirs.url), content=theirs.content)
    client = opened(ours.host)
    client.auth.set_basic_auth("ci", "secret")
    client.set_header("X-Api-Key", "hush")
    target = serve_data(ours)
    assert client.get_blob(target, digest_of(DATA)).content == DATA
    assert client.download_blob(target, digest_of(DATA), str(tmp_path / "x"))
    redirected = theirs.requests()
    assert redirected
    assert not any({"authorization", "x-api-key", "cookie"} & one.headers.keys() for one in redirected)
    assert any(one.headers.get("x-api-key") == "hush" for one in ours.requests())


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Proxy-Authorization", "Host", "Accept-Encoding"])
def test_headers_with_credentials_are_not_a_scripts_to_set(
    fault_registry: FaultRegistry, opened: Callable[..., GovernRegistry], name: str
) -> None:
    client = opened(fault_registry.host)
    for ask in (
        lambda: client.set_header(name, "x"),
        lambda: client.do_request(f"{fault_registry.url}/v2/", headers={name: "x"}),
        lambda: client.auth.set_token_auth("x"),
        lambda: client.auth.get_auth_header(),
        lambda: client.session,
    ):
        with pytest.raises(InvalidInput):
            ask()
    assert fault_registry.requests() == []


def test_the_next_page_is_on_the_same_host(start_fault_registry: Start, opened: Callable[..., GovernRegistry]) -> None:
    theirs = start_fault_registry()
    ours = start_fault_registry(Switches(page_size=1, link_origin=theirs.url))
    target = serve_data(ours)
    ours.content.repository(NAME).tags["2"] = ours.content.repository(NAME).tags["1"]
    client = opened(ours.host)
    for ask in (
        lambda: client.get_tags(target),
        lambda: client._do_paginated_request(f"{ours.url}/v2/{NAME}/tags/list", lambda _answer: True),
    ):
        with pytest.raises(ProtocolError, match="leads to another host"):
            ask()
    assert theirs.requests() == []


def test_netrc_says_nothing(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], home: Path, tmp_path: Path
) -> None:
    (home / ".netrc").write_text("machine 127.0.0.1 login stranger password wrong\n")
    (home / ".netrc").chmod(0o600)
    for kind in ("", "bearer"):
        registry = start_fault_registry(Switches(auth=kind))
        client = opened(registry.host)
        client.auth.set_basic_auth("ci", "secret")
        client.pull(serve_data(registry), outdir=tmp_path)
        assert not any(basic("stranger", "wrong") in one for one in credentials_seen(registry))
