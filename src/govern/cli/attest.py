"""`govern attest`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from govern import canonical
from govern.cli.options import ExpectedName, PassphraseFile, Reference, SigningKey, open_signer
from govern.cli.verb import Run, single
from govern.errors import InvalidInput
from govern.limits import MAX_PREDICATE
from govern.operations.attest import attest as attest_artifact
from govern.report.views import AttestView


def attest(
    run: Run,
    reference: Reference,
    key: SigningKey,
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="A kind, an alias like slsaprovenance1, or a URI.")
    ],
    predicate: Annotated[Path, typer.Option("--predicate", metavar="FILE", help="JSON; - for standard input.")],
    passphrase_file: PassphraseFile = None,
    name: ExpectedName = None,
) -> None:
    """Attach a signed statement of any predicate type. Prints the statement's digest."""
    value = canonical.loads(_read(predicate), f"the predicate {predicate}", bound=MAX_PREDICATE, floats=False)
    if not isinstance(value, dict):
        raise InvalidInput("the predicate is not an object", got=canonical.describe(value), expected="a JSON object")
    signer = open_signer(run, key, passphrase_file)
    attested = attest_artifact(run.context, run.context.parse(reference), kind, value, signer, name=name)
    run.console.say(f"{attested.word} about {attested.about} attached to {attested.pinned}")
    if run.console.json:
        run.console.out_json(AttestView.of(attested).to_json())
    else:
        run.console.out(attested.statement)


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_PREDICATE.value + 1)
    try:
        with path.open("rb") as file:
            return file.read(MAX_PREDICATE.value + 1)
    except OSError as fault:
        raise InvalidInput("the predicate cannot be read", got=f"{str(path)!r}: {fault.strerror}") from fault


APPS = {"attest": single(attest)}
