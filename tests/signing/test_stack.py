"""The processes of the private Sigstore: they end, whatever happens; and parts that are no programs are found."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from support import parts
from support.sigstore.alone import LOCK
from support.sigstore.processes import AddressTaken, Server, running
from support.sigstore.stack import Sigstore

# --- processes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "raised"), [("listen: address already in use", AddressTaken), ("no such key", AssertionError)]
)
def test_a_server_that_fails_to_start_takes_the_others_with_it(
    said: str, raised: type[Exception], tmp_path: Path
) -> None:
    failing = Server("failing", ["sh", "-c", f"while [ ! -s pid ]; do sleep 0.01; done; echo {said}; exit 1"], 9, "/")
    other = Server("other", ["sh", "-c", "echo $$ >pid; exec sleep 60"], 9, "/")
    with pytest.raises(raised, match=said), running(tmp_path, [failing, other]):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_another_run_waits_while_the_stack_runs(sigstore: Sigstore) -> None:
    with LOCK.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# --- parts that are no programs ------------------------------------------------------------------


def test_a_module_of_node_is_found_where_node_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "@sigstore" / "verify"
    folder.mkdir(parents=True)
    monkeypatch.delenv("GOVERN_TEST_SIGSTORE_JS", raising=False)
    monkeypatch.setenv("NODE_PATH", f"/nowhere:{tmp_path}")
    assert parts.find_part("sigstore_js") != folder
    (folder / "package.json").write_text("{}")
    assert parts.find_part("sigstore_js") == folder


@pytest.mark.parametrize("name", ["sigstore_js", "softhsm_library"])
def test_a_variable_that_names_nothing_is_reported(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv(f"GOVERN_TEST_{name.upper()}", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match=f"{name} is missing: .* is no (module|library)"):
        parts.require_part(name)


def test_a_library_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "libother.so"
    library.write_bytes(b"")
    monkeypatch.setenv("GOVERN_TEST_SOFTHSM_LIBRARY", str(library))
    assert parts.find_part("softhsm_library") == library
