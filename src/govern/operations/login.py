"""`login` and `logout`: credentials into, and out of, the files and helpers of Docker and Podman."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from govern.errors import AuthError, InvalidInput, UsageError
from govern.intoto import base64
from govern.oci.reference import check_host
from govern.operations.context import Context
from govern.store.registry.client import Client
from govern.store.registry.credentials import Credentials, key_of, read_config, run_helper


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
    credentials = Credentials(context.settings)
    path, key = credentials.file_to_write(), key_of(host)
    value = read_config(path)
    helper = _helper(value, key)
    if helper is not None:
        text = json.dumps({"ServerURL": key, "Username": username, "Secret": password})
        if run_helper(helper, "store", text, context.settings.environment) is None:
            raise AuthError("the credential helper did not keep the credentials", got=f"docker-credential-{helper}")
        return f"docker-credential-{helper}"
    value.setdefault("auths", {})[key] = {"auth": base64.encode(f"{username}:{password}".encode())}
    _write(path, value)
    return path


def logout(context: Context, host: str) -> bool:
    """Forget the credentials of a registry; return whether there were any."""
    check_host(host)
    credentials = Credentials(context.settings)
    key, found = key_of(host), False
    for path in credentials.files():
        value = read_config(path)
        helper = _helper(value, key)
        if helper is not None and run_helper(helper, "erase", key, context.settings.environment) is not None:
            found = True
        auths = value.get("auths")
        if isinstance(auths, dict) and auths.pop(key, None) is not None:
            found = True
            _write(path, value)
    return found


def _helper(value: dict[str, Any], key: str) -> str | None:
    helpers = value.get("credHelpers")
    named = helpers.get(key) if isinstance(helpers, dict) else None
    helper = named or value.get("credsStore")
    return helper if isinstance(helper, str) and helper else None


def _write(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")
        temporary.replace(path)
    except OSError as fault:
        raise InvalidInput(
            "the credentials cannot be kept",
            got=f"{str(path)!r}: {fault.strerror}",
            expected="a folder that you may write",
            hint="set DOCKER_CONFIG to another folder",
        ) from fault
