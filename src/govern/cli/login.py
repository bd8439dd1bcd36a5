"""`govern login` and `govern logout`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from govern.cli.verb import Run, single
from govern.errors import UsageError
from govern.limits import MAX_KEY_FILE
from govern.operations.login import login as keep_credentials
from govern.operations.login import logout as forget_credentials

Host = Annotated[str, typer.Argument(metavar="HOST", help="The registry.")]


def login(
    run: Run,
    host: Host,
    username: Annotated[str, typer.Option("--username", "-u", metavar="NAME", help="The account.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Keep credentials for a registry, where Docker and Podman find them too."""
    prompt = run.prompt("password")
    if password_stdin:
        password = _read_password()
    elif prompt is not None:
        password = prompt(f"{username} at {host}")
    else:
        raise UsageError(
            "there is no password",
            expected="--password-stdin, or a terminal",
            hint=f"govern login {host} --username {username} --password-stdin < FILE",
        )
    if not password:
        raise UsageError("the password is empty", expected="a password on standard input")
    where = keep_credentials(run.context, host, username, password)
    run.console.say(f"credentials for {host} are kept in {where}")


def _read_password() -> str:
    data = sys.stdin.buffer.read(MAX_KEY_FILE.value + 1)
    MAX_KEY_FILE.check(len(data), "the password", UsageError)
    try:
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        # Not chained: the fault holds the password.
        raise UsageError("the password is not text", expected="UTF-8 on standard input") from None


def logout(run: Run, host: Host) -> None:
    """Forget credentials for a registry."""
    found = forget_credentials(run.context, host)
    run.console.say(f"credentials for {host} are forgotten" if found else f"there were no credentials for {host}")


APPS = {"login": single(login, form=False), "logout": single(logout, network=False, form=False)}
