"""Responses look like those of `requests`, and show nothing that went along as a secret."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import pytest
import requests

from govern.errors import ContentMismatch
from govern.oci.digest import Digest
from govern.settings import Settings
from govern.store.oras_adapter import GovernRegistry
from govern.store.oras_response import name_by_content, stored
from support.fault_registry import FaultRegistry, Switches
from support.plain_client import digest_of

NAME = "acme/fraud"
DATA = bytes(range(256)) * 4096


@pytest.fixture
def client(fault_registry: FaultRegistry) -> Iterator[GovernRegistry]:
    found = GovernRegistry(fault_registry.host, insecure=True, settings=Settings())
    yield found
    found.close()


@pytest.fixture
def digest(fault_registry: FaultRegistry) -> str:
    return fault_registry.content.put_blob(NAME, DATA)


def test_a_response_has_what_scripts_look_at(
    client: GovernRegistry, digest: str, fault_registry: FaultRegistry
) -> None:
    response = client.get_blob(NAME, digest)
    assert isinstance(response, requests.Response)
    assert (response.status_code, response.reason, response.ok) == (200, "OK", True)
    assert response.content == DATA
    assert response.headers["content-length"] == str(len(DATA))
    assert response.url == f"{fault_registry.url}/v2/{NAME}/blobs/{digest}"
    assert (response.request.method, response.request.url) == ("GET", response.url)
    missing = client.get_blob(NAME, digest_of(b"absent"))
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")
    with pytest.raises(requests.HTTPError, match="404"):
        missing.raise_for_status()
    with pytest.raises(ValueError, match="Not Found"):
        client._check_200_response(missing)
    head = client.get_blob(NAME, digest, head=True)
    assert (head.status_code, head.content) == (200, b"")


def test_a_stream_is_read_in_every_way(client: GovernRegistry, digest: str) -> None:
    with client.get_blob(NAME, digest, stream=True) as response:
        chunks = list(response.iter_content(1000))
        assert max(map(len, chunks)) == 1000
        assert b"".join(chunks) == DATA
    with client.get_blob(NAME, digest, stream=True) as response:
        file = io.BytesIO()
        shutil.copyfileobj(response.raw, file)
        assert file.getvalue() == DATA
    with client.get_blob(NAME, digest, stream=True) as response:
        assert response.raw.read(3) + response.raw.read() == DATA
    assert response.raw.closed
    assert client.get_blob(NAME, digest, stream=True).content == DATA


def test_a_stream_that_is_left_gives_its_connection_up(
    client: GovernRegistry, digest: str, fault_registry: FaultRegistry
) -> None:
    for _ in range(3):
        with client.get_blob(NAME, digest, stream=True) as response:
            assert next(response.iter_content(10)) == DATA[:10]
    assert client.get_blob(NAME, digest).content == DATA


def test_a_part_of_a_blob_is_handed_out_as_it_is(
    client: GovernRegistry, digest: str, fault_registry: FaultRegistry
) -> None:
    url = f"{fault_registry.url}/v2/{NAME}/blobs/{digest}"
    response = client.do_request(url, headers={"Range": "bytes=10-19"})
    assert (response.status_code, response.content) == (206, DATA[10:20])


def test_no_response_shows_credentials(fault_registry: FaultRegistry, client: GovernRegistry, digest: str) -> None:
    fault_registry.switches.auth = "basic"
    client.auth.set_basic_auth("ci", "secret")
    response = client.get_blob(NAME, digest)
    assert response.status_code == 200
    assert "Authorization" not in response.request.headers
    shown = repr(vars(client)) + repr(response.request.headers) + repr(client._connections)
    assert not any(word in shown for word in ("secret", "Y2k6c2VjcmV0", "Basic"))


def test_a_page_of_a_proxy_is_an_error_and_no_trouble() -> None:
    with FaultRegistry(Switches(endless_body="/manifests/", false_200=True)) as registry:
        client = GovernRegistry(registry.host, insecure=True, settings=Settings(timeout=5))
        answer = client.do_request(f"{registry.url}/v2/{NAME}/referrers/{digest_of(b'')}")
        assert answer.headers["Content-Type"] == "text/html"
        client.close()


def test_a_manifest_is_named_by_its_content() -> None:
    response = stored("GET", "https://a/v2/", "", 200)
    response._content = b"{}"
    other = "sha512:" + "0" * 128
    for claimed in ("sha256:" + "0" * 64, "sha256:../../x", "x", other):
        response.headers["Docker-Content-Digest"] = claimed
        with pytest.raises(ContentMismatch):
            name_by_content(response, None)
    del response.headers["Docker-Content-Digest"]
    name_by_content(response, None)
    assert response.headers["Docker-Content-Digest"] == digest_of(b"{}")
    response.headers["Docker-Content-Digest"] = "sha256:../../x"
    name_by_content(response, Digest(digest_of(b"{}")))
    assert response.headers["Docker-Content-Digest"] == digest_of(b"{}")
