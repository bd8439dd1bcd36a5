"""The fault registry follows the distribution spec 1.1 while no switch is turned, and ends cleanly."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from support.fault_registry import FaultRegistry, Switches
from support.plain_client import INDEX, MANIFEST, begin_upload, digest_of, put_manifest, walk_pages
from support.tls import TlsFiles

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


def test_a_blob_is_pushed_in_chunks_and_read_in_ranges(http: requests.Session, base: str) -> None:
    first = begin_upload(http, base)
    second = http.patch(first, data=DATA[:1000], headers={"Content-Range": "0-999"})
    assert (second.status_code, second.headers["Range"]) == (202, "0-999")
    location = second.headers["Location"]
    assert location != first
    assert code_of(http.patch(first, data=b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")
    gap = http.patch(location, data=b"x", headers={"Content-Range": "1010-1010"})
    assert (gap.status_code, gap.headers["Range"]) == (416, "0-999")
    location = http.get(first).headers["Location"]
    wrong = digest_of(b"another")
    assert code_of(http.put(location, params={"digest": wrong}, data=DATA[1000:])) == (400, "DIGEST_INVALID")

    location = http.patch(begin_upload(http, base), data=iter([DATA[:500], DATA[500:1000]])).headers["Location"]
    done = http.put(location, params={"digest": digest_of(DATA)}, data=DATA[1000:])
    assert done.status_code == 201
    blob = f"{base}/blobs/{digest_of(DATA)}"
    assert done.headers["Location"] == blob
    assert http.head(blob).headers["Content-Length"] == "1024"
    assert http.get(blob).content == DATA
    for given, start, end in (("10-19", 10, 20), ("1000-", 1000, 1024), ("-4", 1020, 1024), ("1000-9999", 1000, 1024)):
        part = http.get(blob, headers={"Range": f"bytes={given}"})
        assert (part.status_code, part.content) == (206, DATA[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    assert http.get(blob, headers={"Range": "bytes=1024-"}).status_code == 416
    assert http.get(f"{base}/other/blobs/{digest_of(DATA)}").status_code == 404


def test_a_blob_is_pushed_at_once_mounted_and_deleted(http: requests.Session, base: str, switches: Switches) -> None:
    digest = digest_of(DATA)
    assert http.post(f"{base}/blobs/uploads/", params={"digest": digest}, data=DATA).status_code == 201
    mount = f"{base}/copy/blobs/uploads/?mount={digest}&from={NAME}"
    assert http.post(mount).status_code == 201
    assert http.get(f"{base}/copy/blobs/{digest}").content == DATA
    assert http.post(mount.replace(f"from={NAME}", "from=nowhere")).status_code == 202
    switches.mount_unsupported = True
    assert http.post(mount).status_code == 202
    switches.monolithic_post = False
    assert http.post(f"{base}/blobs/uploads/", params={"digest": digest}, data=DATA).status_code == 202
    assert http.delete(f"{base}/blobs/{digest}").status_code == 202
    assert http.head(f"{base}/blobs/{digest}").status_code == 404
    location = begin_upload(http, base)
    assert http.delete(location).status_code == 204
    assert http.get(location).status_code == 404


def test_a_manifest_has_to_be_what_it_says(http: requests.Session, base: str) -> None:
    body = manifest_bytes()
    url = f"{base}/manifests/{digest_of(body)}"
    assert http.put(url, data=body, headers={"Content-Type": MANIFEST}).status_code == 201
    answer = http.get(url)
    assert answer.content == body
    assert answer.headers["Docker-Content-Digest"] == digest_of(body)
    assert answer.headers["Content-Type"] == MANIFEST
    assert http.get(url, headers={"Accept": INDEX}).status_code == 404
    assert code_of(http.put(url, data=body, headers={"Content-Type": INDEX})) == (400, "MANIFEST_INVALID")
    assert code_of(http.put(url, data=b"{", headers={"Content-Type": MANIFEST})) == (400, "MANIFEST_INVALID")
    other = manifest_bytes(7)
    assert code_of(http.put(url, data=other, headers={"Content-Type": MANIFEST})) == (400, "DIGEST_INVALID")
    assert code_of(put_manifest(http, base, "-no-tag", body)) == (400, "TAG_INVALID")
    assert code_of(http.get(f"{base}/UPPER/tags/list")) == (400, "NAME_INVALID")
    missing = json.dumps({"schemaVersion": 2, "layers": [{"digest": digest_of(DATA)}]}).encode()
    assert code_of(put_manifest(http, base, "1.0.0", missing)) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert http.put(f"{base}/manifests/big", data=bytes(4_194_305)).status_code == 413


def test_a_tag_is_listed_moved_and_deleted_without_its_manifest(http: requests.Session, base: str) -> None:
    assert code_of(http.get(f"{base}/tags/list")) == (404, "NAME_UNKNOWN")
    for tag in ("b", "a", "c"):
        assert put_manifest(http, base, tag, manifest_bytes()).status_code == 201
    assert http.get(f"{base}/tags/list").json() == {"name": NAME, "tags": ["a", "b", "c"]}
    assert walk_pages(http, f"{base}/tags/list?n=2") == (["a", "b", "c"], 2)
    put_manifest(http, base, "a", manifest_bytes(1))
    assert http.get(f"{base}/manifests/a").content == manifest_bytes(1)
    assert http.delete(f"{base}/manifests/a").status_code == 202
    assert http.get(f"{base}/manifests/{digest_of(manifest_bytes(1))}").status_code == 200
    assert http.delete(f"{base}/manifests/{digest_of(manifest_bytes())}").status_code == 202
    assert http.get(f"{base}/manifests/b").status_code == 404


def test_referrers_are_listed_filtered_and_paged(http: requests.Session, base: str, switches: Switches) -> None:
    subject = digest_of(b"subject")
    url = f"{base}/referrers/{subject}"
    empty = http.get(url)
    assert (empty.status_code, empty.headers["Content-Type"], empty.json()["manifests"]) == (200, INDEX, [])
    bodies = [manifest_bytes(number, subject) for number in range(5)]
    for body in bodies:
        answer = http.put(f"{base}/manifests/{digest_of(body)}", data=body, headers={"Content-Type": MANIFEST})
        assert answer.headers["OCI-Subject"] == subject
    assert http.get(url).json()["manifests"][1] == {
        "mediaType": MANIFEST,
        "digest": digest_of(bodies[1]),
        "size": len(bodies[1]),
        "artifactType": "text/kind1",
        "annotations": {"number": "1"},
    }
    filtered = http.get(url, params={"artifactType": "text/kind1"})
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    assert len(filtered.json()["manifests"]) == 2
    switches.page_size = 2
    entries, pages = walk_pages(http, url)
    assert ([entry["digest"] for entry in entries], pages) == ([digest_of(body) for body in bodies], 3)
    assert walk_pages(http, f"{url}?artifactType=text/kind0")[1] == 2
    switches.referrers_filter = False
    unfiltered = http.get(url, params={"artifactType": "text/kind1"})
    assert "OCI-Filters-Applied" not in unfiltered.headers


def test_every_request_is_logged_and_counted(fault_registry: FaultRegistry, http: requests.Session, base: str) -> None:
    location = begin_upload(http, base)
    http.put(location, params={"digest": digest_of(DATA)}, data=DATA, headers={"X-Mark": "seen"})
    http.get(f"{base}/blobs/{digest_of(DATA)}")
    assert [(one.method, one.status) for one in fault_registry.requests()] == [
        ("POST", 202),
        ("PUT", 201),
        ("GET", 200),
    ]
    (put,) = fault_registry.requests("P[UA].*", "/uploads/1[?]")
    assert (put.body_length, put.headers["x-mark"]) == (1024, "seen")
    assert (fault_registry.bytes_in, fault_registry.bytes_out) == (1024, 1024)
    assert fault_registry.connections == 1


def test_it_ends_while_clients_keep_their_connections(http: requests.Session) -> None:
    before = threading.active_count()
    registry = FaultRegistry(Switches(slow_drip="/v2/")).start()
    with http.get(f"{registry.url}/v2/", stream=True), socket.create_connection(("127.0.0.1", _port(registry))):
        assert threading.active_count() > before
        began = time.monotonic()
        registry.stop()
        assert time.monotonic() - began < 5
    assert threading.active_count() == before


def test_a_fault_of_its_own_is_not_taken_for_one_of_the_switches(http: requests.Session) -> None:
    registry = FaultRegistry(Switches(flip_byte="(")).start()
    registry.content.put_blob(NAME, DATA)
    with pytest.raises(requests.ConnectionError):
        http.get(f"{registry.url}/v2/{NAME}/blobs/{digest_of(DATA)}")
    with pytest.raises(AssertionError, match="failed by itself"):
        registry.stop()


def test_it_serves_tls(start_fault_registry: Start, http: requests.Session, tls: TlsFiles) -> None:
    registry = start_fault_registry(tls=tls)
    http.verify = str(tls.ca)
    assert http.get(f"{registry.url}/v2/").status_code == 200
    assert begin_upload(http, f"{registry.url}/v2/{NAME}").startswith(f"{registry.url}/")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{registry.url}/v2/")


def _port(registry: FaultRegistry) -> int:
    return int(registry.host.rpartition(":")[2])
