"""`govern key generate` and `govern key show`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from govern.cli.key_option import open_key
from govern.cli.options import PassphraseFile
from govern.cli.verb import Run, group, verb
from govern.errors import UsageError
from govern.report.file_views import KeyView
from govern.signing.key_file import generate_key_pair, load_public_key
from govern.signing.key_uri import parse_key_uri
from govern.signing.passphrase import PASSPHRASE_VARIABLE, passphrase_from
from govern.trust.keys import PublicKey


def generate(
    run: Run,
    output: Annotated[Path, typer.Option("--output", metavar="PREFIX", help="Writes PREFIX.key and PREFIX.pub.")],
    passphrase_file: PassphraseFile = None,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Leave the private key unencrypted. Unsafe on a shared disk.")
    ] = False,
) -> None:
    """Make a P-256 signing key pair. Prints the public key's file."""
    passphrase = None if no_passphrase else _new_passphrase(run, passphrase_file)
    private, public, key = generate_key_pair(output, passphrase)
    if not passphrase:
        run.console.say(f"warning: {private} is not encrypted; whoever reads it can sign as you")
    run.console.say(f"private key {private}, signer {key.signer}")
    _print(run, public, key)


def _new_passphrase(run: Run, file: Path | None) -> bytes:
    prompt = run.prompt()
    given = passphrase_from(run.context.settings.environment, file, None)("the new key")
    if given is None and prompt is not None:
        first = prompt("the new key")
        if sys.stdin.isatty() and prompt("the new key, again") != first:
            raise UsageError("the passphrases differ", expected="the same one twice")
        given = first.encode()
    if not given:
        raise UsageError(
            "the new key needs a passphrase",
            expected=f"{PASSPHRASE_VARIABLE}, --passphrase-file, or a terminal",
            hint="for a key that a secret store keeps anyway: --no-passphrase",
        )
    return given


def show(
    run: Run,
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="A public or private key: a file, env:NAME, or a URI."),
    ],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Show who a key is in records. Prints the public key."""
    environment = run.context.settings.environment
    held = parse_key_uri(key) is not None or "PRIVATE KEY" in environment.get(key.removeprefix("env:"), "")
    public = (
        open_key(run, key, passphrase_file).public_key
        if held or key.endswith(".key")
        else load_public_key(key, environment)
    )
    run.console.say(f"signer {public.signer}")
    _print(run, None, public)


def _print(run: Run, file: Path | None, key: PublicKey) -> None:
    if run.console.json:
        view = KeyView(signer=key.signer, public_key=key.to_pem(), file=str(file) if file else None)
        run.console.out_json(view.to_json())
    else:
        run.console.out(str(file) if file else key.to_pem().rstrip("\n"))


APPS = {
    "key": group("Make and show signing keys.", generate=verb(generate, network=False), show=verb(show, network=False))
}
