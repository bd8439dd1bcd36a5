"""`copy`, `save` and `load` as functions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from govern.api.arguments import PolicyLike, Trusted, context_of, verifier_of
from govern.operations import archive as _archive
from govern.operations import copy as _copy
from govern.operations.archive import Saved
from govern.operations.context import Context
from govern.operations.copy import CopyOptions
from govern.operations.copy_result import Copied
from govern.operations.verify import Verifier
from govern.settings import Settings


def copy(
    source: str,
    target: str,
    *,
    records_only: bool = False,
    depth: int = 0,
    dependencies: str | None = None,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> Copied:
    """Copy an artifact with everything that is said about it, as `govern copy` does.

    What could not be carried is in `Copied.not_carried`; with any, the copy is not complete.

    Args:
        source: with a tag or digest; without either, every version.
        target: a repository or layout.
        records_only: only records and the line's tags; the artifact must be at the target.
        depth: how far to follow what it was made from.
        dependencies: `HOST/PATH` or `layout:FOLDER` below which that goes; by default beside the target.
        key: public keys under which it must be allowed first; or
        policy: the policy under which it must be. Without either nothing is judged.
        name: the expected name.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        options = CopyOptions(name, _verifier(context, key, policy), records_only, depth, dependencies)
        return _copy.copy(context, context.parse(source), context.parse(target), options)


def save(
    source: str,
    file: str | Path,
    *,
    force: bool = False,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> Saved:
    """Write an artifact with everything that is said about it into one file, as `govern save` does.

    Args:
        source: with a tag or digest; without either, every version.
        file: a tar of an OCI image layout.
        force: whether a file that is there is replaced.
        key: public keys under which it must be allowed first; or
        policy: the policy under which it must be. Without either nothing is judged.
        name: the expected name.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        verifier = _verifier(context, key, policy)
        return _archive.save(context, context.parse(source), Path(file), name=name, verifier=verifier, force=force)


def load(
    file: str | Path,
    target: str,
    *,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> Copied:
    """Copy everything in a saved file to a registry or layout, as `govern load` does.

    Args:
        file: what `save` wrote, or any tar of an OCI image layout.
        target: a repository or layout.
        key: public keys under which it must be allowed first; or
        policy: the policy under which it must be. Without either nothing is judged.
        name: the expected name.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        verifier = _verifier(context, key, policy)
        return _archive.load(context, Path(file), context.parse(target), name=name, verifier=verifier)


def _verifier(context: Context, key: Trusted | Iterable[Trusted] | None, policy: PolicyLike | None) -> Verifier | None:
    return verifier_of(context, key, policy) if key is not None or policy is not None else None
