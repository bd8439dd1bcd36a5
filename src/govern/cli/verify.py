"""`govern verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from govern.cli.options import ExpectedName, Reference, Require
from govern.cli.trust_options import Trusted
from govern.cli.verb import Run, single
from govern.errors import Denied, Undecided
from govern.operations.verify import verify as verify_artifact
from govern.report.decision_text import decision_text
from govern.times import read_time


def verify(
    run: Run,
    reference: Reference,
    trusted: Trusted,
    name: ExpectedName = None,
    require: Require = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Decide as of this moment, e.g. 2026-11-21T09:30:00Z. Whether a key still speaks for its person is "
            "asked of the moment that a timestamp or log proves, else of now.",
        ),
    ] = None,
) -> None:
    """Decide under a policy or a key whether an artifact may be used. The exit code is the answer."""
    verifier = trusted.open(run, f"govern verify {reference}", require)
    moment = read_time(at, "--at") if at else None
    verified = verify_artifact(run.context, run.context.parse(reference), verifier, name=name, at=moment)
    decision = verified.decision
    for note in verified.gathered.notes:
        run.console.say(f"warning: {note}")
    if run.console.json:
        run.console.out_json(decision.to_json())
    else:
        run.console.out(decision_text(decision, verbose=run.console.verbose))
    if decision.outcome != "allowed":
        raise typer.Exit((Denied if decision.outcome == "denied" else Undecided).exit_code)


APPS = {"verify": single(verify)}
