"""The adapter of `requests` under the HTTP stack: connections whose answers begin in time."""

from __future__ import annotations

from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from govern.limits import BUFFER_BYTES
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
    """

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=8, pool_maxsize=connections, max_retries=0, pool_block=False)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Make the pools of connections without a proxy."""
        # urllib3 sends bodies in blocks of 16 KiB unless it is told otherwise.
        super().init_poolmanager(connections, maxsize, block, blocksize=BUFFER_BYTES, **kwargs)
        _use_watched(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.PoolManager:
        """Return the pools of connections through a proxy."""
        return _use_watched(super().proxy_manager_for(proxy, **kwargs))

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
