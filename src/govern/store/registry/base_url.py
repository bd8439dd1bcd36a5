"""Where a registry is: TLS always, but for loopback and where plain HTTP was asked for (DESIGN §7)."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from govern.settings import HostSettings
from govern.store.registry.origin import is_loopback, origin_of

DOCKER_HUB: Final = "registry-1.docker.io"


def base_url(host: str, own: HostSettings) -> str:
    """Return scheme and host of a registry's API.

    Args:
        host: as it stands in references.
        own: its settings.
    """
    if host == "docker.io":
        host = DOCKER_HUB
    if own.plain_http:
        return f"http://{host}"
    name = origin_of(f"https://{host}").host
    if is_loopback(name) and own.ca is None and own.client_cert is None and not _speaks_tls(host):
        return f"http://{host}"
    return f"https://{host}"


def _speaks_tls(host: str) -> bool:
    """Whether a registry of this machine speaks TLS. Only asked of the loopback, where nobody listens in."""
    origin = origin_of(f"https://{host}")
    # Not the default context: to load every authority of the system takes longer than all that a verify asks.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((origin.host, origin.port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname=origin.host),
        ):
            return True
    except ssl.SSLError:
        # A server without TLS answers with something that is no TLS record.
        return False
    except OSError:
        return False
