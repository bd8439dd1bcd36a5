"""Fixtures of every test: isolation from the machine, the command, real registries, and the one that lies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from hypothesis import settings

from support import registries
from support.fault_registry import Content, FaultRegistry, Switches
from support.registries import Running
from support.tls import TlsFiles, make_tls
from support.token_server import TokenServer, User, token_server

# A machine under load is slow now and then, so no example has a deadline. CI must say the same twice.
settings.register_profile("govern", deadline=None)
settings.register_profile("govern-ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("govern-ci" if os.environ.get("CI") == "true" else "govern")

_FOREIGN: Final = re.compile(
    r"XDG_.*|DOCKER_CONFIG|REGISTRY_AUTH_FILE|NETRC|GOVERN_(?!TEST_).*|[A-Z]+_PROXY"
    r"|SSL_CERT_(?:FILE|DIR)|(?:REQUESTS|CURL)_CA_BUNDLE|NO_COLOR|FORCE_COLOR",
    re.IGNORECASE,
)
"""Variables of the machine that would change what govern or its peers do."""

_homes = count()


def pytest_configure() -> None:
    """Take Ctrl-C as a terminal gives it: a shell that starts the tests in its background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--regenerate`."""
    parser.addoption("--regenerate", action="store_true", help="write golden files anew instead of comparing them")


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--regenerate"))


@pytest.fixture(scope="session")
def _homes_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def home(_homes_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME for each test, outside its `tmp_path`; variables of the machine are gone, PATH is kept."""
    directory = _homes_root / str(next(_homes))
    directory.mkdir()
    for name in [name for name in os.environ if _FOREIGN.fullmatch(name)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(directory))
    return directory


class Cli(Protocol):
    """Runs the command line: `cli("verify", reference)`."""

    def __call__(
        self, *arguments: str | Path, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it and return exit code, stdout and stderr.

        Args:
            arguments: what follows `govern`.
            stdin: what it reads.
            cwd: where it runs; None is the test's `tmp_path`.
            env: variables besides the isolated ones.
        """


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run `python -m govern` as a process of its own."""

    def run(
        *arguments: str | Path, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "govern", *map(str, arguments)],
            check=False,
            capture_output=True,
            cwd=cwd or tmp_path,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            input=stdin,
            timeout=120,
        )

    return run


# --- real registries -----------------------------------------------------------------------------


def _shared(start: Callable[[Path], AbstractContextManager[Running]], name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
        with start(tmp_path_factory.mktemp(name)) as running:
            yield running

    return shared


distribution = _shared(registries.distribution, "distribution")
zot = _shared(registries.zot, "zot")
crane = _shared(registries.crane_registry, "crane")


@pytest.fixture(params=["distribution", "zot"])
def registry(request: pytest.FixtureRequest) -> Running:
    """Each real registry in turn, plain http, shared by the session: without and with the referrers API."""
    running: Running = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def repository() -> str:
    """A repository name of the test's own."""
    return registries.unique_repository()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """An authority, a server certificate for the loopback and a client certificate."""
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def until_the_end() -> Iterator[ExitStack]:
    """What is entered here is ended after the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_distribution(tmp_path_factory: pytest.TempPathFactory, until_the_end: ExitStack) -> Callable[..., Running]:
    """Start a distribution of the test's own; takes `tls`, `basic`, `token` and `mutual`."""

    def start(**options: Any) -> Running:
        root = tmp_path_factory.mktemp("distribution")
        return until_the_end.enter_context(registries.distribution(root, **options))

    return start


@pytest.fixture
def start_zot(tmp_path_factory: pytest.TempPathFactory, until_the_end: ExitStack) -> Callable[..., Running]:
    """Start a zot of the test's own; takes `tls`, `basic` and `anonymous_read`."""

    def start(**options: Any) -> Running:
        return until_the_end.enter_context(registries.zot(tmp_path_factory.mktemp("zot"), **options))

    return start


@pytest.fixture
def start_token_server(
    tmp_path_factory: pytest.TempPathFactory, until_the_end: ExitStack
) -> Callable[..., TokenServer]:
    """Start a token server; takes `users`, `anonymous_pull` and `lifetime`. Without `users` there is ci, `secret`."""

    def start(**options: Any) -> TokenServer:
        options.setdefault("users", {"ci": User("secret")})
        return until_the_end.enter_context(token_server(tmp_path_factory.mktemp("token"), **options))

    return start


# --- the registry that lies ----------------------------------------------------------------------


@pytest.fixture
def start_fault_registry(until_the_end: ExitStack) -> Callable[..., FaultRegistry]:
    """Start a further fault registry, with the content of another if given."""

    def start(
        switches: Switches | None = None, *, content: Content | None = None, tls: TlsFiles | None = None
    ) -> FaultRegistry:
        return until_the_end.enter_context(FaultRegistry(switches, content=content, tls=tls))

    return start


@pytest.fixture
def fault_registry(start_fault_registry: Callable[..., FaultRegistry]) -> FaultRegistry:
    """A fault registry without a fault; turn its `switches`."""
    return start_fault_registry()
