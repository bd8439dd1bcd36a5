"""A copy that was killed anywhere and is run again is equal to its source: every digest, record and verdict."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govern.errors import NotFound
from support.everything import NAME, Source, everything, open_place, put_everything, verdict
from support.fault_registry import FaultRegistry, Hold
from support.prepared import Command, Prepared

KILLS = int(os.environ.get("GOVERN_TEST_COPY_KILLS", "50"))


def has_version(place: str) -> bool:
    store = open_place(place)
    try:
        store.get_manifest("1.0.0")
    except NotFound:
        return False
    finally:
        store.close()
    return True


def assert_equal(place: str, source: Source, wanted: Any, decided: Any) -> None:
    assert everything(place, source.digest) == wanted
    assert verdict(f"{place}:1.0.0") == decided


# --- at random -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("source", "target"), [("zot", "layout"), ("layout", "distribution"), ("distribution", "zot")])
def test_a_copy_killed_at_random_and_run_again_is_equal_to_its_source(
    source: str, target: str, new_place: Callable[[str], str], commands: Prepared, tmp_path: Path
) -> None:
    original = put_everything(new_place(source), tmp_path / "files", size=4 << 20)
    wanted, decided = everything(original.place, original.digest), verdict(f"{original.place}:1.0.0")
    begun = time.monotonic()
    assert commands.run("copy", f"{original.place}:1.0.0", new_place(target))[0] == 0
    seconds, killed, runs = time.monotonic() - begun, 0, 0
    while killed < KILLS:
        place, begun, runs = new_place(target), time.monotonic(), runs + 1
        command = commands.start("copy", f"{original.place}:1.0.0", place)
        time.sleep(random.uniform(0, seconds))
        if command.kill() == 0:
            # The chance that a kill comes in the middle stays good, however fast the machine is now.
            seconds = min(seconds, time.monotonic() - begun)
        else:
            killed += 1
        if has_version(place):
            # The tag is the last thing that is written: who sees it sees everything.
            assert_equal(place, original, wanted, decided)
        code, _, told = commands.run("copy", f"{original.place}:1.0.0", place)
        assert code == 0, told
        assert_equal(place, original, wanted, decided)
    print(f"{killed} of {runs} killed within {seconds:.2f} s")


@pytest.mark.slow
def test_one_place_survives_many_kills(new_place: Callable[[str], str], commands: Prepared, tmp_path: Path) -> None:
    original = put_everything(new_place("layout"), tmp_path / "files", size=4 << 20)
    wanted, decided = everything(original.place, original.digest), verdict(f"{original.place}:1.0.0")
    for target in ("layout", "distribution", "zot"):
        place, done = new_place(target), False
        for number in range(100):
            command = commands.start("copy", f"{original.place}:1.0.0", place)
            # A little longer each time, so that it gets further each time.
            time.sleep(random.uniform(0, 0.02 * (number + 1)))
            if done := command.kill() == 0:
                break
        assert done
        assert_equal(place, original, wanted, decided)


# --- at every request ----------------------------------------------------------------------------


def stands_still(command: Command, hold: Hold) -> bool:
    """Return True once the command is held, False if it ended before."""
    end = time.monotonic() + 30
    while not hold.held.wait(0.005):
        assert time.monotonic() < end
        if command.ended:
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("api", "served"), [(True, True), (False, True), (False, False)], ids=["API", "no API", "no API, not served"]
)
def test_a_copy_killed_at_any_request_and_run_again_is_equal_to_its_source(
    api: bool, served: bool, fault_registry: FaultRegistry, commands: Prepared, tmp_path: Path
) -> None:
    fault_registry.switches.referrers_api = api
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    wanted, decided = everything(original.place, original.digest), verdict(f"{original.place}:1.0.0")
    number = 0
    for number in range(0, 400, 3):
        repository = f"acme/after-{number}"
        place = f"{fault_registry.host}/{repository}"
        hold = fault_registry.switches.hold = Hold(number, "PUT|POST", f"/{repository}/", served=served)
        command = commands.start("copy", f"{original.place}:1.0.0", place, "--jobs", "1")
        if not stands_still(command, hold):
            assert command.wait() == 0, command.stderr
            fault_registry.switches.hold = None
            break
        assert command.kill() == -signal.SIGKILL
        hold.let_go.set()
        fault_registry.switches.hold = None
        code, _, told = commands.run("copy", f"{original.place}:1.0.0", place)
        assert code == 0, (number, told)
        assert_equal(place, original, wanted, decided)
    assert number > 20


def test_a_copy_that_is_interrupted_ends_with_130_and_without_a_tag(
    fault_registry: FaultRegistry, commands: Prepared, tmp_path: Path
) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    place = f"{fault_registry.host}/{NAME}"
    hold = fault_registry.switches.hold = Hold(2, "PUT", "/manifests/")
    command = commands.start("copy", f"{original.place}:1.0.0", place, "--jobs", "1")
    assert stands_still(command, hold)
    assert command.kill(signal.SIGINT) == 130
    assert "Traceback" not in command.stderr
    hold.let_go.set()
    fault_registry.switches.hold = None
    assert not has_version(place)
    assert commands.run("copy", f"{original.place}:1.0.0", place)[0] == 0
    assert everything(place, original.digest) == everything(original.place, original.digest)


@pytest.mark.slow
def test_a_save_that_was_killed_leaves_no_file_and_is_run_again(commands: Prepared, tmp_path: Path) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files", size=8 << 20)
    whole = tmp_path / "whole.tar"
    begun = time.monotonic()
    assert commands.run("save", f"{original.place}:1.0.0", whole)[0] == 0
    seconds = time.monotonic() - begun
    for number in range(max(5, KILLS // 5)):
        file = tmp_path / f"{number}.tar"
        command = commands.start("save", f"{original.place}:1.0.0", file)
        time.sleep(random.uniform(0, seconds))
        ended = command.kill() == 0
        if not file.exists():
            assert not ended
            assert commands.run("save", f"{original.place}:1.0.0", file)[0] == 0
        assert file.read_bytes() == whole.read_bytes()
        file.unlink()
    assert [one.name for one in tmp_path.glob("*.tar*")] == ["whole.tar"]
