"""A push that was killed anywhere and is repeated gives the same records, not a second set (FORMAT §7)."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from govern.line import line_of
from govern.names import Name
from govern.oci.digest import Digest
from govern.store.layout import LayoutStore
from govern.store.protocol import Store
from support.fault_registry import FaultRegistry, Hold
from support.prepared import Command, Prepared
from support.registries import Running
from support.stores import open_repository, shown

NAME = "acme/fraud"
PROVENANCE, REGISTRATION = "https://slsa.dev/provenance/v1", "https://w3id.org/govern/registration/v0.1"
OMS = "https://model_signing/signature/v1.0"
ONE_SET = Counter(
    {
        ("artifact", PROVENANCE): 1,
        ("artifact", OMS): 1,
        ("artifact", REGISTRATION): 1,
        ("line", REGISTRATION): 1,
    }
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text("a model")
    (folder / "weights.bin").write_bytes(bytes(range(256)) * 40)
    return folder


def stands_still(command: Command, hold: Hold) -> bool:
    """Return True once the command is held, False if it ended before."""
    end = time.monotonic() + 30
    while not hold.held.wait(0.005):
        assert time.monotonic() < end
        if command.ended:
            return False
    return True


def bundles_in(state: Path) -> set[str]:
    """Return the digests of the bundles that a killed push wrote down."""
    found = set()
    for path in state.glob("journal/*.json"):
        for one in json.loads(path.read_bytes()):
            found.add(f"sha256:{hashlib.sha256(base64.b64decode(one['bundle'])).hexdigest()}")
    return found


def records_of(registry: FaultRegistry, repository: str) -> list[dict[str, object]]:
    """Return every manifest with a subject that was ever stored, listed or not."""
    with registry.content.lock:
        found = [json.loads(body) for _, body in registry.content.repository(repository).manifests.values()]
    return [one for one in found if one.get("subject")]


def sorts(manifests: list[dict[str, object]]) -> Counter[tuple[str, str]]:
    """Count records by what they hang on and what they are."""
    line, found = line_of(Name(NAME)).digest, Counter[tuple[str, str]]()
    for one in manifests:
        subject, annotations = one["subject"], one["annotations"]
        assert isinstance(subject, dict)
        assert isinstance(annotations, dict)
        where = "line" if subject["digest"] == line else "artifact"
        found[where, annotations["dev.sigstore.bundle.predicateType"]] += 1
    return found


# --- at every request ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("api", "journal", "served"),
    [(True, True, False), (False, False, True), (True, False, False), (False, True, True)],
    ids=["API, journal", "no API, no journal, answer lost", "API, no journal", "no API, journal, answer lost"],
)
def test_a_push_killed_at_any_request_and_repeated_leaves_one_set_of_records(
    api: bool,
    journal: bool,
    served: bool,
    fault_registry: FaultRegistry,
    commands: Prepared,
    key: Path,
    model: Path,
    tmp_path: Path,
) -> None:
    fault_registry.switches.referrers_api = api
    # Two of the four tests look at every request, the others at every fourth.
    step = 1 if api == journal else 4
    for number in range(0, 200, step):
        repository, state = f"acme/after-{number}", tmp_path / f"state-{number}"
        arguments = ["push", model, f"{fault_registry.host}/{repository}:1.0.0", "--name", NAME, "--key", key]
        env = {"GOVERN_STATE_DIR": str(state)} if journal else {}
        hold = fault_registry.switches.hold = Hold(number, path=f"/{repository}/", served=served)
        killed = commands.start(*arguments, "--jobs", "1", env=env)
        if not stands_still(killed, hold):
            assert killed.wait() == 0, killed.stderr
            break
        assert killed.kill() == -signal.SIGKILL
        hold.let_go.set()
        fault_registry.switches.hold = None
        signed = bundles_in(state)
        code, pinned, said = commands.run(*arguments, env=env)
        assert (code, said.count("pushed:") + said.count("is there:")) == (0, 1), (number, said)
        records = records_of(fault_registry, repository)
        assert sorts(records) == ONE_SET, number
        # What was written down before the kill is what is there now.
        assert signed <= {one["layers"][0]["digest"] for one in records}, number  # type: ignore[index]
        assert not bundles_in(state), number
        if number % 8 == 0:
            assert_no_op_on_a_fresh_machine(fault_registry, commands, arguments, pinned)
    # It ended by itself after all its requests, and those were many: a push was killed at each of them.
    assert number > 40


def assert_no_op_on_a_fresh_machine(
    registry: FaultRegistry, commands: Prepared, arguments: list[object], pinned: str
) -> None:
    """Push again without HOME, state or cache of before: nothing is sent, nothing is signed."""
    before = len(registry.requests())
    code, again, said = commands.run(*arguments)
    assert (code, again) == (0, pinned), said
    assert "nothing was signed" in said
    sent = [f"{one.method} {one.path}" for one in registry.requests()[before:] if one.method not in ("GET", "HEAD")]
    assert sent == []


# --- at random -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("journal", [True, False])
@pytest.mark.parametrize("kind", ["distribution", "zot", "layout"])
def test_a_push_killed_at_random_many_times_leaves_one_set_of_records(
    kind: str,
    journal: bool,
    request: pytest.FixtureRequest,
    repository: str,
    commands: Prepared,
    key: Path,
    model: Path,
    tmp_path: Path,
) -> None:
    store: Store
    if kind == "layout":
        place, store = f"layout:{tmp_path / 'fraud'}", LayoutStore(tmp_path / "fraud")
    else:
        running: Running = request.getfixturevalue(kind)
        place, store = f"{running.host}/{repository}", open_repository(running.host, repository)
    arguments = ["push", model, f"{place}:1.0.0", "--name", NAME, "--key", key]
    env = {"GOVERN_STATE_DIR": str(tmp_path / "state")} if journal else {}
    seconds = 0.05
    for number in range(15):
        begun = time.monotonic()
        command = commands.start(*arguments, env=env)
        # The chance that a kill comes in the middle stays good, however fast the machine is.
        time.sleep(random.uniform(0, seconds))
        if command.kill() == 0:
            seconds = min(seconds, time.monotonic() - begun)
        elif number % 3 == 2:
            seconds *= 1.5
    code, pinned, said = commands.run(*arguments, env=env)
    assert code == 0, said
    digest = Digest(pinned.strip().rpartition("@")[2])
    subjects = (digest, line_of(Name(NAME)).digest)
    records = [store.get_manifest(one).data for subject in subjects for one in shown(store, subject)]
    assert sorts([json.loads(one) for one in records]) == ONE_SET
    assert commands.run("verify", f"{place}:1.0.0", "--name", NAME, "--key", key.with_suffix(".pub"))[0] == 0
    store.close()


# --- by another machine, by Ctrl-C ---------------------------------------------------------------


@pytest.mark.parametrize("api", [True, False])
def test_the_same_push_by_a_fresh_machine_restores_the_tag_and_nothing_else(
    api: bool, fault_registry: FaultRegistry, commands: Prepared, key: Path, model: Path
) -> None:
    fault_registry.switches.referrers_api = api
    reference = f"{fault_registry.host}/{NAME}:1.0.0"
    arguments: list[object] = ["push", model, reference, "--key", key]
    code, pinned, said = commands.run(*arguments)
    assert code == 0, said
    for _ in range(2):
        assert_no_op_on_a_fresh_machine(fault_registry, commands, arguments, pinned)
    with fault_registry.content.lock:
        del fault_registry.content.repository(NAME).tags["1.0.0"]
    before = len(fault_registry.requests())
    assert commands.run(*arguments)[:2] == (0, pinned)
    sent = [one for one in fault_registry.requests()[before:] if one.method not in ("GET", "HEAD")]
    assert [(one.method, one.path) for one in sent] == [("PUT", f"/v2/{NAME}/manifests/1.0.0")]
    assert_no_op_on_a_fresh_machine(fault_registry, commands, arguments, pinned)


def test_a_push_that_is_interrupted_ends_with_130_and_without_a_tag(
    fault_registry: FaultRegistry, commands: Prepared, key: Path, model: Path
) -> None:
    arguments = ["push", model, f"{fault_registry.host}/{NAME}:1.0.0", "--key", key, "--jobs", "1"]
    hold = fault_registry.switches.hold = Hold(0, "PUT", "/manifests/")
    command = commands.start(*arguments)
    assert stands_still(command, hold)
    assert command.kill(signal.SIGINT) == 130
    assert command.stderr.endswith("interrupted\n")
    assert "Traceback" not in command.stderr
    hold.let_go.set()
    fault_registry.switches.hold = None
    assert fault_registry.content.repository(NAME).tags == {}
    assert commands.run(*arguments)[0] == 0
    assert sorts(records_of(fault_registry, NAME)) == ONE_SET
