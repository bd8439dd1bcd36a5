"""Parameters that several verbs share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govern.cli.verb import Run
from govern.operations.policy_file import load_policy
from govern.policy.model import Policy

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


def open_policy(run: Run, policy: Path | None) -> Policy | None:
    """Load the policy of a flag or of GOVERN_POLICY; never one of the working directory."""
    environment = run.context.settings.environment
    path = policy or (Path(environment["GOVERN_POLICY"]) if environment.get("GOVERN_POLICY") else None)
    return load_policy(path) if path is not None else None
