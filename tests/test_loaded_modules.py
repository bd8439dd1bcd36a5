"""What a command really loads: who verifies on a layout needs no HTTP stack, and help needs next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Cli
from support.records import NAME


def loaded(cwd: Path, *arguments: str) -> tuple[int, set[str]]:
    """Run a command line in a process of its own; return its exit code and the top-level modules it loaded."""
    code = (
        "import sys\nfrom govern.cli.app import run\ncode = run(sys.argv[1:])\n"
        "sys.stderr.write('\\nLOADED ' + ' '.join({name.split('.')[0] for name in sys.modules}))\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False, cwd=cwd, text=True
    )
    return done.returncode, set(done.stderr.rpartition("LOADED ")[2].split())


def test_verifying_on_a_layout_loads_no_http_stack_and_no_sigstore(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    reference = f"layout:{tmp_path}/store:1.0.0"
    assert cli("key", "generate", "--no-passphrase", "--output", "ci").returncode == 0
    pushed = cli("push", "model", reference, "--key", "ci.key", "--name", NAME)
    assert pushed.returncode == 0, pushed.stderr
    code, modules = loaded(tmp_path, "verify", reference, "--key", "ci.pub", "--name", NAME)
    assert code == 0
    assert (
        modules & {"oras", "sigstore", "rich", "requests", "urllib3", "in_toto_attestation", "google", "jsonschema"}
        == set()
    )
    assert "cryptography" in modules


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("-h",)])
def test_help_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, modules = loaded(tmp_path, *arguments)
    assert code == 0
    assert (
        modules
        & {
            "pydantic",
            "cryptography",
            "requests",
            "urllib3",
            "yaml",
            "rfc8785",
            "sqlite3",
            "oras",
            "sigstore",
            "rich",
            "pathspec",
        }
        == set()
    )
