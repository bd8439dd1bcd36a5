"""The root command, which knows every verb by a table and imports only the one that is called.

Exit codes (DESIGN §7): 0 done or allowed, 1 denied, 2 wrong usage or invalid input, 3 undecided,
70 our bug; 130 after Ctrl-C, as everywhere.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

from govern.errors import GovernError

OUR_BUG: Final = 70
INTERRUPTED: Final = 130


class Verb(NamedTuple):
    """A verb of the table.

    Args:
        module: where it lives.
        help: its line in `govern --help`.
    """

    module: str
    help: str


VERBS: Final[Mapping[str, Verb]] = {
    "push": Verb("push", "Pack, upload, sign and register a model or dataset."),
    "verify": Verb("verify", "Decide under a policy or a key whether an artifact may be used."),
    "pull": Verb("pull", "Verify first, then pull by digest."),
    "attest": Verb("attest", "Attach a signed statement of any predicate type."),
    "annotate": Verb("annotate", "Attach a signed note: names and values."),
    "records": Verb("query", "Query the records about an artifact, verified or refused."),
    "show": Verb("query", "Show what an artifact is and what is said about it."),
    "tree": Verb("query", "Show an artifact and everything attached to it."),
    "list": Verb("query", "List the versions of a name."),
    "resolve": Verb("query", "Turn a tag into a digest."),
    "init": Verb("metadata", "Write a govern.yaml that explains itself."),
    "check": Verb("metadata", "Check govern.yaml; all faults at once."),
    "key": Verb("key", "Make and show signing keys."),
    "policy": Verb("policy", "Write and check a policy."),
    "login": Verb("login", "Keep credentials for a registry."),
    "logout": Verb("login", "Forget credentials for a registry."),
    "repair": Verb("repair", "Bring back records that other tools lost from a listing."),
    "demo": Verb("demo", "Run the whole main job on a small real model."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are called, and whose help needs none of them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return every verb, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import and return a verb."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        app = importlib.import_module(f"govern.cli.{verb.module}").APPS[cmd_name]
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb; suggestions come from the table."""
        self.commands = dict.fromkeys(VERBS)  # type: ignore[assignment]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done or allowed, 1 denied, 2 wrong usage or input, 3 undecided, 70 our bug.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"govern {version('govern-oci')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Govern AI models and datasets in any OCI registry.

    Signed provenance and records live beside the artifact; who uses it verifies before it moves.
    """
    del version


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code. The one place where errors become text."""
    from govern.cli.console import print_error

    try:
        command = typer.main.get_command(app)
        command.main(args=list(arguments) if arguments is not None else None, prog_name="govern")
    except SystemExit as end:
        return _flush(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
    except GovernError as fault:
        print_error(fault)
        return _flush(fault.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED
    except Exception as fault:  # noqa: BLE001 - the last line of defence: no traceback reaches a user
        return _our_bug(fault)
    return _flush(0)


def _our_bug(fault: Exception) -> int:
    if os.environ.get("GOVERN_TRACEBACK") == "1":
        raise fault
    from govern.cli.console import plain

    sys.stderr.write(
        f"error: govern itself failed: {type(fault).__name__}: {plain(str(fault))[:300]}\n\n"
        "hint: this is a bug; run again with GOVERN_TRACEBACK=1 and report what it prints\n"
    )
    return OUR_BUG


def _flush(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as fault:
        # A full disk behind `>` must not look like success.
        sys.stderr.write(f"error: the output cannot be written: {fault.strerror}\n")
        return code or 3
    return code
