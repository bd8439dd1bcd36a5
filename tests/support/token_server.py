"""A token server for registries with bearer authentication: JWTs as distribution checks them.

Source: distribution docs, "Token Authentication Specification", "JWT implementation" and "OAuth2 token
authentication". Runs on a thread of the test's own process.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from support.tls import certify

LEEWAY: Final = 60
"""Seconds past `exp` for which distribution still takes a token (registry/auth/token/token.go, `Leeway`)."""


@dataclass(frozen=True, slots=True)
class User:
    """One row of the user table.

    Args:
        password: for Basic, and for the `password` grant.
        repositories: a regular expression; a repository has to match it in full.
        actions: what the user may do there.
    """

    password: str
    repositories: str = ".*"
    actions: frozenset[str] = frozenset({"pull", "push", "delete"})


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token that somebody asked for: the scopes as they were written, and who, or None for anonymous."""

    scopes: tuple[str, ...]
    user: str | None


@dataclass(slots=True)
class TokenServer:
    """A running token server. What is not set at the start may be changed while it runs.

    Args:
        realm: its URL, for the registry's configuration.
        rootcertbundle: PEM file with the certificate of the signing key.
        users: the user table, by name.
        refresh_tokens: identity tokens, each with the name of its user.
        anonymous_pull: whether a request without credentials gets `pull`.
        lifetime: seconds until the registry refuses a token.
        announced: `expires_in` of the answer; None tells the truth.
        requests: every request for a token that was granted.
    """

    realm: str
    rootcertbundle: Path
    users: Mapping[str, User]
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    anonymous_pull: bool = False
    lifetime: int = 300
    announced: int | None = None
    requests: list[TokenRequest] = field(default_factory=list)
    service: str = "the test registry"
    issuer: str = "the test issuer"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate: bytes = b""

    def issue(self, scopes: list[str], user: str | None) -> dict[str, object]:
        """Return the answer to a request for `scopes` by `user`, and log it."""
        self.requests.append(TokenRequest(tuple(scopes), user))
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": user or "",
            "aud": self.service,
            "exp": now + self.lifetime - LEEWAY,
            "nbf": now - LEEWAY,
            "iat": now,
            "jti": secrets.token_hex(8),
            "access": [access for scope in scopes if (access := self._grant(scope, user))],
        }
        # distribution 2.8 wants x5c, jwk or a libtrust kid, 3.x takes x5c too: so one header serves both.
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(self.certificate).decode()]}
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        token = (signed + b"." + _base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode()
        lifetime = self.lifetime if self.announced is None else self.announced
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return {"token": token, "access_token": token, "expires_in": lifetime, "issued_at": issued}

    def _grant(self, scope: str, user: str | None) -> dict[str, object] | None:
        kind, _, rest = scope.partition(":")
        name, _, wanted = rest.rpartition(":")
        if user is None:
            allowed = frozenset({"pull"} if self.anonymous_pull else ())
        else:
            row = self.users[user]
            allowed = row.actions if re.fullmatch(row.repositories, name) else frozenset()
        actions = [action for action in wanted.split(",") if action in allowed]
        return {"type": kind, "name": name, "actions": actions} if actions else None


class _Handler(BaseHTTPRequestHandler):
    issuer: TokenServer
    timeout = 5

    def do_GET(self) -> None:
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        user = self._basic(credentials) if scheme.lower() == "basic" else None
        if user is None and (scheme or not self.issuer.anonymous_pull):
            self._reply(401, {"details": "no credentials, or wrong ones"})
        else:
            self._reply(200, self.issuer.issue(_scopes(parse_qs(urlsplit(self.path).query)), user))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        given = {name: values[0] for name, values in form.items()}
        user: str | None = None
        if given.get("grant_type") == "refresh_token":
            user = self.issuer.refresh_tokens.get(given.get("refresh_token", ""))
        elif given.get("grant_type") == "password":
            user = self._known(given.get("username", ""), given.get("password", ""))
        if user is None:
            self._reply(401, {"details": "wrong credentials"})
        else:
            self._reply(200, self.issuer.issue(_scopes(form), user))

    def _basic(self, credentials: str) -> str | None:
        try:
            name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return self._known(name, password)

    def _known(self, name: str, password: str) -> str | None:
        row = self.issuer.users.get(name)
        return name if row is not None and row.password == password else None

    def _reply(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
        """Say nothing: tests read `TokenServer.requests`."""


def _scopes(query: dict[str, list[str]]) -> list[str]:
    # Several scopes come as several parameters, or divided by spaces in one.
    return [scope for value in query.get("scope", []) for scope in value.split()]


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@contextmanager
def token_server(
    directory: Path, users: Mapping[str, User], *, anonymous_pull: bool = False, lifetime: int = 300
) -> Iterator[TokenServer]:
    """Run a token server on a free port of the loopback.

    Args:
        directory: where the certificate of the signing key goes.
        users: the user table, by name.
        anonymous_pull: whether a request without credentials gets `pull`.
        lifetime: seconds until the registry refuses a token.
    """
    handler = type("_BoundHandler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        issuer = TokenServer(
            f"http://127.0.0.1:{server.server_port}/token",
            directory / "token-signer.pem",
            users,
            anonymous_pull=anonymous_pull,
            lifetime=lifetime,
        )
        certificate = certify("the test token signer", issuer.key, authority=None)
        issuer.certificate = certificate.public_bytes(Encoding.DER)
        directory.mkdir(parents=True, exist_ok=True)
        issuer.rootcertbundle.write_bytes(certificate.public_bytes(Encoding.PEM))
        handler.issuer = issuer  # type: ignore[attr-defined]
        # Handlers are no daemons: leaving the block joins them, so that no socket outlives its test. Their own
        # timeout ends them where a run was interrupted.
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
