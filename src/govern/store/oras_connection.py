"""The registries that one `GovernRegistry` talks to: a client for each host, and credentials that stay with theirs."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from govern.errors import InvalidInput, UsageError
from govern.oci.reference import RegistryPlace, parse
from govern.settings import Settings, load_settings
from govern.store.registry.client import Client
from govern.store.registry.credential_file import forget, keep
from govern.store.registry.credentials import Credential, Credentials

_BACKENDS: Final = ("token", "basic")


def check_tls(tls_verify: bool | str, *, insecure: bool) -> None:
    """Refuse TLS without a check of the certificate."""
    if tls_verify is False and not insecure:
        raise InvalidInput(
            "certificates are always checked",
            got="tls_verify=False",
            expected="a certificate of a known authority",
            hint='name the authority: GovernRegistry(tls_verify="ca.pem")',
        )


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


@dataclass(slots=True, repr=False)
class Connections:
    """Clients by host, made when they are needed. Never shown: credentials are in it.

    Args:
        settings: everything that is set.
        hostname: the registry that completes references and owns credentials given without a host, or None.
    """

    settings: Settings
    hostname: str | None
    _clients: dict[str, Client] = field(default_factory=dict)
    _given: dict[str, Credential] = field(default_factory=dict)
    _kept: dict[str, Settings] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def opened(
        cls,
        hostname: str | None,
        *,
        insecure: bool,
        tls_verify: bool | str,
        auth_backend: str,
        settings: Settings | None,
    ) -> Connections:
        """Return connections as a script for oras-py asks for them; see `GovernRegistry` for the arguments.

        Raises:
            InvalidInput: for certificates that would not be checked, and for backends that are not here.
        """
        check_tls(tls_verify, insecure=insecure)
        if auth_backend not in _BACKENDS:
            raise InvalidInput(
                "there is no such authentication backend",
                got=repr(auth_backend),
                expected=" or ".join(_BACKENDS),
                hint="for ECR install docker-credential-ecr-login and name it in credHelpers",
            )
        settings = settings or load_settings(dict(os.environ))
        flags = settings.any_host
        ca = Path(tls_verify) if isinstance(tls_verify, str) else flags.ca
        any_host = replace(flags, plain_http=insecure or flags.plain_http, ca=ca)
        found = cls(replace(settings, any_host=any_host), hostname)
        username, password = (settings.environment.get(name) for name in ("ORAS_USER", "ORAS_PASS"))
        if auth_backend == "basic" and username and password:
            found.give(username, password)
        return found

    def client(self, host: str) -> Client:
        """Return the client of a host, as `RegistryPlace` writes it."""
        with self._lock:
            if host not in self._clients:
                client = Client(host, self.settings)
                client.auth.credentials = GivenCredentials(self.settings, self._given)
                self._clients[host] = client
            return self._clients[host]

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
        if ":" in username:
            # RFC 7617 §2: the first colon ends the user's name.
            raise InvalidInput("a user name holds no colon", got=repr(username), expected="the password beside it")
        self._given[host] = Credential(username, password)
        self.close()

    def login(self, username: str, password: str, hostname: str | None) -> str:
        """Try a username and password, use them, and keep them where Docker and Podman do; return the host.

        Raises:
            AuthError: where the registry refuses them: wrong credentials are not kept.
        """
        host = self.host(hostname)
        if not username or not password or ":" in username:
            raise InvalidInput("a login needs a username without a colon, and a password", expected="both")
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
