"""What stdin, stdout and stderr may be: a terminal at its end, an old encoding, 80 columns, an early Ctrl-C."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Cli
from govern.cli import console
from govern.cli.console import Bar, Console
from support.desk import Desk, make_desk
from support.refusal import check_refusal

REF = "layout:store/fraud:1.0"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("streams") / "desk")


def on_a_terminal(folder: Path, typed: bytes, *line: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return its exit code and what the terminal showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-m", "govern", *line])
    shown = b""
    try:
        while True:
            part = os.read(terminal, 4096)
            shown += part
            if typed and re.search(rb" of [^\n]*: $", shown):
                os.write(terminal, typed)
                typed = b""
    except OSError:
        pass  # EIO: the command has ended
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("key generate --output fresh", "passphrase of the new key"),
        ("push model layout:new/fraud:1.0 --key locked.key", "passphrase of the key locked.key"),
        ("login h.example --username me", "password of me at h.example"),
    ],
)
def test_the_end_of_the_input_at_a_prompt_is_a_refusal(desk: Desk, line: str, asked: str) -> None:
    code, shown = on_a_terminal(desk.folder, b"\x04", *line.split())
    prompt, _, rest = shown.partition("\n")
    assert prompt == f"{asked}: "
    check_refusal(code, rest, codes={2}, says="nobody typed the pass")


def test_drawings_are_ascii_where_the_encoding_has_none(cli: Cli, desk: Desk) -> None:
    done = cli("tree", REF, "--key", "ci.pub", cwd=desk.folder, env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "|-- annotation" in done.stdout
    assert "`-- registration" in done.stdout


def test_what_an_encoding_lacks_is_escaped(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mod\N{GREEK SMALL LETTER EPSILON}l").mkdir()
    done = cli("init", "mod\N{GREEK SMALL LETTER EPSILON}l", env={"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "1"})
    assert (done.returncode, done.stdout) == (0, "mod\\u03b5l/govern.yaml\n"), done.stderr


def test_ctrl_c_while_modules_load_shows_no_traceback(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "import govern.cli\n"
        "class Stop:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'govern.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "govern.cli.main(['--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, cwd=tmp_path, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ninterrupted\n")


def test_an_unsafe_pull_says_so_under_quiet_too(cli: Cli, desk: Desk, tmp_path: Path) -> None:
    done = cli("pull", REF, "--output", tmp_path / "out", "--insecure-no-verify", "-q", cwd=desk.folder)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert done.stderr.startswith("WARNING: nothing is verified")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_time_that_is_left_is_never_cut(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(console, "_columns", lambda: columns)
    bar = Bar(Console())
    monkeypatch.setattr(time, "monotonic", lambda: 1_000.0)
    bar.start("sending to registry", 900 << 20)
    monkeypatch.setattr(time, "monotonic", lambda: 1_100.0)
    bar.advance(450 << 20)
    line = screen.getvalue().removeprefix("\r")
    assert len(line) <= columns
    if columns >= 60:
        assert line.rstrip().endswith("50% 450.0 MiB of 900.0 MiB, 4.5 MiB/s, 1:40 left")
    if columns >= 80:
        assert line.startswith("sending to registry [##")
