"""Git's configuration, as far as it names programs and remotes, and whose each value is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from govern.capture.git_program import Git
from govern.capture.redact import REDACTED, clean_text, redact_url

_FILTER: Final = re.compile(r"filter\.(.*)\.(?:clean|process)", re.DOTALL)
_WANTED: Final = (
    r"^(filter\..*\.(clean|process)|lfs\.[Ee][Xx][Tt][Ee][Nn][Ss][Ii][Oo][Nn]\..*|remote\..*\.url|branch\..*\.remote)$"
)
_NETWORK_URL: Final = ("https://", "http://", "ssh://", "git://", "ftp://", "ftps://")

_KNOWN_FILTERS: Final = frozenset({"git-lfs clean -- %f", "git-lfs filter-process"})
"""What `git lfs install --local` writes, letter for letter: it names a program on the user's own PATH."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of git's configuration; `own` if the repository itself sets it."""

    key: str
    value: str
    own: bool


def read_settings(git: Git) -> Iterator[Setting]:
    """Yield filters, extensions of Git LFS, and remotes, in the order in which later ones win.

    Raises:
        OSError: where git cannot say: what is not known cannot be switched off.
    """
    answer = git.ask("config", "--show-scope", "-z", "--get-regexp", _WANTED)
    if answer.code not in (0, 1):
        raise OSError("git config failed")
    parts = answer.text.split("\x00")
    for scope, pair in zip(parts[0::2], parts[1::2], strict=False):
        key, _, value = pair.partition("\n")
        yield Setting(key, value, own=scope not in ("system", "global", "command"))


def remote_of(settings: Sequence[Setting], branch: str | None) -> str | None:
    """Return the URL of the branch's upstream, else of `origin`, without credentials; None for a local path.

    Args:
        settings: from `read_settings`.
        branch: the branch, or None where HEAD is detached.
    """
    # The last value of a key is the one that git uses.
    values = {setting.key: setting.value for setting in settings}
    upstream = values.get(f"branch.{branch}.remote", "origin") if branch is not None else "origin"
    raw = values.get(f"remote.{upstream}.url") or values.get("remote.origin.url")
    if not raw:
        return None
    url = redact_url(raw)
    # A path of this machine says nothing elsewhere, and often names its user.
    if url != REDACTED and not url.startswith(_NETWORK_URL):
        return None
    return clean_text(url)


def without_filters(settings: Sequence[Setting], notes: list[str]) -> list[str] | None:
    """Return options that switch off the filter programs which the repository itself names; None if one cannot be.

    `git status` pipes a file whose time stamp changed through its clean filter: a program that any
    repository may name. The user's own filters (global, system) and Git LFS stay.

    Args:
        settings: from `read_settings`.
        notes: what the person who pushes should know is added here.
    """
    own = [setting for setting in settings if setting.own]
    names = {
        match[1]
        for setting in own
        if setting.value not in _KNOWN_FILTERS and (match := _FILTER.fullmatch(setting.key)) is not None
    }
    # `-c` splits at the first equals sign; and an extension is run by Git LFS, whoever configured that.
    if any("=" in name for name in names) or any(setting.key.lower().startswith("lfs.extension.") for setting in own):
        notes.append("the repository names programs that cannot be switched off; whether it is clean is not known")
        return None
    if names:
        notes.append("filters that the repository's own configuration names were not run; files may count as changed")
    return [
        option
        for name in sorted(names)
        for setting in ("clean=", "process=", "required=false")
        for option in ("-c", f"filter.{name}.{setting}")
    ]
