"""The HTTP stack: one connection pool, bounds on everything that comes back, no helpers that guess.

`requests` makes and sends; what it would do by itself is off: redirects, retries, cookies, `.netrc`,
environment proxies, content decoding. All of that is decided here or in `settings`.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import requests
import urllib3

from govern.errors import GovernError, InvalidInput, LimitExceeded, NetworkError, ProtocolError
from govern.limits import Bound
from govern.settings import HostSettings, Settings
from govern.store.registry.adapter import Adapter
from govern.store.registry.deadline import Deadline

CHUNK: Final = 256 * 1024
"""How much is read at once; it stays in the processor's cache until it is hashed and written."""

SLOWEST: Final = 1024
"""Bytes per second below which a transfer is given up, averaged over one timeout."""

_log: Final = logging.getLogger("govern.http")
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


class Untrusted(NetworkError):
    """A certificate that does not hold; it will not the next time either."""


class Answer:
    """A response whose body is read under a bound, and given back to the pool.

    Args:
        url: what was asked.
        response: of `requests`, streamed.
        timeout: seconds; the window over which the rate is judged.
    """

    def __init__(self, url: str, response: requests.Response, timeout: float) -> None:
        self.url = url
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw: urllib3.HTTPResponse = response.raw
        self._socket = getattr(self._raw.connection, "watched", None)
        self._timeout = timeout
        self._waited = 0.0
        self._in_window = 0

    @property
    def content_type(self) -> str:
        """The media type, without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """Content-Length, or None."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes, undecoded; raise `NetworkError` for cuts, silence and drips."""
        if self.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise ProtocolError(
                "the registry encoded the content",
                got=f"Content-Encoding {self.headers['Content-Encoding'][:60]!r}",
                expected="the bytes as they are, which is what was asked for",
            )
        while True:
            begun = time.monotonic()
            with Deadline(self._socket, self._timeout) as deadline:
                try:
                    # What is there, and not a whole chunk: for that a body that drips would be waited for
                    # without end, since each byte of it comes in time.
                    data = self._raw.read1(CHUNK, decode_content=False)
                except (urllib3.exceptions.HTTPError, OSError, ValueError) as fault:
                    raise network_error(self.url, TimeoutError() if deadline.missed else fault) from fault
            if deadline.missed:
                # A body without a length ends where its connection does: this one was ended by us.
                raise network_error(self.url, TimeoutError())
            if not data:
                return
            self._judge_rate(len(data), time.monotonic() - begun)
            yield data

    def _judge_rate(self, count: int, waited: float) -> None:
        """Count what came and how long it was waited for; what the reader does in between is not counted."""
        self._in_window += count
        self._waited += waited
        if self._waited >= self._timeout:
            if self._in_window < SLOWEST * self._timeout:
                raise NetworkError(
                    "the registry sends too slowly",
                    got=f"{self._in_window} bytes in {self._waited:.0f} s",
                    expected=f"at least {SLOWEST} bytes a second",
                    hint="try again, or raise --timeout",
                )
            self._waited, self._in_window = 0.0, 0

    def read(self, bound: Bound, what: str, error: type[GovernError] = LimitExceeded) -> bytes:
        """Return the whole body; raise `error` beyond the bound."""
        parts: list[bytes] = []
        size = 0
        try:
            if self.length is not None:
                bound.check(self.length, what, error)
            for data in self.chunks():
                size += len(data)
                bound.check(size, what, error)
                parts.append(data)
        finally:
            self.close()
        return b"".join(parts)

    def close(self) -> None:
        """Give the connection back; one whose body was not read to the end is closed."""
        self._raw.release_conn() if self._raw.closed else self._drop()

    def _drop(self) -> None:
        try:
            if self._raw.length_remaining == 0:
                # An answer without a body, to HEAD say, is over only once it was read; given back before,
                # the connection fails for whoever takes it next.
                self._raw.drain_conn()
                self._raw.release_conn()
                return
        except AttributeError:
            pass
        self._raw.close()
        self._raw.release_conn()


def network_error(url: str, fault: BaseException) -> GovernError:
    """Return what a failure of the network is called for people."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    text = str(fault)
    if isinstance(fault, urllib3.exceptions.SSLError) or "CERTIFICATE_VERIFY_FAILED" in text or "SSLError" in text:
        return Untrusted(
            f"{host} could not be trusted",
            got=_tls_reason(text),
            expected="a certificate of a known authority",
            hint="name the authority: --ca-file FILE, or ca in the settings of this host",
        )
    timed_out = isinstance(fault, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
    return NetworkError(
        f"{host} did not answer" if timed_out else f"the connection to {host} failed",
        got="nothing in time" if timed_out else _reason(fault),
        hint="check the network and the name; behind a proxy set HTTPS_PROXY; slow storage needs --timeout",
    )


def _tls_reason(text: str) -> str:
    start = text.find("certificate verify failed")
    return text[start : start + 120].rstrip(")'\"") if start >= 0 else text[:160]


def _reason(fault: BaseException) -> str:
    cause: BaseException = fault
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return (str(cause) or type(cause).__name__).removeprefix("got ")[:200]


@dataclass(slots=True)
class Http:
    """Requests to any host, with the settings of one.

    Args:
        settings: timeouts, jobs, proxies.
        host: certificates and authorities of the registry's host.
    """

    settings: Settings
    host: HostSettings
    _adapter: Adapter = field(init=False)

    def __post_init__(self) -> None:
        _check_files(self.host)
        self._adapter = Adapter(self.settings.jobs * 2 + 4)

    def close(self) -> None:
        """Close every connection."""
        self._adapter.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        extra_time: float = 0.0,
        own: bool = True,
    ) -> Answer:
        """Send one request once.

        Args:
            method: the verb.
            url: absolute.
            headers: beside the usual ones.
            body: bytes, or an iterable of buffers with a Content-Length in `headers`.
            extra_time: seconds added to the timeout, where the server has work to do.
            own: whether this is the registry's own origin, which may see the client certificate.

        Raises:
            NetworkError: for no answer.
        """
        every = {"User-Agent": "govern/0.1", "Accept-Encoding": "identity", **(headers or {})}
        timeout = self.settings.timeout
        begun = time.monotonic()
        try:
            # Prepared without a session: no cookies, no .netrc, no environment.
            request = requests.Request(method, url, headers=every).prepare()
            request.body = body
            if isinstance(body, bytes):
                request.headers["Content-Length"] = str(len(body))
            response = self._adapter.send(
                request,
                stream=True,
                timeout=(min(timeout, 30.0), timeout + extra_time),
                verify=str(self.host.ca) if self.host.ca else True,
                cert=self._cert() if own else None,
                proxies=self._proxies(url),
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ssl.SSLError, OSError) as fault:
            if isinstance(fault.__cause__, GovernError):
                raise fault.__cause__ from fault
            _log.debug("%s %s failed: %s", method, _shown(url), type(fault).__name__)
            raise network_error(url, fault) from fault
        _log.debug(
            "%s %s → %d in %.0f ms [%s]",
            method, _shown(url), response.status_code, (time.monotonic() - begun) * 1000,
            ", ".join(f"{key}: {'…' if key.lower() in _SECRET_HEADERS else value}" for key, value in every.items()),
        )  # fmt: skip
        return Answer(url, response, timeout + extra_time)

    def _cert(self) -> Any:
        cert, key = self.host.client_cert, self.host.client_key
        if cert is None:
            return None
        return (str(cert), str(key)) if key is not None else str(cert)

    def _proxies(self, url: str) -> dict[str, str]:
        environment = self.settings.environment
        scheme = urlsplit(url).scheme
        bypass = {"no": environment.get("NO_PROXY") or environment.get("no_proxy") or ""}
        if bypass["no"] and proxy_bypass_environment(urlsplit(url).netloc, bypass):
            return {}
        # HTTP_PROXY in capitals is what a CGI client can set; curl and Python ignore it for that reason
        # only under CGI, and so do we not at all: govern is never a CGI program.
        for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
            if value := environment.get(name):
                return {scheme: value}
        return {}


def _check_files(host: HostSettings) -> None:
    """Raise `InvalidInput` for certificates and authorities that cannot be used, before anything is sent."""
    if host.ca is None and host.client_cert is None:
        return
    context, file = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), host.ca
    try:
        if host.ca is not None and not host.ca.is_dir():
            context.load_verify_locations(host.ca)
        if (file := host.client_cert) is not None:
            # Without a password of ours OpenSSL would ask whoever sits at the terminal.
            context.load_cert_chain(file, host.client_key, password=lambda: "")
    except (OSError, ValueError) as fault:
        raise InvalidInput(
            "the authorities cannot be read" if file is host.ca else "the client certificate cannot be read",
            got=f"{str(file)!r}: {fault.strerror if isinstance(fault, OSError) and fault.strerror else fault}",
            expected="PEM" if file is host.ca else "PEM, and a key without a passphrase",
            hint="see --ca-file, --client-cert and --client-key, and the settings of this host",
        ) from fault


def _shown(url: str) -> str:
    """Return a URL without its query, which may hold signatures of a storage service."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + ("?…" if parts.query else "")
