"""Requests to the services that take part in signing: bounded in size and time, and silent about secrets.

A certificate authority, a transparency log, a timestamp authority, an OpenID provider: each is asked once, by
one POST or GET. An answer comes back whole and in time, or the refusal is `Undecided`: nobody can say then
whether a record could have been signed, so none is.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import queue
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import requests
import urllib3
from requests.adapters import HTTPAdapter

from govern.errors import AuthError, NetworkError, Undecided, UsageError, shortened
from govern.limits import BUFFER_BYTES, MAX_SERVICE_ANSWER, Bound
from govern.settings import Settings

_CONNECT: Final = 10.0
"""Seconds until a connection stands."""

_PATIENCE: Final = 30.0
"""Seconds. An answer of Rekor v2 waits for its checkpoint: who gives up after less than 20 gives up too early."""

_TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){0,2}")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that takes part in signing.

    Args:
        what: how refusals call it: "the timestamp authority".
        settings: proxies, and the authorities of its host.
        seconds: how long it may take to answer.
        hint: what helps where it refuses.
        bound: of its answers.
    """

    what: str
    settings: Settings
    seconds: float
    hint: str = ""
    bound: Bound = MAX_SERVICE_ANSWER

    def post(self, url: str, body: bytes, media_type: str) -> bytes:
        """Send a body, and return the answer's.

        Raises:
            UsageError: for what is no URL of a service.
            NetworkError: for no answer in time.
            Undecided: for a refusal, or an answer beyond the bound.
        """
        request = requests.Request("POST", url, headers={"Content-Type": media_type}, data=body)
        return self.send(self._prepared(request)).content

    def get(self, url: str) -> bytes:
        """Return what stands at a URL; raises as `post` does."""
        return self.send(self._prepared(requests.Request("GET", url))).content

    def _prepared(self, request: requests.Request) -> requests.PreparedRequest:
        check_url(str(request.url), self.what)
        try:
            # Prepared without a session: no cookies, no .netrc, no environment.
            return request.prepare()
        except (requests.RequestException, ValueError) as fault:
            raise UsageError(f"{self.what} has no usable URL", got=_host(str(request.url))) from fault

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        """Send one request once; raises as `post` does.

        Returns:
            A response with status 2xx that was read to its end.
        """
        url = str(request.url)
        check_url(url, self.what)
        self._check_secret(request)
        request.headers["User-Agent"] = "govern/0.1"
        request.headers["Accept-Encoding"] = "identity"
        refusal: Undecided | None = None
        try:
            response = self._in_time(url, lambda: self._exchange(request))
        except (requests.RequestException, urllib3.exceptions.HTTPError, ssl.SSLError, OSError) as fault:
            refusal = self._fault(url, fault)
        if refusal is not None:
            # Raised here, without its cause: that one holds the request, and the token in its headers.
            raise refusal
        if not 200 <= response.status_code < 300:
            raise self._refusal(url, response, request)
        return response

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        url = str(request.url)
        own = self.settings.host(urlsplit(url).netloc.rpartition("@")[2])
        with contextlib.closing(HTTPAdapter()) as adapter:
            response: requests.Response = adapter.send(
                request,
                stream=True,
                timeout=(min(_CONNECT, self.seconds), self.seconds),
                verify=str(own.ca) if own.ca else True,
                proxies=self._proxies(url),
            )
            parts, size = [], 0
            with contextlib.closing(response.raw) as raw:
                while data := raw.read1(BUFFER_BYTES, decode_content=False):
                    size += len(data)
                    self.bound.check(size, f"the answer of {self.what}")
                    parts.append(data)
        response.raw = BytesIO(b"".join(parts))
        return response

    def _in_time(self, url: str, call: Callable[[], _Result]) -> _Result:
        """Return what a call returns, or give it up: a time-out of a socket counts anew from every byte."""
        done: queue.SimpleQueue[tuple[_Result | None, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                done.put((call(), None))
            except BaseException as fault:  # noqa: BLE001 - it is raised again by whoever waits
                done.put((None, fault))

        threading.Thread(target=run, name="signing service", daemon=True).start()
        try:
            result, fault = done.get(timeout=self.seconds + _CONNECT)
        except queue.Empty:
            raise self._silent(url) from None
        if fault is not None:
            raise fault
        return result  # type: ignore[return-value]  # it is there if no fault is

    def _check_secret(self, request: requests.PreparedRequest) -> None:
        parts = urlsplit(str(request.url))
        plain = parts.scheme == "http" and not _is_loopback(parts.hostname or "")
        # Of this host only: --plain-http is said of a registry.
        own = self.settings.hosts.get(parts.netloc)
        if plain and "Authorization" in request.headers and not (own is not None and own.plain_http):
            raise AuthError(
                f"{self.what} would get a secret in the clear",
                got=f"http://{_host(str(request.url))}",
                expected="https",
                hint="name its https URL; or plain_http = true in the settings of this host",
            )

    def _proxies(self, url: str) -> dict[str, str]:
        environment, parts = self.settings.environment, urlsplit(url)
        bypass = {"no": environment.get("NO_PROXY") or environment.get("no_proxy") or ""}
        if bypass["no"] and proxy_bypass_environment(parts.netloc, bypass):
            return {}
        for name in (f"{parts.scheme}_proxy", f"{parts.scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
            if value := environment.get(name):
                return {parts.scheme: value}
        return {}

    def _fault(self, url: str, fault: BaseException) -> NetworkError:
        if isinstance(fault, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
            return self._silent(url)
        root = fault
        while (cause := root.__cause__ or root.__context__) is not None:
            root = cause
        return NetworkError(
            f"{self.what} {_host(url)} cannot be reached",
            got=hidden(str(root) or type(root).__name__)[:200],
            hint="check the URL and the network; behind a proxy set HTTPS_PROXY; an authority of your own: --ca-file",
        )

    def _silent(self, url: str) -> NetworkError:
        return NetworkError(
            f"{self.what} {_host(url)} did not answer",
            got=f"nothing whole in {self.seconds:.0f} s",
            hint="try again: nothing was attached",
        )

    def _refusal(self, url: str, response: requests.Response, request: requests.PreparedRequest) -> Undecided:
        secret = str(request.headers.get("Authorization", "")).partition(" ")[2]
        kind: type[Undecided] = Undecided
        if response.status_code in (401, 403, 407):
            kind = AuthError
        elif response.status_code >= 500 or response.status_code == 429:
            kind = NetworkError
        return kind(
            f"{self.what} {_host(url)} refused",
            got=f"HTTP {response.status_code}: {shortened(hidden(_told(response.content), secret))}",
            expected="an answer",
            hint=self.hint,
        )


class Session(requests.Session):
    """What libraries that bring requests of their own are given: every one goes through a `Service`.

    Args:
        service: which.
        headers: of every request.
    """

    def __init__(self, service: Service, headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        # `requests` would look for proxies, authorities and passwords on its own.
        self.trust_env = False
        self.headers.update(headers or {})
        self._service = service

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Send one request once, without redirects; see `Service.send`."""
        return self._service.send(request)


def patience(settings: Settings) -> float:
    """Return how many seconds a service may take to answer: 30, or the user's time-out where that is longer."""
    return max(_PATIENCE, settings.timeout)


def check_url(url: str, what: str) -> None:
    """Return for an http or https URL with a host; raise `UsageError` for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{what} has no usable URL", got=shortened(_host(url)), expected="https://HOST/PATH")


def hidden(text: str, *secrets: str) -> str:
    """Return a stranger's text without the secrets that it may repeat, and without anything like a token."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return _TOKEN.sub("…", text)


def _told(body: bytes) -> str:
    """Return what a refusal says, for people."""
    text = body[:4096].decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
    if isinstance(value, dict):
        return next((value[key] for key in ("message", "error") if isinstance(value.get(key), str)), text)
    return text


def _host(url: str) -> str:
    """Return the host of a URL: its user, path and query may hold secrets."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
