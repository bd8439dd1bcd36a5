"""The servers of a Sigstore as processes: fulcio, rekor v2 and the timestamp server."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.parts import require_part
from support.sigstore.oidc import AUDIENCE, SHAPES, TRUST_DOMAIN, Oidc, Shape

_READY_SECONDS: Final = 20
_STOP_SECONDS: Final = 5

_EXTENSIONS: Final = {
    "GithubWorkflowTrigger": "event_name",
    "GithubWorkflowSHA": "sha",
    "GithubWorkflowName": "workflow",
    "GithubWorkflowRepository": "repository",
    "GithubWorkflowRef": "ref",
    "BuildSignerURI": "{{ .url }}/{{ .job_workflow_ref }}",
    "BuildSignerDigest": "job_workflow_sha",
    "RunnerEnvironment": "runner_environment",
    "SourceRepositoryURI": "{{ .url }}/{{ .repository }}",
    "SourceRepositoryDigest": "sha",
    "SourceRepositoryRef": "ref",
    "SourceRepositoryIdentifier": "repository_id",
    "SourceRepositoryOwnerURI": "{{ .url }}/{{ .repository_owner }}",
    "SourceRepositoryOwnerIdentifier": "repository_owner_id",
    "BuildConfigURI": "{{ .url }}/{{ .workflow_ref }}",
    "BuildConfigDigest": "workflow_sha",
    "BuildTrigger": "event_name",
    "RunInvocationURI": "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}",
    "SourceRepositoryVisibilityAtSigning": "repository_visibility",
}
"""What the public instance writes into a certificate of a GitHub job (fulcio, config/identity/config.yaml)."""


class AddressTaken(Exception):
    """A server found its port in use, so that another try may do."""


@dataclass(frozen=True, slots=True)
class Server:
    """What one server is started with.

    Args:
        name: for its log file, and for what is said when it fails.
        command: program and arguments.
        port: where it answers.
        health: the path that answers 200 once it is ready.
    """

    name: str
    command: list[str]
    port: int
    health: str


def fulcio(root: Path, oidc: Oidc, ct_log: str) -> Server:
    """Return the certificate authority; its chain, key and the log's key are in `root`."""
    config = root / "fulcio-config.json"
    config.write_text(json.dumps(_fulcio_config(oidc)))
    port, grpc, metrics = _free_ports(3)
    command = [
        *(str(require_part("fulcio")), "serve", "--host=127.0.0.1", f"--port={port}"),
        *("--grpc-host=127.0.0.1", f"--grpc-port={grpc}", f"--metrics-port={metrics}"),
        # Its default is one name for all of the machine.
        f"--legacy-unix-domain-socket=@fulcio-{os.getpid()}-{port}",
        *("--ca=fileca", f"--fileca-cert={root / 'fulcio-chain.pem'}", f"--fileca-key={root / 'fulcio.key'}"),
        *("--fileca-key-passwd=", "--fileca-watch=false"),
        *(f"--ct-log-url={ct_log}", f"--ct-log-public-key-path={root / 'ct.pub'}"),
        *(f"--config-path={config}", "--log_type=prod"),
    ]
    return Server("fulcio", command, port, "/healthz")


def rekor(root: Path) -> Server:
    """Return the transparency log; its key is in `root`, and its tiles go there."""
    port, grpc, metrics = _free_ports(3)
    command = [
        *(str(require_part("rekor")), "serve", "--http-address=127.0.0.1", f"--http-port={port}"),
        *("--grpc-address=127.0.0.1", f"--grpc-port={grpc}", f"--http-metrics-port={metrics}"),
        *("--hostname=127.0.0.1", f"--storage-dir={root / 'tiles'}", f"--signer-filepath={root / 'rekor.key'}"),
        *("--checkpoint-interval=100ms", "--batch-max-age=10ms"),
    ]
    return Server("rekor", command, port, "/healthz")


def timestamp_server(root: Path) -> Server:
    """Return the timestamp authority; its chain and key are in `root`. It takes port 2112 besides its own."""
    (port,) = _free_ports(1)
    command = [
        *(str(require_part("timestamp_server")), "serve", "--host=127.0.0.1", f"--port={port}"),
        *("--timestamp-signer=file", f"--file-signer-key-path={root / 'tsa.key'}"),
        *(f"--certificate-chain-path={root / 'tsa-chain.pem'}", "--disable-ntp-monitoring"),
    ]
    return Server("timestamp-server", command, port, "/ping")


@contextmanager
def running(root: Path, servers: Sequence[Server]) -> Iterator[None]:
    """Run servers; all of them answer inside, and all have ended after.

    Args:
        root: the directory for what they print.
        servers: started at once.

    Raises:
        AddressTaken: if one could not bind a port.
        AssertionError: if one did not get ready, with what it printed.
    """
    with ExitStack() as stack:
        processes = [stack.enter_context(_process(root, server)) for server in servers]
        for server, process in zip(servers, processes, strict=True):
            _wait(root, server, process)
        # A second look: one that answered may have ended since over another of its ports.
        for server, process in zip(servers, processes, strict=True):
            if process.poll() is not None:
                raise _failure(root, server)
        yield


@contextmanager
def _process(root: Path, server: Server) -> Iterator[subprocess.Popen[bytes]]:
    with _log(root, server).open("wb") as output:
        process = subprocess.Popen(
            server.command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(root: Path, server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)) as connection:
                connection.request("GET", server.health)
                if connection.getresponse().status == 200:
                    return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.01)
    raise _failure(root, server)


def _failure(root: Path, server: Server) -> Exception:
    said = _log(root, server).read_text(errors="replace")
    if "address already in use" in said:
        return AddressTaken(f"{server.name}: {said[-500:]}")
    return AssertionError(f"{server.name} did not get ready in {_READY_SECONDS} s; it printed:\n{said}")


def _log(root: Path, server: Server) -> Path:
    return root / f"{server.name}.log"


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody has now; all are held until all are known, so that no two are the same."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _fulcio_config(oidc: Oidc) -> dict[str, Any]:
    own: dict[Shape, dict[str, str]] = {
        "email": {"Type": "email"},
        "ci": {"Type": "ci-provider", "CIProvider": "github-workflow"},
        "uri": {"Type": "uri", "SubjectDomain": "http://127.0.0.1"},
        "spiffe": {"Type": "spiffe", "SPIFFETrustDomain": TRUST_DOMAIN},
    }
    issuers = {shape: {"IssuerURL": oidc.issuer(shape), "ClientID": AUDIENCE, **own[shape]} for shape in SHAPES}
    return {
        "OIDCIssuers": {one["IssuerURL"]: one for one in issuers.values()},
        "CIIssuerMetadata": {
            "github-workflow": {
                "DefaultTemplateValues": {"url": "https://github.com", "environment": ""},
                "ExtensionTemplates": _EXTENSIONS,
                "SubjectAlternativeNameTemplate": "{{ .url }}/{{ .job_workflow_ref }}",
            }
        },
    }
