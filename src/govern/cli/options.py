"""Parameters that several verbs share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govern.cli.verb import Run
from govern.operations.policy_file import load_policy
from govern.policy.model import Policy
from govern.signing import open_signer as signers
from govern.signing.passphrase import passphrase_from
from govern.signing.signer import Signer

Reference = Annotated[str, typer.Argument(metavar="REF", help="HOST/REPO:TAG, HOST/REPO@sha256:…, or layout:PATH:TAG.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="File with the key's passphrase or PIN (or GOVERN_KEY_PASSPHRASE, GOVERN_HSM_PIN).",
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="The policy to decide under (or GOVERN_POLICY).")
]
ExpectedName = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The name you expect, where it is not the repository's path."),
]
SignedName = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The name to write into it, where it is not the repository's path."),
]
Require = Annotated[
    list[str] | None,
    typer.Option("--require", metavar="TYPE", help="With --key: kinds that must be there, instead of registration."),
]


def open_key(run: Run, key: str, passphrase_file: Path | None) -> Signer:
    """Open the signing key, asking for its passphrase or PIN where that is possible."""
    environment = run.context.settings.environment
    secret = signers.secret_of(key)
    ask = passphrase_from(environment, passphrase_file, run.prompt(secret.name), secret.variables)
    return signers.open_signer(key, ask, environment)


def open_policy(run: Run, policy: Path | None) -> Policy | None:
    """Load the policy of a flag or of GOVERN_POLICY; never one of the working directory."""
    environment = run.context.settings.environment
    path = policy or (Path(environment["GOVERN_POLICY"]) if environment.get("GOVERN_POLICY") else None)
    return load_policy(path) if path is not None else None
