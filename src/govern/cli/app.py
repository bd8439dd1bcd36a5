"""The root command, which knows every verb by a table and imports only the one that is called.

Exit codes (DESIGN §7): 0 done or allowed, 1 denied, 2 wrong usage or invalid input, 3 undecided,
70 our bug; 130 after Ctrl-C, as everywhere.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from govern.errors import GovernError, Undecided, UsageError

OUR_BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
"""What shells say of a program that wrote to a pipe nobody reads (128 + SIGPIPE)."""

GRACE: Final = 1.0
"""Seconds that workers have to stop in order after Ctrl-C."""


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
    "show": Verb("query", "Show what an artifact is: name, version, files."),
    "tree": Verb("query", "Show an artifact and everything attached to it."),
    "list": Verb("query", "List the versions of a name."),
    "resolve": Verb("query", "Turn a tag into a digest."),
    "copy": Verb("copy", "Copy an artifact with everything that is said about it."),
    "save": Verb("copy", "Write an artifact with everything that is said about it into one file."),
    "load": Verb("copy", "Copy everything in a saved file to a registry or layout."),
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
    epilog="Exit codes: 0 done or allowed, 1 denied, 2 wrong usage or input, 3 undecided, 70 our bug, 130 interrupted.",
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
    from govern.cli.console import drop, print_error

    try:
        command = typer.main.get_command(app)
        code = command.main(
            args=list(arguments) if arguments is not None else None, prog_name="govern", standalone_mode=False
        )
        return _flush(code if isinstance(code, int) else 0)
    except SystemExit as end:
        return _flush(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
    except TyperException as fault:
        return _wrong_usage(fault)
    except Exit as end:
        # Raised outside of a command's own context: Ctrl-C while it is read.
        return _flush(end.exit_code)
    except GovernError as fault:
        print_error(fault)
        return _flush(fault.exit_code)
    except BrokenPipeError:
        # Whoever read stopped in the middle: what was to be said may have been a denial, and is no success.
        drop(sys.stdout)
        return PIPE_CLOSED
    except OSError as fault:
        # No bug of ours: the file system refused something that nobody had foreseen.
        place = f"{fault.filename!r}: " if fault.filename is not None else ""
        print_error(
            Undecided(
                "the system refused",
                got=f"{place}{fault.strerror or fault}",
                hint="check the path, its rights, and the room that is left",
            )
        )
        return _flush(Undecided.exit_code)
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    except Exception as fault:  # noqa: BLE001 - the last line of defence: no traceback reaches a user
        return _our_bug(fault)


def _wrong_usage(fault: TyperException) -> int:
    """Say what Typer found wrong with the command line, as every other error is said."""
    from govern.cli.console import print_error, tell

    # A choice of Typer's is checked by pydantic, which says so.
    message = fault.format_message().replace("Value error, ", "")
    if message.startswith("Usage:"):
        tell(message + "\n")  # a family of verbs without a verb: its help is the answer
    else:
        context = getattr(fault, "ctx", None)
        command = context.command_path if context is not None else "govern"
        print_error(UsageError(message[:1].lower() + message[1:].rstrip("."), hint=f"{command} --help"))
    return UsageError.exit_code


def end_soon_after_interrupt() -> None:
    """Let Ctrl-C end the process within `GRACE`, also while a worker waits for a registry that is silent.

    Nothing is lost by that: what stands at a final path was renamed there whole, as after a kill.
    """

    def interrupt(number: int, frame: object) -> None:
        del number, frame
        # Said here and nowhere else: what follows may be the end of a pool, of Typer, or of the process. Not
        # through the stream, which the interrupted thread may be writing to.
        with contextlib.suppress(OSError):
            os.write(2, b"\ninterrupted\n")
        last = threading.Timer(GRACE, os._exit, [INTERRUPTED])
        last.daemon = True
        last.start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)


def _our_bug(fault: Exception) -> int:
    if os.environ.get("GOVERN_TRACEBACK") == "1":
        raise fault
    from govern.cli.console import plain, tell

    tell(
        f"error: govern itself failed: {type(fault).__name__}: {plain(str(fault))[:300]}\n\n"
        "hint: this is a bug; run again with GOVERN_TRACEBACK=1 and report what it prints\n"
    )
    return OUR_BUG


def _flush(code: int) -> int:
    from govern.cli.console import drop, tell

    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)
    except OSError as fault:
        drop(sys.stdout)
        # A full disk behind `>` must not look like success.
        tell(f"error: the output cannot be written: {fault.strerror}\n")
        return code or Undecided.exit_code
    return code
