"""References that people type, and `Pinned`, what they become once.

    host/repo:tag   host/repo@sha256:…   host/repo:tag@sha256:…   layout:PATH:TAG   layout:PATH@sha256:…

A `Reference` may be a tag, and a tag may move. `Pinned` cannot (DESIGN §1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, assert_never

from govern.errors import GovernError, InvalidInput, UsageError, shortened
from govern.names import Name, is_repository, is_tag
from govern.oci.digest import Digest

LAYOUT_SCHEME: Final = "layout:"
_HOST: Final = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
    r"|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)
_LAYOUT_DIGEST: Final = re.compile(r"(.*)@((?:sha[0-9]+|md5|blake[0-9a-z]+):[^/]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RegistryPlace:
    """A repository of a registry.

    Args:
        host: host name with an optional port, as typed (`docker.io`, `localhost:5000`).
        repository: the repository path.
    """

    host: str
    repository: str

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}"


@dataclass(frozen=True, slots=True)
class LayoutPlace:
    """An OCI image layout on disk.

    Args:
        path: the directory, as typed; the resolver made it absolute where a name depends on it.
    """

    path: str

    def __str__(self) -> str:
        return f"{LAYOUT_SCHEME}{self.path}"


Place = RegistryPlace | LayoutPlace


@dataclass(frozen=True, slots=True)
class Reference:
    """What a person typed: a place, and a tag or a digest or both or none.

    Args:
        place: where.
        tag: the tag, or None.
        digest: the digest, or None. With both, the digest says what and the tag must agree.
    """

    place: Place
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.place}{tag}{digest}"

    def without_version(self) -> Reference:
        """Return the same place without tag and digest."""
        return replace(self, tag=None, digest=None)


@dataclass(frozen=True, slots=True)
class Pinned:
    """One content of one place: what every later step works with.

    Args:
        place: where.
        digest: which manifest, by sha256.
        tag: the tag that was typed, or None. A claim to be judged, never used to fetch.
    """

    place: Place
    digest: Digest
    tag: str | None = None

    def __str__(self) -> str:
        return f"{self.place}@{self.digest}"


def parse(text: str, *, default_registry: str | None = None) -> Reference:
    """Read a reference.

    Args:
        text: what was typed.
        default_registry: `HOST` or `HOST/PREFIX` that completes a name without a host, or None.

    Raises:
        UsageError: for anything that is not a reference, and for a name without a host where no default
            registry is configured: never a silent fallback to the laptop (DESIGN §7).

    Source: distribution spec 1.1, "Pulling manifests"; Docker's own names for Docker Hub.
    """
    if text.startswith(LAYOUT_SCHEME):
        return _parse_layout(text)
    if not text or text != text.strip() or not text.isprintable():
        raise _unusable(text)
    if "://" in text:
        raise UsageError(
            "a reference is not a URL",
            got=_shown(text),
            expected="HOST/REPOSITORY:TAG, without https:// and without a password",
            hint="credentials are kept by: govern login HOST",
        )
    rest, digest = text, None
    if "@" in text:
        rest, _, digest_text = text.partition("@")
        if "/" in digest_text:
            # Nothing of it is shown: what stands before the @ may hold a password.
            raise UsageError(
                "credentials do not belong in a reference",
                got="something before @HOST/REPOSITORY",
                expected="HOST/REPOSITORY:TAG",
                hint="credentials are kept by: govern login HOST --username NAME",
            )
        digest = Digest(digest_text, error=UsageError)
    tag: str | None = None
    head, colon, tail = rest.rpartition(":")
    if colon and head and "/" not in tail:
        rest, tag = head, tail
    first, slash, path = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        # Names of hosts know no capitals: under another spelling a policy's `lines` would not be found.
        host = first.lower()
    elif default_registry:
        host, _, prefix = default_registry.partition("/")
        path = f"{prefix}/{rest}" if prefix else rest
    elif rest == "localhost" or ("." in rest and tag is not None and tag.isdecimal()):
        raise UsageError(
            "the reference has no repository",
            got=repr(text),
            expected="HOST/REPOSITORY:TAG or layout:PATH:TAG",
            hint=f"write what is meant on it: {text}/NAME",
        )
    else:
        raise UsageError(
            "the reference has no registry",
            got=repr(text),
            expected="HOST/REPOSITORY:TAG or layout:PATH:TAG",
            hint=f"write registry.example.com/{text}, layout:./store/{text}, or set a default with GOVERN_REGISTRY",
        )
    host, path = _docker_hub(host, path)
    check_host(host)
    if not is_repository(path):
        raise UsageError(
            "this is not a repository",
            got=repr(path[:200]),
            expected="lower-case letters, digits and . _ - between them, segments divided by /",
        )
    if tag is not None and not is_tag(tag):
        raise _bad_tag(tag)
    return Reference(RegistryPlace(host, path), tag, digest)


def is_host(text: str) -> bool:
    """Whether `text` is a registry as people write it: `HOST` or `HOST:PORT`."""
    port = text.rpartition(":")[2] if not text.endswith("]") and ":" in text else ""
    return _HOST.fullmatch(text) is not None and (not port or 0 < int(port) < 65_536)


def check_host(text: str) -> str:
    """Return `text` if it is a registry as people write it, `HOST` or `HOST:PORT`; else raise `UsageError`."""
    if not is_host(text):
        raise UsageError("this is not a registry host", got=_shown(text), expected="HOST or HOST:PORT")
    return text


def _shown(text: str) -> str:
    # Whoever pastes a URL may have a password in it.
    return shortened(re.sub(r"//.*@", "//…@", text, flags=re.DOTALL) if "//" in text else text)


def _docker_hub(host: str, path: str) -> tuple[str, str]:
    # Docker Hub has three names and one; and its official repositories live in library/.
    if host in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        host = "docker.io"
        if "/" not in path:
            path = f"library/{path}"
    return host, path


def _parse_layout(text: str) -> Reference:
    rest = text.removeprefix(LAYOUT_SCHEME)
    if not rest or "\x00" in rest or not _is_unicode(rest):
        # The path stands in the lock and in every JSON output, which hold nothing but Unicode.
        raise _unusable(text)
    digest: Digest | None = None
    if match := _LAYOUT_DIGEST.fullmatch(rest):
        rest, digest_text = match.groups()
        digest = Digest(digest_text, error=UsageError)
        if not rest:
            raise _unusable(text)
    # FORMAT §1: split at the last colon after the last slash.
    head, slash, last = rest.rpartition("/")
    name, colon, tag = last.rpartition(":")
    if not colon:
        return Reference(LayoutPlace(rest), None, digest)
    if not is_tag(tag):
        raise _bad_tag(tag)
    if not (head + slash + name):
        raise _unusable(text)
    return Reference(LayoutPlace(head + slash + name), tag, digest)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _bad_tag(tag: str) -> UsageError:
    hint = f"registries have no + in tags: use {tag.replace('+', '-')!r}" if "+" in tag else ""
    return UsageError(
        "this is not a tag", got=repr(tag[:200]), expected="1 to 128 of letters, digits and . _ -", hint=hint
    )


def _unusable(text: str) -> UsageError:
    return UsageError(
        "this is not a reference",
        got=repr(text[:200]),
        expected="HOST/REPOSITORY:TAG, HOST/REPOSITORY@sha256:…, or layout:PATH:TAG",
    )


def name_of(place: Place, *, absolute: str = "", error: type[GovernError] = UsageError) -> Name:
    """Return the name that a place has by default (FORMAT §1).

    Args:
        place: a repository (its path without the host) or a layout (the last segment of its path).
        absolute: the absolute path of a layout, found by whoever may touch the file system.
        error: the class to raise where the last segment is not a legal name.
    """
    match place:
        case RegistryPlace():
            return Name(place.repository, error=error)
        case LayoutPlace():
            last = PurePosixPath(absolute or place.path).name
            try:
                return Name(last, error=error)
            except InvalidInput as fault:
                raise error(
                    "the layout's directory does not give a name",
                    got=repr(last),
                    expected="a directory called like a repository, for example fraud",
                    hint="give one with --name",
                ) from fault
        case _:
            assert_never(place)
