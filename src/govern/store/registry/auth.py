"""Who we are for a registry: Basic, or Bearer tokens per (host, repository, actions), refreshed in time.

A token service on another origin gets the registry's credentials only where it is listed: built in, or by a
setting that the refusal names. Otherwise a registry could have them sent anywhere (CVE-2026-48978 was this,
in another client).

Source: distribution spec 1.1, "Authentication"; distribution docs, "Token Authentication Specification".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from govern import canonical
from govern.errors import AuthError, ProtocolError
from govern.intoto import base64
from govern.limits import MAX_TOKEN_BODY
from govern.settings import HostSettings
from govern.store.registry.challenge import Challenge, read_challenges
from govern.store.registry.credentials import Credential, Credentials
from govern.store.registry.http import Http
from govern.store.registry.origin import Origin, origin_of

BUILT_IN_REALMS: Final[Mapping[str, str]] = {
    "https://registry-1.docker.io": "https://auth.docker.io",
    "https://registry.gitlab.com": "https://gitlab.com",
}
_DEFAULT_LIFETIME: Final = 60
_EARLY: Final = 10.0
"""Seconds before its end at which a token is no longer used."""


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    good_until: float


@dataclass(slots=True)
class Auth:
    """The credentials of one registry host, and the tokens made of them.

    Args:
        host: the host as people write it, for credentials and hints.
        origin: the registry's own origin.
        http: sends token requests.
        settings: of this host: listed realms.
        credentials: where user names and passwords come from.
    """

    host: str
    origin: Origin
    http: Http
    settings: HostSettings
    credentials: Credentials
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _basic: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def header(self, scope: str) -> str | None:
        """Return the `Authorization` that is known to work for a scope, or None."""
        with self._lock:
            if self._basic is not None:
                return self._basic
            token = self._tokens.get(scope)
            return token.header if token is not None and token.good_until > time.monotonic() else None

    def answer(self, header: str, scope: str, repository: str, used: str | None) -> str:
        """Answer a 401: return the `Authorization` to try next.

        Args:
            header: `WWW-Authenticate`.
            scope: what the request needs, e.g. `repository:acme/fraud:pull`.
            repository: for credentials that hold for a part of a host only.
            used: the `Authorization` that was refused, or None.

        Raises:
            AuthError: where there is nothing left to try, or the realm may not have our credentials.
        """
        challenges = {one.scheme: one for one in reversed(read_challenges(header))}
        with self._lock:
            token = self._tokens.get(scope)
            if token is not None and token.header != used and token.good_until > time.monotonic():
                return token.header  # another worker was here first
            if (bearer := challenges.get("bearer")) is not None:
                fresh = self._fetch(bearer, scope, repository)
                if fresh.header == used:
                    raise self._refused(scope)
                self._tokens[scope] = fresh
                return fresh.header
            if "basic" in challenges:
                return self._use_basic(scope, repository, used)
        raise ProtocolError(
            f"{self.host} asks for an authentication that is not spoken here",
            got=", ".join(challenges)[:200] or "401 without WWW-Authenticate",
            expected="Basic or Bearer",
        )

    def _use_basic(self, scope: str, repository: str, used: str | None) -> str:
        credential = self.credentials.find(self.host, repository)
        if credential is None or credential.identity_token:
            raise self._missing(scope)
        self._require_safe(self.origin, "the registry")
        header = _basic(credential)
        if header == used:
            raise self._refused(scope)
        self._basic = header
        return header

    def _fetch(self, challenge: Challenge, scope: str, repository: str) -> _Token:
        realm = challenge.parameters.get("realm", "")
        origin = origin_of(realm, "the token realm")
        self._require_listed(realm, origin)
        credential = self.credentials.find(self.host, repository)
        service = challenge.parameters.get("service", "")
        # A registry may name a scope of its own; what we ask for is what this request needs.
        if credential is not None:
            self._require_safe(origin, "the token service")
        if credential is not None and credential.identity_token:
            answer = self._oauth(realm, service, scope, credential)
        else:
            query = [("scope", one) for one in scope.split(" ") if one] + ([("service", service)] if service else [])
            url = realm + ("&" if urlsplit(realm).query else "?") + urlencode(query)
            headers = {"Authorization": _basic(credential)} if credential is not None else {}
            answer = self.http.send("GET", url, headers=headers, own=origin == self.origin)
        if answer.status in (400, 401, 403):
            answer.close()
            raise self._refused(scope) if credential is not None else self._missing(scope)
        if answer.status != 200:
            status = answer.status
            answer.close()
            raise AuthError(
                f"the token service of {self.host} did not give a token",
                got=f"HTTP {status} from {origin}",
                expected="200",
            )
        return self._read(answer.read(MAX_TOKEN_BODY, "the token"))

    def _oauth(self, realm: str, service: str, scope: str, credential: Credential):  # type: ignore[no-untyped-def]  # noqa: ANN202
        form = {
            "grant_type": "refresh_token", "service": service, "scope": scope, "client_id": "govern",
            "refresh_token": credential.identity_token,
        }  # fmt: skip
        return self.http.send(
            "POST", realm, headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(), own=origin_of(realm) == self.origin,
        )  # fmt: skip

    def _read(self, data: bytes) -> _Token:
        value = canonical.loads(data, "the token", bound=MAX_TOKEN_BODY, error=AuthError)
        token = (value.get("token") or value.get("access_token")) if isinstance(value, dict) else None
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise AuthError(f"the token service of {self.host} gave no token", expected="token or access_token")
        lifetime = value.get("expires_in", _DEFAULT_LIFETIME)
        if not isinstance(lifetime, int) or lifetime <= 0:
            lifetime = _DEFAULT_LIFETIME
        # The clock of the service may be off; ours counts from the moment the answer came.
        return _Token(f"Bearer {token}", time.monotonic() + max(1.0, lifetime - _EARLY))

    def _require_listed(self, realm: str, origin: Origin) -> None:
        if origin == self.origin:
            return
        built_in = BUILT_IN_REALMS.get(str(self.origin))
        if built_in is not None and str(origin) == built_in:
            return
        if any(realm == one or str(origin) == one.rstrip("/") for one in self.settings.token_realms):
            return
        raise AuthError(
            f"{self.host} wants its credentials sent to another host",
            got=f"the token realm {realm[:200]!r}",
            expected=str(self.origin),
            hint=f'if that is right, list it in the settings: [hosts."{self.host}"] token_realms = ["{realm[:200]}"]',
        )

    def _require_safe(self, origin: Origin, what: str) -> None:
        if not origin.is_safe and not self.settings.plain_http:
            raise AuthError(
                f"{what} would get credentials without TLS",
                got=str(origin),
                expected="https, or this machine",
                hint="--plain-http allows it; everybody on the way can read them",
            )

    def _missing(self, scope: str) -> AuthError:
        return AuthError(
            f"{self.host} wants to know who you are",
            got=f"no credentials for {scope}",
            expected="a login",
            hint=f"govern login {self.host} --username NAME --password-stdin",
        )

    def _refused(self, scope: str) -> AuthError:
        return AuthError(
            f"{self.host} refused the credentials",
            got=f"no right to {scope}",
            expected="an account that may do this",
            hint="ask for the right, or log in as somebody else: "
            f"govern login {self.host} --username NAME --password-stdin",
        )


def _basic(credential: Credential) -> str:
    return "Basic " + base64.encode(f"{credential.username}:{credential.password}".encode())
