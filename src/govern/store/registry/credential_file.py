"""Credentials into, and out of, the files and helpers of Docker and Podman.

Source: docker/cli, cli/config/configfile; docker-credential-helpers; containers-auth.json(5).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from govern.errors import AuthError, InvalidInput
from govern.intoto import base64
from govern.settings import Settings
from govern.store.registry.credentials import Credentials, key_of, read_config, run_helper


def keep(settings: Settings, host: str, username: str, password: str) -> Path | str:
    """Keep credentials that were tried before.

    Args:
        settings: the environment and home folder.
        host: the registry.
        username: the account.
        password: never logged, never shown.

    Returns:
        The file that holds them, or the name of the helper that does.

    Raises:
        AuthError: where the helper refuses.
        InvalidInput: where there is no place that may be written.
    """
    path, key = Credentials(settings).file_to_write(), key_of(host)
    value = read_config(path)
    helper = _helper(value, key)
    if helper is not None:
        text = json.dumps({"ServerURL": key, "Username": username, "Secret": password})
        if run_helper(helper, "store", text, settings.environment) is None:
            raise AuthError("the credential helper did not keep the credentials", got=f"docker-credential-{helper}")
        return f"docker-credential-{helper}"
    auths = value.get("auths")
    value["auths"] = auths if isinstance(auths, dict) else {}
    value["auths"][key] = {"auth": base64.encode(f"{username}:{password}".encode())}
    _write(path, value)
    return path


def forget(settings: Settings, host: str) -> bool:
    """Remove the credentials of a registry from the file that `keep` writes; return whether there were any."""
    return _forget_in(Credentials(settings).file_to_write(), settings, host)


def forget_everywhere(settings: Settings, host: str) -> bool:
    """Remove the credentials of a registry from every file that is read; return whether there were any."""
    found = [_forget_in(path, settings, host) for path in Credentials(settings).files()]
    return any(found)


def _forget_in(path: Path, settings: Settings, host: str) -> bool:
    key, found = key_of(host), False
    value = read_config(path)
    helper = _helper(value, key)
    if helper is not None and run_helper(helper, "erase", key, settings.environment) is not None:
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
