"""`govern records`, `show`, `tree`, `list` and `resolve`: reading, for people and for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from govern.cli.options import ExpectedName, Reference
from govern.cli.trust_options import Trusted
from govern.cli.verb import Run, single
from govern.errors import Undecided
from govern.operations.context import resolve as resolve_reference
from govern.operations.records import Filter, RecordsFound, find_records
from govern.operations.show import show as show_artifact
from govern.operations.verify import Verifier
from govern.operations.versions import list_versions
from govern.report.query_text import records_text, show_text, tree_text, versions_text
from govern.report.query_views import RecordsView, ResolveView, ShowView, VersionsView
from govern.times import read_time


def _verifier(run: Run, trusted: Trusted) -> Verifier | None:
    """Return what the reader brings, or None: reading is allowed without trust, and says so."""
    if not trusted.given(run):
        run.console.say("nothing is verified: give --key or --policy to know who signed")
        return None
    return trusted.open(run, "govern records")


def _end(found: RecordsFound) -> None:
    if found.failures or found.unread:
        raise typer.Exit(Undecided.exit_code)


def records(
    run: Run,
    reference: Reference,
    trusted: Trusted,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="TYPE", help="Only this kind; repeat for more.")
    ] = None,
    signer: Annotated[
        list[str] | None,
        typer.Option("--signer", metavar="WHO", help="Only this person, or the beginning of a signer's digest."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Only what claims to be written since, e.g. 2026-11-21T00:00:00Z."
        ),
    ] = None,
    name: ExpectedName = None,
) -> None:
    """Query the records about an artifact: verified or refused, with reasons."""
    only = Filter(tuple(kind or ()), tuple(signer or ()), read_time(since, "--since") if since else None)
    verifier = _verifier(run, trusted)
    found = find_records(run.context, run.context.parse(reference), verifier, name=name, only=only)
    if run.console.json:
        run.console.out_json(RecordsView.of(found).to_json())
    else:
        run.console.out(records_text(found, verbose=run.console.verbose))
    _end(found)


def show(run: Run, reference: Reference) -> None:
    """Show what an artifact is, by its own manifest and config."""
    shown = show_artifact(run.context, run.context.parse(reference))
    if run.console.json:
        run.console.out_json(ShowView.of(shown).to_json())
    else:
        run.console.out(show_text(shown))


def tree(run: Run, reference: Reference, trusted: Trusted, name: ExpectedName = None) -> None:
    """Show an artifact and everything attached to it."""
    verifier = _verifier(run, trusted)
    target = run.context.parse(reference)
    found = find_records(run.context, target, verifier, name=name)
    if run.console.json:
        run.console.out_json(RecordsView.of(found).to_json())
    else:
        run.console.out(tree_text(show_artifact(run.context, target), found))
    _end(found)


def list_(
    run: Run,
    reference: Annotated[str, typer.Argument(metavar="REPOSITORY", help="HOST/REPO, layout:PATH, or a name.")],
    trusted: Trusted,
    name: ExpectedName = None,
) -> None:
    """List the versions of a name, also those whose tag was deleted."""
    verifier = _verifier(run, trusted)
    found = list_versions(run.context, run.context.parse(reference), verifier, name)
    if run.console.json:
        run.console.out_json(VersionsView.of(found).to_json())
    else:
        run.console.out(versions_text(found, verbose=run.console.verbose))
    if found.failures:
        raise typer.Exit(Undecided.exit_code)


def resolve(run: Run, reference: Reference) -> None:
    """Turn a tag into a digest: prints one pinned reference."""
    pinned = resolve_reference(run.context, run.context.parse(reference))
    if run.console.json:
        run.console.out_json(ResolveView(reference=str(pinned), digest=pinned.digest).to_json())
    else:
        run.console.out(str(pinned))


APPS = {
    "records": single(records),
    "show": single(show),
    "tree": single(tree),
    "list": single(list_),
    "resolve": single(resolve),
}
