"""`govern policy init` and `govern policy check`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from govern.cli.options import open_policy
from govern.cli.verb import Run, group, verb
from govern.errors import UsageError, shortened
from govern.names import PERSON_ID, Name
from govern.policy.reading import read_policy
from govern.policy.template import policy_template
from govern.predicates.kinds import resolve_type, word_for
from govern.report.file_views import PolicyCheckView
from govern.signing.key_file import load_public_key


def init(
    run: Run,
    key: Annotated[
        list[str], typer.Option("--key", metavar="[ID=]PUB", help="Who pushes: a public key, with the person's id.")
    ],
    name: Annotated[
        list[str], typer.Option("--name", metavar="NAME", help="A name they may speak about, or a prefix like acme/**.")
    ],
    line: Annotated[
        list[str] | None, typer.Option("--line", metavar="PATTERN=NAME", help="Where a name lives: HOST/PATH=NAME.")
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option("--require", metavar="TYPE", help="Kinds that must be there.")
    ] = None,
) -> None:
    """Write a policy around public keys, to standard output."""
    environment = run.context.settings.environment
    keys = [(person, load_public_key(path, environment)) for person, path in map(_person, key)]
    for one in name:
        Name(one.removesuffix("/**"))
    for one in require or ():
        resolve_type(one)
    text = policy_template(
        keys,
        name,
        [_line(one) for one in line or ()],
        tuple(require or ("registration",)),
    )
    # What we could not read back must not be given to anyone.
    read_policy(text.encode(), "the new policy")
    run.console.out(text.rstrip("\n"))


def _person(text: str) -> tuple[str, str]:
    """Return (id, path) of `ID=PUB`; without an id the file's name is one."""
    person, equals, path = text.partition("=")
    if equals:
        if not re.fullmatch(PERSON_ID, person):
            raise UsageError(
                "this is not a person's id",
                got=shortened(person),
                expected="1 to 64 letters, digits and . _ -",
                hint=f"--key ID={path}",
            )
        return person, path
    return re.sub(r"[^a-zA-Z0-9._-]", "-", Path(text).name.removesuffix(".pub")).lstrip("-._") or "ci", text


def _line(text: str) -> tuple[str, str]:
    pattern, equals, name = text.rpartition("=")
    if not equals:
        raise UsageError("this is not a line", got=repr(text), expected="HOST/PATH=NAME")
    return pattern, name


def check(run: Run, policy: Annotated[Path, typer.Argument(metavar="FILE", help="The policy.")]) -> None:
    """Check a policy file: all faults at once, each with its line. Prints its digest."""
    opened = open_policy(run, policy)
    if opened is None:
        raise UsageError("no policy was given", expected="a file")
    for permission in opened.permissions:
        kinds = ", ".join(sorted(word_for(one) for one in permission.types))
        run.console.say(f"{permission.person} ({permission.role}) may sign {kinds} about {', '.join(permission.names)}")
    run.console.say("required: " + ", ".join(word_for(one) for one in opened.require))
    if run.console.json:
        run.console.out_json(PolicyCheckView(policy=str(policy), digest=str(opened.digest)).to_json())
    else:
        run.console.out(str(opened.digest))


APPS = {
    "policy": group(
        "Write and check a policy.", init=verb(init, network=False, form=False), check=verb(check, network=False)
    )
}
