"""Each switch of the fault registry shows the fault that it names."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from support.fault_registry import Burst, Cut, FaultRegistry, Switches
from support.plain_client import INDEX, MANIFEST, begin_upload, digest_of, put_manifest, walk_pages

NAME = "acme/fraud"
DATA = bytes(range(256)) * 4
Start = Callable[..., FaultRegistry]


def manifest_bytes(number: int = 0, subject: str = "") -> bytes:
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": f"text/kind{number % 2}"}
    manifest["annotations"] = {"number": str(number)}
    if subject:
        manifest["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": 1}
    return json.dumps(manifest).encode()


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def base(fault_registry: FaultRegistry) -> str:
    return f"{fault_registry.url}/v2/{NAME}"


@pytest.fixture
def switches(fault_registry: FaultRegistry) -> Switches:
    return fault_registry.switches


@pytest.fixture
def blob(fault_registry: FaultRegistry, base: str) -> str:
    return f"{base}/blobs/{fault_registry.content.put_blob(NAME, DATA)}"


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


# --- authentication ------------------------------------------------------------------------------


def test_basic_credentials_are_asked_for(http: requests.Session, base: str, switches: Switches) -> None:
    switches.auth = "basic"
    refused = http.get(f"{base}/tags/list")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="fault"')
    assert http.get(f"{base}/tags/list", auth=("ci", "wrong")).status_code == 401
    assert http.get(f"{base}/tags/list", auth=("ci", "secret")).status_code == 404


def test_bearer_tokens_have_scopes_wear_out_and_may_come_from_elsewhere(
    start_fault_registry: Start, http: requests.Session, base: str, switches: Switches
) -> None:
    elsewhere = start_fault_registry()
    switches.auth, switches.realm, switches.token_uses = "bearer", f"{elsewhere.url}/token", 2
    refused = http.get(f"{base}/tags/list")
    assert refused.headers["WWW-Authenticate"] == (
        f'Bearer realm="{elsewhere.url}/token",service="fault",scope="repository:{NAME}:pull"'
    )
    scope = {"scope": f"repository:{NAME}:pull"}
    assert http.get(switches.realm, params=scope).status_code == 401
    token = http.get(switches.realm, params=scope, auth=("ci", "secret")).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.get(f"{base}/tags/list", headers=bearer).status_code == 404
    pushed = http.post(f"{base}/blobs/uploads/", headers=bearer)
    assert pushed.status_code == 401
    assert 'pull,push",error="insufficient_scope"' in pushed.headers["WWW-Authenticate"]
    worn = http.get(f"{base}/tags/list", headers=bearer)
    assert (worn.status_code, "invalid_token" in worn.headers["WWW-Authenticate"]) == (401, True)
    assert [one.headers.get("authorization", "")[:5] for one in elsewhere.requests()] == ["", "Basic"]


# --- listings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Switches(referrers_api=False), 404),
        (Switches(referrers_status=403), 403),
        (Switches(referrers_status=429), 429),
        (Switches(false_200=True), 200),
    ],
)
def test_the_referrers_api_fails_as_told(
    start_fault_registry: Start, http: requests.Session, fault: Switches, status: int
) -> None:
    registry = start_fault_registry(fault)
    answer = http.get(f"{registry.url}/v2/{NAME}/referrers/{digest_of(b'')}")
    assert (answer.status_code, answer.headers["Content-Type"] == INDEX) == (status, False)


@pytest.mark.parametrize(
    ("api", "says", "header"),
    [(True, "true", True), (True, "never", False), (False, "true", False), (False, "always", True)],
)
def test_oci_subject_lies_both_ways(
    http: requests.Session, base: str, switches: Switches, api: bool, says: Any, header: bool
) -> None:
    switches.referrers_api, switches.oci_subject = api, says
    assert ("OCI-Subject" in put_manifest(http, base, "a", manifest_bytes(0, digest_of(b""))).headers) == header


def test_pages_never_end_or_loop_or_lead_elsewhere(http: requests.Session, base: str, switches: Switches) -> None:
    put_manifest(http, base, "a", manifest_bytes(0, digest_of(b"")))
    for url in (f"{base}/tags/list", f"{base}/referrers/{digest_of(b'')}"):
        switches.endless_pages = True
        assert walk_pages(http, url, most=20)[1] == 20
        first = http.get(url).links["next"]["url"]
        assert http.get(urljoin(url, first)).links["next"]["url"] != first
        switches.endless_pages, switches.looping_pages = False, True
        assert urljoin(url, http.get(url).links["next"]["url"]) == url
        switches.link_origin = "http://127.0.0.1:9"
        assert http.get(url).links["next"]["url"].startswith("http://127.0.0.1:9/v2/")
        switches.looping_pages, switches.link_origin = False, ""


# --- manifests and tags --------------------------------------------------------------------------


def test_gitlab_takes_a_tag_for_the_subject_itself(http: requests.Session, base: str, switches: Switches) -> None:
    switches.gitlab_alias = True
    body = manifest_bytes()
    alias = digest_of(body).replace(":", "-")
    put_manifest(http, base, "1.0.0", body)
    assert http.get(f"{base}/manifests/{alias}").content == body
    assert code_of(put_manifest(http, base, alias, manifest_bytes(1))) == (400, "DIGEST_INVALID")
    assert http.delete(f"{base}/manifests/{alias}").status_code == 202
    assert http.get(f"{base}/manifests/1.0.0").status_code == 404


def test_tags_are_immutable_or_stale_or_ignored(http: requests.Session, base: str, switches: Switches) -> None:
    old, new = manifest_bytes(0), manifest_bytes(1)
    put_manifest(http, base, "a", old)
    switches.immutable_tags = 409
    assert put_manifest(http, base, "a", new).status_code == 409
    assert put_manifest(http, base, "a", old).status_code == 201
    switches.immutable_tags, switches.stale_tag_reads = 0, 2
    put_manifest(http, base, "a", new)
    assert [http.get(f"{base}/manifests/a").content for _ in range(3)] == [old, old, new]
    switches.put_manifest_ignored = True
    ignored = manifest_bytes(2)
    answer = put_manifest(http, base, "b", ignored)
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (201, digest_of(ignored))
    assert http.get(f"{base}/manifests/b").status_code == 404
    assert http.get(f"{base}/manifests/{digest_of(ignored)}").status_code == 404


def test_headers_of_manifests_lie(http: requests.Session, base: str, switches: Switches) -> None:
    put_manifest(http, base, "a", manifest_bytes())
    url = f"{base}/manifests/a"
    switches.wrong_digest_header = True
    assert re.fullmatch("sha256:[0-9a-f]{64}", wrong := http.get(url).headers["Docker-Content-Digest"])
    assert wrong != digest_of(manifest_bytes())
    switches.missing_digest_header = True
    assert "Docker-Content-Digest" not in http.get(url).headers
    switches.manifest_content_type = "text/plain"
    assert http.get(url).headers["Content-Type"] == "text/plain"
    switches.warning = "soon to be closed"
    assert http.get(url).headers["Warning"] == '299 - "soon to be closed"'
    switches.head_refused = True
    assert http.head(url).status_code == 405
    switches.flip_byte = "/manifests/"
    assert digest_of(http.get(url).content) != digest_of(manifest_bytes())
    switches.sparse = True
    missing = json.dumps({"schemaVersion": 2, "layers": [{"digest": digest_of(DATA)}]}).encode()
    assert put_manifest(http, base, "sparse", missing).status_code == 201


# --- bodies that are read ------------------------------------------------------------------------


def test_bodies_are_flipped_stretched_and_packed(http: requests.Session, blob: str, switches: Switches) -> None:
    switches.flip_byte = "/blobs/"
    flipped = http.get(blob).content
    assert [at for at in range(1024) if flipped[at] != DATA[at]] == [512]
    switches.flip_byte = ""
    for change in (10, -10):
        switches.wrong_size = change
        assert len(http.get(blob).content) == int(http.head(blob).headers["Content-Length"]) == 1024 + change
    switches.wrong_size, switches.gzip_body = 0, "/blobs/"
    packed = http.get(blob, headers={"Accept-Encoding": "identity"})
    assert (packed.headers["Content-Encoding"], packed.content) == ("gzip", DATA)


def test_a_body_has_no_end(
    fault_registry: FaultRegistry, http: requests.Session, blob: str, switches: Switches
) -> None:
    switches.endless_body = "/blobs/"
    with http.get(blob, stream=True) as answer:
        assert "Content-Length" not in answer.headers
        got = answer.raw.read(3_000_000)
    assert got == DATA + bytes(3_000_000 - 1024)


def test_a_body_drips(http: requests.Session, blob: str, switches: Switches) -> None:
    switches.slow_drip, switches.drip_seconds = "/blobs/", 0.05
    began = time.monotonic()
    assert http.get(blob, headers={"Range": "bytes=0-4"}).content == DATA[:5]
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("reset", [False, True])
def test_a_download_is_cut_so_many_times(http: requests.Session, blob: str, switches: Switches, reset: bool) -> None:
    switches.cut_download = Cut(after=100, times=2, reset=reset)
    for _ in range(2):
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
            http.get(blob)
    assert http.get(blob).content == DATA


def test_ranges_are_ignored_or_shifted_or_redirected(
    start_fault_registry: Start, fault_registry: FaultRegistry, http: requests.Session, blob: str, switches: Switches
) -> None:
    asked = {"Range": "bytes=10-19", "Authorization": "Basic Y2k6c2VjcmV0"}
    switches.range_unsupported = True
    assert (http.get(blob, headers=asked).status_code, http.get(blob, headers=asked).content) == (200, DATA)
    switches.range_unsupported, switches.wrong_content_range = False, 5
    shifted = http.get(blob, headers=asked)
    assert (shifted.headers["Content-Range"], shifted.content) == ("bytes 15-19/1024", DATA[15:20])
    switches.wrong_content_range = 0
    other = start_fault_registry(content=fault_registry.content)
    switches.redirect_blobs = other.url
    answer = http.get(blob, headers=asked)
    assert (answer.content, answer.url) == (DATA[10:20], blob.replace(fault_registry.url, other.url))
    assert "authorization" not in other.requests()[0].headers


# --- uploads and bursts --------------------------------------------------------------------------


@pytest.mark.parametrize("keeps", [True, False])
def test_an_upload_is_cut_and_goes_on_or_starts_anew(
    http: requests.Session, base: str, switches: Switches, keeps: bool
) -> None:
    switches.cut_upload = Cut(after=1000, keeps=keeps)
    location = begin_upload(http, base)
    with pytest.raises(requests.ConnectionError):
        http.patch(location, data=DATA)
    status = http.get(location)
    assert status.status_code == (204 if keeps else 404)
    if keeps:
        assert status.headers["Range"] == "0-999"
        done = http.put(status.headers["Location"], params={"digest": digest_of(DATA)}, data=DATA[1000:])
        assert done.status_code == 201


def test_chunks_have_bounds(http: requests.Session, base: str, switches: Switches) -> None:
    switches.chunk_min_length, switches.chunk_max, switches.monolithic_max = 100, 200, 300
    began = http.post(f"{base}/blobs/uploads/")
    assert began.headers["OCI-Chunk-Min-Length"] == "100"
    assert http.patch(began.headers["Location"], data=DATA[:201]).status_code == 416
    short = http.patch(began.headers["Location"], data=DATA[:99])
    assert short.status_code == 202
    assert code_of(http.patch(short.headers["Location"], data=DATA[:100])) == (400, "BLOB_UPLOAD_INVALID")
    whole = http.put(begin_upload(http, base), params={"digest": digest_of(DATA)}, data=DATA)
    assert code_of(whole) == (413, "SIZE_INVALID")
    switches.chunked_unsupported = True
    assert http.patch(begin_upload(http, base), data=DATA[:100]).status_code == 405


def test_answers_to_uploads_depart_from_the_spec(http: requests.Session, base: str, switches: Switches) -> None:
    switches.patch_status, switches.stale_range, switches.relative_location = 201, True, True
    chunk = http.patch(begin_upload(http, base), data=DATA)
    assert (chunk.status_code, chunk.headers["Range"]) == (201, "0-0")
    assert chunk.headers["Location"].startswith(f"/v2/{NAME}/blobs/uploads/")
    switches.commit_delay = 0.2
    began = time.monotonic()
    assert http.put(urljoin(base, chunk.headers["Location"]), params={"digest": digest_of(DATA)}).status_code == 201
    assert time.monotonic() - began >= 0.2
    switches.upload_origin = "http://127.0.0.1:9"
    assert begin_upload(http, base).startswith("http://127.0.0.1:9/v2/")


def test_a_burst_answers_the_first_requests_that_match(http: requests.Session, base: str, switches: Switches) -> None:
    switches.status_burst = [Burst(429, 2, "GET|HEAD", "/tags/", "1"), Burst(503, 1, "PATCH", early=True)]
    answers = [http.get(f"{base}/tags/list") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 404]
    assert answers[0].headers["Retry-After"] == "1"
    location = begin_upload(http, base)
    early = http.patch(location, data=DATA)
    assert (early.status_code, early.headers["Connection"]) == (503, "close")
    assert http.patch(location, data=DATA).status_code == 202
