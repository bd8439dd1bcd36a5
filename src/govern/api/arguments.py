"""What the functions of the Python API take: keys, policies and settings, by value or by where they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from govern.errors import UsageError
from govern.operations.context import Context
from govern.operations.policy_file import load_policy
from govern.operations.verify import Verifier
from govern.policy.model import Policy
from govern.settings import Settings, load_settings
from govern.signing.key_file import load_public_key
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.open_signer import open_signer, secret_of
from govern.signing.passphrase import passphrase_from
from govern.signing.record_signer import RecordSigner
from govern.signing.signer import Signer
from govern.trust.keys import PublicKey

KeyLike = Signer | str | Path
"""A key that signs, a private key's path, `env:NAME`, or the URI of a key."""

SignWith = RecordSigner | Signer | str | Path
"""A signer of records, a key that signs, a private key's path, `env:NAME`, or the URI of a key."""

Trusted = PublicKey | str | Path
"""A public key, its path, or `env:NAME`."""

PolicyLike = Policy | str | Path
"""A policy, or its path."""


def context_of(settings: Settings | None) -> Context:
    """Return the surroundings under these settings, or under those of the environment."""
    return Context(settings or load_settings(os.environ))


def signer_of(context: Context, key: SignWith, passphrase: str | None) -> RecordSigner:
    """Return a signer as it is, or the key at a path or URI.

    Args:
        context: the surroundings.
        key: the signer, or where it is.
        passphrase: the key's passphrase, or its token's PIN; without it the environment's opens it.
    """
    if not isinstance(key, str | Path):
        # By the class: to look at an instance would ask a keyless signer for its token.
        return cast("RecordSigner", key) if hasattr(type(key), "made") else KeyRecordSigner(cast("Signer", key))
    return KeyRecordSigner(key_of(context.settings, key, passphrase))


def key_of(settings: Settings, key: KeyLike, passphrase: str | None) -> Signer:
    """Return a key that signs as it is, or the one at a path or URI; see `signer_of`."""
    if not isinstance(key, str | Path):
        return key
    environment = settings.environment
    if passphrase is None:
        ask = passphrase_from(environment, variables=secret_of(str(key)).variables)
    else:
        ask = partial(_said, passphrase)
    return open_signer(str(key), ask, environment)


def _said(passphrase: str, _label: str) -> bytes:
    return passphrase.encode("utf-8", "surrogateescape")


def policy_of(policy: PolicyLike | None) -> Policy | None:
    """Return a policy as it is, or the one at a path."""
    if policy is None or isinstance(policy, Policy):
        return policy
    return load_policy(Path(policy))


def verifier_of(
    context: Context,
    key: Trusted | Iterable[Trusted] | None,
    policy: PolicyLike | None,
    require: Sequence[str] = (),
) -> Verifier:
    """Return what the caller verifies with.

    Args:
        context: the surroundings.
        key: one public key or several; or
        policy: the policy.
        require: with `key`: kinds that must be there.

    Raises:
        UsageError: for neither or both.
    """
    if (key is None) == (policy is None):
        raise UsageError("nothing says whom to trust, or two things do", expected="one of key and policy")
    if key is None:
        return Verifier(policy=policy_of(policy))
    keys = [key] if isinstance(key, PublicKey | str | Path) else list(key)
    environment = context.settings.environment
    loaded = tuple(
        (str(one.signer), one) if isinstance(one, PublicKey) else (str(one), load_public_key(str(one), environment))
        for one in keys
    )
    return Verifier(keys=loaded, require=tuple(require))
