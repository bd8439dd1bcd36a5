"""Which files of an artifact are pulled: all, or those that `--include` and `--role` choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from govern.artifact.file_list import Entry, FileList
from govern.artifact.roles import ROLES
from govern.errors import InvalidInput, UsageError, shortened

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Selection:
    """What to pull.

    Args:
        include: path patterns; empty for all.
        roles: roles; empty for all.

    Raises:
        UsageError: for a role that there is not.
    """

    include: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one in self.roles:
            if one not in ROLES:
                raise UsageError("this is not a role", got=shortened(one), expected=f"one of {', '.join(ROLES)}")

    @property
    def words(self) -> tuple[str, ...]:
        """The selection as the lock says it."""
        return (*(f"include {one}" for one in self.include), *(f"role {one}" for one in self.roles))

    def of(self, files: FileList, role_by_layer: Mapping[str, str]) -> tuple[Entry, ...]:
        """Return the chosen entries.

        Raises:
            InvalidInput: where nothing is chosen: an empty pull is a mistake, not a success.
        """
        chosen = tuple(
            one
            for one in files
            if (not self.include or any(fnmatchcase(one.path, pattern) for pattern in self.include))
            and (not self.roles or role_by_layer.get(one.layer, "") in self.roles)
        )
        if not chosen:
            known = ", ".join(one.path for one in files.entries[:_SHOWN])
            roles = ", ".join(sorted({role_by_layer.get(one.layer, "") for one in files} - {""}))
            expected = [f"files such as {known}"] if known and (self.include or not self.roles) else []
            expected += [f"a role that its files have: {roles or 'none'}"] if self.roles else []
            raise InvalidInput(
                "nothing would be pulled",
                got=", ".join(self.words) or "an artifact without files",
                expected="; ".join(expected) or "layers with a path",
            )
        return chosen
