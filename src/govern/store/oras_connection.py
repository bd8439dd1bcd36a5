"""The registries that one `GovernRegistry` talks to: a client for each host, and credentials that stay with theirs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from govern.errors import InvalidInput, UsageError
from govern.oci.reference import RegistryPlace, parse
from govern.settings import HostSettings, Settings
from govern.store.registry.client import Client
from govern.store.registry.credential_file import forget, keep
from govern.store.registry.credentials import Credential, Credentials


@dataclass(frozen=True, slots=True)
class GivenCredentials(Credentials):
    """Credentials that a script gave for a host, before those of files and helpers.

    Args:
        given: by host.
    """

    given: Mapping[str, Credential]

    def find(self, host: str, repository: str) -> Credential | None:
        """See `Credentials.find`."""
        return self.given.get(host) or Credentials.find(self, host, repository)


@dataclass(slots=True)
class Connections:
    """Clients by host, made when they are needed.

    Args:
        settings: everything that is set.
        hostname: the registry that completes references and owns credentials given without a host, or None.
    """

    settings: Settings
    hostname: str | None
    _clients: dict[tuple[str, bool], Client] = field(default_factory=dict)
    _given: dict[str, Credential] = field(default_factory=dict)
    _kept: dict[str, Settings] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, host: str, *, chunked: bool = False) -> Client:
        """Return the client of a host.

        Args:
            host: as `RegistryPlace` has it.
            chunked: whether uploads go in pieces.
        """
        with self._lock:
            key = (host, chunked)
            if key not in self._clients:
                settings = self.settings
                if chunked:
                    own = replace(settings.hosts.get(host, HostSettings()), upload="chunks")
                    settings = replace(settings, hosts={**settings.hosts, host: own})
                client = Client(host, settings)
                client.auth.credentials = GivenCredentials(settings, self._given)
                self._clients[key] = client
            return self._clients[key]

    def close(self) -> None:
        """Close every connection and forget every token."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def use_config(self, path: str | Path) -> None:
        """Look for credentials in this file before all others."""
        environment = {**self.settings.environment, "REGISTRY_AUTH_FILE": str(path)}
        if environment != dict(self.settings.environment):
            self.settings = self.settings.with_environment(environment)
            self.close()

    def host(self, name: str | None) -> str:
        """Return the host of a name that a script gave, or the registry's own; raise `UsageError` where there is none.

        A password without a host would go to whoever asks for one.
        """
        text = (name or self.hostname or "").removeprefix("https://").removeprefix("http://")
        text = text.partition("/")[0]
        if not text:
            raise UsageError(
                "credentials were given and no registry",
                expected="the registry that they are for",
                hint='GovernRegistry(hostname="registry.example.com"), or login(hostname=…)',
            )
        place = parse(f"{text}/x", default_registry=text).place
        if not isinstance(place, RegistryPlace):
            raise UsageError("this is not a registry host", got=repr(text[:200]))
        return place.host

    def give(self, username: str, password: str, hostname: str | None = None) -> None:
        """Use a username and password for one host, while this object lives."""
        host = self.host(hostname)
        self._given[host] = Credential(username, password)
        self.close()

    def login(self, username: str, password: str, hostname: str | None) -> str:
        """Try a username and password, use them, and keep them where Docker and Podman do; return the host.

        Raises:
            AuthError: where the registry refuses them: wrong credentials are not kept.
        """
        host = self.host(hostname)
        if not username or not password:
            raise InvalidInput("a login needs a username and a password", expected="both")
        client = Client(host, self.settings)
        client.auth.credentials = GivenCredentials(self.settings, {host: Credential(username, password)})
        try:
            client.check_login()
        finally:
            client.close()
        keep(self.settings, host, username, password)
        self._kept[host] = self.settings
        self.give(username, password, host)
        return host

    def logout(self, hostname: str) -> bool:
        """Forget what was given or kept for a host through this object; return whether there was anything.

        What somebody else keeps in a file stays there: oras-py leaves it, and other programs live on it.
        """
        host = self.host(hostname)
        given = self._given.pop(host, None) is not None
        settings = self._kept.pop(host, None)
        if settings is not None:
            forget(settings, host)
        self.close()
        return given or settings is not None
