"""What a script for oras-py finds as `registry.auth`: the same names, and no token or password to take out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from govern.errors import InvalidInput
from govern.store.oras_connection import Connections


class GovernAuth:
    """The credentials of a `GovernRegistry`.

    Args:
        connections: who holds them.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def set_basic_auth(self, username: str, password: str) -> None:
        """Use a username and password for the registry's own host, and for no other."""
        self._connections.give(username, password)

    def load_configs(self, container: object, configs: Sequence[str | Path] | None = None) -> None:  # noqa: ARG002
        """Look for credentials in these files before all others."""
        for path in configs or ():
            self._connections.use_config(path)

    def logout(self, hostname: str) -> bool:
        """Forget what was given for a host; return whether there was anything."""
        return self._connections.logout(hostname)

    def set_token_auth(self, token: str) -> NoReturn:  # noqa: ARG002
        """Refused: nobody knows for which host and what a token is, and it could not be renewed."""
        raise _no_header()

    def get_auth_header(self) -> NoReturn:
        """Refused: a header in a script's hands reaches hosts that it is not for."""
        raise _no_header()

    def authenticate_request(self, *_arguments: object, **_options: object) -> NoReturn:
        """Refused, as `get_auth_header` is."""
        raise _no_header()


def _no_header() -> InvalidInput:
    return InvalidInput(
        "credentials are not put into headers by a script",
        expected="requests through do_request, which adds them for their own host and renews them",
        hint="give them with login(), auth.set_basic_auth(), or GOVERN_AUTH_HOST, GOVERN_AUTH_USERNAME and "
        "GOVERN_AUTH_PASSWORD",
    )
