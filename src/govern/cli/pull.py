"""`govern pull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govern.artifact.selection import Selection
from govern.cli.console import human_size
from govern.cli.options import ExpectedName, Reference, Require
from govern.cli.trust_options import Trusted
from govern.cli.verb import Run, single
from govern.errors import UsageError
from govern.operations.pull import Unverified
from govern.operations.pull import pull as pull_artifact
from govern.operations.verify import Verifier
from govern.report.lines import count
from govern.report.views import PullView


def pull(
    run: Run,
    reference: Reference,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")],
    trusted: Trusted,
    name: ExpectedName = None,
    require: Require = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="PATTERN", help="Only these paths; * matches / too.")
    ] = None,
    role: Annotated[list[str] | None, typer.Option("--role", metavar="ROLE", help="Only files of this role.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite local edits.")] = False,
    insecure_no_verify: Annotated[
        bool, typer.Option("--insecure-no-verify", help="Pull without any decision. Unsafe; stays in the lock.")
    ] = False,
) -> None:
    """Verify first, then pull by digest. Prints the directory."""
    verifier: Verifier | Unverified
    if insecure_no_verify:
        if trusted.key or trusted.policy or trusted.certificate_identity:
            raise UsageError("--insecure-no-verify was given with a key or policy", expected="one of them")
        run.console.warn("nothing is verified: nobody knows who made these files. The lock will say so.")
        verifier = Unverified()
    else:
        verifier = trusted.open(run, f"govern pull {reference} --output {output}", require)
    pulled = pull_artifact(
        run.context,
        run.context.parse(reference),
        verifier,
        output,
        name=name,
        selection=Selection(tuple(include or ()), tuple(role or ())),
        force=force,
    )
    state = "UNVERIFIED" if pulled.decision is None else "verified"
    run.console.say(
        f"{state}: {count(pulled.files, 'file')}, {pulled.fetched} fetched "
        f"({human_size(pulled.size)}), from {pulled.pinned}"
    )
    if run.console.json:
        run.console.out_json(PullView.of(pulled).to_json())
    else:
        run.console.out(str(pulled.folder))


APPS = {"pull": single(pull)}
