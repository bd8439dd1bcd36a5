"""Signers for `push`, `attest` and `annotate`, beside a key at a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from govern.api.arguments import KeyLike, key_of
from govern.operations.signers import SignWith, record_signer
from govern.settings import Settings, load_settings
from govern.signing.record_signer import RecordSigner


def signer(
    key: KeyLike,
    *,
    passphrase: str | None = None,
    certificate: str | Path | None = None,
    timestamp_urls: Sequence[str] = (),
    log_url: str | None = None,
    settings: Settings | None = None,
) -> RecordSigner:
    """Return a signer with a key, and on request with its certificate, trusted time, and an entry in a log.

    Args:
        key: a path, `env:NAME`, a URI, or an opened key.
        passphrase: of an encrypted key, or the PIN of its token; by default the environment's.
        certificate: PEM chain of the key's certificate, leaf first.
        timestamp_urls: RFC 3161 authorities.
        log_url: a Rekor v2 log.
        settings: instead of those of the environment.
    """
    given = settings or load_settings(os.environ)
    chosen = SignWith(
        key=key_of(given, key, passphrase),
        certificate=Path(certificate) if certificate is not None else None,
        timestamp_urls=tuple(timestamp_urls),
        log_url=log_url,
    )
    return record_signer(chosen, given)


def keyless(
    *,
    token_file: str | Path | None = None,
    trust_config: str | Path | None = None,
    browser: bool = False,
    settings: Settings | None = None,
) -> RecordSigner:
    """Return a signer with an identity token: of a file, of SIGSTORE_ID_TOKEN, of the CI job, or of the browser.

    Args:
        token_file: a file that holds the token.
        trust_config: the client trust configuration of a private Sigstore; the public one by default.
        browser: whether a person may be asked to sign in.
        settings: instead of those of the environment.
    """
    chosen = SignWith(
        keyless=True,
        token_file=Path(token_file) if token_file is not None else None,
        trust_config=Path(trust_config) if trust_config is not None else None,
        browser=browser,
    )
    return record_signer(chosen, settings or load_settings(os.environ))
