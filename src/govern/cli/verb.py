"""A verb: its own parameters, and those that every verb has."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from govern.cli.console import Bar, Console
from govern.operations.context import Context
from govern.settings import HostSettings, load_settings

COMMON = "Common options"


@dataclass(frozen=True, slots=True)
class Run:
    """What a verb is run with.

    Args:
        console: where it writes.
        context: the surroundings of the operation; opened by the verb's wrapper, closed after it.
    """

    console: Console
    context: Context

    def prompt(self) -> Callable[[str], str] | None:
        """Return how to ask for a passphrase, or None where nobody can answer."""
        if not sys.stdin.isatty():
            return None
        from getpass import getpass

        return lambda label: getpass(f"passphrase of {label}: ")


def _common(
    format: Annotated[Literal["text", "json"], typer.Option("--format", help="What stdout is.")] = "text",  # noqa: A002
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log every request, without secrets.")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", help="How many transfers at once.", min=1, max=32)] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="Seconds without a byte before giving up.", min=1)
    ] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Speak HTTP without TLS. Unsafe.")] = False,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="Authorities to trust instead.")] = None,
    client_cert: Annotated[Path | None, typer.Option("--client-cert", help="Client certificate, PEM.")] = None,
    client_key: Annotated[Path | None, typer.Option("--client-key", help="Its key, PEM.")] = None,
) -> Run:
    console = Console(json=format == "json", quiet=quiet, verbose=verbose)
    if debug:
        _log_requests()
    settings = load_settings(
        os.environ,
        jobs=jobs,
        timeout=timeout,
        any_host=HostSettings(ca=ca_file, client_cert=client_cert, client_key=client_key, plain_http=plain_http),
    )
    return Run(console, Context(settings, progress=Bar(console)))


def _log_requests() -> None:
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("debug: %(message)s"))
    logger = logging.getLogger("govern")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """Give a function `(run, …)` the parameters that every verb has.

    The signature that Typer reads is the function's own parameters, then the common ones.
    """
    hints = get_type_hints(function, include_extras=True)
    common_hints = get_type_hints(_common, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "run"
    ]
    shared = [
        parameter.replace(annotation=common_hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(_common).parameters.items()
    ]
    names = {parameter.name for parameter in shared}

    def call(**values: Any) -> None:
        run = _common(**{name: value for name, value in values.items() if name in names})
        with run.context:
            function(run, **{name: value for name, value in values.items() if name not in names})

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *shared]}
    return call


def single(function: Callable[..., None]) -> typer.Typer:
    """Return the application of one verb."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(no_args_is_help=False)(verb(function))
    return app


def group(help: str, **functions: Callable[..., None]) -> typer.Typer:  # noqa: A002
    """Return the application of a family of verbs, such as `key generate` and `key show`."""
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=help, no_args_is_help=True
    )
    for name, function in functions.items():
        app.command(name)(verb(function))
    app.callback()(lambda: None)
    return app
