"""Help for people: no type of Python's, no tag or digest where only a version goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from govern.cli.app import VERBS
from support.desk import run_here

FAMILIES = {"key": ("generate", "show"), "policy": ("init", "check")}
LINES = [f"{verb} {one}".strip() for verb in VERBS for one in FAMILIES.get(verb, ("",))]


def help_of(line: str, folder: Path) -> str:
    ran = run_here(folder, [*line.split(), "--help"])
    assert ran.code == 0
    return ran.stdout


@pytest.mark.parametrize("line", LINES)
def test_no_type_of_the_program_shows(line: str, tmp_path: Path) -> None:
    text = help_of(line, tmp_path)
    assert [word for word in re.findall(r"<[^>]*>", text) if "|" not in word] == []
    assert "\x1b" not in text


def test_a_push_is_offered_what_it_takes(tmp_path: Path) -> None:
    text = " ".join(help_of("push", tmp_path).split())
    assert "HOST/REPO:VERSION, or layout:PATH:VERSION" in text
    assert "@sha256" not in text
    assert "The name to write into it" in text
    assert "The name you expect" in " ".join(help_of("pull", tmp_path).split())


def test_every_exit_code_is_told(tmp_path: Path) -> None:
    assert "130 interrupted" in " ".join(run_here(tmp_path, ["--help"]).stdout.split())
