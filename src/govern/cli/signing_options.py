"""Who signs: options that every signing verb has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from govern.cli.key_option import open_key
from govern.cli.options import PassphraseFile
from govern.cli.verb import Run
from govern.operations.attest import Attested
from govern.operations.signers import SignWith, record_signer
from govern.report.views import AttestView
from govern.signing.record_signer import RecordSigner


@dataclass(frozen=True, slots=True)
class Signing:
    """Options of signing; see `SignWith`."""

    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Signing key: a file, env:NAME, or a URI (pkcs11:, awskms:, …)."),
    ] = None
    passphrase_file: PassphraseFile = None
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help="The key's certificate chain, PEM, from the leaf to the root; needs --timestamp-url.",
        ),
    ] = None
    timestamp_url: Annotated[
        list[str] | None,
        typer.Option("--timestamp-url", metavar="URL", help="Timestamp authority (RFC 3161); repeat for more."),
    ] = None
    log_url: Annotated[
        str | None, typer.Option("--log-url", metavar="URL", help="Transparency log (Rekor v2) to enter records in.")
    ] = None
    keyless: Annotated[
        bool, typer.Option("--keyless", help="Sign with an identity token through Sigstore, without a key.")
    ] = False
    identity_token_file: Annotated[
        Path | None,
        typer.Option("--identity-token-file", metavar="FILE", help="The token (or SIGSTORE_ID_TOKEN, the CI job's)."),
    ] = None
    trust_config: Annotated[
        Path | None,
        typer.Option("--trust-config", metavar="FILE", help="A private Sigstore instead of the public one."),
    ] = None

    def chosen(self) -> bool:
        """Whether anything says who signs."""
        return self.key is not None or self.keyless

    def open(self, run: Run) -> RecordSigner:
        """Return the signer; the network is asked only where there is something to sign."""
        key = open_key(run, self.key, self.passphrase_file) if self.key is not None else None
        chosen = SignWith(
            key=key,
            certificate=self.certificate,
            keyless=self.keyless,
            token_file=self.identity_token_file,
            trust_config=self.trust_config,
            browser=sys.stdin.isatty() and sys.stderr.isatty(),
            timestamp_urls=tuple(self.timestamp_url or ()),
            log_url=self.log_url,
        )
        signer = record_signer(chosen, run.context.settings)
        if not run.console.quiet and signer.services:
            run.console.say("signing asks " + ", ".join(signer.services))
        return signer


def report_attested(run: Run, attested: Attested) -> None:
    """Say what was attached; stdout is the statement's digest."""
    tell_attested(run, (attested,))
    if run.console.json:
        run.console.out_json(AttestView.of(attested).to_json())


def tell_attested(run: Run, found: Sequence[Attested]) -> None:
    """Say what is attached, for people and shells; JSON is the caller's."""
    for one in found:
        run.console.say(f"{one.word} about {one.about} attached to {one.pinned}")
        run.console.say(f"manifest {one.manifest}, statement {one.statement}")
        if not run.console.json:
            run.console.out(one.statement)
