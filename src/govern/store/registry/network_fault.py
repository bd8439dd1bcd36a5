"""What a failure of the network is called for people."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
import urllib3

from govern.errors import GovernError, NetworkError


class Untrusted(NetworkError):
    """A certificate that does not hold; it will not the next time either."""


def network_fault(url: str, fault: BaseException) -> GovernError:
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
