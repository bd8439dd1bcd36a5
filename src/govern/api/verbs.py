"""The verbs as functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from govern.api.arguments import PolicyLike, SignWith, Trusted, context_of, policy_of, signer_of, verifier_of
from govern.artifact.inspect import Rules
from govern.artifact.roles import Role
from govern.artifact.selection import Selection
from govern.errors import UsageError
from govern.oci.reference import Pinned
from govern.operations import attest as _attest
from govern.operations import pull as _pull
from govern.operations import push as _push
from govern.operations import records as _records
from govern.operations import show as _show
from govern.operations import verify as _verify
from govern.operations import versions as _versions
from govern.operations.attest import Attested
from govern.operations.context import resolve as _resolve
from govern.operations.pull import Pulled, Unverified
from govern.operations.push import Pushed
from govern.operations.push_plan import PushOptions
from govern.operations.records import Filter, RecordsFound
from govern.operations.show import Shown
from govern.operations.versions import Versions
from govern.policy.decision import Decision
from govern.predicates.annotation import PLAIN_SCHEMA
from govern.settings import Settings


def push(
    path: str | Path,
    reference: str,
    *,
    key: SignWith,
    passphrase: str | None = None,
    name: str | None = None,
    kind: Literal["model", "dataset"] | None = None,
    metadata: str | Path | None = None,
    inputs: Sequence[str | Path] = (),
    roles: Sequence[tuple[str, Role]] = (),
    allow_pickle: bool = False,
    allow_secrets: Sequence[str] = (),
    link_roots: Sequence[str | Path] = (),
    policy: PolicyLike | None = None,
    reason: str | None = None,
    settings: Settings | None = None,
) -> Pushed:
    """Pack, upload, sign and register a model or dataset, as `govern push` does.

    Args:
        path: a directory, or one file.
        reference: where to, with the version as its tag.
        key: who signs.
        passphrase: of an encrypted key; by default GOVERN_KEY_PASSPHRASE.
        name: the name, where it is not the repository's path.
        kind: model or dataset.
        metadata: a metadata file instead of `govern.yaml` in `path`.
        inputs: directories that `pull` made and this was made from.
        roles: (pattern, role) overrides.
        allow_pickle: whether pickles are packed; recorded. Unsafe.
        allow_secrets: patterns of files that look like secrets and are none; recorded.
        link_roots: further folders that links may point into.
        policy: with one, only authorised registrations take a version.
        reason: why; goes into the registration.
        settings: instead of those of the environment.

    Raises:
        GovernError: see `govern.errors`.
    """
    with context_of(settings) as context:
        options = PushOptions(
            name=name,
            kind=kind,
            rules=Rules(tuple(roles), allow_pickle, tuple(allow_secrets)),
            link_roots=tuple(map(Path, link_roots)),
            inputs=tuple(map(Path, inputs)),
            metadata=Path(metadata) if metadata is not None else None,
            policy=policy_of(policy),
            reason=reason,
        )
        return _push.push(context, Path(path), context.parse(reference), signer_of(context, key, passphrase), options)


def attest(
    reference: str,
    type: str,  # noqa: A002 - what the field calls it
    predicate: Mapping[str, Any],
    *,
    key: SignWith,
    passphrase: str | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> Attested:
    """Attach a signed statement of any predicate type, as `govern attest` does.

    Args:
        reference: the artifact.
        type: a kind, an alias such as `slsaprovenance1`, or a URI.
        predicate: the JSON object; numbers that are not integers as decimal strings.
        key: who signs.
        passphrase: of an encrypted key.
        name: the name, where it is not the repository's path.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        signer = signer_of(context, key, passphrase)
        return _attest.attest(context, context.parse(reference), type, predicate, signer, name=name)


def annotate(
    reference: str,
    entries: Mapping[str, Any],
    *,
    key: SignWith,
    passphrase: str | None = None,
    schema: str = PLAIN_SCHEMA,
    note: str | None = None,
    reason: str | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> Attested:
    """Attach a signed note, as `govern annotate` does. It never decides anything.

    Args:
        reference: the artifact.
        entries: name → value; words that read as decisions are refused.
        key: who signs.
        passphrase: of an encrypted key.
        schema: URI of what the entries mean.
        note: free text.
        reason: why.
        name: the name, where it is not the repository's path.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        signer = signer_of(context, key, passphrase)
        target = context.parse(reference)
        return _attest.annotate(context, target, entries, signer, schema=schema, note=note, reason=reason, name=name)


def verify(
    reference: str,
    *,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    name: str | None = None,
    require: Sequence[str] = (),
    at: datetime | None = None,
    settings: Settings | None = None,
) -> Decision:
    """Decide whether an artifact may be used, as `govern verify` does.

    The answer is in `Decision.outcome`; `Decision.require()` raises unless it is allowed.

    Args:
        reference: the artifact.
        key: public keys that are trusted for the expected name; or
        policy: the policy to decide under.
        name: the expected name, where it is not the repository's path.
        require: with `key`: kinds that must be there, instead of registration.
        at: the moment that is asked about.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        verifier = verifier_of(context, key, policy, require)
        return _verify.verify(context, context.parse(reference), verifier, name=name, at=at).decision


def pull(
    reference: str,
    output: str | Path,
    *,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    insecure_no_verify: bool = False,
    name: str | None = None,
    require: Sequence[str] = (),
    include: Sequence[str] = (),
    roles: Sequence[str] = (),
    force: bool = False,
    settings: Settings | None = None,
) -> Pulled:
    """Verify first, then pull by digest, as `govern pull` does.

    Args:
        reference: the artifact.
        output: the directory.
        key: public keys that are trusted for the expected name; or
        policy: the policy to decide under; or
        insecure_no_verify: no decision at all. Unsafe, and written into the lock.
        name: the expected name, where it is not the repository's path.
        require: with `key`: kinds that must be there, instead of registration.
        include: only these path patterns.
        roles: only files of these roles.
        force: whether local edits may be lost.
        settings: instead of those of the environment.
    """
    with context_of(settings) as context:
        if insecure_no_verify and (key is not None or policy is not None):
            raise UsageError("insecure_no_verify was given with a key or policy", expected="one of them")
        verifier = Unverified() if insecure_no_verify else verifier_of(context, key, policy, require)
        selection = Selection(tuple(include), tuple(roles))
        target = context.parse(reference)
        return _pull.pull(context, target, verifier, Path(output), name=name, selection=selection, force=force)


def records(
    reference: str,
    *,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    kinds: Sequence[str] = (),
    signers: Sequence[str] = (),
    since: datetime | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> RecordsFound:
    """Query the records about an artifact, as `govern records` does. Without key and policy nothing is verified."""
    with context_of(settings) as context:
        verifier = verifier_of(context, key, policy) if key is not None or policy is not None else None
        only = Filter(tuple(kinds), tuple(signers), since)
        return _records.find_records(context, context.parse(reference), verifier, name=name, only=only)


def versions(
    repository: str,
    *,
    key: Trusted | Iterable[Trusted] | None = None,
    policy: PolicyLike | None = None,
    name: str | None = None,
    settings: Settings | None = None,
) -> Versions:
    """List the versions of a name, as `govern list` does. Without key and policy nothing is verified."""
    with context_of(settings) as context:
        verifier = verifier_of(context, key, policy) if key is not None or policy is not None else None
        return _versions.list_versions(context, context.parse(repository), verifier, name)


def show(reference: str, *, settings: Settings | None = None) -> Shown:
    """Show what an artifact is by its own manifest and config, as `govern show` does. Nothing is verified."""
    with context_of(settings) as context:
        return _show.show(context, context.parse(reference))


def resolve(reference: str, *, settings: Settings | None = None) -> Pinned:
    """Turn a reference into what it points to, as `govern resolve` does."""
    with context_of(settings) as context:
        return _resolve(context, context.parse(reference))
