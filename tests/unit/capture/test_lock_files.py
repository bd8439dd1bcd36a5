"""Lock files are found by name, said by digest, and nothing outside of the tree is looked at."""

from __future__ import annotations

import hashlib
import os

import pytest

from govern.capture import lock_files
from govern.capture.lock_files import find_lock_files
from govern.capture.materials import Material
from govern.capture.project import find_project
from govern.limits import Bound


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def model(tmp_path):
    """A pushed folder in a work tree, below another folder."""
    top = tmp_path / "home" / "top"
    (top / ".git").mkdir(parents=True)
    model = top / "models" / "fraud"
    model.mkdir(parents=True)
    (tmp_path / "home" / "uv.lock").write_bytes(b"not ours")
    return model


def found(folder, named=(), packed=None, notes=None):
    materials = find_lock_files(find_project(folder), named, packed or {}, notes if notes is not None else [])
    return [(one.name, one.digests["sha256"]) for one in materials]


@pytest.mark.parametrize(
    "name",
    ["uv.lock", "poetry.lock", "Pipfile.lock", "requirements.txt", "requirements-dev.txt", "requirements_gpu.lock",
     "conda-lock.yml", "conda-lock-gpu.yaml", "train.conda-lock.yml", "conda-linux-64.lock", "pixi.lock", "pdm.lock",
     "pylock.toml", "pylock.train.toml", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Cargo.lock", "go.sum"],
)  # fmt: skip
def test_a_lock_file_is_known_by_its_name(model, name):
    (model / name).write_bytes(b"x")
    assert found(model) == [(f"models/fraud/{name}", sha256(b"x"))]


@pytest.mark.parametrize("name", ["requirements.in", "my.lock", "uv.lock.bak", "requirements.md", "lock", "dvc.lock"])
def test_another_file_is_none(model, name):
    (model / name).write_bytes(b"x")
    assert found(model) == []


def test_those_around_the_folder_count_up_to_the_top_of_the_tree_and_the_nearest_comes_first(model):
    (model.parents[1] / "uv.lock").write_bytes(b"top")
    (model.parent / "poetry.lock").write_bytes(b"middle")
    (model / "requirements.txt").write_bytes(b"near")
    (model.parent / "other").mkdir()
    (model.parent / "other" / "uv.lock").write_bytes(b"aside")
    assert found(model) == [
        ("models/fraud/requirements.txt", sha256(b"near")),
        ("models/poetry.lock", sha256(b"middle")),
        ("uv.lock", sha256(b"top")),
    ]


def test_without_a_work_tree_only_the_folder_is_looked_at(tmp_path):
    (tmp_path / "uv.lock").write_bytes(b"above")
    (tmp_path / "model").mkdir()
    assert found(tmp_path / "model") == []


def test_a_link_is_not_followed_and_that_is_said(model, tmp_path):
    (model / "uv.lock").symlink_to(tmp_path / "home" / "uv.lock")
    os.mkfifo(model / "poetry.lock")
    notes: list[str] = []
    assert found(model, notes=notes) == []
    assert [note.split(" is ")[0] for note in notes] == [
        "the lock file models/fraud/poetry.lock",
        "the lock file models/fraud/uv.lock",
    ]


def test_what_is_packed_is_not_read_again(model):
    (model / "uv.lock").write_bytes(b"x")
    assert found(model, packed={"uv.lock": "a" * 64}) == [("models/fraud/uv.lock", "a" * 64)]


def test_one_that_the_metadata_file_names_counts_under_any_name_and_once(model):
    (model / "env").mkdir()
    (model / "env" / "frozen.txt").write_bytes(b"x")
    (model / "uv.lock").write_bytes(b"y")
    assert [name for name, _ in found(model, named=["env/frozen.txt", "uv.lock"])] == [
        "models/fraud/env/frozen.txt",
        "models/fraud/uv.lock",
    ]


def test_there_are_bounds_and_what_they_leave_out_is_said(model, monkeypatch):
    for number in range(4):
        (model / f"requirements-{number}.txt").write_bytes(b"x")
    monkeypatch.setattr(lock_files, "MAX_LOCKED", Bound("T", 3))
    notes: list[str] = []
    assert len(found(model, notes=notes)) == 3
    monkeypatch.setattr(lock_files, "MAX_SCANNED", Bound("T", 3))
    assert found(model, notes=notes) == []
    assert notes == [
        "there are 4 lock files; the record says the first 3",
        "a folder has more than 3 entries; lock files in it were not looked for",
    ]


def test_nothing_of_the_content_is_said(model):
    (model / "requirements.txt").write_bytes(b"--index-url https://u:geheim@pypi.example.com/simple\n")
    (one,) = find_lock_files(find_project(model), [], {}, [])
    assert one == Material(
        "models/fraud/requirements.txt",
        {"sha256": sha256(b"--index-url https://u:geheim@pypi.example.com/simple\n")},
        {"observed": "at-push", "role": "lock-file"},
    )
