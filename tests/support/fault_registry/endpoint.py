"""What the endpoints of the fault registry share: the request's parts, credentials, and common headers."""

from __future__ import annotations

import base64
import binascii
import json
import ssl
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from support.fault_registry.content import Refused, Repository
from support.fault_registry.wire import Reply, Wire, matches


class Endpoint(Wire):
    """One request, taken apart."""

    url: SplitResult
    query: dict[str, str]
    name: str

    def take_apart(self) -> None:
        """Read the request line into `url` and `query`; of a repeated parameter the first counts."""
        self.url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(self.url.query, keep_blank_values=True).items()}

    @property
    def repository(self) -> Repository:
        """The repository of the request. Read and written under the lock of the content."""
        return self.state.content.repository(self.name)

    # --- authentication --------------------------------------------------------------------------

    def authorize(self, name: str | None, action: str) -> None:
        """Refuse with 401 unless the credentials allow the action.

        Args:
            name: the repository, or None for `/v2/` itself.
            action: `pull`, `push` or `delete`.
        """
        switches = self.state.switches
        if switches.auth == "basic" and self._user() is None:
            raise Refused(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="fault"'})
        if switches.auth != "bearer":
            return
        wanted = "pull" if action == "pull" else f"pull,{action}"
        challenge = f'Bearer realm="{switches.realm or self.origin + "/token"}",service="fault"'
        if name:
            challenge += f',scope="repository:{name}:{wanted}"'
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
        with self.state.lock:
            self.state.token_uses[token] += 1
            worn = 0 < switches.token_uses < self.state.token_uses[token]
        scopes = _scopes(token)
        if worn or scopes is None:
            raise Refused(401, "UNAUTHORIZED", {"WWW-Authenticate": f'{challenge},error="invalid_token"'})
        if name and not any(_covers(scope, name, action) for scope in scopes):
            raise Refused(401, "DENIED", {"WWW-Authenticate": f'{challenge},error="insufficient_scope"'})

    def issue_token(self) -> Reply:
        """Issue a token that says openly what it is for: any fault registry takes it, so a realm may be elsewhere."""
        user = self._user()
        if user is None and not self.state.switches.anonymous_pull:
            raise Refused(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="fault"'})
        scopes = [one for value in parse_qs(self.url.query).get("scope", []) for one in value.split()]
        if user is None:
            scopes = [scope.rpartition(":")[0] + ":pull" for scope in scopes]
        # The number keeps two tokens for the same apart, so that each is worn out on its own.
        claims = {"number": len(self.state.requests), "user": user, "scopes": scopes}
        token = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        return json_reply({"token": token, "expires_in": 300})

    def _user(self) -> str | None:
        """Return the user of the Basic header, None without one; refuse wrong credentials."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        name, _, password = _decoded(given).decode(errors="replace").partition(":")
        if name not in self.state.switches.users or self.state.switches.users[name] != password:
            raise Refused(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="fault"'})
        return name

    # --- headers and bodies ----------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """Scheme and host of this registry as the client wrote it."""
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return f"{scheme}://{self.headers.get('Host', '')}"

    def located(self, path: str) -> str:
        """Return the `Location` for a path of this registry."""
        return path if self.state.switches.relative_location else self.origin + path

    def digest_header(self, digest: str) -> dict[str, str]:
        """Return the `Docker-Content-Digest` header, unless the switches leave it out or make it wrong."""
        if self.state.switches.missing_digest_header:
            return {}
        if self.state.switches.wrong_digest_header:
            last = "1" if digest.endswith("0") else "0"
            digest = digest[:-1] + last
        return {"Docker-Content-Digest": digest}

    def stored(self, path: str, digest: str) -> dict[str, str]:
        """Return the headers of a 201 for what now is at `path` of the repository."""
        return {"Location": self.located(f"/v2/{self.name}/{path}"), **self.digest_header(digest)}

    def flipped(self, data: bytes) -> bytes:
        """Return `data`, with its middle byte inverted where the switches say so."""
        if not data or not matches(self.state.switches.flip_byte, self.path):
            return data
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def json_reply(content: Any, headers: dict[str, str] | None = None) -> Reply:
    """Return a 200 with JSON."""
    return Reply(200, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode())


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _scopes(token: str) -> list[str] | None:
    try:
        scopes: list[str] = json.loads(_decoded(token))["scopes"]
    except (ValueError, KeyError, TypeError):
        return None
    return scopes


def _covers(scope: str, name: str, action: str) -> bool:
    resource, _, actions = scope.rpartition(":")
    return resource == f"repository:{name}" and bool({action, "*"} & set(actions.split(",")))
