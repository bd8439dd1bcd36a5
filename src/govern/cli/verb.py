"""A verb: its own parameters, and those that every verb has."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand

from govern.cli.console import Bar, Console, tell
from govern.errors import GovernError, UsageError
from govern.operations.context import Context
from govern.report.refusal import refusal_json
from govern.settings import MAX_JOBS, HostSettings, load_settings


@dataclass(frozen=True, slots=True)
class Run:
    """What a verb is run with.

    Args:
        console: where it writes.
        context: the surroundings of the operation; opened by the verb's wrapper, closed after it.
    """

    console: Console
    context: Context

    def prompt(self, what: str = "passphrase") -> Callable[[str], str] | None:
        """Return how to ask for a passphrase or password, or None where nobody can answer."""
        if not sys.stdin.isatty():
            return None
        from getpass import getpass

        def ask(label: str) -> str:
            try:
                return getpass(f"{what} of {label}: ")
            except EOFError:
                tell("\n")  # the question has no line end yet
                raise UsageError(
                    f"nobody typed the {what}", got="the end of the input", expected=f"the {what} of {label}"
                ) from None

        return ask


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors and what is unsafe.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="What stdout is.")]


def _talk(quiet: Quiet = False, verbose: Verbose = False) -> None:
    """What every verb has."""


def _form(format: Format = "text") -> None:  # noqa: A002
    """What verbs have whose stdout is one value."""


def _network(
    debug: Annotated[bool, typer.Option("--debug", help="Log every request, without secrets.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="NUMBER", help=f"How many transfers at once, 1 to {MAX_JOBS}.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Without a byte before giving up.")
    ] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Speak HTTP without TLS. Unsafe.")] = False,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", metavar="FILE", help="Authorities to trust instead, PEM.")
    ] = None,
    client_cert: Annotated[
        Path | None, typer.Option("--client-cert", metavar="FILE", help="Client certificate, PEM.")
    ] = None,
    client_key: Annotated[Path | None, typer.Option("--client-key", metavar="FILE", help="Its key, PEM.")] = None,
) -> None:
    """What verbs have that may speak to a registry."""


def _open(
    console: Console,
    *,
    debug: bool = False,
    jobs: int | None = None,
    timeout: float | None = None,
    plain_http: bool = False,
    ca_file: Path | None = None,
    client_cert: Path | None = None,
    client_key: Path | None = None,
) -> Run:
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


def verb(function: Callable[..., None], *, network: bool = True, form: bool = True) -> Callable[..., None]:
    """Give a function `(run, …)` the parameters that verbs share.

    The signature that Typer reads is the function's own parameters, then the shared ones. A parameter whose type is a
    dataclass stands for that class's fields, each an option of its own: options that belong together are one value.

    Args:
        function: the verb.
        network: whether it may speak to a registry.
        form: whether its stdout is one value, which can be JSON; then a refusal is one too.
    """
    own, groups = _parameters(function), _groups(function)
    talk, forms = _parameters(_talk), _parameters(_form) if form else []
    networks = _parameters(_network) if network else []
    names = {parameter.name for parameter in networks}

    def call(**values: Any) -> None:
        said = {parameter.name: values.pop(parameter.name) for parameter in (*talk, *forms)}
        console = Console(json=said.get("format") == "json", quiet=said["quiet"], verbose=said["verbose"])
        try:
            run = _open(console, **{name: value for name, value in values.items() if name in names})
            mine = {name: value for name, value in values.items() if name not in names}
            for name, group in groups.items():
                mine[name] = group(**{one.name: mine.pop(one.name) for one in fields(group)})
            with run.context:
                function(run, **mine)
        except GovernError as fault:
            if console.json:
                console.out_json(refusal_json(fault))
            raise

    every = [*own, *forms, *talk, *networks]
    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return call


def _parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    hints = get_type_hints(function, include_extras=True)
    found: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "run":
            continue
        if is_dataclass(hints[name]):
            found += _parameters(hints[name])
        else:
            found.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
    return found


def _groups(function: Callable[..., None]) -> dict[str, Any]:
    hints = get_type_hints(function, include_extras=True)
    return {name: hint for name, hint in hints.items() if name not in ("run", "return") and is_dataclass(hint)}


class _Command(TyperCommand):
    """A command whose help calls an argument by its name alone, without Python's type."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for parameter in self.params:
            if isinstance(parameter, TyperArgument):
                parameter.display_type_rich = lambda ctx: ""  # type: ignore[method-assign]  # noqa: ARG005


def single(function: Callable[..., None], *, network: bool = True, form: bool = True) -> typer.Typer:
    """Return the application of one verb; see `verb`."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(cls=_Command, no_args_is_help=False)(verb(function, network=network, form=form))
    return app


def group(help: str, **verbs: Callable[..., None]) -> typer.Typer:  # noqa: A002
    """Return the application of a family of verbs, such as `key generate` and `key show`; each made by `verb`."""
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=help, no_args_is_help=True
    )
    for name, one in verbs.items():
        app.command(name, cls=_Command)(one)
    app.callback()(lambda: None)
    return app
