"""OMS, the predicate of OpenSSF Model Signing v1.0: the files of a model, by name and digest.

The question it answers: are these the files that somebody signed as one model?

Its subject is a *root digest* of the files' digests, in which no name is. Two models that have swapped two files'
names have one root, so readers go by `resources` and never by the subject.

Source: ossf/model-signing-spec, spec/v1.0.md §5 and §6, schemas/v1.0/predicate.schema.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from govern import canonical
from govern.errors import GovernError, InvalidInput, shortened
from govern.limits import MAX_FILES, MAX_OMS_STATEMENT
from govern.names import Name
from govern.oci.digest import Digest
from govern.paths import order

FILES: Final = "files"
SHARDS: Final = "shards"
SHA256: Final = "sha256"

LEFT_OUT: Final = frozenset({".git", ".gitattributes", ".github", ".gitignore"})
"""Top-level names that no OMS signature covers unless its signer insists (spec §6.2): every verifier skips them."""

NEVER_PACKED: Final = frozenset({".governignore", "govern.lock", "govern.yaml", "model.sig"})
"""Files of ours, which are beside a model and never in an artifact."""

_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+")


class NotForOms(InvalidInput):
    """An artifact that OMS cannot describe. It is as good as any other; it only gets no `model.sig`."""


class Resource(NamedTuple):
    """A file, or a part of one.

    Args:
        name: its path; of a shard with `:START:END` behind it.
        algorithm: of the digest, in the signer's words: model_signing writes `sha256-sharded-1000` for shards.
        digest: hex digits.
    """

    name: str
    algorithm: str
    digest: str


@dataclass(frozen=True, slots=True)
class Oms:
    """The predicate, read.

    Args:
        resources: in the order of the document, at least one.
        method: `files` or `shards`.
        hash_type: the algorithm of all digests, in the signer's words.
        allow_symlinks: whether the signer followed links.
        ignore_paths: what the signer left out.
        shard_size: bytes, or None for `files`.
    """

    resources: tuple[Resource, ...]
    method: str
    hash_type: str
    allow_symlinks: bool
    ignore_paths: tuple[str, ...]
    shard_size: int | None


def root_digest(digests: Iterable[str]) -> Digest:
    """Return the root of a model: sha256 over the raw digests of its resources, in their order (spec §6.5.1)."""
    return Digest.of(bytes.fromhex("".join(digests)))


def is_left_out(path: str) -> bool:
    """Whether OMS passes over a file of a model, by its own rules (spec §6.2.1)."""
    return path.partition("/")[0] in LEFT_OUT


def write_oms(name: Name, files: Mapping[str, str]) -> tuple[tuple[str, Digest], dict[str, Any]]:
    """Describe the files of an artifact as OMS does.

    Args:
        name: of the artifact. OMS wants the name of a folder, which is the last segment.
        files: path → hex digits of the sha256.

    Returns:
        The one subject (name, root digest), and the predicate.

    Raises:
        NotForOms: where OMS passes over every file, or there are too many for one bundle.
    """
    # In the order of the specification: model_signing itself writes `a/b` before `a-b`, and reads either.
    signed = sorted((path for path in files if not is_left_out(path)), key=order)
    if not signed:
        raise NotForOms(
            "there is nothing that an OpenSSF model signature would cover",
            got=", ".join(shortened(path) for path in sorted(files)[:3]) or "no file",
            expected="a file besides " + ", ".join(sorted(LEFT_OUT)),
        )
    predicate = {
        "resources": [{"name": path, "algorithm": SHA256, "digest": files[path]} for path in signed],
        "serialization": {
            "method": FILES,
            "hash_type": SHA256,
            "allow_symlinks": False,
            "ignore_paths": sorted(LEFT_OUT | NEVER_PACKED),
        },
    }
    MAX_OMS_STATEMENT.check(len(canonical.dumps(predicate)), "the OpenSSF model signature", NotForOms)
    return (name.rpartition("/")[2], root_digest(files[path] for path in signed)), predicate


def read_oms(predicate: Mapping[str, Any], error: type[GovernError] = InvalidInput) -> Oms:
    """Read the predicate of a stranger: its shape, and not yet whether it is true.

    Args:
        predicate: the JSON object.
        error: the class to raise.

    Raises:
        error: for what the specification's schema refuses. Further fields are allowed in resources alone.
    """
    _known(predicate, {"resources", "serialization"}, "the OpenSSF model signature", error)
    given = predicate.get("resources")
    if not isinstance(given, list) or not given:
        raise error(
            "the OpenSSF model signature names no file", got=canonical.describe(given), expected="a list of resources"
        )
    MAX_FILES.check(len(given), "the list of resources", error)
    serialization = predicate.get("serialization")
    if not isinstance(serialization, dict):
        raise error("the serialization is not an object", got=canonical.describe(serialization), expected="an object")
    _known(
        serialization, {"method", "hash_type", "shard_size", "allow_symlinks", "ignore_paths"}, "serialization", error
    )
    method = _text(serialization.get("method"), "the method", error)
    if method not in (FILES, SHARDS):
        raise error("the method is not known", got=shortened(method), expected=f"{FILES} or {SHARDS}")
    links = serialization.get("allow_symlinks")
    if not isinstance(links, bool):
        raise error("allow_symlinks is not a boolean", got=canonical.describe(links), expected="true or false")
    ignored = serialization.get("ignore_paths", [])
    if not isinstance(ignored, list) or not all(isinstance(one, str) and one for one in ignored):
        raise error("ignore_paths is not a list of paths", got=shortened(ignored), expected="a list of text")
    return Oms(
        resources=tuple(_resource(item, error) for item in given),
        method=method,
        hash_type=_text(serialization.get("hash_type"), "the hash type", error),
        allow_symlinks=links,
        ignore_paths=tuple(ignored),
        shard_size=_shard_size(serialization.get("shard_size"), method, error),
    )


def _resource(item: object, error: type[GovernError]) -> Resource:
    if not isinstance(item, dict):
        raise error("a resource is not an object", got=canonical.describe(item), expected="an object")
    name, digest = _text(item.get("name"), "the name of a resource", error), item.get("digest")
    algorithm = _text(item.get("algorithm"), f"the algorithm of {shortened(name)}", error)
    if not isinstance(digest, str) or _HEX.fullmatch(digest) is None:
        raise error(f"the digest of {shortened(name)} is malformed", got=shortened(digest), expected="hex digits")
    return Resource(name, algorithm, digest)


def _shard_size(value: object, method: str, error: type[GovernError]) -> int | None:
    if method == FILES and value is None:
        return None
    # protobuf knows only doubles: the reference writes 1000000000.0.
    if method == FILES or isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value % 1:
        raise error(
            "the shard size is not one", got=shortened(value), expected="bytes for shards, and nothing for files"
        )
    return int(value)


def _text(value: object, what: str, error: type[GovernError]) -> str:
    if not isinstance(value, str) or not value:
        raise error(f"{what} is not text", got=shortened(value), expected="a word")
    return value


def _known(value: Mapping[str, Any], fields: set[str], what: str, error: type[GovernError]) -> None:
    if unknown := sorted(set(value) - fields):
        raise error(f"{what} has unknown fields", got=", ".join(unknown)[:200], expected=", ".join(sorted(fields)))
