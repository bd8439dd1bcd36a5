"""Refusals that have a second name, by which scripts for oras-py catch them."""

from __future__ import annotations

from govern.errors import InvalidInput, NotFound, UsageError


class NoSuchFile(InvalidInput, FileNotFoundError):
    """A file that a script names is not there."""


class OutsideOfFolder(InvalidInput, ValueError):
    """A file to push is not under the working directory."""


class NotAReference(UsageError, ValueError):
    """What a script names is no repository, tag or digest."""


class NoSuchManifest(NotFound, ValueError):
    """There is no such artifact, or none of a media type that the script allows."""
