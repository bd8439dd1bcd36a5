"""The environment names software, and neither people nor machines."""

from __future__ import annotations

import getpass
import platform
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from govern.capture import environment
from govern.capture.environment import FRAMEWORKS, capture_environment
from govern.capture.redact import REDACTED


def test_python_and_platform_are_told():
    found = capture_environment()
    assert found["python"] == platform.python_version()
    assert found["system"] == platform.system()
    assert int(found["cpus"]) >= 1
    assert found["govern"]


def test_only_the_fixed_names_are_told():
    packages = {f"package.{name}" for name in FRAMEWORKS}
    assert set(capture_environment()) <= packages | {"cpus", "govern", "implementation", "machine", "python", "system"}


def test_no_host_no_user_and_no_path_are_told():
    values = " ".join(capture_environment().values())
    for private in (socket.gethostname(), getpass.getuser(), str(Path.home())):
        assert private not in values.split()
    assert "/" not in values


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A place that packages can be installed into, as an installer would leave them."""

    def install(name: str, text: bytes | None) -> None:
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        if text is not None:
            (folder / "METADATA").write_bytes(text)

    monkeypatch.syspath_prepend(str(tmp_path))
    return install


def test_an_installed_framework_is_told_with_its_version(installed):
    installed("xgboost", b"Metadata-Version: 2.1\nName: xgboost\nVersion: 99.1\n")
    assert capture_environment()["package.xgboost"] == "99.1"


@pytest.mark.parametrize("text", [None, b"", b"Metadata-Version: 2.1\nName: catboost\n", b"\xff\xfe"])
def test_a_half_removed_framework_stops_nothing(installed, text):
    installed("catboost", text)
    assert "package.catboost" not in capture_environment()


def test_a_version_that_looks_like_a_secret_is_redacted(installed):
    installed("catboost", b"Metadata-Version: 2.1\nName: catboost\nVersion: ghp_" + b"a" * 36 + b"\n")
    assert capture_environment()["package.catboost"] == REDACTED


def test_nothing_is_imported():
    code = (
        "import sys; from govern.capture.environment import capture_environment; before = set(sys.modules); "
        "capture_environment(); print({'numpy', 'safetensors', 'torch', 'sklearn'} & (set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_our_own_distribution_is_asked_for_by_its_name_on_the_index():
    assert environment.DISTRIBUTION == "govern-oci"
    assert capture_environment()["govern"] == metadata.version("govern-oci")
