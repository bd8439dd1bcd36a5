"""Writers at the same moment: nothing that was attached is lost, and no version is ever two contents."""

from __future__ import annotations

import json
import random
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from support.discover import oras_discovers
from support.fault_registry import FaultRegistry, Switches
from support.plain_client import INDEX, MANIFEST, digest_of, push_blob, put_manifest
from support.prepared import Prepared
from support.racing_writers import race
from support.registries import Running

NAME = "acme/fraud"
ANNOTATION = "https://w3id.org/govern/annotation/v0.1"


@dataclass(frozen=True)
class Desk:
    """What a person has before them: commands, a key, and models of random content."""

    commands: Prepared
    key: Path
    other_key: Path
    folder: Path

    def model(self, content: str) -> Path:
        made = self.folder / content
        made.mkdir()
        (made / "README.md").write_text(content)
        return made

    def push(self, content: str, reference: str) -> tuple[int, str, str]:
        return self.commands.run(*self.pushing(content, reference))

    def pushing(self, content: str, reference: str, key: Path | None = None) -> tuple[object, ...]:
        return "push", self.folder / content, reference, "--name", NAME, "--key", key or self.key

    @property
    def trust(self) -> tuple[object, ...]:
        keys = (self.key, self.other_key)
        return "--name", NAME, *(word for key in keys for word in ("--key", key.with_suffix(".pub")))

    def verify(self, reference: str) -> tuple[int, str, str]:
        return self.commands.run("verify", reference, *self.trust)

    def annotations(self, reference: str) -> list[str]:
        """Return the digests of the annotations that verify."""
        code, out, said = self.commands.run("records", reference, *self.trust, "--format", "json")
        assert code == 0, said
        records = json.loads(out)["records"]
        return [one["manifest"] for one in records if (one["status"], one["type"]) == ("verified", ANNOTATION)]


@pytest.fixture
def desk(commands: Prepared, key: Path, tmp_path: Path) -> Desk:
    other = tmp_path / "other"
    assert commands.run("key", "generate", "--output", other, "--no-passphrase")[0] == 0
    return Desk(commands, key, other.with_suffix(".key"), tmp_path)


# --- records -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_64_writers_in_8_processes_are_all_found_and_visible_to_oras(
    distribution: Running, repository: str, desk: Desk
) -> None:
    reference = f"{distribution.host}/{repository}:1.0.0"
    desk.model("a")
    assert desk.push("a", reference)[0] == 0
    raced = race(reference, NAME, desk.key, writers=64, processes=8)
    print(f"64 writers in 8 processes: {raced.seconds:.1f} s")
    assert raced.faults == ()
    assert len(raced.attached) == 64
    assert oras_discovers(reference) >= raced.attached
    assert set(desk.annotations(reference)) == raced.attached
    # The machine of a test run has other things to do; what it takes alone is the benchmark's to say.
    assert raced.seconds < 60


class NaiveWriter:
    """A foreign tool that reads the fallback index, adds a record of its own and writes it back, again and again."""

    def __init__(self, base: str, subject: str) -> None:
        self.base, self.subject, self.written = base, subject, 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        with requests.Session() as session:
            while not self.stop.is_set():
                self.write(session, pause=random.uniform(0, 0.15))

    def write(self, session: requests.Session, *, pause: float, forget: bool = False) -> None:
        """Attach one record; `forget` writes the index back as if it had been empty."""
        url = f"{self.base}/manifests/{self.subject.replace(':', '-')}"
        answer = session.get(url, headers={"Accept": INDEX})
        listed = answer.json()["manifests"] if answer.status_code == 200 and not forget else []
        time.sleep(pause)
        entry = self.record(session)
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]}
        stored = session.put(url, data=json.dumps(index), headers={"Content-Type": INDEX})
        assert stored.status_code == 201, stored.text

    def record(self, session: requests.Session) -> dict[str, object]:
        self.written += 1
        config = {"mediaType": "application/octet-stream", "digest": push_blob(session, self.base, b"{}"), "size": 2}
        body = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "artifactType": "application/vnd.example.sbom",
                "config": config,
                "layers": [],
                "subject": {"mediaType": MANIFEST, "digest": self.subject, "size": 1},
                "annotations": {"number": str(self.written)},
            }
        ).encode()
        answer = put_manifest(session, self.base, digest := digest_of(body), body)
        assert answer.status_code == 201, answer.text
        return {"mediaType": MANIFEST, "digest": digest, "size": len(body)}


@pytest.mark.slow
def test_what_a_naive_writer_clobbers_is_found_still_and_repair_shows_it_to_all(
    distribution: Running, repository: str, desk: Desk
) -> None:
    reference = f"{distribution.host}/{repository}:1.0.0"
    desk.model("a")
    _, pinned, _ = desk.push("a", reference)
    own = oras_discovers(reference)
    naive = NaiveWriter(f"{distribution.url}/v2/{repository}", pinned.strip().rpartition("@")[2])
    naive.thread.start()
    raced = race(reference, NAME, desk.key, writers=16, processes=4)
    naive.stop.set()
    naive.thread.join()
    assert (raced.faults, len(raced.attached)) == ((), 16)
    assert naive.written > 3
    assert set(desk.annotations(reference)) == raced.attached
    with requests.Session() as session:
        naive.write(session, pause=0, forget=True)
    assert len(oras_discovers(reference)) == 1
    assert set(desk.annotations(reference)) == raced.attached
    code, _, said = desk.commands.run("repair", reference, "--name", NAME)
    assert code == 0, said
    assert oras_discovers(reference) >= raced.attached | own
    assert len(oras_discovers(reference)) == len(raced.attached | own) + 1
    assert desk.commands.run("repair", reference, "--name", NAME)[0] == 0


# --- one version, two contents -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["distribution", "zot", "layout", "fault registry, small pages"])
def test_two_pushes_of_one_version_at_the_same_time_never_both_win(
    kind: str,
    request: pytest.FixtureRequest,
    start_fault_registry: Callable[..., FaultRegistry],
    repository: str,
    desk: Desk,
) -> None:
    if kind == "layout":
        place = f"layout:{desk.folder / 'models'}"
    elif kind.startswith("fault"):
        place = f"{start_fault_registry(Switches(page_size=1)).host}/{repository}"
    else:
        place = f"{request.getfixturevalue(kind).host}/{repository}"
    for content in ("a", "b"):
        desk.model(content)
    begun = time.monotonic()
    assert desk.push("a", f"{place}:alone")[0] == 0
    span = time.monotonic() - begun
    seen = dict.fromkeys(("both registered", "one registered"), 0)
    for number in range(8):
        reference = f"{place}:{number}"
        # Half of them from the same moment, the others apart, so that they meet at different steps; with one key or
        # with two.
        at, later = time.monotonic() + 0.05, random.uniform(0, span) if number % 2 else 0.0
        both = [
            desk.commands.start(*desk.pushing("a", reference), at=at),
            desk.commands.start(
                *desk.pushing("b", reference, desk.other_key if number % 4 < 2 else None), at=at + later
            ),
        ]
        codes = [one.wait() for one in both]
        assert set(codes) <= {0, 1}, [one.stderr for one in both]
        assert codes != [0, 0], [one.stderr for one in both]
        seen[judge(desk, place, reference, codes)] += 1
    print(kind, seen)


def judge(desk: Desk, place: str, reference: str, codes: list[int]) -> str:
    """Check what two racing pushes left; return which of the two ends it was."""
    version = reference.rpartition(":")[2]
    code, out, said = desk.commands.run("list", place, *desk.trust, "--format", "json")
    assert code == 0, said
    registered = {one["digest"] for one in json.loads(out)["versions"] if one["version"] == version}
    verdicts = [desk.verify(f"{place}@{digest}") for digest in registered]
    if len(registered) == 2:
        for code, out, said in verdicts:
            assert code == 1, (out, said)
            assert re.search("CONFLICT", out + said)
        return "both registered"
    # One was refused before it had said anything: the other has the version, and nobody doubts it.
    assert sorted(codes) == [0, 1]
    [(code, out, said)] = verdicts
    assert code == 0, (out, said)
    assert desk.verify(reference)[0] == 0
    return "one registered"


# --- a version without its tag -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["distribution", "zot", "crane", "layout"])
def test_a_version_whose_tag_was_deleted_cannot_be_taken_by_other_content(
    kind: str, request: pytest.FixtureRequest, repository: str, desk: Desk
) -> None:
    layout = desk.folder / "models"
    running: Running | None = None if kind == "layout" else request.getfixturevalue(kind)
    place = f"{running.host}/{repository}" if running else f"layout:{layout}"
    reference = f"{place}:1.0.0"
    for content in ("a", "b"):
        desk.model(content)
    code, pinned, said = desk.push("a", reference)
    assert code == 0, said
    digest = pinned.strip().rpartition("@")[2]
    if running:
        # distribution deletes by digest alone, and the artifact with it.
        key = digest if kind == "distribution" else "1.0.0"
        assert requests.delete(f"{running.url}/v2/{repository}/manifests/{key}").status_code == 202
    else:
        untag(layout, "1.0.0")
    assert desk.commands.run("resolve", reference)[0] == 3
    code, out, said = desk.push("b", reference)
    assert (code, out) == (1, "")
    assert re.search(r"version '1\.0\.0' of acme/fraud is taken by other content", said)
    assert digest in said
    assert desk.commands.run("resolve", reference)[0] == 3
    # Its own content may have it back.
    assert desk.push("a", reference)[:2] == (0, pinned)
    assert desk.verify(reference)[0] == 0
    assert desk.push("b", f"{place}:1.0.1")[0] == 0


def untag(layout: Path, tag: str) -> None:
    """Take a tag out of a layout's index, as oras would."""
    path = layout / "index.json"
    index = json.loads(path.read_bytes())
    word = "org.opencontainers.image.ref.name"
    found = [one for one in index["manifests"] if (one.get("annotations") or {}).get(word) == tag]
    assert len(found) == 1
    index["manifests"].remove(found[0])
    path.write_text(json.dumps(index))


def test_a_version_stays_taken_after_the_artifact_itself_is_gone_from_a_layout(desk: Desk) -> None:
    layout = desk.folder / "models"
    for content in ("a", "b"):
        desk.model(content)
    _, pinned, _ = desk.push("a", f"layout:{layout}:1.0.0")
    untag(layout, "1.0.0")
    (layout / "blobs" / pinned.strip().rpartition("@")[2].replace(":", "/")).unlink()
    shutil.rmtree(desk.folder / "a")
    code, _, said = desk.push("b", f"layout:{layout}:1.0.0")
    assert (code, "is taken by other content" in said) == (1, True)
