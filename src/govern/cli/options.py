"""Parameters that several verbs share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govern.cli.verb import Run
from govern.errors import UsageError
from govern.operations.policy_file import load_policy
from govern.operations.verify import Verifier
from govern.policy.model import Policy
from govern.signing.key_file import KeySigner, load_public_key, load_signer
from govern.signing.passphrase import passphrase_from

Reference = Annotated[str, typer.Argument(metavar="REF", help="HOST/REPO:TAG, HOST/REPO@sha256:…, or layout:PATH:TAG.")]
SigningKey = Annotated[str, typer.Option("--key", metavar="KEY", help="Private key: a file, or env:NAME.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="File with the key's passphrase (or GOVERN_KEY_PASSPHRASE)."
    ),
]
PublicKeys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="PUB", help="Trust this public key for the expected name; repeat for more."),
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


def open_signer(run: Run, key: str, passphrase_file: Path | None) -> KeySigner:
    """Load the signing key, asking for its passphrase where that is possible."""
    environment = run.context.settings.environment
    return load_signer(key, passphrase_from(environment, passphrase_file, run.prompt()), environment)


def open_policy(run: Run, policy: Path | None) -> Policy | None:
    """Load the policy of a flag or of GOVERN_POLICY; never one of the working directory."""
    environment = run.context.settings.environment
    path = policy or (Path(environment["GOVERN_POLICY"]) if environment.get("GOVERN_POLICY") else None)
    return load_policy(path) if path is not None else None


def open_verifier(
    run: Run, policy: Path | None, keys: list[str] | None, require: list[str] | None, command: str
) -> Verifier:
    """Return what the verifier brings; raise `UsageError` with the command to run where it is nothing."""
    environment = run.context.settings.environment
    if keys:
        if policy is not None:
            raise UsageError(
                "both --key and --policy were given",
                expected="one of them",
                hint="put the key into the policy's people",
            )
        loaded = tuple((one, load_public_key(one, environment)) for one in keys)
        return Verifier(keys=loaded, require=tuple(require or ()))
    opened = open_policy(run, policy)
    if opened is None:
        raise UsageError(
            "nothing says whom to trust",
            expected="--policy FILE, or --key PUB",
            hint=f"{command} --key ci.pub, or write a policy with: govern policy init --key ci.pub > policy.yaml",
        )
    if require:
        raise UsageError("--require goes with --key", expected="the policy's own require section")
    return Verifier(policy=opened)
