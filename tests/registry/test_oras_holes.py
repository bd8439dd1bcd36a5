"""What oras-py 0.2.43 does wrong with content, `GovernRegistry` does not: one test for each hole.

Paths, names, credentials and the network are in the files beside this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from govern.errors import ContentMismatch, LimitExceeded, NetworkError, ProtocolError
from govern.limits import MAX_HELD
from govern.settings import Settings
from govern.store.oras_adapter import GovernRegistry
from govern.store.registry import retry
from support.fault_registry import Cut, FaultRegistry
from support.foreign import DATA, NAME, files_below, layer_of, serve
from support.plain_client import INDEX, digest_of
from support.registries import Running


@pytest.fixture
def client(fault_registry: FaultRegistry) -> Iterator[GovernRegistry]:
    found = GovernRegistry(hostname=fault_registry.host, insecure=True)
    yield found
    found.close()


@pytest.fixture
def target(fault_registry: FaultRegistry) -> str:
    return f"{fault_registry.host}/{NAME}:1"


def test_a_tampered_blob_is_refused_and_leaves_no_file(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.flip_byte = "/blobs/"
    with pytest.raises(ContentMismatch, match="is not what its digest says"):
        client.pull(target, outdir=tmp_path / "out")
    with pytest.raises(ContentMismatch):
        client.download_blob(target, digest_of(DATA), str(tmp_path / "out" / "blob"))
    with pytest.raises(ContentMismatch):
        client.get_blob(target, digest_of(DATA))
    assert files_below(tmp_path / "out") == []


def test_the_last_bytes_of_a_tampered_stream_never_come(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str
) -> None:
    data = DATA * 20
    serve(fault_registry, (data, layer_of(data, "model.bin")))
    fault_registry.switches.flip_byte = "/blobs/"
    for read in (lambda r: r.iter_content(8192), lambda r: iter(lambda: r.raw.read(8192), b"")):
        got: list[bytes] = []
        with client.get_blob(target, digest_of(data), stream=True) as response, pytest.raises(ContentMismatch):
            got.extend(read(response))
        assert len(b"".join(got)) < len(data)


def test_a_blob_of_another_size_is_refused(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    for size in (7, -7):
        fault_registry.switches.wrong_size = size
        with pytest.raises(ContentMismatch, match="not as long as its descriptor says"):
            client.pull(target, outdir=tmp_path)
    assert files_below(tmp_path) == []


def test_another_manifest_than_that_of_the_digest_is_refused(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str
) -> None:
    digest = serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.flip_byte = "/manifests/"
    by_digest = f"{fault_registry.host}/{NAME}@{digest}"
    for ask in (
        lambda: client.get_manifest(by_digest),
        lambda: client.pull(by_digest),
        lambda: client.do_request(f"{client.prefix}://{client.get_container(by_digest).manifest_url()}"),
    ):
        with pytest.raises(ContentMismatch, match="is not what its digest says"):
            ask()


def test_a_tag_whose_digest_header_names_other_bytes_is_refused(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str
) -> None:
    digest = serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.wrong_digest_header = True
    url = f"{client.prefix}://{client.get_container(target).manifest_url()}"
    for ask in (lambda: client.get_manifest(target), lambda: client.do_request(url)):
        with pytest.raises(ContentMismatch, match="is not what the registry says"):
            ask()
    # By digest there is nothing to believe: what scripts name files by is computed.
    url = f"{url.rpartition('/')[0]}/{digest}"
    assert client.do_request(url).headers["Docker-Content-Digest"] == digest


def test_encoded_content_is_not_decoded(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.gzip_body = "/blobs/"
    with pytest.raises(ProtocolError, match="encoded the content"):
        client.get_blob(target, digest_of(DATA))
    with pytest.raises((ContentMismatch, ProtocolError)):
        client.pull(target, outdir=tmp_path)
    assert files_below(tmp_path) == []
    assert {one.headers["accept-encoding"] for one in fault_registry.requests()} == {"identity"}


def test_an_index_is_not_pulled_as_nothing(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    fault_registry.content.put_manifest(NAME, body, INDEX, "1")
    with pytest.raises(ProtocolError, match="index of several manifests"):
        client.pull(target, outdir=tmp_path)


def test_a_download_that_fails_leaves_the_old_file_and_no_part(
    fault_registry: FaultRegistry,
    client: GovernRegistry,
    target: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "MAX_TRIES", 2)
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    (tmp_path / "model.bin").write_text("old")
    fault_registry.switches.cut_download = Cut(0, times=100)
    with pytest.raises(NetworkError):
        client.pull(target, outdir=tmp_path)
    with pytest.raises(NetworkError):
        client.download_blob(target, digest_of(DATA), str(tmp_path / "model.bin"))
    assert files_below(tmp_path) == ["model.bin"]
    assert (tmp_path / "model.bin").read_text() == "old"


def test_an_empty_file_needs_no_registry_that_keeps_it(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    # oras-py names /dev/null instead of a file here, whatever the fault was.
    serve(fault_registry, (b"", layer_of(b"", "empty.txt")))
    del fault_registry.content.repository(NAME).blobs[digest_of(b"")]
    assert client.pull(target, outdir=tmp_path) == [str(tmp_path / "empty.txt")]
    assert (tmp_path / "empty.txt").read_bytes() == b""
    assert client.download_blob(target, digest_of(b""), str(tmp_path / "again")) == str(tmp_path / "again")


def test_a_download_that_is_cut_goes_on_where_it_was(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.cut_download = Cut(40_000)
    assert client.pull(target, outdir=tmp_path) == [str(tmp_path / "model.bin")]
    assert (tmp_path / "model.bin").read_bytes() == DATA
    assert [one.headers.get("range") for one in fault_registry.requests("GET", "/blobs/")] == [
        None,
        f"bytes=40000-{len(DATA) - 1}",
    ]


_MEMORY = """
import resource, sys, time
from pathlib import Path
from govern.store.oras_adapter import GovernRegistry
client = GovernRegistry(insecure=True)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
client.push(sys.argv[1] + ":small", files=["small"])
before = peak()
client.push(sys.argv[1] + ":1", files=["large"], do_chunked=sys.argv[2] == "chunked")
pulled = client.pull(sys.argv[1] + ":1", outdir="out")
print((peak() - before) // 1024, Path(pulled[0]).stat().st_size)
"""


@pytest.mark.parametrize("how", ["whole", "chunked"])
def test_a_large_file_is_never_in_memory(distribution: Running, repository: str, tmp_path: Path, how: str) -> None:
    size = 128 * 1024 * 1024
    with open(tmp_path / "large", "wb") as file:
        file.truncate(size)
    (tmp_path / "small").write_text("x")
    arguments = [sys.executable, "-c", _MEMORY, f"{distribution.host}/{repository}", how]
    done = subprocess.run(arguments, cwd=tmp_path, check=True, capture_output=True, text=True)
    grown, pulled = map(int, done.stdout.split())
    assert pulled == size
    assert grown < 64


def test_a_blob_too_large_for_memory_names_the_other_ways(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.endless_body = "/blobs/"
    with pytest.raises(LimitExceeded, match=MAX_HELD.name):
        client.get_blob(target, digest_of(DATA))
    with pytest.raises(ContentMismatch, match="not as long"):
        client.pull(target, outdir=tmp_path)
    assert files_below(tmp_path) == []


def test_a_manifest_is_read_under_a_bound(fault_registry: FaultRegistry, target: str) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    fault_registry.switches.endless_body = "/manifests/"
    client = GovernRegistry(insecure=True, settings=Settings(timeout=5))
    with pytest.raises(LimitExceeded, match="MAX_MANIFEST"):
        client.get_manifest(target)
    client.close()
