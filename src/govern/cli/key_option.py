"""The signing key of a command line, and whoever is asked for its passphrase or PIN."""

from __future__ import annotations

from pathlib import Path

from govern.cli.verb import Run
from govern.signing.open_signer import open_signer, secret_of
from govern.signing.passphrase import passphrase_from
from govern.signing.signer import Signer


def open_key(run: Run, key: str, passphrase_file: Path | None) -> Signer:
    """Open the signing key, asking for its passphrase or PIN where that is possible."""
    environment = run.context.settings.environment
    secret = secret_of(key)
    ask = passphrase_from(environment, passphrase_file, run.prompt(secret.name), secret.variables)
    return open_signer(key, ask, environment)
