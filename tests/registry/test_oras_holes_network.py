"""What oras-py 0.2.43 does wrong with retries, time-outs and chunks, `GovernRegistry` does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from govern.errors import AuthError, GovernError, InvalidInput, NetworkError
from govern.settings import Settings
from govern.store.oras_adapter import GovernRegistry
from govern.store.registry import retry
from govern.store.registry.client import Client
from support.fault_registry import Burst, FaultRegistry, Switches
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


@pytest.mark.parametrize("given", [None, ("ci", "wrong")])
@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_refusal_of_credentials_is_told_at_once(
    start_fault_registry: Start,
    opened: Callable[..., GovernRegistry],
    tmp_path: Path,
    kind: Any,
    given: tuple[str, str] | None,
) -> None:
    registry = start_fault_registry(Switches(auth=kind))
    client = opened(registry.host)
    if given:
        client.auth.set_basic_auth(*given)
    begun = time.monotonic()
    with pytest.raises(AuthError) as refusal:
        client.pull(serve_data(registry), outdir=tmp_path)
    assert time.monotonic() - begun < 2
    assert len(registry.requests()) <= 3
    assert "govern login" in refusal.value.hint
    assert "wrong" not in str(refusal.value)


def test_a_token_that_does_not_suffice_is_not_asked_for_without_end(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path
) -> None:
    # Anonymous tokens are for reading, and each is another one: the registry refuses to write every time.
    registry = start_fault_registry(Switches(auth="bearer", anonymous_pull=True))
    (tmp_path / "x").write_bytes(DATA)
    with pytest.raises(AuthError):
        opened().push(f"{registry.host}/{NAME}:1", files=[tmp_path / "x"], disable_path_validation=True)
    assert len(registry.requests("POST")) <= 6


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(
    fault_registry: FaultRegistry, opened: Callable[..., GovernRegistry], tmp_path: Path, status: int
) -> None:
    target = serve_data(fault_registry)
    fault_registry.switches.status_burst = [Burst(status, 1, "GET", "/manifests/"), Burst(status, 1, "GET", "/blobs/")]
    begun = time.monotonic()
    assert len(opened().pull(target, outdir=tmp_path)) == 1
    assert time.monotonic() - begun < 3


def test_a_chunk_is_not_sent_twice(fault_registry: FaultRegistry, opened: Callable[..., GovernRegistry]) -> None:
    client = opened()
    begun = client.do_request(f"{fault_registry.url}/v2/{NAME}/blobs/uploads/", "POST")
    fault_registry.switches.status_burst = [Burst(503, 1, "PATCH")]
    where = client._get_location(begun, client.get_container(f"{fault_registry.host}/{NAME}"))
    headers = {"Content-Range": "0-3", "Content-Type": "application/octet-stream"}
    assert client.do_request(where, "PATCH", data=b"data", headers=headers).status_code == 503
    assert len(fault_registry.requests("PATCH")) == 1


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
def test_a_registry_that_drips_is_given_up(
    fault_registry: FaultRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(retry, "MAX_TRIES", 2)
    target = serve_data(fault_registry)
    fault_registry.switches.slow_drip = f"/{kind}/"
    fault_registry.switches.drip_seconds = 0.05
    client = GovernRegistry(insecure=True, settings=Settings(timeout=0.4))
    begun = time.monotonic()
    with pytest.raises(GovernError) as fault:
        client.pull(target, outdir=tmp_path)
    assert isinstance(fault.value, NetworkError)
    assert time.monotonic() - begun < 6
    client.close()


def test_an_answer_without_a_body_gives_its_connection_back(
    fault_registry: FaultRegistry, opened: Callable[..., GovernRegistry]
) -> None:
    # The engine's own hole: the next request on the connection failed while somebody still held the answer.
    client = Client(fault_registry.host, Settings())
    answer = client.http.send("HEAD", client.url(f"{NAME}/blobs/{digest_of(DATA)}"))
    answer.close()
    assert client.http.send("GET", client.url("")).status == 200
    client.close()


def test_a_script_says_how_large_chunks_are(
    fault_registry: FaultRegistry, opened: Callable[..., GovernRegistry], tmp_path: Path
) -> None:
    # GHCR takes 4 MiB at once and no more; with that size the script has to work.
    fault_registry.switches.chunk_max = 30_000
    (tmp_path / "x").write_bytes(DATA)
    target = f"{fault_registry.host}/{NAME}:1"
    client = opened()
    client.push(target, files=[tmp_path / "x"], disable_path_validation=True, do_chunked=True, chunk_size=30_000)
    assert [one.body_length for one in fault_registry.requests("PATCH")] == [30_000, 30_000, len(DATA) - 60_000]
    with pytest.raises(InvalidInput, match="chunk has no size"):
        client.chunked_upload(str(tmp_path / "x"), target, {"digest": digest_of(DATA), "size": 1}, chunk_size=0)
