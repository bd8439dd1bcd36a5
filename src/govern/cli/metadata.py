"""`govern init` and `govern check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from govern.artifact.metadata.missing import missing_for_policy
from govern.artifact.metadata.model import FILE_NAME
from govern.artifact.metadata.template import metadata_template
from govern.cli.console import print_error
from govern.cli.verb import Run, single
from govern.errors import InvalidInput
from govern.operations.metadata_file import load_metadata
from govern.report.file_views import CheckedFile, CheckView, InitView


def init(
    run: Run,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The directory that will be pushed.")] = Path(),
    kind: Annotated[Literal["model", "dataset"], typer.Option("--kind", help="What it holds.")] = "model",
) -> None:
    """Write a govern.yaml that explains itself. Prints its path."""
    path = folder / FILE_NAME
    made = False
    try:
        with path.open("x", encoding="utf-8") as file:
            made = True
            file.write(metadata_template(kind))
    except FileExistsError as fault:
        raise InvalidInput("there is a metadata file already", got=str(path), hint=f"govern check {path}") from fault
    except OSError as fault:
        if made:
            path.unlink(missing_ok=True)
        raise InvalidInput("the metadata file cannot be written", got=f"{str(path)!r}: {fault.strerror}") from fault
    run.console.say("fill in what you know; govern check tells what is missing or wrong")
    if run.console.json:
        run.console.out_json(InitView(file=str(path)).to_json())
    else:
        run.console.out(str(path))


def check(
    run: Run,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="Files or directories; govern.yaml here by default.")
    ] = None,
) -> None:
    """Check metadata files: all faults at once, each with its line. Fit for a pre-commit hook."""
    faults: list[InvalidInput] = []
    results: list[CheckedFile] = []
    for path in files or [Path(FILE_NAME)]:
        file = path / FILE_NAME if path.is_dir() else path
        try:
            metadata = load_metadata(file.parent, file)
        except InvalidInput as fault:
            faults.append(fault)
            results.append(CheckedFile(file=str(file), valid=False, fault=fault.message))
            continue
        missing = missing_for_policy(metadata)
        results.append(CheckedFile(file=str(file), valid=True, missing=tuple(missing)))
        run.console.say(f"{file} is valid" + (f"; policies often ask for: {', '.join(missing)}" if missing else ""))
    every = InvalidInput("\n".join(fault.message for fault in faults), hint=faults[0].hint) if faults else None
    if run.console.json:
        run.console.out_json(CheckView(files=tuple(results)).to_json())
        if every is not None:
            print_error(every)
            raise typer.Exit(every.exit_code)
    if every is not None:
        raise every


APPS = {"init": single(init, network=False), "check": single(check, network=False)}
