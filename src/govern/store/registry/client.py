"""Requests to one registry: the right credentials, the right retries, redirects without credentials.

The one place through which every request to a registry goes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from govern.errors import AuthError, GovernError, LimitExceeded, NetworkError, NotFound, ProtocolError, Undecided
from govern.limits import MAX_ERROR_BODY, MAX_REDIRECTS, Bound
from govern.settings import HostSettings, Settings
from govern.store.registry.answer import Answer
from govern.store.registry.auth import Auth
from govern.store.registry.base_url import base_url
from govern.store.registry.credentials import Credentials
from govern.store.registry.http import Http
from govern.store.registry.network_fault import Untrusted
from govern.store.registry.origin import Origin, is_loopback, join, origin_of
from govern.store.registry.retry import PASSING, Tries

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_REFUSALS: Final = 6
"""401 answers to one request: no token yet, one that is worn out, some that other workers wore out meanwhile."""

_TRAVELS: Final = frozenset({"accept", "range"})
"""Headers that go along to another host; any other may be meant for the registry alone."""

Body = bytes | Callable[[], Iterator[bytes | memoryview]] | None


def read_only(repository: str) -> str:
    """The scope of reading a repository."""
    return f"repository:{repository}:pull"


def read_write(repository: str) -> str:
    """The scope of writing a repository."""
    return f"repository:{repository}:pull,push"


@dataclass(slots=True)
class Client:
    """One registry host.

    Args:
        host: as people write it.
        settings: everything that is set.
    """

    host: str
    settings: Settings
    http: Http = field(init=False)
    origin: Origin = field(init=False)
    auth: Auth = field(init=False)
    own: HostSettings = field(init=False)

    def __post_init__(self) -> None:
        self.own = self.settings.host(self.host)
        self.http = Http(self.settings, self.own)
        self.origin = origin_of(base_url(self.host, self.own))
        self.auth = Auth(self.host, self.origin, self.http, self.own, Credentials(self.settings))

    def close(self) -> None:
        """Close every connection."""
        self.http.close()

    def check_login(self) -> None:
        """Return if the registry takes the credentials; raise `AuthError` if not.

        A 200 without them does not mean that they are good: some registries let everybody read. So they
        are sent where the registry asks for them, and where it does not, along with a request that would
        be refused if they were wrong.
        """
        answer = self.http.send("GET", self.url(""))
        challenge = answer.headers.get("WWW-Authenticate")
        status = answer.status
        answer.close()
        if status not in (200, 401) or not challenge:
            raise ProtocolError(
                f"{self.host} does not ask who you are",
                got=f"HTTP {status}",
                expected="a registry that asks",
                hint="without a login, just use it",
            )
        header = self.auth.answer(challenge, "", "", None)
        answer = self.http.send("GET", self.url(""), headers={"Authorization": header})
        status = answer.status
        answer.close()
        if status != 200:
            raise AuthError(f"{self.host} refused the credentials", got=f"HTTP {status}", expected="200")

    def url(self, path: str) -> str:
        """Return the absolute URL of a path under `/v2/`."""
        return f"{self.origin}/v2/{path}"

    def request(
        self,
        method: str,
        url: str,
        scope: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        length: int | None = None,
        repeat: bool = True,
        extra_time: float = 0.0,
        tries: Tries | None = None,
    ) -> Answer:
        """Send a request; return the answer, whatever its status, but for those that were dealt with here.

        Args:
            method: the verb.
            url: absolute, on the registry's own origin.
            scope: what it needs, e.g. `repository:acme/fraud:pull`.
            headers: beside the usual ones.
            body: bytes, or a function that yields the body from its first byte, again for each try.
            length: the body's length, where it is a function.
            repeat: whether passing trouble is tried again here; see `govern.store.registry.retry`.
            extra_time: seconds added to the timeout, where the server has work to do.
            tries: a count that several requests share.

        Raises:
            AuthError: for credentials that are missing or refused.
            NetworkError: after the last try.
        """
        tries = tries or Tries()
        refused: str | None = None
        refusals = 0
        while True:
            header = self.auth.header(scope)
            try:
                answer = self._once(method, url, header, headers, body, length, extra_time)
            except NetworkError as fault:
                if repeat and not isinstance(fault, Untrusted) and tries.again():
                    continue
                raise
            if answer.status == 401:
                challenge = answer.headers.get("WWW-Authenticate", "")
                answer.close()
                refusals += 1
                # A token service may give a new token each time that the registry then refuses: without a
                # count this would go on for ever.
                if refusals >= _MAX_REFUSALS or (refusals > 1 and header == refused):
                    raise self._refused(scope)
                refused = header
                repository = scope.split(":")[1] if scope.count(":") >= 2 else ""
                self.auth.answer(challenge, scope, repository, header)
                continue
            if answer.status in PASSING and repeat:
                wait = answer.headers.get("Retry-After")
                if tries.again(wait):
                    answer.close()
                    continue
            if answer.status in _REDIRECTS and method in ("GET", "HEAD"):
                return self._follow(method, answer, headers, extra_time)
            return answer

    def get(
        self,
        url: str,
        scope: str,
        bound: Bound,
        what: str,
        *,
        headers: Mapping[str, str] | None = None,
        error: type[GovernError] = LimitExceeded,
    ) -> tuple[Answer, bytes]:
        """Read something small; it is asked for again where its body is cut off, too.

        Args:
            url: absolute, on the registry's own origin.
            scope: what it needs.
            bound: on the body.
            what: what is read, for messages.
            headers: beside the usual ones.
            error: the class to raise for a body beyond the bound.

        Returns:
            The answer and, where its status is 200, its body; any other body is not read yet.
        """
        tries = Tries()
        while True:
            answer = self.request("GET", url, scope, headers=headers, tries=tries)
            if answer.status != 200:
                return answer, b""
            try:
                return answer, answer.read(bound, what, error)
            except NetworkError:
                if not tries.again():
                    raise

    def _refused(self, scope: str) -> AuthError:
        return AuthError(
            f"{self.host} refused the credentials",
            got=f"401 for {scope}",
            expected="the right to do this",
            hint=f"govern login {self.host} --username NAME --password-stdin",
        )

    def _once(
        self,
        method: str,
        url: str,
        authorization: str | None,
        headers: Mapping[str, str] | None,
        body: Body,
        length: int | None,
        extra_time: float,
    ) -> Answer:
        every = dict(headers or {})
        if authorization is not None:
            if origin_of(url) != self.origin:
                raise ProtocolError(f"{self.host} leads to another host", got=url[:200], expected=str(self.origin))
            every["Authorization"] = authorization
        sent: Any = body
        if callable(body):
            every["Content-Length"] = str(length or 0)
            sent = body()
        elif body is None and method in ("POST", "PUT", "PATCH"):
            sent = b""
        return self.http.send(method, url, headers=every, body=sent, extra_time=extra_time)

    def _follow(self, method: str, answer: Answer, headers: Mapping[str, str] | None, extra_time: float) -> Answer:
        """Follow redirects of a read: never with credentials, never from TLS to none."""
        for _ in range(MAX_REDIRECTS.value):
            location = answer.headers.get("Location", "")
            base = answer.url
            answer.close()
            if not location:
                raise ProtocolError(
                    f"{self.host} redirects to nowhere", got=f"HTTP {answer.status}", expected="a Location"
                )
            url = join(base, location, "the redirect")
            target = origin_of(url, "the redirect")
            if target.scheme != "https" and self.origin.scheme == "https":
                raise ProtocolError(
                    f"{self.host} redirects away from TLS",
                    got=str(target),
                    expected="https",
                    hint="do not go on: somebody on the way could change what comes",
                )
            if is_loopback(target.host) and not self.origin.is_loopback:
                raise ProtocolError(
                    f"{self.host} redirects to this machine", got=str(target), expected="a host of the registry's"
                )
            own = target == self.origin
            carried = headers if own else {k: v for k, v in (headers or {}).items() if k.lower() in _TRAVELS}
            answer = self.http.send(method, url, headers=carried, extra_time=extra_time, own=own)
            if answer.status not in _REDIRECTS:
                return answer
        answer.close()
        raise ProtocolError(
            f"{self.host} redirects without end", got=f"more than {MAX_REDIRECTS.value}", expected=MAX_REDIRECTS.name
        )

    def fault(self, answer: Answer, what: str, hint: str = "") -> GovernError:
        """Return what an unexpected answer is called; closes it.

        Args:
            answer: the answer.
            what: what was tried, for the message ("the manifest could not be read").
            hint: what would help.
        """
        status, detail = answer.status, ""
        try:
            detail = _detail(answer.read(MAX_ERROR_BODY, "the error"))
        except Undecided:
            answer.close()
        got = f"HTTP {status} from {self.host}" + (f": {detail}" if detail else "")
        match status:
            case 404:
                return NotFound(what, got=got, hint=hint)
            case 401 | 403:
                return AuthError(
                    what,
                    got=got,
                    expected="the right to do this",
                    hint=hint or f"govern login {self.host} --username NAME --password-stdin",
                )
            case 429:
                return NetworkError(what, got=got, expected="fewer requests", hint="wait, or use fewer --jobs")
            case _ if status >= 500 or status == 408:
                return NetworkError(what, got=got, hint=hint or "try again later")
            case _:
                return ProtocolError(what, got=got, expected="what the distribution spec says", hint=hint)


def _detail(data: bytes) -> str:
    """Return the registry's own words (distribution spec, "Error Codes"), shortened."""
    try:
        errors = json.loads(data)["errors"]
        first = errors[0]
        return " ".join(f"{first.get('code', '')} {first.get('message', '')}".split())[:300]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return ""
