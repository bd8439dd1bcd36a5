"""Fixtures of the tests that attack, that run over every kind of store, and that race and kill whole commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from govern.signing.key_file import generate_key_pair
from support.attacked import NAME, Attacked
from support.desk import MODEL
from support.fault_registry import Content, FaultRegistry, Switches
from support.logins import install_helper
from support.prepared import Prepared, prepared
from support.registries import Running, distribution, unique_repository
from support.stores import FAULTS, USER, Case, Servers, fault_case, layout_case, registry_case
from support.tls import TlsFiles
from support.token_server import TokenServer, User, token_server
from support.trees import write_tree

OTHER_USER = ("ops", "word")

# --- an artifact that is attacked ----------------------------------------------------------------


@pytest.fixture(scope="session")
def _pushed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Content, str]:
    folder = tmp_path_factory.mktemp("attacked")
    write_tree(folder / "model", MODEL)
    for name in ("ci", "other"):
        generate_key_pair(folder / name, None)
    (folder / "deep").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOVERN_", "XDG_"))}
    with FaultRegistry() as registry:
        for line in (("push", "model", "REF"), ("annotate", "REF", "team=risk")):
            words = [word.replace("REF", f"{registry.host}/{NAME}:1.0") for word in line]
            subprocess.run(
                [sys.executable, "-m", "govern", *words, "--key", "ci.key"],
                check=True,
                capture_output=True,
                cwd=folder,
                env={**environment, "HOME": str(folder / "none")},
            )
        digest = registry.content.repositories[NAME].resolve("1.0")
    return folder, registry.content, digest


@pytest.fixture
def victim(_pushed: tuple[Path, Content, str], tmp_path: Path) -> Attacked:
    """Somebody who uses `acme/fraud:1.0`, of which an honest registry has a push and an annotation."""
    return Attacked(*_pushed).at(tmp_path / "victim")


# --- every kind of store -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, tls: TlsFiles) -> Iterator[Servers]:
    """Registries of every kind, each started when a test first asks for it."""
    with ExitStack() as stack:
        yield Servers(stack, lambda kind: tmp_path_factory.mktemp(kind.replace(", ", "-")), tls)


@pytest.fixture
def case(
    request: pytest.FixtureRequest,
    servers: Servers,
    repository: str,
    tmp_path: Path,
    start_fault_registry: Callable[[Switches], FaultRegistry],
) -> Iterator[Case]:
    """A place of the kind that the test is run for, where nobody has written yet."""
    kind: str = request.param
    if kind == "layout":
        made = layout_case(tmp_path / "layout")
    elif kind in FAULTS:
        made = fault_case(kind, start_fault_registry(FAULTS[kind]()), repository)
    else:
        made = registry_case(kind, servers, repository)
    yield made
    made.close()


@pytest.fixture
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return a layout, or a repository of distribution or zot, where nobody has written, as a reference names it."""

    def make(kind: str) -> str:
        if kind == "layout":
            return f"layout:{tmp_path}/{unique_repository().replace('/', '-')}/mirror"
        running: Running = request.getfixturevalue(kind)
        return f"{running.host}/{unique_repository()}"

    return make


# --- registries with several users ---------------------------------------------------------------


@pytest.fixture(scope="session")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A distribution that asks ci and ops for a password."""
    with distribution(tmp_path_factory.mktemp("basic"), basic=dict([USER, OTHER_USER])) as running:
        yield running


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    """A token server: `t/ci/**` is ci's, who has the identity token `identity`, and `t/ops/**` is ops's."""
    users = {name: User(password, rf"t/{name}/.*") for name, password in (USER, OTHER_USER)}
    with token_server(tmp_path_factory.mktemp("tokens"), users) as server:
        server.refresh_tokens["identity"] = "ci"
        yield server


@pytest.fixture(scope="session")
def bearer(tmp_path_factory: pytest.TempPathFactory, tokens: TokenServer) -> Iterator[Running]:
    """A distribution that takes tokens of this server."""
    with distribution(tmp_path_factory.mktemp("bearer"), token=tokens) as running:
        yield running


@pytest.fixture
def docker_config(home: Path) -> Callable[[object], dict[str, str]]:
    """Write `~/.docker/config.json`; gives the environment that finds it."""

    def write(value: object) -> dict[str, str]:
        (home / ".docker").mkdir(exist_ok=True)
        (home / ".docker" / "config.json").write_text(json.dumps(value))
        return {"HOME": str(home), "PATH": os.environ["PATH"]}

    return write


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credential helper `docker-credential-vault` on PATH, and the file in which it keeps one secret a host."""
    install_helper(tmp_path / "bin", tmp_path / "vault.json")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return tmp_path / "vault.json"


# --- whole commands ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """Starts commands that have imported everything already, each with a HOME of its own."""
    with prepared(tmp_path_factory.mktemp("commands")) as made:
        yield made


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory, commands: Prepared) -> Path:
    """A signing key; the public one is beside it, as `.pub`."""
    prefix = tmp_path_factory.mktemp("key") / "ci"
    code, _, said = commands.run("key", "generate", "--output", prefix, "--no-passphrase")
    assert code == 0, said
    return prefix.with_suffix(".key")
