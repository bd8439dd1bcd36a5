"""Credentials from the environment, and from the files and helpers of Docker and Podman.

In this order, the first that knows the host:

    GOVERN_AUTH_HOST with GOVERN_AUTH_USERNAME and GOVERN_AUTH_PASSWORD (or GOVERN_AUTH_TOKEN)
    REGISTRY_AUTH_FILE                        (Podman)
    DOCKER_CONFIG/config.json
    ~/.docker/config.json
    XDG_RUNTIME_DIR/containers/auth.json      (Podman)
    ~/.config/containers/auth.json            (Podman)

Source: docker/cli, cli/config/configfile; docker-credential-helpers; containers-auth.json(5).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from govern import canonical
from govern.errors import AuthError, InvalidInput
from govern.intoto import base64
from govern.limits import MAX_CREDENTIALS
from govern.settings import Settings

DOCKER_HUB_KEY: Final = "https://index.docker.io/v1/"
_HELPER_SECONDS: Final = 60
_TOKEN_USER: Final = "<token>"  # noqa: S105 - the helper protocol's word for an identity token


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves who we are. Never shown: its repr says nothing.

    Args:
        username: the name, or empty with an identity token.
        password: the password.
        identity_token: an OAuth2 refresh token, or empty.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The places where credentials are kept.

    Args:
        settings: the environment and home folder.
    """

    settings: Settings

    def find(self, host: str, repository: str) -> Credential | None:
        """Return the credential of a host, or of the longest part of a repository that has its own."""
        environment = self.settings.environment
        if environment.get("GOVERN_AUTH_HOST") == host:
            return Credential(
                environment.get("GOVERN_AUTH_USERNAME", ""),
                environment.get("GOVERN_AUTH_PASSWORD", ""),
                environment.get("GOVERN_AUTH_TOKEN", ""),
            )
        for path in self.files():
            value = read_config(path)
            for key in _keys(host, repository):
                if (found := _from_config(value, key, path, environment)) is not None:
                    return found
        return None

    def files(self) -> Iterator[Path]:
        """Yield the files that may hold credentials, in order."""
        environment, home = self.settings.environment, self.settings.home
        if named := environment.get("REGISTRY_AUTH_FILE"):
            yield Path(named)
        if folder := environment.get("DOCKER_CONFIG"):
            yield Path(folder) / "config.json"
        elif home is not None:
            yield home / ".docker" / "config.json"
        if runtime := environment.get("XDG_RUNTIME_DIR"):
            yield Path(runtime) / "containers" / "auth.json"
        if home is not None:
            yield home / ".config" / "containers" / "auth.json"

    def file_to_write(self) -> Path:
        """Return the file that `login` writes to; raise `InvalidInput` where there is none."""
        for path in self.files():
            return path
        raise InvalidInput(
            "there is no place for credentials",
            got="no HOME and no DOCKER_CONFIG",
            expected="one of them",
            hint="set DOCKER_CONFIG to a folder, or GOVERN_AUTH_HOST, GOVERN_AUTH_USERNAME and GOVERN_AUTH_PASSWORD",
        )


def _keys(host: str, repository: str) -> Iterator[str]:
    # containers-auth.json(5): the most specific entry wins.
    path = f"{host}/{repository}"
    while "/" in path:
        yield path
        path = path.rpartition("/")[0]
    yield host
    yield f"https://{host}"
    if host == "docker.io":
        yield DOCKER_HUB_KEY
        yield "index.docker.io"


def key_of(host: str) -> str:
    """Return the key under which Docker and Podman keep a host."""
    return DOCKER_HUB_KEY if host == "docker.io" else host


def read_config(path: Path) -> dict[str, Any]:
    """Read a Docker or Podman configuration; an absent file is an empty one."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CREDENTIALS.value + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as fault:
        raise AuthError("the credentials cannot be read", got=f"{str(path)!r}: {fault.strerror}") from fault
    value = canonical.loads(data, f"the credentials {str(path)!r}", bound=MAX_CREDENTIALS) if data.strip() else {}
    if not isinstance(value, dict):
        raise InvalidInput(f"the credentials {str(path)!r} are not an object", got=canonical.describe(value))
    return value


def _from_config(value: Mapping[str, Any], key: str, path: Path, environment: Mapping[str, str]) -> Credential | None:
    helpers = value.get("credHelpers")
    helper = helpers.get(key) if isinstance(helpers, dict) else None
    if helper is None and "/" not in key.removeprefix("https://").rstrip("/"):
        helper = value.get("credsStore")
    if isinstance(helper, str) and helper and (found := _ask(helper, key, environment)) is not None:
        return found
    auths = value.get("auths")
    entry = auths.get(key) if isinstance(auths, dict) else None
    if not isinstance(entry, dict):
        return None
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credential(identity_token=token)
    if isinstance(entry.get("username"), str) and isinstance(entry.get("password"), str):
        return Credential(entry["username"], entry["password"])
    text = entry.get("auth")
    if not isinstance(text, str) or not text:
        return None
    try:
        name, colon, password = base64.decode(text, "auth").decode("utf-8").partition(":")
    except (InvalidInput, UnicodeDecodeError) as fault:
        raise InvalidInput(
            f"the credentials {str(path)!r} have a broken entry",
            got=f"auth of {key!r}",
            expected="base64 of NAME:PASSWORD",
            hint="log in again: govern login " + key,
        ) from fault
    return Credential(name, password.rstrip("\0")) if colon else None


def _ask(helper: str, key: str, environment: Mapping[str, str]) -> Credential | None:
    value = run_helper(helper, "get", key, environment)
    if value is None:
        return None
    name, secret = value.get("Username"), value.get("Secret")
    if not isinstance(name, str) or not isinstance(secret, str):
        return None
    return Credential(identity_token=secret) if name == _TOKEN_USER else Credential(name, secret)


def run_helper(helper: str, verb: str, text: str, environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Run `docker-credential-HELPER VERB`; return its answer, or None where it knows nothing.

    Raises:
        AuthError: for a name that is no program's, and for a helper that hangs.
    """
    if not helper.replace("-", "").replace("_", "").replace(".", "").isalnum() or ".." in helper:
        raise AuthError("a credential helper has a name that is no program's", got=repr(helper)[:100])
    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", verb],
            input=text.encode(),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            check=False,
            env=dict(environment),
        )
    except FileNotFoundError as fault:
        raise AuthError(
            "a credential helper is not installed",
            got=f"docker-credential-{helper}",
            expected="the program on PATH",
            hint="install it, or remove it from the configuration",
        ) from fault
    except subprocess.TimeoutExpired as fault:
        raise AuthError("a credential helper does not answer", got=f"docker-credential-{helper}") from fault
    if done.returncode != 0:
        return None
    try:
        value = json.loads(done.stdout[: MAX_CREDENTIALS.value] or b"{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
