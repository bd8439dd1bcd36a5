"""Completion as a shell asks for it: a process of its own for every Tab."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from conftest import Cli
from govern.cli.app import VERBS


@pytest.fixture
def complete(cli: Cli):
    """Return what is offered for the last word of a command line, in the protocol that bash's script speaks."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        done = cli(env={"_GOVERN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    return ask


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("govern pu", ["push", "pull"]),
        ("govern re", ["records", "resolve", "repair"]),
        ("govern ", list(VERBS)),
        ("govern key g", ["generate"]),
        ("govern policy ", ["init", "check", "affected", "trusted-root"]),
        ("govern pull --po", ["--policy"]),
        ("govern verify --format ", ["text", "json"]),
        ("govern xyz", []),
    ],
)
def test_verbs_options_and_their_values_are_offered(complete, line: str, offered: list[str]) -> None:
    assert complete(line) == offered


def test_what_is_no_option_of_a_verb_is_left_to_the_shell(complete) -> None:
    assert complete("govern push mod") == []


@pytest.mark.parametrize(("shell", "start"), [("zsh", "_arguments"), ("fish", "push\t")])
def test_other_shells_get_the_help_as_well(cli: Cli, shell: str, start: str) -> None:
    asked = {"_TYPER_COMPLETE_ARGS": "govern pu", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = cli(env={"_GOVERN_COMPLETE": f"complete_{shell}", **asked})
    assert done.stdout.startswith(start)
    assert "Pack, upload, sign and register" in done.stdout


def test_the_script_that_bash_is_given_completes_in_bash(tmp_path: Path) -> None:
    script = """
        eval "$(govern --show-completion)"
        complete -p govern
        COMP_WORDS=(govern pu) COMP_CWORD=1
        _govern_completion govern
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    path = os.pathsep.join([sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        text=True,
    )
    assert done.stdout.splitlines() == ["complete -o default -F _govern_completion govern", "push", "pull"], done.stderr
