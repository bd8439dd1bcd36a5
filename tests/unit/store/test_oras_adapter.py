"""`GovernRegistry` is oras-py's `Registry` to a script: the same names, the same arguments, the same references."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import oras.client
import oras.container
import oras.provider
import pytest

import govern
from govern.errors import InvalidInput, UsageError
from govern.settings import Settings
from govern.store.oras_adapter import GovernRegistry
from govern.store.oras_errors import NotAReference
from support.tls import TlsFiles

SOURCE = Path(govern.__file__).parent
ADDED = {"close", "subject"}


@pytest.fixture
def client() -> Iterator[GovernRegistry]:
    found = GovernRegistry("registry.example.com:5000", settings=Settings())
    yield found
    found.close()


def methods(cls: type) -> dict[str, inspect.Signature]:
    return {name: inspect.signature(one) for name, one in inspect.getmembers(cls, inspect.isfunction)}


def test_a_script_finds_the_class_and_every_method_of_it(client: GovernRegistry) -> None:
    assert isinstance(client, oras.client.OrasClient)
    ours, theirs = methods(GovernRegistry), methods(oras.provider.Registry)
    assert {name for name in ours.keys() - theirs.keys() if not name.startswith("_")} == ADDED


@pytest.mark.parametrize("name", sorted(methods(oras.provider.Registry)))
def test_a_method_takes_the_arguments_that_oras_py_takes(name: str) -> None:
    theirs = methods(oras.provider.Registry)[name].parameters.values()
    ours = list(methods(GovernRegistry)[name].parameters.values())
    if name == "__init__":
        assert ours.pop().name == "settings"
    assert [(one.name, one.default) for one in ours] == [(one.name, one.default) for one in theirs]


def test_no_other_module_imports_oras() -> None:
    importers = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] == "oras" or name.endswith("oras_adapter") for name in names):
                importers.append(path.name)
    assert set(importers) == {"oras_adapter.py"}


def test_the_command_does_not_import_oras() -> None:
    code = "import sys, govern.cli.app, govern.api, govern.store.registry; sys.exit('oras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("a/b:1", "registry.example.com:5000/a/b:1"),
        ("b", "registry.example.com:5000/b:latest"),
        ("other.example.com/a/b/c:1", "other.example.com/a/b/c:1"),
        ("localhost/b:1", "localhost/b:1"),
        ("localhost:5000/a.b/c:1", "localhost:5000/a.b/c:1"),
        ("[::1]:5000/b:1", "[::1]:5000/b:1"),
        (f"a/b:1@sha256:{'0' * 64}", f"registry.example.com:5000/a/b@sha256:{'0' * 64}"),
    ],
)
def test_a_reference_is_a_container(client: GovernRegistry, text: str, uri: str) -> None:
    found = client.get_container(text)
    assert isinstance(found, oras.container.Container)
    assert str(found) == uri
    assert client.get_container(found) is found


def test_a_reference_is_completed_by_the_settings_and_never_by_docker_hub() -> None:
    configured = GovernRegistry(settings=Settings(registry="registry.example.com/models"))
    assert str(configured.get_container("fraud:1")) == "registry.example.com/models/fraud:1"
    with pytest.raises(NotAReference, match="no registry"):
        GovernRegistry(settings=Settings()).get_container("fraud:1")


def test_a_container_keeps_a_tag_beside_the_digest_and_opens_by_the_digest(client: GovernRegistry) -> None:
    found = client.get_container(f"a/b:1@sha256:{'0' * 64}")
    assert found.tag == "1"
    assert client._open(found)[1] == f"sha256:{'0' * 64}"


def test_headers_are_kept_and_checked(client: GovernRegistry) -> None:
    client.set_header("X-Request", "1")
    assert client.headers == {"X-Request": "1"}
    for name, value in (("authorization", "Bearer x"), ("X-A", "a\r\nAuthorization: x"), ("X-\n", ""), ("X-A", "ü")):
        with pytest.raises(InvalidInput):
            client.set_header(name, value)
    assert client.headers == {"X-Request": "1"}


def test_a_session_is_not_handed_out(client: GovernRegistry) -> None:
    with pytest.raises(InvalidInput, match="do_request"):
        _ = client.session


def test_the_prefix_is_the_scheme_that_scripts_build_urls_with() -> None:
    assert GovernRegistry(settings=Settings()).prefix == "https"
    assert GovernRegistry(insecure=True, settings=Settings()).prefix == "http"


def test_a_file_of_authorities_is_used(tls: TlsFiles) -> None:
    client = GovernRegistry("registry.example.com", tls_verify=str(tls.ca), settings=Settings())
    assert client._connections.client("registry.example.com").own.ca == tls.ca
    client.close()


def test_a_login_without_a_registry_is_refused() -> None:
    with pytest.raises(UsageError, match="no registry"):
        GovernRegistry(settings=Settings()).login("ci", "secret")


def test_the_version_is_what_scripts_print(client: GovernRegistry) -> None:
    assert "Python version" in client.version()
    assert str(client) == repr(client) == "[govern-oras-client]"
