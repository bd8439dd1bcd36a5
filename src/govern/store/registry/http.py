"""The HTTP stack: one connection pool, bounds on everything that comes back, no helpers that guess.

`requests` makes and sends; what it would do by itself is off: redirects, retries, cookies, `.netrc`,
environment proxies, content decoding. All of that is decided here or in `settings`.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import requests
import urllib3

from govern.errors import GovernError, InvalidInput
from govern.settings import HostSettings, Settings
from govern.store.registry.adapter import Adapter
from govern.store.registry.answer import Answer
from govern.store.registry.network_fault import network_fault

_log: Final = logging.getLogger("govern.http")
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


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
        self._adapter = Adapter(self.settings.jobs * 2 + 4, self.host)

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
                verify=True,
                cert=self._cert() if own else None,
                proxies=self._proxies(url),
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ssl.SSLError, OSError) as fault:
            if isinstance(fault.__cause__, GovernError):
                raise fault.__cause__ from fault
            _log.debug("%s %s failed: %s", method, _shown(url), type(fault).__name__)
            raise network_fault(url, fault) from fault
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
