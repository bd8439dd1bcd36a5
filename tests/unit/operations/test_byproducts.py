"""Logs are said by digest and size, metrics letter for letter."""

from __future__ import annotations

import hashlib
import json

import pytest

from govern import canonical
from govern.artifact.file_list import Entry
from govern.artifact.metadata.reading import read_metadata
from govern.artifact.metadata.record import to_record
from govern.capture.materials import Material, descriptors
from govern.errors import InvalidInput
from govern.limits import Bound
from govern.operations import byproducts as module
from govern.operations.byproducts import byproducts

LOGS = read_metadata(b"training: {logs: [a.log, logs/b.log, a.log]}\n", "govern.yaml")
METRICS = read_metadata(b"metrics:\n- {name: auc, value: 0.950, dataset: t}\n- {name: n, value: 1}\n", "govern.yaml")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "a.log").write_bytes(b"a")
    (tmp_path / "logs" / "b.log").write_bytes(b"bb")
    return tmp_path


def log(path, sha256, size):
    return Material(path, {"sha256": sha256}, {"role": "log", "size": size}, media_type="text/plain")


def test_a_log_is_said_once_by_its_digest_and_size(folder):
    assert byproducts(folder, LOGS, {}) == (
        log("a.log", hashlib.sha256(b"a").hexdigest(), 1),
        log("logs/b.log", hashlib.sha256(b"bb").hexdigest(), 2),
    )


def test_of_a_packed_log_the_packed_bytes_are_said(folder):
    (first, _) = byproducts(folder, LOGS, {"a.log": Entry("sha256:" + "c" * 64, 0, "a.log", "d" * 64, 7)})
    assert first == log("a.log", "d" * 64, 7)


def test_metrics_are_the_array_of_the_registration(folder):
    (one,) = byproducts(folder, METRICS, {})
    data = canonical.dumps(to_record(METRICS)["metrics"])
    assert one.content == data
    assert one.digests == {"sha256": hashlib.sha256(data).hexdigest()}
    assert json.loads(data)[0]["value"] == "0.950"
    (descriptor,) = descriptors([one])
    assert descriptor["annotations"] == {"count": 2, "role": "metrics", "size": len(data)}


def test_many_metrics_are_said_by_digest_alone(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_INLINE", Bound("T", 10))
    (one,) = byproducts(folder, METRICS, {})
    assert one.content is None
    assert set(one.digests) == {"sha256"}


def test_a_log_that_is_a_link_or_gone_or_too_large_is_refused(folder, monkeypatch):
    (folder / "a.log").unlink()
    with pytest.raises(InvalidInput, match=r"a\.log"):
        byproducts(folder, LOGS, {})
    (folder / "a.log").symlink_to(folder / "logs" / "b.log")
    with pytest.raises(InvalidInput, match=r"a\.log"):
        byproducts(folder, LOGS, {})
    (folder / "a.log").unlink()
    (folder / "a.log").write_bytes(b"xx")
    monkeypatch.setattr(module, "MAX_LOG_SIZE", Bound("MAX_LOG_SIZE", 1))
    with pytest.raises(InvalidInput, match="MAX_LOG_SIZE"):
        byproducts(folder, LOGS, {})


def test_without_a_metadata_file_there_is_nothing(folder):
    assert byproducts(folder, None, {}) == ()
