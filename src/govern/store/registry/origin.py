"""Origins: which server is the registry, and which URLs may have its credentials.

Only the registry's own origin (scheme, host, port) gets its credentials (DESIGN §8). Everything that an
answer points to elsewhere is fetched without them, or not at all.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from govern.errors import ProtocolError
from govern.limits import MAX_HEADER_VALUE

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port.

    Args:
        scheme: `http` or `https`.
        host: lower case, without brackets.
        port: the number, also where the URL left it out.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return is_loopback(self.host)

    @property
    def is_safe(self) -> bool:
        """Whether secrets may travel there: TLS, or this machine."""
        return self.scheme == "https" or self.is_loopback


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str, what: str = "the URL") -> Origin:
    """Return the origin of an absolute URL; raise `ProtocolError` for anything that is none."""
    MAX_HEADER_VALUE.check(len(url), what)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as fault:
        raise ProtocolError(f"{what} is not a URL", got=repr(url[:200]), expected="http or https") from fault
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.password is not None:
        raise ProtocolError(
            f"{what} is not a URL that is followed",
            got=repr(url[:200]),
            expected="http or https, without user and password",
        )
    if any(letter.isspace() or ord(letter) < 0x21 or ord(letter) == 0x7F for letter in url):
        raise ProtocolError(f"{what} holds white space or control characters", got=repr(url[:200]))
    return Origin(parts.scheme, host.lower(), port or _PORTS[parts.scheme])


def join(base: str, location: str, what: str) -> str:
    """Return the absolute URL of a `Location` or `Link`, which may be relative (RFC 9110 §10.2.2)."""
    MAX_HEADER_VALUE.check(len(location), what)
    try:
        return urljoin(base, location)
    except ValueError as fault:
        raise ProtocolError(f"{what} is not a URL", got=repr(location[:200])) from fault


def same_origin(base: str, location: str, what: str) -> str:
    """Return an absolute URL on the same origin; raise `ProtocolError` for another one.

    Upload locations and page links carry credentials or content: a registry that points them at another
    host asks us to hand both over (GHSA-jxpm-75mh-9fp7 was this, in another client).
    """
    url = join(base, location, what)
    here, there = origin_of(base), origin_of(url, what)
    if here != there:
        raise ProtocolError(
            f"{what} leads to another host",
            got=str(there),
            expected=str(here),
            hint="do not go on: the registry, or something in front of it, is misconfigured or hostile",
        )
    return url
