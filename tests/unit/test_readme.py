"""Everything that the README shows is executed, and what it says comes out is what comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from govern.cli.app import VERBS
from govern.report.reference import EXAMPLE, reference_text

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- runs: (\w+) -->\n```(\w+)\n(.*?)```", re.DOTALL)
GENERATED = re.compile(r"(<!-- generated:[^\n]*-->\n).*?(<!-- /generated -->)", re.DOTALL)


def blocks(name: str) -> list[str]:
    return [body for kind, _, body in BLOCK.findall(README.read_text(encoding="utf-8")) if kind == name]


def commands(body: str) -> list[str]:
    return [line[2:] for line in body.splitlines() if line.startswith("$ ")]


def without_moving_parts(text: str, folder: Path) -> str:
    """Digests, keys, times and the folder differ from run to run; everything else must not."""
    text = text.replace(str(folder), "/home/you")
    text = re.sub(r"sha256:[0-9a-f]{12,64}", "sha256:…", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-21T09:30:00Z", text)
    return re.sub(r"\n +\"", '\n  "', text)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    subprocess.run(
        [sys.executable, "-m", "govern", "demo"], cwd=folder, check=True, env=environment(folder), capture_output=True
    )
    # What `python3 -m venv .venv` makes: `govern` is found only by who does what Start says.
    revoke(folder / "govern-demo")
    activate = folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f"export PATH={shlex.quote(sysconfig.get_path('scripts'))}:$PATH\n", encoding="utf-8")
    return folder


def revoke(demo: Path) -> None:
    """Write `revoked.yaml`: the demo's policy, in which its key is revoked."""
    text = (demo / "policy.yaml").read_text(encoding="utf-8")
    before, keys, after = text.partition("    keys:\n")
    block, blank, after = after.partition("\n\n")
    first, *pem = block.splitlines()
    assert first.startswith("      - |")
    entry = ["      - revokedFrom: 2026-01-01T00:00:00Z", "        key: |", *(f"  {line}" for line in pem)]
    (demo / "revoked.yaml").write_text(before + keys + "\n".join(entry) + blank + after, encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    found = os.environ["PATH"].split(os.pathsep)
    path = os.pathsep.join(one for one in found if not (Path(one) / "govern").exists())
    keep = {key: os.environ[key] for key in ("LANG", "COVERAGE_PROCESS_START") if key in os.environ}
    return {**keep, "PATH": path, "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}


def test_the_guides_come_out_as_shown(demo_folder: Path, regenerate: bool) -> None:
    bodies = blocks("guide")
    marker = "=-=-=-="
    script = "".join(
        f"printf '%s\\n' '{marker}{number}.{index}'\n{command}\n"
        for number, body in enumerate(bodies)
        for index, command in enumerate(commands(body))
    )
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=demo_folder,
        env=environment(demo_folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    outputs = re.split(rf"{marker}(\d+)\.(\d+)\n", done.stdout)[1:]
    found = {
        (int(number), int(index)): without_moving_parts(text, demo_folder)
        for number, index, text in zip(outputs[::3], outputs[1::3], outputs[2::3], strict=True)
    }
    text = README.read_text(encoding="utf-8")
    for number, body in enumerate(bodies):
        shown = "".join(f"$ {command}\n" + _shown(found[number, index]) for index, command in enumerate(commands(body)))
        if regenerate:
            text = text.replace(f"```console\n{body}```", f"```console\n{shown}```")
        else:
            assert body == shown
    README.write_text(text, encoding="utf-8") if regenerate else None


def _shown(output: str) -> str:
    return output if not output or output.endswith("\n") else output + "\n"


def test_the_python_example_runs(demo_folder: Path) -> None:
    (body,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", body],
        cwd=demo_folder / "govern-demo",
        env=environment(demo_folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 files, {'notebook': 'experiments/7'}\n"


def test_the_reference_is_what_the_code_says(regenerate: bool) -> None:
    text = README.read_text(encoding="utf-8")
    wanted = GENERATED.sub(
        lambda match: f"{match[1]}{reference_text({name: verb.help for name, verb in VERBS.items()})}\n{match[2]}", text
    )
    if regenerate:
        README.write_text(wanted, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == wanted


def test_the_two_commands_are_the_ones_that_ci_runs() -> None:
    (demo,), (tests,) = blocks("demo"), blocks("tests")
    assert commands(demo) == ["python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/govern demo"]
    steps = [shlex.split(step) for step in commands(tests)[0].split(" && ")]
    assert steps[-1] == [".venv/bin/python", "-m", "pytest"]
    assert "\n.venv/bin/python -m pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_command_is_named() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in VERBS if f"govern {name}" not in text] == []


def test_the_example_settings_are_valid(tmp_path: Path) -> None:
    from govern.settings import load_settings

    (tmp_path / "config.toml").write_text(EXAMPLE, encoding="utf-8")
    settings = load_settings({"GOVERN_CONFIG": str(tmp_path / "config.toml")})
    assert settings.host("registry.example.com").token_realms == ("https://auth.example.com/token",)


def test_the_reference_has_every_field_that_a_person_writes() -> None:
    text = README.read_text(encoding="utf-8")
    for place in ("metrics[].value", "datasets[].path", "training.run", "people.ID.keys", "roles.ID.names", "require"):
        assert f"| `{place}` | " in text
    assert "| `base_models` | Models it was made from. As `datasets`. |" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
    assert ".governignore" in text
