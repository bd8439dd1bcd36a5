"""`govern annotate`."""

from __future__ import annotations

from typing import Annotated

import typer

from govern.cli.options import PolicyFile, Reference, SignedName, open_policy
from govern.cli.signing_options import Signing, report_attested
from govern.cli.verb import Run, single
from govern.errors import UsageError
from govern.operations.attest import annotate as annotate_artifact
from govern.predicates.annotation import PLAIN_SCHEMA


def annotate(
    run: Run,
    reference: Reference,
    entries: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="What to note.")],
    signing: Signing,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Free text.")] = None,
    schema: Annotated[
        str, typer.Option("--schema", metavar="URI", help="URI of what the entries mean.")
    ] = PLAIN_SCHEMA,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    name: SignedName = None,
    policy: PolicyFile = None,
) -> None:
    """Attach a signed note: names and values. It never decides anything. Prints the statement's digest."""
    attested = annotate_artifact(
        run.context,
        run.context.parse(reference),
        _entries(entries),
        signing.open(run),
        schema=schema,
        note=note,
        reason=reason,
        name=name,
        policy=open_policy(run, policy),
    )
    report_attested(run, attested)


def _entries(texts: list[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError("this is not an entry", got=repr(text), expected="NAME=VALUE")
        if name in entries:
            raise UsageError("an entry stands twice", got=repr(name), expected="every name once")
        entries[name] = value
    return entries


APPS = {"annotate": single(annotate)}
