"""`govern attest`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from govern import canonical
from govern.cli.options import Reference, SignedName
from govern.cli.signing_options import Signing
from govern.cli.verb import Run, single
from govern.errors import InvalidInput
from govern.limits import MAX_PREDICATE
from govern.operations.attest import attest as attest_artifact
from govern.report.views import AttestView


def attest(
    run: Run,
    reference: Reference,
    signing: Signing,
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="A kind, an alias like slsaprovenance1, or a URI.")
    ],
    predicate: Annotated[Path, typer.Option("--predicate", metavar="FILE", help="JSON; - for standard input.")],
    name: SignedName = None,
) -> None:
    """Attach a signed statement of any predicate type. Prints the statement's digest."""
    value = _predicate(_read(predicate), f"the predicate {predicate}")
    signer = signing.open(run)
    attested = attest_artifact(run.context, run.context.parse(reference), kind, value, signer, name=name)
    run.console.say(f"{attested.word} about {attested.about} attached to {attested.pinned}")
    run.console.say(f"manifest {attested.manifest}, statement {attested.statement}")
    if run.console.json:
        run.console.out_json(AttestView.of(attested).to_json())
    else:
        run.console.out(attested.statement)


def _predicate(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = canonical.loads(data, what, bound=MAX_PREDICATE, floats=False)
    except InvalidInput as fault:
        if not fault.got.startswith("the number "):
            raise
        number = fault.got.removeprefix("the number ")
        # Two programs may write the same float in two ways, and only one of them was signed.
        raise InvalidInput(
            fault.what, got=fault.got, expected=fault.expected, hint=f'write it as text: "{number}"'
        ) from fault
    if not isinstance(value, dict):
        raise InvalidInput(
            "the predicate is not an object",
            got=canonical.describe(value),
            expected="a JSON object",
            hint="the file holds the predicate alone, as {…}; govern writes the statement around it",
        )
    return value


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_PREDICATE.value + 1)
    try:
        with path.open("rb") as file:
            return file.read(MAX_PREDICATE.value + 1)
    except OSError as fault:
        raise InvalidInput(
            "the predicate cannot be read",
            got=f"{str(path)!r}: {fault.strerror}",
            expected="a file with JSON, or - for standard input",
            hint="--predicate FILE, where FILE is one that you may read",
        ) from fault


APPS = {"attest": single(attest)}
