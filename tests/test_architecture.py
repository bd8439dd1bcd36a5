"""The house of DESIGN §2: imports go down, doors do not know each other, and the pure floors stay pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import govern

SOURCE: Final = Path(str(govern.__file__)).parent

FLOORS: Final[dict[int, frozenset[str]]] = {
    0: frozenset({
        "errors", "limits", "progress", "names", "paths", "times", "canonical", "document", "yaml_text", "line",
        "secret_shapes", "oci", "intoto",
    }),
    1: frozenset({"trust", "ledger", "policy", "predicates"}),
    2: frozenset({"artifact", "store", "signing", "capture", "importers", "catalog", "settings"}),
    3: frozenset({"operations"}),
    4: frozenset({"cli", "report", "__init__", "__main__", "api", "demo"}),
}  # fmt: skip
DOORS: Final = FLOORS[2]

DOOR_EDGES: Final = {
    ("signing", "settings"): "services are asked as the settings say: proxies, authorities, time-outs",
    ("store", "settings"): "a registry store speaks as its host's settings say: proxies, authorities, time-outs",
}
"""Imports between doors that are allowed, and why."""

ONLY: Final[dict[str, frozenset[str]]] = {
    # What is heavy or risky is imported where it is needed, so that the rest can be read without it.
    "oras": frozenset({"store/oras_adapter.py"}),
    "jsonschema": frozenset({"store/oras_adapter.py"}),
    "sigstore": frozenset({"signing/keyless/"}),
    "requests": frozenset({"store/registry/", "store/oras_", "signing/service.py"}),
    "urllib3": frozenset({"store/registry/", "store/oras_", "signing/service.py"}),
    "yaml": frozenset({"yaml_text.py"}),
    "cryptography": frozenset({"trust/", "signing/", "operations/trust_files.py", "operations/verify.py"}),
    "nacl": frozenset({"signing/cosign_key.py"}),
    "in_toto_attestation": frozenset({"signing/statement_check.py"}),
    "google": frozenset({"signing/statement_check.py", "signing/gcp_key.py"}),
    "securesystemslib": frozenset({"signing/gcp_key.py", "signing/azure_key.py"}),
    "pkcs11": frozenset({"signing/token_signer.py"}),
    "boto3": frozenset({"signing/aws_key.py"}),
    "azure": frozenset({"signing/azure_key.py"}),
    "hvac": frozenset({"signing/vault_key.py"}),
    "rfc8785": frozenset({"canonical.py"}),
    "typer": frozenset({"cli/"}),
    "pathspec": frozenset({"artifact/walk.py"}),
    "sqlite3": frozenset({"artifact/digest_cache.py"}),
    "click": frozenset(),
    "rich": frozenset(),
}

IMPURE: Final = frozenset({
    "requests", "urllib3", "socket", "ssl", "http", "urllib", "subprocess", "sqlite3", "time", "os", "sys", "shutil",
    "tempfile", "glob",
    "threading", "concurrent", "multiprocessing", "random", "secrets", "uuid", "logging", "importlib", "builtins", "io",
})  # fmt: skip
IMPURE_CALLS: Final = frozenset({
    "open", "print", "input", "exec", "eval", "__import__", "datetime.now", "datetime.utcnow", "datetime.today",
    "date.today",
    "Path.open", "Path.home", "Path.cwd",
})  # fmt: skip
IMPURE_METHODS: Final = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "utcnow", "getenv", "environ"}
)


class Import(NamedTuple):
    """An import statement: who, whom, and whether it runs when the module is loaded."""

    module: str
    target: str
    line: int


@cache
def trees() -> dict[str, ast.Module]:
    """Return every module by its path inside the package."""
    return {str(path.relative_to(SOURCE)): ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


@cache
def imports() -> tuple[Import, ...]:
    """Return every import, those inside of functions and under TYPE_CHECKING too."""
    return tuple(one for path, tree in trees().items() for node in ast.walk(tree) for one in _imports(path, node))


def _imports(path: str, node: ast.AST) -> Iterator[Import]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield Import(path, alias.name, node.lineno)
        case ast.ImportFrom():
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            for alias in node.names:
                yield Import(path, f"{node.module}.{alias.name}", node.lineno)


def room(path: str) -> str:
    """Return the room of a module: the first part of its path."""
    return path.split("/")[0].removesuffix(".py")


def floor(name: str) -> int:
    """Return the floor of a room."""
    for number, rooms in FLOORS.items():
        if name in rooms:
            return number
    raise AssertionError(f"{name} has no floor: add it to DESIGN §2 and to this table")


def target_room(target: str) -> str:
    parts = target.split(".")
    rooms = frozenset().union(*FLOORS.values())
    # `from govern import push` is an import of the package itself; `from govern import canonical` of a module.
    return parts[1] if len(parts) > 1 and parts[1] in rooms else "__init__"


def edges() -> set[tuple[str, str]]:
    """Return which room imports which other."""
    return {
        (room(one.module), target_room(one.target))
        for one in imports()
        if one.target.split(".")[0] == "govern" and room(one.module) != target_room(one.target)
    }


def test_every_room_has_a_floor() -> None:
    for path in trees():
        floor(room(path))


def test_imports_only_go_down() -> None:
    upward = [
        f"{one.module}:{one.line} imports {one.target}"
        for one in imports()
        if one.target.split(".")[0] == "govern" and floor(room(one.module)) < floor(target_room(one.target))
    ]
    assert not upward


def test_doors_never_import_each_other() -> None:
    assert {edge for edge in edges() if set(edge) <= DOORS} - set(DOOR_EDGES) == set()


def _cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return one cycle of a graph, or nothing."""
    done: set[str] = set()

    def visit(node: str, trail: list[str]) -> list[str]:
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, ())):
            if found := visit(following, [*trail, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := visit(node, []))), [])


def test_a_cycle_is_found() -> None:
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_two_rooms_need_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for start, end in edges():
        graph.setdefault(start, set()).add(end)
    assert _cycle(graph) == []


def test_no_room_below_the_faces_is_part_of_a_cycle() -> None:
    graph: dict[str, set[str]] = {}
    for start, end in edges():
        if floor(start) < 4:
            graph.setdefault(start, set()).add(end)
    assert _cycle(graph) == []


@pytest.mark.parametrize("library", ONLY)
def test_a_heavy_library_is_imported_only_where_it_is_named(library: str) -> None:
    strays = [
        f"{one.module}:{one.line}"
        for one in imports()
        if one.target.split(".")[0] == library and not one.module.startswith(tuple(ONLY[library]) or ("\0",))
    ]
    assert not strays


def _dotted(node: ast.AST) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_dotted(node.value)}.{node.attr}"
    return ""


def impurities(path: str, tree: ast.Module) -> Iterator[str]:
    """Yield what a pure module must not do: read clocks, files, networks or the environment."""
    for node in ast.walk(tree):
        for one in _imports(path, node):
            first, _, rest = one.target.partition(".")
            if first in IMPURE or (first == "pathlib" and rest not in ("PurePosixPath", "PurePath")):
                yield f"{path}:{one.line} imports {one.target}"
        if isinstance(node, ast.Call) and _dotted(node.func) in IMPURE_CALLS:
            yield f"{path}:{node.lineno} calls {_dotted(node.func)}"
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_METHODS:
            yield f"{path}:{node.lineno} uses {node.attr}"
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield f"{path}:{node.lineno} changes {', '.join(node.names)}"


@pytest.mark.parametrize("path", [path for path in trees() if room(path) in FLOORS[0] | FLOORS[1]])
def test_the_pure_floors_read_no_clock_no_file_no_network_and_no_environment(path: str) -> None:
    assert list(impurities(path, trees()[path])) == []


@pytest.mark.parametrize(
    "text",
    ["import os", "from os import environ", "import requests", "from pathlib import Path", "open('x')",
    "from datetime import datetime\ndatetime.now()",
     "import time", "x.read_bytes()", "import sqlite3", "import subprocess", "from urllib import request", "print(1)"],
)  # fmt: skip
def test_an_impurity_would_be_found(text: str) -> None:
    assert list(impurities("x.py", ast.parse(text)))


ASKS: Final = {"store/oras_adapter.py": "oras-py's login asks for a user name, and scripts for it may count on that"}


def test_nothing_below_the_faces_prints_asks_or_exits() -> None:
    strays = [
        f"{path}:{node.lineno}"
        for path, tree in trees().items()
        if floor(room(path)) < 4 and path not in ASKS
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and _dotted(node.func) in ("print", "exit", "quit", "sys.exit", "os._exit", "input")
    ]
    assert not strays
