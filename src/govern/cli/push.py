"""`govern push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from govern.artifact.inspect import Rules
from govern.artifact.roles import read_override
from govern.cli.console import human_size
from govern.cli.options import PolicyFile, SignedName, open_policy
from govern.cli.signing_options import Signing
from govern.cli.verb import Run, single
from govern.errors import UsageError
from govern.operations.push import push as push_artifact
from govern.operations.push_plan import PushOptions, pack_planned, plan_push
from govern.report.lines import count
from govern.report.views import PushView


def push(
    run: Run,
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A directory, or one file.")],
    reference: Annotated[str, typer.Argument(metavar="REF", help="HOST/REPO:VERSION, or layout:PATH:VERSION.")],
    signing: Signing,
    name: SignedName = None,
    kind: Annotated[
        Literal["model", "dataset"] | None, typer.Option("--kind", help="What it is; a model by default.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="PATTERN=ROLE", help="Override the role of files; * matches / too."),
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option("--metadata", metavar="FILE", help="Instead of DIR/govern.yaml.")
    ] = None,
    inputs: Annotated[
        list[Path] | None, typer.Option("--input", metavar="DIR", help="A pulled directory that this was made from.")
    ] = None,
    link_root: Annotated[
        list[Path] | None, typer.Option("--link-root", metavar="DIR", help="Folder that links may point into.")
    ] = None,
    allow_pickle: Annotated[bool, typer.Option("--allow-pickle", help="Pack pickles; recorded. Unsafe.")] = False,
    allow_secret: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-secret", metavar="PATTERN", help="These files hold no secret; * matches / too; recorded."
        ),
    ] = None,
    policy: PolicyFile = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; goes into the registration.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the manifest; send and sign nothing.")] = False,
) -> None:
    """Pack, upload, sign and register a model or dataset. Prints one pinned reference."""
    target = run.context.parse(reference)
    options = PushOptions(
        name=name,
        kind=kind,
        rules=Rules(
            roles=tuple(read_override(one) for one in role or ()),
            allow_pickle=allow_pickle,
            allow_secrets=tuple(allow_secret or ()),
        ),
        link_roots=tuple(link_root or ()),
        inputs=tuple(inputs or ()),
        metadata=metadata,
        policy=open_policy(run, policy),
        reason=reason,
    )
    if dry_run:
        plan = plan_push(run.context, path, target, options)
        packed = pack_planned(run.context, path, plan, options)
        run.console.out(packed.manifest.data.decode("utf-8"))
        run.console.say(f"{plan.name}@{plan.version} would be {packed.digest}")
        return
    if not signing.chosen():
        raise UsageError(
            "a push is signed",
            expected="--key KEY or --keyless",
            hint="make a pair with: govern key generate --output ci",
        )
    pushed = push_artifact(run.context, path, target, signing.open(run), options)
    if pushed.missing and not pushed.already:
        run.console.say("policies often ask for: " + ", ".join(pushed.missing) + " (govern init writes a govern.yaml)")
    if pushed.already and (signing.timestamp_url or signing.log_url):
        run.console.say(
            "nothing was signed: a record without a timestamp or log entry stays without one; with a --policy that "
            "demands it, it is signed again"
        )
    done = "is there" if pushed.already else "pushed"
    run.console.say(
        f"{pushed.name}@{pushed.version} {done}: {pushed.kind}, {count(pushed.files, 'file')}, "
        f"{human_size(pushed.size)}, {count(len(pushed.records), 'record')}"
    )
    if run.console.json:
        run.console.out_json(PushView.of(pushed).to_json())
    else:
        run.console.out(str(pushed.pinned))


APPS = {"push": single(push)}
