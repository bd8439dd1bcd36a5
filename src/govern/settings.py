"""Settings: one order, one owner. A flag beats the environment, which beats the user's file.

The file is `GOVERN_CONFIG`, else `govern/config.toml` under `XDG_CONFIG_HOME` or `~/.config`:

    registry = "registry.example.com/models"     # completes names without a host
    jobs = 4
    timeout = 60

    [hosts."registry.example.com"]
    token_realms = ["https://auth.example.com/token"]   # may have this registry's credentials
    ca = "/etc/ssl/example.pem"
    client_cert = "/etc/govern/client.pem"
    client_key = "/etc/govern/client.key"
    plain_http = false
    referrers = "auto"                                  # auto, api or tags
    upload = "auto"                                     # auto, whole or chunks

Nothing is ever read from the working directory, and nothing from the repository being judged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from govern.errors import InvalidInput, shortened
from govern.limits import MAX_SETTINGS

MAX_JOBS: Final = 32
_HOST_KEYS: Final = {
    "token_realms": "a list of URLs", "ca": "a path", "client_cert": "a path", "client_key": "a path",
    "plain_http": "true or false", "referrers": "a word", "upload": "a word",
}  # fmt: skip
_KEYS: Final = {"registry": "HOST or HOST/PREFIX", "jobs": "a number", "timeout": "a number", "hosts": "a table"}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_IS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "a list of URLs": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "a path": _is_text,
    "a word": _is_text,
    "HOST or HOST/PREFIX": _is_text,
    "true or false": lambda value: isinstance(value, bool),
    "a number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "a table": lambda value: isinstance(value, dict),
}


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What is set for one registry host.

    Args:
        token_realms: URLs of token services on other origins that may have this host's credentials.
        ca: a file of authorities instead of the built-in ones, or None.
        client_cert: a client certificate, or None.
        client_key: its key, or None where the certificate's file holds it.
        plain_http: whether the host is spoken to without TLS.
        referrers: `auto`, `api` (never write tags), or `tags` (never ask the API).
        upload: `auto`, `whole` (one PUT), or `chunks`.
    """

    token_realms: tuple[str, ...] = ()
    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    plain_http: bool = False
    referrers: str = "auto"
    upload: str = "auto"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set from outside.

    Args:
        environment: the process's variables.
        registry: `HOST` or `HOST/PREFIX` that completes names without a host, or None.
        jobs: how many requests or files at once.
        timeout: seconds without a byte before a connection is given up.
        hosts: per host.
        any_host: what flags said for every host of this command.
        cache: folder of what can be had again, or None.
        state: folder of the journal, or None.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    registry: str | None = None
    jobs: int = 4
    timeout: float = 60.0
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)
    any_host: HostSettings = HostSettings()
    cache: Path | None = None
    state: Path | None = None

    def host(self, host: str) -> HostSettings:
        """Return what holds for a host: the file's entry, overlaid by this command's flags."""
        base, flags = self.hosts.get(host, HostSettings()), self.any_host
        return replace(
            base,
            ca=flags.ca or base.ca,
            client_cert=flags.client_cert or base.client_cert,
            client_key=flags.client_key or base.client_key,
            plain_http=flags.plain_http or base.plain_http,
        )

    def with_environment(self, environment: Mapping[str, str]) -> Settings:
        """Return the same settings over other variables."""
        return replace(self, environment=environment)

    @property
    def home(self) -> Path | None:
        """The home folder, or None in a container that has none."""
        return _folder(self.environment.get("HOME"))


def load_settings(
    environment: Mapping[str, str],
    *,
    jobs: int | None = None,
    timeout: float | None = None,
    any_host: HostSettings = HostSettings(),
) -> Settings:
    """Read flags, environment and file, in this order.

    Args:
        environment: the process's variables.
        jobs: of `--jobs`.
        timeout: of `--timeout`, seconds.
        any_host: of `--plain-http`, `--ca-file`, `--client-cert` and `--client-key`.

    Raises:
        InvalidInput: for a file that cannot be read, and for unknown or wrong settings.
    """
    file = _read_file(environment)
    jobs = _first(jobs, _number(environment, "GOVERN_JOBS", int), file.get("jobs"), 4)
    timeout = _first(timeout, _number(environment, "GOVERN_TIMEOUT", float), file.get("timeout"), 60)
    if not isinstance(jobs, int) or not 1 <= jobs <= MAX_JOBS:
        raise InvalidInput("the number of jobs is out of range", got=str(jobs), expected=f"1 to {MAX_JOBS}")
    if not isinstance(timeout, int | float) or not 1 <= timeout <= 86_400:
        raise InvalidInput("the timeout is out of range", got=str(timeout), expected="1 to 86400 seconds")
    return Settings(
        environment=environment,
        registry=environment.get("GOVERN_REGISTRY") or file.get("registry"),
        jobs=jobs,
        timeout=float(timeout),
        hosts={name: _host(name, value) for name, value in file.get("hosts", {}).items()},
        any_host=any_host,
        cache=_folder(environment.get("GOVERN_CACHE_DIR")) or _xdg(environment, "XDG_CACHE_HOME", ".cache"),
        # Without a place that was named for state, there is none: FORMAT §7.
        state=_folder(environment.get("GOVERN_STATE_DIR")) or _xdg(environment, "XDG_STATE_HOME", None),
    )


def _folder(text: str | None) -> Path | None:
    return Path(text) if text and Path(text).is_absolute() else None


def _xdg(environment: Mapping[str, str], variable: str, below_home: str | None) -> Path | None:
    if (named := _folder(environment.get(variable))) is not None:
        return named / "govern"
    home = _folder(environment.get("HOME"))
    return home / below_home / "govern" if home is not None and below_home is not None else None


def _first(*values: Any) -> Any:
    """Return the first that was said; 0 was said too, and is refused."""
    return next(one for one in values if one is not None)


def _number(environment: Mapping[str, str], variable: str, kind: type[int | float]) -> int | float | None:
    text = environment.get(variable)
    if not text:
        return None
    # What a flag takes, and no more: Python's own numbers may also be `1_0`, `1e3` or `nan`.
    pattern = r"[+-]?[0-9]{1,9}" + (r"(\.[0-9]{1,9})?" if kind is float else "")
    if not re.fullmatch(pattern, text):
        expected = "a number of seconds" if kind is float else "a whole number"
        raise InvalidInput(f"{variable} is not a number", got=shortened(text), expected=expected)
    return kind(text)


def _read_file(environment: Mapping[str, str]) -> dict[str, Any]:
    named = environment.get("GOVERN_CONFIG")
    folder = _xdg(environment, "XDG_CONFIG_HOME", ".config")
    path = Path(named) if named else folder / "config.toml" if folder else None
    if path is None:
        return {}
    try:
        with path.open("rb") as source:
            data = source.read(MAX_SETTINGS.value + 1)
    except FileNotFoundError:
        if named:
            raise InvalidInput(
                "the settings file is not there", got=str(path), expected="what GOVERN_CONFIG names"
            ) from None
        return {}
    except OSError as fault:
        if not named:
            return {}
        raise InvalidInput("the settings file cannot be read", got=f"{path}: {fault.strerror}") from fault
    MAX_SETTINGS.check(len(data), "the settings file", InvalidInput)
    try:
        value = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        # Not only its own: tomllib lets out what Python says of a number of 5,000 digits or of 1,000 brackets.
        raise InvalidInput(f"the settings file {path} is not TOML", got=str(fault)[:200], expected="TOML") from fault
    where = f"the settings file {path}"
    _check(value, _KEYS, where)
    for name, host in value.get("hosts", {}).items():
        if not isinstance(host, dict):
            raise InvalidInput(f"{where}: hosts.{name!r} is wrong", got=repr(host)[:80], expected="a table")
        _check(host, _HOST_KEYS, f"{where}: hosts.{name!r}")
    return value


def _check(value: Mapping[str, Any], kinds: Mapping[str, str], where: str) -> None:
    unknown = sorted(set(value) - set(kinds))
    if unknown:
        raise InvalidInput(f"{where} has unknown settings", got=", ".join(unknown), expected=", ".join(sorted(kinds)))
    for name, item in value.items():
        # What looks true is not always meant so: plain_http = "false" must not send passwords in the clear.
        if not _IS[kinds[name]](item):
            raise InvalidInput(f"{where}: {name} is wrong", got=repr(item)[:80], expected=kinds[name])


def _host(name: str, value: Mapping[str, Any]) -> HostSettings:
    def path(key: str) -> Path | None:
        return Path(value[key]) if value.get(key) else None

    for key, words in (("referrers", ("auto", "api", "tags")), ("upload", ("auto", "whole", "chunks"))):
        if value.get(key, "auto") not in words:
            raise InvalidInput(f"{key} of {name} is unknown", got=repr(value[key]), expected=", ".join(words))
    return HostSettings(
        token_realms=tuple(value.get("token_realms", ())),
        ca=path("ca"),
        client_cert=path("client_cert"),
        client_key=path("client_key"),
        plain_http=value.get("plain_http", False),
        referrers=value.get("referrers", "auto"),
        upload=value.get("upload", "auto"),
    )
