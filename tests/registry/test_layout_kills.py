"""A layout whose writers are killed at any moment is whole, for us and for oras, and keeps what it acknowledged."""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path

import pytest

from govern.oci.digest import Digest
from govern.store.layout import LayoutStore
from support.discover import oras_discovers
from support.layout_writers import write_and_kill
from support.stores import put_artifact, put_record, shown

KILLS = int(os.environ.get("GOVERN_TEST_KILLS", "200"))


@pytest.mark.slow
def test_a_layout_survives_writers_that_are_killed(tmp_path: Path) -> None:
    layout, seed = tmp_path / "layout", random.randrange(1 << 32)
    print(f"seed {seed}")
    subject = put_artifact(LayoutStore(layout), "1.0.0")
    told = write_and_kill(layout, subject.digest, len(subject.data), writers=8, kills=KILLS, seed=seed)
    print(f"{told.killed} killed, {len(told.records)} records and {len(told.blobs)} blobs acknowledged")
    assert told.killed == KILLS + 8
    # They did write in between; how much, is the disk's to say.
    assert len(told.records) > KILLS // 10
    assert_whole(layout)
    # Nothing that was acknowledged is lost. There may be more: a writer may be killed before it can tell.
    found = shown(LayoutStore(layout), subject.digest)
    assert found >= told.records
    assert {path.name for path in (layout / "blobs/sha256").iterdir()} >= {one.partition(":")[2] for one in told.blobs}
    assert oras_discovers(f"{layout}:1.0.0", "--oci-layout") == found
    # The next writer finds nothing in its way.
    after = put_record(LayoutStore(layout), subject.digest, len(subject.data))
    assert shown(LayoutStore(layout), subject.digest) == found | {after.digest}


def test_writers_that_are_killed_while_they_make_the_layout_leave_one(tmp_path: Path) -> None:
    subject = Digest.of(b"a subject that is elsewhere")
    for number in range(6):
        layout = tmp_path / str(number)
        seed = random.randrange(1 << 32)
        told = write_and_kill(layout, subject, 1, writers=4, kills=12, seed=seed, milliseconds=4)
        assert_whole(layout)
        assert shown(LayoutStore(layout), subject) >= told.records


def assert_whole(layout: Path) -> None:
    """Check every byte of a layout without a line of our own code."""
    assert json.loads((layout / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    for path in (layout / "blobs/sha256").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    index = json.loads((layout / "index.json").read_bytes())
    assert index["schemaVersion"] == 2
    digests = [one["digest"] for one in index["manifests"]]
    assert len(digests) == len(set(digests))
    for entry in index["manifests"]:
        data = (layout / "blobs" / entry["digest"].replace(":", "/")).read_bytes()
        assert len(data) == entry["size"]
        manifest = json.loads(data)
        for named in (manifest["config"], *manifest["layers"]):
            assert (layout / "blobs" / named["digest"].replace(":", "/")).stat().st_size == named["size"]
    assert {path.name for path in layout.iterdir()} <= {"oci-layout", "index.json", "blobs", "ingest"}
