"""`govern demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govern.cli.verb import Run, single
from govern.demo.tour import Tour
from govern.errors import UsageError
from govern.oci.reference import LAYOUT_SCHEME


def demo(
    run: Run,
    registry: Annotated[
        str | None, typer.Option("--registry", metavar="HOST/REPO", help="Do it there instead of in a local layout.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="A new directory.")] = Path("govern-demo"),
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Speak HTTP without TLS. Unsafe.")] = False,
) -> None:
    """Run the whole main job on a small real model, each command shown before it runs."""
    if registry is not None:
        registry = str(run.context.parse(registry).without_version())
        if registry.startswith(LAYOUT_SCHEME):
            raise UsageError("the demo makes a layout by itself", got=registry, expected="HOST/REPO, or no --registry")
    Tour(output.absolute(), registry, run.console.out, plain_http).run()


APPS = {"demo": single(demo, network=False, form=False)}
