"""A pull that was killed is gone on with: what was done does not come again, and nothing is ever half-written."""

from __future__ import annotations

import hashlib
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from govern.artifact.model_sig import MODEL_SIG
from govern.artifact.walk import LOCK_FILE
from support.fault_registry import FaultRegistry, Hold, Request
from support.prepared import Prepared

Files = Mapping[str, bytes]
Push = Callable[[str, Files], str]


@pytest.fixture
def push(fault_registry: FaultRegistry, commands: Prepared, key: Path, tmp_path: Path) -> Push:
    """Push files as a version of one model, and return its reference."""

    def run(version: str, files: Files) -> str:
        folder = tmp_path / f"model-{version}"
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        reference = f"{fault_registry.host}/acme/fraud:{version}"
        code, _, said = commands.run("push", folder, reference, "--key", key)
        assert code == 0, said
        return reference

    return run


def shards(count: int, size: int) -> dict[str, bytes]:
    """Return files of random bytes, all of one size."""
    return {f"weights/{number}.bin": secrets.token_bytes(size) for number in range(count)}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def asked_for(registry: FaultRegistry, files: Files, since: int = 0) -> dict[str, list[Request]]:
    """Return, for each file, the requests for its bytes in the log from a position on."""
    log = registry.requests()[since:]
    return {
        path: [one for one in log if one.method == "GET" and one.path.endswith(f"/blobs/sha256:{sha256(data)}")]
        for path, data in files.items()
    }


def blobs(files: Files) -> str:
    """Return the regular expression of the requests for these files."""
    return "|".join(f"/blobs/sha256:{sha256(data)}" for data in files.values())


def in_stage(output: Path, files: Files) -> set[str]:
    """Return the files that stand whole somewhere in the stage of a killed pull."""
    there = {sha256(path.read_bytes()) for path in output.parent.rglob("*") if path.is_file()}
    return {path for path, data in files.items() if sha256(data) in there}


def same(output: Path, files: Files) -> bool:
    """Whether a directory holds exactly these files, the lock, and the model signature."""
    found = {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}
    ours = [found.pop(one, None) for one in (LOCK_FILE, MODEL_SIG)]
    return None not in ours and found == dict(files)


# --- at a known point ----------------------------------------------------------------------------


@pytest.mark.parametrize("done", [0, 1, 4])
def test_blobs_that_were_done_are_not_asked_for_again(
    done: int, fault_registry: FaultRegistry, push: Push, commands: Prepared, key: Path, tmp_path: Path
) -> None:
    files, output = shards(5, 200_000), tmp_path / "pulled" / "model"
    output.parent.mkdir()
    pull = ["pull", push("1.0.0", files), "--output", output, "--key", key.with_suffix(".pub")]
    hold = fault_registry.switches.hold = Hold(done, "GET", blobs(files))
    killed = commands.start(*pull, "--jobs", "1")
    assert hold.held.wait(30)
    assert killed.kill() == -signal.SIGKILL
    hold.let_go.set()
    fault_registry.switches.hold = None
    assert not output.exists()
    came = {path for path, requests in asked_for(fault_registry, files).items() if requests and requests[0].status}
    assert len(came) == done
    assert in_stage(output, files) == came
    before, bytes_before = len(fault_registry.requests()), fault_registry.bytes_out
    assert commands.run(*pull)[0] == 0
    again = {path for path, requests in asked_for(fault_registry, files, before).items() if requests}
    assert again == files.keys() - came
    # Beside the weights there are manifests and records, which are small.
    assert fault_registry.bytes_out - bytes_before < (5 - done) * 200_000 + 50_000
    assert same(output, files)


def test_a_blob_that_was_cut_in_half_is_gone_on_with(
    fault_registry: FaultRegistry, push: Push, commands: Prepared, key: Path, tmp_path: Path
) -> None:
    files, output = shards(1, 4_000_000), tmp_path / "pulled" / "model"
    output.parent.mkdir()
    pull = ["pull", push("1.0.0", files), "--output", output, "--key", key.with_suffix(".pub")]
    hold = fault_registry.switches.hold = Hold(0, "GET", blobs(files), served=True, body_bytes=3_000_000)
    killed = commands.start(*pull)
    assert hold.held.wait(30)
    end = time.monotonic() + 10
    while staged_bytes(output) < 3_000_000:
        assert time.monotonic() < end
    assert killed.kill() == -signal.SIGKILL
    hold.let_go.set()
    fault_registry.switches.hold = None
    assert not output.exists()
    before = len(fault_registry.requests())
    assert commands.run(*pull)[0] == 0
    [[request]] = asked_for(fault_registry, files, before).values()
    assert (request.status, request.headers["range"]) == (206, "bytes=3000000-3999999")
    assert same(output, files)


def staged_bytes(output: Path) -> int:
    """Return how many bytes stand in unfinished files."""
    return sum(path.stat().st_size for path in output.parent.rglob("*.part"))


# --- at random -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_pull_killed_at_random_many_times_asks_for_nothing_twice(
    fault_registry: FaultRegistry, push: Push, commands: Prepared, key: Path, tmp_path: Path
) -> None:
    files = shards(24, 100_000) | {"README.md": b"a model", "deep/er/config.json": b"{}"}
    output = tmp_path / "pulled" / "model"
    output.parent.mkdir()
    pull = ["pull", push("1.0.0", files), "--output", output, "--key", key.with_suffix(".pub")]
    done: set[str] = set()
    reached = 0.0
    for _ in range(60):
        before = len(fault_registry.requests())
        hold = fault_registry.switches.hold = Hold(random.randrange(1, 4), "GET", blobs(files))
        killed = commands.start(*pull, "--jobs", "2")
        # The registry stands still after some blobs, so that the pull does not get through; the kill comes before
        # or after that.
        begun = time.monotonic()
        hold.held.wait(random.uniform(0.5, 4) * reached if reached else 30)
        # How long a pull takes to its first blobs is this machine's to say.
        reached = reached or time.monotonic() - begun
        code = killed.kill()
        hold.let_go.set()
        fault_registry.switches.hold = None
        again = {path for path, requests in asked_for(fault_registry, files, before).items() if requests}
        assert not again & done
        if code == 0 or output.exists():
            # It was through, and perhaps killed on its way out: what stands at the final path came there whole.
            assert same(output, files)
            break
        done = in_stage(output, files)
    assert commands.run(*pull)[0] == 0
    assert same(output, files)
    # The pulls did go on: what had come was never for nothing.
    assert len(done) > 12


@pytest.mark.slow
def test_an_update_that_is_killed_leaves_every_file_old_or_new(
    push: Push, commands: Prepared, key: Path, tmp_path: Path
) -> None:
    kept = {"README.md": b"a model"}
    old = shards(40, 2000) | kept | {"only-old.bin": secrets.token_bytes(2000)}
    new = shards(40, 2000) | kept | {"only-new.bin": secrets.token_bytes(2000)}
    first, second = push("1.0.0", old), push("2.0.0", new)
    trust = ["--key", key.with_suffix(".pub")]
    cut_in_between = 0
    for number in range(12):
        output = tmp_path / f"model-{number}"
        code, _, said = commands.run("pull", first, "--output", output, *trust)
        assert code == 0, said
        started = commands.start("pull", second, "--output", output, *trust)
        # The files are replaced in the last few milliseconds: wait for the first of them.
        begun = time.monotonic()
        watched = output / "weights" / "0.bin"
        while watched.read_bytes() == old["weights/0.bin"] and time.monotonic() - begun < 5 and not started.ended:
            pass
        time.sleep(random.uniform(0, 0.002))
        started.kill()
        now = {path: (output / path).read_bytes() for path in old.keys() | new.keys() if (output / path).exists()}
        assert all(data in (old.get(path), new.get(path)) for path, data in now.items())
        cut_in_between += any(now.get(path) == old[path] for path in old.keys() - kept.keys())
        code, _, said = commands.run("pull", second, "--output", output, *trust)
        assert code == 0, said
        assert same(output, new)
    assert cut_in_between


# --- Ctrl-C --------------------------------------------------------------------------------------


@pytest.mark.parametrize("body_bytes", [0, 1_000_000])
def test_a_pull_that_is_interrupted_ends_at_once_with_130_and_leaves_nothing_at_a_final_path(
    body_bytes: int, fault_registry: FaultRegistry, push: Push, key: Path, tmp_path: Path
) -> None:
    files, output = shards(6, 2_000_000), tmp_path / "pulled" / "model"
    output.parent.mkdir()
    pull = ["pull", push("1.0.0", files), "--output", str(output), "--key", str(key.with_suffix(".pub"))]
    hold = fault_registry.switches.hold = Hold(2, "GET", blobs(files), served=True, body_bytes=body_bytes)
    # A whole process: one that waits for its threads to the end, as a person's would.
    command = [sys.executable, "-m", "govern", *pull]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        if not hold.held.wait(30):
            process.kill()
            pytest.fail(f"it never asked: {process.communicate()[1]}")
        time.sleep(0.2)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
    assert time.monotonic() - begun < 3
    assert process.returncode == 130
    assert re.search(r"interrupted\n$", said)
    assert "Traceback" not in said
    assert not output.exists()
    hold.let_go.set()
    fault_registry.switches.hold = None
    before = len(fault_registry.requests())
    ran = subprocess.run(command, check=False, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert same(output, files)
    again = {path for path, requests in asked_for(fault_registry, files, before).items() if requests}
    assert len(again) <= 4
