"""`login` and `logout`: credentials into, and out of, the files and helpers of Docker and Podman."""

from __future__ import annotations

from pathlib import Path

from govern.errors import UsageError
from govern.oci.reference import check_host
from govern.operations.context import Context
from govern.store.registry.client import Client
from govern.store.registry.credential_file import forget_everywhere, keep


def login(context: Context, host: str, username: str, password: str) -> Path | str:
    """Try credentials against a registry, then keep them.

    Args:
        context: the surroundings.
        host: the registry.
        username: the account.
        password: never logged, never shown.

    Returns:
        The file that holds them, or the name of the helper that does.

    Raises:
        AuthError: where the registry refuses them: wrong credentials are not kept.
    """
    check_host(host)
    if ":" in username:
        # RFC 7617 §2: the first colon ends the user's name.
        raise UsageError("a user name holds no colon", got=repr(username), expected="the password on standard input")
    environment = {
        **context.settings.environment,
        "GOVERN_AUTH_HOST": host,
        "GOVERN_AUTH_USERNAME": username,
        "GOVERN_AUTH_PASSWORD": password,
    }
    settings = context.settings.with_environment(environment)
    client = Client(host, settings)
    try:
        client.check_login()
    finally:
        client.close()
    return keep(context.settings, host, username, password)


def logout(context: Context, host: str) -> bool:
    """Forget the credentials of a registry; return whether there were any."""
    return forget_everywhere(context.settings, check_host(host))
