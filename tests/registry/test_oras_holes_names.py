"""What oras-py 0.2.43 does wrong with references, subjects, tags and locations, `GovernRegistry` does not."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import oras.container
import oras.layout
import oras.oci
import pytest
import requests

from govern.errors import InvalidInput
from govern.store.oras_adapter import GovernRegistry
from govern.store.oras_errors import NotAReference
from support.fault_registry import FaultRegistry
from support.foreign import DATA, NAME, layer_of, serve
from support.plain_client import digest_of, push_manifest
from support.registries import Running


@pytest.fixture
def client(fault_registry: FaultRegistry) -> Iterator[GovernRegistry]:
    found = GovernRegistry(hostname=fault_registry.host, insecure=True)
    yield found
    found.close()


@pytest.fixture
def target(fault_registry: FaultRegistry) -> str:
    return f"{fault_registry.host}/{NAME}:1"


def test_localhost_is_a_registry_and_not_a_repository_of_docker_hub() -> None:
    found = GovernRegistry().get_container("localhost/repo:1")
    assert (found.registry, found.api_prefix, found.tag) == ("localhost", "repo", "1")
    assert found.manifest_url() == "localhost/v2/repo/manifests/1"


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:5000/a/b?x=1:1",
        "127.0.0.1:5000/a/b:b?x=1",
        "127.0.0.1:5000/a/b:1#x",
        "127.0.0.1:5000/a/b:" + "x" * 129,
        "127.0.0.1:5000/a/../b:1",
        "127.0.0.1:5000/A/b:1",
        "127.0.0.1:5000/a/b@sha256:abc",
        "127.0.0.1:5000/a/b@sha256:../../evil",
        "user@127.0.0.1:5000/a/b:1",
        " 127.0.0.1:5000/a/b:1",
        "127.0.0.1:5000/a/b:1\n",
        "layout:x:1",
        "",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    client = GovernRegistry()
    with pytest.raises(NotAReference):
        client.get_container(text)
    with pytest.raises(ValueError):  # the name by which scripts catch it
        client.pull(text)


def test_a_container_of_a_script_is_checked_too(
    fault_registry: FaultRegistry, client: GovernRegistry, tmp_path: Path
) -> None:
    for text in ("a/b:b?x=1", "a/b@sha256:../../evil", "a/b?x=1:1"):
        container = oras.container.Container(text, registry=fault_registry.host)
        with pytest.raises(NotAReference):
            client.get_manifest(container)
        with pytest.raises(NotAReference):
            client.pull(container, outdir=tmp_path)
    assert fault_registry.requests() == []


def test_a_url_of_a_script_keeps_to_its_own_path(fault_registry: FaultRegistry, client: GovernRegistry) -> None:
    base = f"{fault_registry.url}/v2/{NAME}"
    for path in ("blobs/../../../other", "blobs/%2e%2e/x", f"blobs/{digest_of(b'')}/../x", "manifests/a%3Fb"):
        with pytest.raises(InvalidInput):
            client.do_request(f"{base}/{path}")
    assert fault_registry.requests() == []


def test_a_subject_has_the_digest_of_the_bytes_and_not_of_other_json(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    digest = serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    (tmp_path / "sbom.json").write_text("{}")
    sbom, files = f"{fault_registry.host}/{NAME}:sbom", [tmp_path / "sbom.json"]
    wrong = oras.oci.Subject.from_manifest(client.get_manifest(target))
    assert wrong.digest != digest, "compact JSON is what oras-py gets wrong"
    with pytest.raises(InvalidInput, match="subject of the manifest is not in the repository") as refusal:
        client.push(sbom, files=files, disable_path_validation=True, subject=wrong)
    assert "GovernRegistry.subject" in refusal.value.hint
    subject = client.subject(target)
    assert (subject.digest, subject.size) == (digest, len(fault_registry.content.repository(NAME).manifests[digest][1]))
    client.push(sbom, files=files, disable_path_validation=True, subject=subject)
    listed = requests.get(f"{fault_registry.url}/v2/{NAME}/referrers/{digest}").json()["manifests"]
    assert len(listed) == 1


def test_a_subject_is_found_on_a_registry_without_the_referrers_api(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    fault_registry.switches.referrers_api = False
    digest = serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    (tmp_path / "sbom.json").write_text("{}")
    pushed = client.push(
        f"{fault_registry.host}/{NAME}:sbom",
        files=[tmp_path / "sbom.json"],
        disable_path_validation=True,
        subject=client.subject(target),
    )
    index = client.get_manifest(f"{fault_registry.host}/{NAME}:{digest.replace(':', '-')}")
    assert [one["digest"] for one in index["manifests"]] == [pushed.headers["Docker-Content-Digest"]]


def test_a_deleted_tag_leaves_the_manifest_under_its_other_tags(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str
) -> None:
    digest = serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")), tag="production")
    assert client.delete_tag(target, "1") is True
    assert client.delete_tag(target, "1") is False
    assert client.get_tags(target) == ["production"]
    assert client.subject(f"{fault_registry.host}/{NAME}@{digest}").digest == digest
    assert [one.path for one in fault_registry.requests("DELETE")] == [f"/v2/{NAME}/manifests/1"]


@pytest.mark.parametrize("name", ["distribution", "zot"])
def test_no_real_registry_loses_a_manifest_with_a_tag(
    name: str, repository: str, request: pytest.FixtureRequest
) -> None:
    running: Running = request.getfixturevalue(name)
    base = f"{running.url}/v2/{repository}"
    with requests.Session() as session:
        push_manifest(session, base, "1")
        digest = digest_of(push_manifest(session, base, "production"))
    client = GovernRegistry(insecure=True)
    target = f"{running.host}/{repository}"
    if name == "zot":
        assert client.delete_tags(target, ["1", "absent"]) == ["1"]
        assert client.get_tags(target) == ["production"]
    else:
        with pytest.raises(InvalidInput, match="cannot delete a tag alone") as refusal:
            client.delete_tag(target, "1")
        assert "with all of its records" in refusal.value.hint
        assert set(client.get_tags(target)) == {"1", "production"}
    assert client.subject(f"{target}:production").digest == digest
    client.close()


@pytest.mark.parametrize("tag", ["sha256-" + "0" * 64, "govern.line", "sha256:" + "0" * 64, "a?b"])
def test_tags_of_records_and_other_names_of_manifests_are_not_deleted(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tag: str
) -> None:
    with pytest.raises(InvalidInput):
        client.delete_tag(target, tag)
    assert fault_registry.requests() == []


@pytest.fixture
def odd_locations() -> Iterator[tuple[str, list[str]]]:
    """A registry whose upload location has a query that a dictionary would lose; its host, and the paths it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            seen.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response({"POST": 202, "PUT": 201}.get(self.command, 404))
            if self.command == "POST":
                self.send_header("Location", "upload?_state=&part=1&part=2&done")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_POST = do_PUT = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_query_of_an_upload_location_is_kept_letter_for_letter(
    odd_locations: tuple[str, list[str]], tmp_path: Path
) -> None:
    host, seen = odd_locations
    (tmp_path / "x").write_bytes(DATA)
    client = GovernRegistry(insecure=True)
    client.upload_blob(str(tmp_path / "x"), f"{host}/{NAME}", layer_of(DATA))
    base = f"/v2/{NAME}/blobs/uploads"
    digest = digest_of(DATA).replace(":", "%3A")
    assert seen[-1] == f"PUT {base}/upload?_state=&part=1&part=2&done&digest={digest}"
    answer = client.do_request(f"http://{host}{base}/", "POST")
    location = client._get_location(answer, client.get_container(f"{host}/{NAME}"))
    assert location == f"http://{host}{base}/upload?_state=&part=1&part=2&done"
    client.close()
