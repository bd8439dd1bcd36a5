"""Tokens end while a transfer goes on, and it goes on."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from govern.errors import AuthError
from govern.limits import MAX_CONFIG, MiB
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.progress import SILENT
from support.fault_registry import Cut, FaultRegistry, Switches
from support.registries import Running
from support.stores import login_of, open_repository, put_artifact, put_record, shown, some_blob
from support.token_server import TokenServer, User
from support.told import Told


@dataclass
class Slow:
    """Content that somebody still makes while it is sent."""

    inner: BytesContent
    seconds: float

    @property
    def descriptor(self) -> Descriptor:
        return self.inner.descriptor

    def chunks(self) -> Iterator[bytes]:
        size = len(self.inner.data) // 8
        for start in range(0, len(self.inner.data), size):
            time.sleep(self.seconds / 8)
            yield self.inner.data[start : start + size]


@pytest.mark.slow
@pytest.mark.parametrize("announced", [None, 300], ids=["honest", "announced too long"])
@pytest.mark.parametrize("upload", ["whole", "chunks"])
def test_a_token_that_ends_during_a_slow_upload_is_replaced(
    upload: str,
    announced: int | None,
    start_token_server: Callable[..., TokenServer],
    start_distribution: Callable[..., Running],
    repository: str,
) -> None:
    tokens = start_token_server(lifetime=2)
    tokens.announced = announced
    host = start_distribution(token=tokens).host
    blob, told = some_blob(20 * MiB), Told()
    with contextlib.closing(
        open_repository(host, repository, login_of(host), token_realms=(tokens.realm,), upload=upload)
    ) as store:
        store.put_blob(Slow(blob, 3.2), told)
        given = len(tokens.requests)
        # Whoever sends it whole has shown the token before it ended; who sends pieces needs another on the way.
        assert given >= (3 if upload == "chunks" else 2)
        assert told.done == 20 * MiB
        assert store.has_blob(blob.descriptor)
        subject = put_artifact(store, "1.0.0")
        assert shown(store, subject.digest) == set()


@pytest.mark.parametrize("upload", ["whole", "chunks"])
def test_every_request_may_be_the_one_whose_token_is_worn_out(
    upload: str, fault_registry: FaultRegistry, repository: str, tmp_path: Path
) -> None:
    switches = fault_registry.switches
    switches.auth = "bearer"
    blob, told = some_blob(9 * MiB), Told()
    with contextlib.closing(
        open_repository(fault_registry.host, repository, login_of(fault_registry.host), upload=upload)
    ) as store:
        for uses in (1, 2, 3):
            switches.token_uses = uses
            subject = put_artifact(store, f"1.0.{uses}")
            record = put_record(store, subject.digest)
            assert shown(store, subject.digest) == {record.digest}
            assert f"1.0.{uses}" in store.tags()
        switches.token_uses = 1
        store.put_blob(blob, told)
        assert told.done == len(blob.data)
        small = some_blob()
        store.put_blob(small, SILENT)
        assert store.read_blob(small.descriptor, MAX_CONFIG, "the blob") == small.data
        switches.cut_download = Cut(3 * MiB, times=2)
        store.fetch_blob(blob.descriptor, tmp_path / "blob", SILENT)
    assert (tmp_path / "blob").read_bytes() == blob.data
    refused = [one for one in fault_registry.requests() if one.status == 401]
    assert {one.method for one in refused} >= {"GET", "HEAD", "POST", "PUT"} | (
        {"PATCH"} if upload == "chunks" else set()
    )


def test_a_token_that_is_never_taken_is_not_fetched_for_ever(
    start_token_server: Callable[..., TokenServer], start_distribution: Callable[..., Running], repository: str
) -> None:
    # Each token is another one, and none of them allows anything.
    tokens = start_token_server(users={"ci": User("secret", "t/another")})
    host = start_distribution(token=tokens).host
    with (
        contextlib.closing(open_repository(host, repository, login_of(host), token_realms=(tokens.realm,))) as store,
        pytest.raises(AuthError, match="refused the credentials"),
    ):
        store.tags()
    assert 1 <= len(tokens.requests) <= 6


def test_tokens_are_asked_for_by_repository_and_action(
    fault_registry: FaultRegistry, start_fault_registry: Callable[[Switches], FaultRegistry], repository: str
) -> None:
    switches = fault_registry.switches
    switches.auth = "bearer"
    host = fault_registry.host
    with contextlib.closing(open_repository(host, repository, login_of(host))) as store:
        subject = put_artifact(store, "1.0.0")
        store.get_manifest(subject.digest)
        store.tags()
    scopes = [token_scope(one.path) for one in fault_registry.requests(path="^/token")]
    # One token for reading and one for writing, each used for all requests of its kind.
    assert sorted(scopes) == [f"repository:{repository}:pull", f"repository:{repository}:pull,push"]
    other = start_fault_registry(Switches(auth="bearer"))
    with contextlib.closing(open_repository(other.host, repository, login_of(host))) as store, pytest.raises(AuthError):
        store.tags()
    # Another host's registry sees nothing of these credentials.
    assert [one.headers.get("authorization") for one in other.requests()] == [None] * len(other.requests())


def token_scope(path: str) -> str:
    return parse_qs(urlsplit(path).query)["scope"][0]


def test_everybody_reads_where_tokens_are_given_without_a_name(fault_registry: FaultRegistry, repository: str) -> None:
    switches = fault_registry.switches
    switches.auth, switches.anonymous_pull = "bearer", True
    host = fault_registry.host
    with contextlib.closing(open_repository(host, repository, login_of(host))) as store:
        manifest = put_artifact(store, "1.0.0")
    with contextlib.closing(open_repository(host, repository)) as store:
        assert store.get_manifest("1.0.0") == manifest
        with pytest.raises(AuthError):
            store.put_blob(some_blob(), SILENT)


def test_no_token_is_in_any_log(
    fault_registry: FaultRegistry, repository: str, caplog: pytest.LogCaptureFixture
) -> None:
    fault_registry.switches.auth = "bearer"
    host = fault_registry.host
    with caplog.at_level("DEBUG"), contextlib.closing(open_repository(host, repository, login_of(host))) as store:
        put_artifact(store, "1.0.0")
    shown_tokens = [one.headers["authorization"].split(" ")[1] for one in fault_registry.requests("PUT")]
    assert shown_tokens
    assert "PUT" in caplog.text
    assert not any(token in caplog.text for token in shown_tokens)
    assert "secret" not in caplog.text
    assert json.dumps(login_of(host)["GOVERN_AUTH_PASSWORD"]) not in caplog.text
