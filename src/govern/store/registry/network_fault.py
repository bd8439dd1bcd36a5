"""What a failure of the network is called for people."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3

from govern.errors import GovernError, NetworkError

_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})
"""What releases of OpenSSL call an answer that is no TLS record."""

_PLACE: Final = re.compile(r"^\[[^\]]*\] *| *\(_ssl\.c:\d+\)$")
"""Where in OpenSSL and Python an error was found: of no use to who reads it."""


class Untrusted(NetworkError):
    """A server that is not known for whom it says it is; it will not be the next time either."""


def network_fault(url: str, fault: BaseException) -> GovernError:
    """Return what a failure of the network is called for people."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    chain = list(_chain(fault))
    proxied = any(isinstance(one, urllib3.exceptions.ProxyError | requests.exceptions.ProxyError) for one in chain)
    tls = next((one for one in chain if isinstance(one, ssl.SSLError)), None)
    if tls is not None and tls.reason in _NO_TLS and not proxied:
        return Untrusted(
            f"{host} speaks HTTP, not TLS",
            got="an answer without TLS",
            expected="TLS, as of every registry that is not on this machine",
            hint="if it is meant to: --plain-http; everybody on the way can then read and change what is sent",
        )
    if tls is not None or any(
        isinstance(one, requests.exceptions.SSLError | urllib3.exceptions.SSLError) for one in chain
    ):
        return Untrusted(
            f"{host} could not be trusted",
            got=_reason(chain[-1] if tls is None else tls),
            expected="a certificate of a known authority",
            hint="name the authority: --ca-file FILE, or ca in the settings of this host",
        )
    timed_out = isinstance(fault, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
    return NetworkError(
        f"{host} did not answer" if timed_out else f"the connection to {host} failed",
        got="nothing in time" if timed_out else _reason(chain[-1]),
        hint="check the network and the name; behind a proxy set HTTPS_PROXY; slow storage needs --timeout",
    )


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """Yield a fault and what led to it, the first cause last."""
    one: BaseException | None = fault
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _reason(cause: BaseException) -> str:
    text = _PLACE.sub("", str(cause)) if isinstance(cause, ssl.SSLError) else str(cause)
    return (text or type(cause).__name__).removeprefix("got ")[:200]
