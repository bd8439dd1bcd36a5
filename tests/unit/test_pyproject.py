"""What is imported is declared: nothing works only because another package happens to bring it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: Final[dict[str, list[str]]] = PROJECT["optional-dependencies"]
OURS: Final = frozenset({"govern", "support", "conftest"})

EXTRA_OF: Final = {
    "src/govern/signing/cosign_key.py": "cosign-key",
    "src/govern/signing/token_signer.py": "hsm",
    "src/govern/signing/aws_key.py": "aws",
    "src/govern/signing/gcp_key.py": "gcp",
    "src/govern/signing/azure_key.py": "azure",
    "src/govern/signing/vault_key.py": "vault",
}
"""Modules that import what an extra brings, and say so where it is missing."""


def distribution(requirement: str) -> str:
    """Return the normalised name in a requirement (PEP 503)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@cache
def places() -> dict[str, list[str]]:
    """Return which installed distributions hold a top-level module."""
    return {module: [distribution(one) for one in names] for module, names in packages_distributions().items()}


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level modules that a file imports anywhere, but for the standard library and our own."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in OURS:
                yield top


def undeclared(path: Path, requirements: list[str]) -> list[str]:
    """Return the modules that a file imports and that no requirement brings by its own name."""
    declared = {distribution(one) for one in requirements}
    return sorted({top for top in imported(path) if not declared.intersection(places().get(top, ()))})


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_what_the_package_imports_is_declared(path: Path) -> None:
    extra = EXTRA_OF.get(path.relative_to(ROOT).as_posix())
    assert undeclared(path, PROJECT["dependencies"] + (EXTRAS[extra] if extra else [])) == []


def test_what_the_tests_import_is_declared() -> None:
    requirements = PROJECT["dependencies"] + EXTRAS["test"]
    strays = {str(path): undeclared(path, requirements) for path in (ROOT / "tests").rglob("*.py")}
    assert {path: found for path, found in strays.items() if found} == {}


def test_a_package_that_another_one_brings_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        "import os\nimport certifi\ndef f():\n    from idna.core import encode\nimport govern.api\n"
    )
    assert undeclared(tmp_path / "x.py", PROJECT["dependencies"]) == ["certifi", "idna"]
    assert undeclared(tmp_path / "x.py", ["Certifi>=1", "idna>=1"]) == []


@pytest.mark.parametrize(
    "requirement", [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
)
def test_a_requirement_says_from_which_version_on(requirement: str) -> None:
    assert distribution(requirement) == "govern-oci" or re.fullmatch(r"[A-Za-z0-9._-]+>=[0-9][0-9.]*", requirement)


def test_an_extra_is_also_tested() -> None:
    names = {distribution(one) for one in EXTRAS["test"]}
    for extra in set(EXTRA_OF.values()):
        assert {distribution(one) for one in EXTRAS[extra]} <= names, extra
