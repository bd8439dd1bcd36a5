"""`govern copy`, `govern save` and `govern load`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govern.cli.console import human_size
from govern.cli.options import ExpectedName
from govern.cli.trust_options import Trusted
from govern.cli.verb import Run, single
from govern.errors import Undecided
from govern.operations.archive import load as load_file
from govern.operations.archive import save as save_file
from govern.operations.copy import CopyOptions
from govern.operations.copy import copy as copy_artifact
from govern.operations.copy_result import Copied
from govern.operations.verify import Verifier
from govern.report.copy_views import CopyView, SaveView
from govern.report.lines import count

Source = Annotated[
    str,
    typer.Argument(metavar="SRC", help="HOST/REPO:TAG, …@sha256:…, layout:PATH:TAG; without a tag: every version."),
]
Target = Annotated[str, typer.Argument(metavar="DST", help="HOST/REPO or layout:PATH; tags stay what they are.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A tar of an OCI image layout.")]


def copy(
    run: Run,
    source: Source,
    target: Target,
    trusted: Trusted,
    records_only: Annotated[
        bool, typer.Option("--records-only", help="Only records and the line's tags; the artifact must be at DST.")
    ] = False,
    depth: Annotated[
        int, typer.Option("--depth", metavar="LEVELS", help="Also what it was made from, so many levels; 0 is nothing.")
    ] = 0,
    dependencies: Annotated[
        str | None,
        typer.Option("--dependencies", metavar="PREFIX", help="Where that goes: PREFIX/NAME; by default beside DST."),
    ] = None,
    name: ExpectedName = None,
) -> None:
    """Copy an artifact with everything that is said about it. Prints what is at DST, pinned."""
    verifier = _verifier(run, trusted, f"govern copy {source} {target}")
    options = CopyOptions(name, verifier, records_only, depth, dependencies)
    copied = copy_artifact(run.context, run.context.parse(source), run.context.parse(target), options)
    if run.console.json:
        run.console.out_json(CopyView.of(copied).to_json())
    _tell(run, copied)


def save(
    run: Run,
    source: Source,
    file: File,
    trusted: Trusted,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    name: ExpectedName = None,
) -> None:
    """Write an artifact with everything that is said about it into one file. Prints the file."""
    verifier = _verifier(run, trusted, f"govern save {source} {file}")
    saved = save_file(run.context, run.context.parse(source), file, name=name, verifier=verifier, force=force)
    run.console.say(f"saved: {human_size(saved.size)}, {count(saved.copied.records, 'record')}")
    if run.console.json:
        run.console.out_json(SaveView.of(saved).to_json())
    else:
        run.console.out(str(saved.file))
    _tell_lacking(run, saved.copied)


def load(
    run: Run,
    file: File,
    target: Target,
    trusted: Trusted,
    name: ExpectedName = None,
) -> None:
    """Copy everything in a saved file to DST; every byte is checked by its digest. Prints what is there, pinned."""
    verifier = _verifier(run, trusted, f"govern load {file} {target}")
    copied = load_file(run.context, file, run.context.parse(target), name=name, verifier=verifier)
    if run.console.json:
        run.console.out_json(CopyView.of(copied).to_json())
    _tell(run, copied)


def _verifier(run: Run, trusted: Trusted, command: str) -> Verifier | None:
    """Return who decides, where somebody was named: copying by itself judges nothing."""
    return trusted.open(run, command) if trusted.given(run) else None


def _tell(run: Run, copied: Copied) -> None:
    for one in copied.names:
        for artifact in one.artifacts:
            tags = f" ({', '.join(artifact.tags)})" if artifact.tags else ""
            run.console.say(f"copied: {one.name}{tags} from {one.source}")
            if not run.console.json:
                run.console.out(str(artifact.pinned))
    sent = copied.sent
    run.console.say(
        f"{count(copied.records, 'record')} there; sent: {count(sent.manifests, 'manifest')}, "
        f"{count(sent.blobs, 'blob')}, {human_size(sent.size)}"
    )
    if copied.lines:
        run.console.say("the repository is not called like the name; its users need in their policy, or --name:")
        run.console.say("lines:")
        for place, name in copied.lines.items():
            run.console.say(f"  {place}: {name}")
    _tell_lacking(run, copied)


def _tell_lacking(run: Run, copied: Copied) -> None:
    for note in copied.notes:
        run.console.say(note)
    for lacking in copied.not_carried:
        run.console.warn(f"not carried: {lacking.what}: {lacking.reason}")
    if not copied.complete:
        raise typer.Exit(Undecided.exit_code)


APPS = {"copy": single(copy), "save": single(save), "load": single(load)}
