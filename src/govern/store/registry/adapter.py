"""The adapter of `requests` under the HTTP stack: connections whose answers begin in time."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from govern.limits import BUFFER_BYTES
from govern.settings import HostSettings
from govern.store.registry.deadline import Deadline


class Connection(HTTPConnection):
    """A connection that is shut down where headers come too slowly, or without end.

    `http.client` reads header lines, and answers that announce another one (100 Continue), for as long as
    they come.
    """

    watched: Any = None
    """The socket of the answer that is read; the connection itself lets go of one that ends with its answer."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as in the base class
        """Return the answer, once all its headers are there."""
        self.watched = self.sock
        with Deadline(self.sock, self.timeout or 0.0) as deadline:
            try:
                response = super().getresponse()
            except Exception as fault:
                if deadline.missed:
                    raise TimeoutError("the headers did not end") from fault
                raise
        if deadline.missed:
            # Headers that were cut off look whole to `http.client`.
            self.close()
            raise TimeoutError("the headers did not end")
        return response


class _TlsConnection(Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """Pools of connections that are kept open, without retries of their own.

    Args:
        connections: how many are kept for each host.
        host: certificates and authorities of the registry's host.
    """

    def __init__(self, connections: int, host: HostSettings) -> None:
        self._host = host
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        super().__init__(pool_connections=8, pool_maxsize=connections, max_retries=0, pool_block=False)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Make the pools of connections without a proxy."""
        # urllib3 sends bodies in blocks of 16 KiB unless it is told otherwise.
        super().init_poolmanager(connections, maxsize, block, blocksize=BUFFER_BYTES, **kwargs)
        _use_watched(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.PoolManager:
        """Return the pools of connections through a proxy."""
        return _use_watched(super().proxy_manager_for(proxy, **kwargs))

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return where to connect, and how it is secured.

        `requests` would read every authority again for each connection, which takes 20 ms of a processor.
        """
        place, secured = super().build_connection_pool_key_attributes(request, verify, cert)
        if place["scheme"] == "https":
            secured = {"ssl_context": self._context(own=cert is not None), "cert_reqs": "CERT_REQUIRED"}
        return place, secured

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the context of the connection has it all."""

    def _context(self, *, own: bool) -> ssl.SSLContext:
        with self._lock:
            if (known := self._contexts.get(own)) is not None:
                return known
            context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
            ca = str(self._host.ca) if self._host.ca else DEFAULT_CA_BUNDLE_PATH
            is_folder = Path(ca).is_dir()
            context.load_verify_locations(cafile=None if is_folder else ca, capath=ca if is_folder else None)
            if own and self._host.client_cert is not None:
                context.load_cert_chain(self._host.client_cert, self._host.client_key)
            return self._contexts.setdefault(own, context)

    def close(self) -> None:
        """Close every connection that is kept."""
        # urllib3 does so by itself only when nothing refers to a pool any more; a fault that somebody still looks
        # at would keep its connections open.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - the container cannot be iterated over
                if (pool := manager.pools.get(key)) is not None:
                    pool.close()
        super().close()


def _use_watched(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager
