"""`govern attest`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from govern import canonical
from govern.cli.options import Reference, SignedName
from govern.cli.signing_options import Signing, report_attested, tell_attested
from govern.cli.verb import Run, single
from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_IMPORTED, MAX_PREDICATE, Bound
from govern.operations.attest import attest as attest_artifact
from govern.operations.import_bundle import import_bundles
from govern.report.views import ImportView


def attest(
    run: Run,
    reference: Reference,
    signing: Signing,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="A kind, an alias like slsaprovenance1, or a URI.")
    ] = None,
    predicate: Annotated[
        Path | None, typer.Option("--predicate", metavar="FILE", help="JSON; - for standard input.")
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--import", metavar="BUNDLE", help="Attach what somebody else signed, as it is; - for stdin."),
    ] = None,
    name: SignedName = None,
) -> None:
    """Attach a signed statement of any predicate type. Prints the statement's digest."""
    if bundle is not None:
        if signing.chosen() or kind is not None or predicate is not None:
            raise UsageError("--import signs nothing", expected="neither --key, --type nor --predicate with it")
        data = _read(bundle, "the bundle", MAX_IMPORTED)
        found = import_bundles(run.context, run.context.parse(reference), data, f"the bundle {bundle}", name=name)
        run.console.say("nothing was verified: whose signature it is, govern verify says under a policy")
        tell_attested(run, found)
        if run.console.json:
            # A file may hold several; what it prints has one form, however many there are.
            run.console.out_json(ImportView.of(found).to_json())
    else:
        if kind is None or predicate is None or not signing.chosen():
            raise _lacking(signing, kind, predicate)
        value = _predicate(_read(predicate, "the predicate", MAX_PREDICATE), f"the predicate {predicate}")
        signer = signing.open(run)
        report_attested(run, attest_artifact(run.context, run.context.parse(reference), kind, value, signer, name=name))


def _lacking(signing: Signing, kind: str | None, predicate: Path | None) -> UsageError:
    given = ((signing.chosen(), "--key KEY or --keyless"), (kind, "--type TYPE"), (predicate, "--predicate FILE"))
    lacking = [option for value, option in given if not value]
    if len(lacking) == len(given):
        return UsageError(
            "nothing says what to attest",
            expected="--key KEY, --type TYPE and --predicate FILE; or --import BUNDLE",
        )
    what = "nothing says who signs" if not signing.chosen() else "what to attest is not said in full"
    return UsageError(what, got=f"no {' and no '.join(lacking)}", expected=" and ".join(lacking))


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


def _read(path: Path, what: str, bound: Bound) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(bound.value + 1)
    try:
        with path.open("rb") as file:
            return file.read(bound.value + 1)
    except OSError as fault:
        raise InvalidInput(
            f"{what} cannot be read",
            got=f"{str(path)!r}: {fault.strerror}",
            expected="a file with JSON, or - for standard input",
            hint="name a file that you may read",
        ) from fault


APPS = {"attest": single(attest)}
