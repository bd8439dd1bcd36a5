"""`check_oms`: does an OpenSSF model signature speak of exactly the files of this artifact? No weights are needed.

    (1) statement  in-toto v1, of the OMS type, with one subject
    (2) files      whole files by sha256: all that a manifest knows as well
    (3) names      relative, normal, each once, in an order
    (4) root       the subject is the root of the resources
    (5) equality   the same names with the same digests, none missing, none more

What the signer chose to leave out (`ignore_paths`) is never believed: a signer who ignores a file of the artifact
has not signed the artifact. Source: ossf/model-signing-spec, spec/v1.0.md §6 and §8; its §8.4 enumerates a directory
where this reads a file list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from govern.errors import Denied, GovernError, shortened
from govern.intoto.statement import STATEMENT_V1, Statement
from govern.paths import check_path
from govern.predicates.kinds import OMS_V1
from govern.predicates.oms import FILES, NEVER_PACKED, SHA256, Oms, is_left_out, read_oms, root_digest

_SHA256_DIGITS: Final = 64
_SHOWN: Final = 5
_INSTEAD: Final = (
    "pull without it and check the directory with model_signing, or ask for a signature with sha256 of files"
)


def check_oms(statement: Statement, files: Mapping[str, str], error: type[GovernError] = Denied) -> tuple[str, ...]:
    """Hold an OpenSSF model signature against the files of an artifact.

    Args:
        statement: what was signed; its signature is somebody else's question.
        files: every file of the artifact: path → hex digits of the sha256.
        error: the class to raise.

    Returns:
        Files of the artifact of which the signature says nothing, because OMS itself passes over them: `.gitignore`,
        `.gitattributes`, `.github/`. Whoever shows the record says so.

    Raises:
        error: where it speaks of other files, or in a way that cannot be held against a manifest.
    """
    # (1)
    if statement.type != STATEMENT_V1 or statement.predicate_type != OMS_V1:
        raise error(
            "this is not an OpenSSF model signature",
            got=f"{statement.type[:100]} {statement.predicate_type[:200]}",
            expected=f"{STATEMENT_V1} {OMS_V1}",
        )
    if len(statement.subjects) != 1 or statement.subjects[0].sha256 is None or not statement.subjects[0].name:
        raise error(
            "the OpenSSF model signature has another shape than prescribed",
            got=f"{len(statement.subjects)} subjects",
            expected="exactly one, with a name and a sha256",
        )
    oms = read_oms(statement.predicate, error)
    # (2)
    _check_method(oms, error)
    # (3)
    signed = _names(oms, files, error)
    # (4)
    root = root_digest(one.digest for one in oms.resources)
    if root.encoded != statement.subjects[0].sha256:
        raise error(
            "the root digest of the OpenSSF model signature is not that of its files",
            got=f"sha256:{statement.subjects[0].sha256}",
            expected=str(root),
        )
    # (5)
    return _compare(oms, signed, files, error)


def _check_method(oms: Oms, error: type[GovernError]) -> None:
    if oms.method != FILES:
        raise error(
            "the OpenSSF model signature names parts of files, which a manifest does not",
            got=f"shards of {oms.shard_size} bytes",
            expected="whole files",
            hint=_INSTEAD,
        )
    other = next((one.algorithm for one in oms.resources if one.algorithm != SHA256), oms.hash_type)
    if other != SHA256:
        raise error(
            "the OpenSSF model signature names files by a digest that a manifest does not have",
            got=shortened(other),
            expected=SHA256,
            hint=_INSTEAD,
        )
    for one in oms.resources:
        if len(one.digest) != _SHA256_DIGITS:
            raise error(
                f"the digest of {shortened(one.name)} is malformed",
                got=f"{len(one.digest)} digits",
                expected=f"{_SHA256_DIGITS} digits of a sha256",
            )


def _names(oms: Oms, files: Mapping[str, str], error: type[GovernError]) -> dict[str, str]:
    """Return the signed files; refuse names that two readers would read as two different things."""
    names = [one.name for one in oms.resources]
    for name in names:
        # The paths of the artifact were judged when its file list was read.
        if name not in files:
            check_path(name, "the OpenSSF model signature", error)
    signed = {one.name: one.digest for one in oms.resources}
    if len(signed) != len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise error("the OpenSSF model signature names a file twice", got=shortened(twice), expected="every file once")
    # By code point, as the specification says; or by segment, as model_signing writes.
    segments = [name.split("/") for name in names]
    if any(a > b for a, b in pairwise(names)) and any(a > b for a, b in pairwise(segments)):
        raise error(
            "the files of the OpenSSF model signature are not in order",
            expected="names in the order of their code points",
            hint="a reader who sorts them gets another root digest",
        )
    return signed


def _compare(
    oms: Oms, signed: Mapping[str, str], files: Mapping[str, str], error: type[GovernError]
) -> tuple[str, ...]:
    changed = sorted(path for path, digest in signed.items() if files.get(path, digest) != digest)
    missing = sorted(path for path in signed.keys() - files.keys() if not _is_never_packed(path))
    unsigned = files.keys() - signed.keys()
    extra = sorted(path for path in unsigned if not is_left_out(path))
    if changed or missing or extra or not signed.keys() & files.keys():
        told = (("other bytes in", changed), ("not in the artifact:", missing), ("not signed:", extra))
        raise error(
            "the OpenSSF model signature is of other files",
            got="; ".join(f"{word} {_listed(paths)}" for word, paths in told if paths) or "no file of the artifact",
            expected=f"exactly the {len(files)} files of the artifact",
            hint=_why(oms, extra),
        )
    return tuple(sorted(unsigned))


def _why(oms: Oms, extra: Sequence[str]) -> str:
    for path in extra:
        for ignored in oms.ignore_paths:
            if path == ignored or path.startswith(f"{ignored}/"):
                return f"its signer chose to ignore {shortened(ignored)}, so nobody vouches for {shortened(path)}"
    return ""


def _is_never_packed(path: str) -> bool:
    segments = path.split("/")
    return segments[-1] in NEVER_PACKED or ".git" in segments


def _listed(paths: Sequence[str]) -> str:
    rest = len(paths) - _SHOWN
    return ", ".join(shortened(path) for path in paths[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
