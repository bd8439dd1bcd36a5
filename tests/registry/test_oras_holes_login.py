"""What oras-py 0.2.43 does wrong with logins, `GovernRegistry` does not: where credentials are found and kept."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import oras.auth
import pytest

from govern.errors import AuthError, InvalidInput, UsageError
from govern.settings import HostSettings, Settings
from govern.store.oras_adapter import GovernRegistry
from govern.store.oras_connection import Connections
from govern.store.oras_request import route
from support.fault_registry import FaultRegistry, Switches
from support.foreign import DATA, serve_data
from support.registries import Running
from support.token_server import TokenServer

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


def docker_config(path: Path, host: str, **entry: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": {host: entry or {"auth": basic()}}}))
    return path


@pytest.mark.parametrize("place", ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "podman", "home", "config_path", "variables"])
def test_credentials_are_found_where_docker_and_podman_keep_them(
    start_fault_registry: Start,
    opened: Callable[..., GovernRegistry],
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    registry = start_fault_registry(Switches(auth="basic"))
    more: dict[str, Any] = {}
    match place:
        case "DOCKER_CONFIG":
            docker_config(tmp_path / "docker" / "config.json", registry.host)
            monkeypatch.setenv(place, str(tmp_path / "docker"))
        case "REGISTRY_AUTH_FILE":
            monkeypatch.setenv(place, str(docker_config(tmp_path / "auth.json", registry.host)))
        case "podman":
            # A part of the host has credentials of its own.
            docker_config(tmp_path / "containers" / "auth.json", f"{registry.host}/acme")
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        case "home":
            docker_config(home / ".docker" / "config.json", registry.host)
        case "config_path":
            more["config_path"] = str(docker_config(tmp_path / "mine.json", registry.host))
        case _:
            monkeypatch.setenv("GOVERN_AUTH_HOST", registry.host)
            monkeypatch.setenv("GOVERN_AUTH_USERNAME", "ci")
            monkeypatch.setenv("GOVERN_AUTH_PASSWORD", "secret")
    target = serve_data(registry)
    assert len(opened().pull(target, outdir=tmp_path / "out", **more)) == 1
    assert credentials_seen(registry) == {f"Basic {basic()}"}


def test_an_identity_token_is_exchanged(
    start_token_server: Callable[..., TokenServer],
    start_distribution: Callable[..., Running],
    opened: Callable[..., GovernRegistry],
    repository: str,
    tmp_path: Path,
) -> None:
    server = start_token_server()
    server.refresh_tokens["the identity token"] = "ci"
    running = start_distribution(token=server)
    config = docker_config(tmp_path / "config.json", running.host, identitytoken="the identity token")
    hosts = {running.host: HostSettings(token_realms=(server.realm,))}
    client = opened(running.host, settings=Settings(environment={"REGISTRY_AUTH_FILE": str(config)}, hosts=hosts))
    (tmp_path / "x").write_bytes(DATA)
    target = f"{running.host}/{repository}:1"
    assert client.push(target, files=[tmp_path / "x"], disable_path_validation=True).status_code == 201
    assert server.requests[-1].user == "ci"


def test_docker_hub_has_three_names_and_one_place(home: Path) -> None:
    docker_config(home / ".docker" / "config.json", "https://index.docker.io/v1/")
    client = GovernRegistry()
    for text in ("docker.io/alpine:3", "index.docker.io/library/alpine:3", "registry-1.docker.io/alpine:3"):
        assert str(client.get_container(text)) == "docker.io/library/alpine:3"
    connections: Connections = client._connections
    for url in (
        "https://docker.io/v2/alpine/manifests/3",
        "https://registry-1.docker.io/v2/library/alpine/manifests/3",
    ):
        found = route(connections, url, "GET")
        assert found.url == "https://registry-1.docker.io/v2/library/alpine/manifests/3"
        assert found.scope == "repository:library/alpine:pull"
        credential = found.client.auth.credentials.find(found.client.host, "library/alpine")
        assert credential is not None
        assert credential.username == "ci"
    # A name without a registry is no repository of Docker Hub by default.
    with pytest.raises(UsageError, match="no registry"):
        client.get_container("alpine:3")
    client.close()


def test_a_login_is_tried_kept_privately_and_never_shown(
    start_fault_registry: Start,
    opened: Callable[..., GovernRegistry],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    registry = start_fault_registry(Switches(auth="basic"))
    target = serve_data(registry)
    config = home / ".docker" / "config.json"
    client = opened(registry.host)
    with pytest.raises(AuthError):
        client.login("ci", "wrong-password")
    assert not config.exists()
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "secret")
    assert client.login("ci", "") == {"Status": "Login Succeeded"}
    assert json.loads(config.read_text()) == {"auths": {registry.host: {"auth": basic()}}}
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    client.pull(target, outdir=tmp_path)
    # Another process finds it, and so does the next object.
    opened(registry.host).pull(target, outdir=tmp_path)
    client.logout(registry.host)
    assert json.loads(config.read_text()) == {"auths": {}}
    with pytest.raises(AuthError):
        client.pull(target, outdir=tmp_path)
    said = capfd.readouterr()
    assert "secret" not in said.out + said.err
    assert "wrong-password" not in said.out + said.err


def test_a_logout_leaves_what_others_keep(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], home: Path, tmp_path: Path
) -> None:
    registry = start_fault_registry(Switches(auth="basic"))
    config = docker_config(home / ".docker" / "config.json", registry.host)
    before = config.read_bytes()
    opened(registry.host).logout(registry.host)
    assert config.read_bytes() == before


def test_a_login_with_a_file_of_its_own_is_kept_there(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], home: Path, tmp_path: Path
) -> None:
    registry = start_fault_registry(Switches(auth="basic"))
    path = tmp_path / "mine.json"
    opened(registry.host).login("ci", "secret", config_path=str(path))
    assert json.loads(path.read_text())["auths"] == {registry.host: {"auth": basic()}}
    assert not (home / ".docker").exists()
    assert opened().pull(serve_data(registry), outdir=tmp_path / "out", config_path=str(path))


def test_certificates_are_always_checked(opened: Callable[..., GovernRegistry]) -> None:
    with pytest.raises(InvalidInput, match="certificates are always checked"):
        GovernRegistry("registry.example.com", tls_verify=False)
    assert opened("registry.example.com", tls_verify=False).prefix == "http"  # said twice: no TLS at all


def test_backends_that_are_not_here_are_refused() -> None:
    assert set(oras.auth.auth_backends) == {"token", "basic", "ecr"}
    with pytest.raises(InvalidInput, match="no such authentication backend") as refusal:
        GovernRegistry(auth_backend="ecr")
    assert "docker-credential-ecr-login" in refusal.value.hint


def test_the_basic_backend_reads_its_variables(
    start_fault_registry: Start, opened: Callable[..., GovernRegistry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = start_fault_registry(Switches(auth="basic"))
    monkeypatch.setenv("ORAS_USER", "ci")
    monkeypatch.setenv("ORAS_PASS", "secret")
    assert opened(registry.host, auth_backend="basic").pull(serve_data(registry), outdir=tmp_path)
