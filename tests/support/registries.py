"""Real registries as processes on the loopback, each on a free port, ended by its own handle."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.parts import require_part
from support.tls import TlsFiles
from support.token_server import TokenServer

_READY_SECONDS: Final = 15
_STOP_SECONDS: Final = 5
_PORT_TRIES: Final = 5
_PORT_TAKEN: Final = "address already in use"


@dataclass(frozen=True, slots=True)
class Running:
    """A registry that answers.

    Args:
        host: `127.0.0.1:PORT`, as it stands in a reference.
        root: the directory in which it stores.
        log: the file with what it printed.
        process: its handle.
        scheme: `http` or `https`.
    """

    host: str
    root: Path
    log: Path
    process: subprocess.Popen[bytes]
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Scheme and host, without a slash at the end."""
        return f"{self.scheme}://{self.host}"


def unique_repository() -> str:
    """Return a repository name that no other test of the session uses."""
    return f"t/{secrets.token_hex(6)}/fraud"


@contextmanager
def distribution(
    root: Path,
    *,
    tls: TlsFiles | None = None,
    basic: Mapping[str, str] | None = None,
    token: TokenServer | None = None,
    mutual: bool = False,
) -> Iterator[Running]:
    """Run distribution, which has no referrers API.

    Args:
        root: an own directory for its configuration, log and storage.
        tls: answer https with this certificate.
        basic: users and their passwords.
        token: take bearer tokens of this server.
        mutual: with `tls`, refuse clients without a certificate of its authority.
    """
    program = require_part("distribution")
    root.mkdir(parents=True, exist_ok=True)

    def command(port: int) -> list[str]:
        config: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(root / "storage")}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{port}", "secret": "of one test run"},
        }
        if tls:
            config["http"]["tls"] = {"certificate": str(tls.cert), "key": str(tls.key)}
            if mutual:
                config["http"]["tls"]["clientcas"] = [str(tls.ca)]
        if basic is not None:
            config["auth"] = {"htpasswd": {"realm": "basic", "path": str(_htpasswd(root, basic))}}
        elif token:
            config["auth"] = {
                "token": {
                    "realm": token.realm,
                    "service": token.service,
                    "issuer": token.issuer,
                    "rootcertbundle": str(token.rootcertbundle),
                }
            }
        # JSON is YAML, and quotes every path by itself.
        file = root / "config.yml"
        file.write_text(json.dumps(config))
        return [str(program), "serve", str(file)]

    with _running(root, command, tls) as running:
        yield running


@contextmanager
def zot(
    root: Path,
    *,
    tls: TlsFiles | None = None,
    basic: Mapping[str, str] | None = None,
    anonymous_read: bool = False,
) -> Iterator[Running]:
    """Run zot, which has the referrers API.

    Args:
        root: an own directory for its configuration, log and storage.
        tls: answer https with this certificate, and so HTTP/2 too.
        basic: users and their passwords.
        anonymous_read: with `basic`, let everybody read.
    """
    program = require_part("zot")
    root.mkdir(parents=True, exist_ok=True)

    def command(port: int) -> list[str]:
        http: dict[str, Any] = {"address": "127.0.0.1", "port": str(port)}
        if tls:
            http["tls"] = {"cert": str(tls.cert), "key": str(tls.key)}
        if basic is not None:
            http["auth"] = {"htpasswd": {"path": str(_htpasswd(root, basic))}, "failDelay": 0}
        if anonymous_read:
            everything = {"users": list(basic or ()), "actions": ["read", "create", "update", "delete"]}
            rules = {"**": {"anonymousPolicy": ["read"], "policies": [everything]}}
            http["accessControl"] = {"repositories": rules}
        config = {
            "distSpecVersion": "1.1.1",
            "storage": {"rootDirectory": str(root / "storage"), "gc": False},
            "http": http,
            "log": {"level": "warn"},
        }
        file = root / "config.json"
        file.write_text(json.dumps(config))
        return [str(program), "serve", str(file)]

    with _running(root, command, tls) as running:
        yield running


@contextmanager
def crane_registry(root: Path) -> Iterator[Running]:
    """Run crane's registry, the quickest to start: blobs on disk, manifests in memory, no referrers API.

    Args:
        root: an own directory for its log and storage.
    """
    program = require_part("crane")
    storage = root / "storage"
    storage.mkdir(parents=True, exist_ok=True)

    def command(port: int) -> list[str]:
        return [str(program), "registry", "serve", "--address", f"127.0.0.1:{port}", "--disk", str(storage)]

    with _running(root, command, None) as running:
        yield running


def _htpasswd(root: Path, users: Mapping[str, str]) -> Path:
    # Cost 4, bcrypt's lowest: distribution checks the hash anew at every request.
    program = require_part("htpasswd")
    lines = [
        subprocess.run([program, "-BbnC", "4", name, password], check=True, capture_output=True).stdout.strip()
        for name, password in users.items()
    ]
    file = root / "htpasswd"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


@contextmanager
def _running(root: Path, command: Callable[[int], list[str]], tls: TlsFiles | None) -> Iterator[Running]:
    log = root / "output.log"
    for left in reversed(range(_PORT_TRIES)):
        port = _free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(port), cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            if _wait(process, port, tls):
                yield Running(f"127.0.0.1:{port}", root / "storage", log, process, "https" if tls else "http")
                return
        finally:
            _stop(process)
        said = log.read_text(errors="replace")
        # Somebody may bind the port between our look and the registry's own bind; another one then serves as well.
        if not left or _PORT_TAKEN not in said:
            raise AssertionError(f"{process.args!r} did not answer in {_READY_SECONDS} s; it printed:\n{said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, tls: TlsFiles | None) -> bool:
    """Return True once `GET /v2/` is answered, False if the process ended or never answered."""
    context = ssl.create_default_context(cafile=str(tls.ca)) if tls else None
    if context and tls:
        context.load_cert_chain(tls.client_cert, tls.client_key)
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with closing(
                http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
                if context
                else http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            ) as connection:
                connection.request("GET", "/v2/")
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        else:
            # Any status will do: one that asks for credentials answers 401.
            return process.poll() is None
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
