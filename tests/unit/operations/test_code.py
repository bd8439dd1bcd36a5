"""Code that a metadata file names is an input by digest; nothing is taken for it."""

from __future__ import annotations

import hashlib

import pytest

from govern.artifact.metadata.model import Code
from govern.capture.dir_hash import dir_hash
from govern.capture.provenance import Input
from govern.errors import InvalidInput
from govern.limits import Bound
from govern.operations import code as module
from govern.operations.code import named_code
from govern.operations.context import Context
from govern.settings import Settings

COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "src" / "pkg").mkdir(parents=True)
    (tmp_path / "src" / "train.py").write_bytes(b"1")
    (tmp_path / "src" / "pkg" / "a.py").write_bytes(b"2")
    (tmp_path / "src" / "__pycache__").mkdir()
    (tmp_path / "src" / "__pycache__" / "a.pyc").write_bytes(b"3")
    return tmp_path / "model"


def found(model, **fields):
    return list(named_code(Context(Settings()), model, Code(**fields)))


def test_a_directory_is_said_by_the_digest_of_what_is_in_it(model):
    files = {"train.py": hashlib.sha256(b"1").hexdigest(), "pkg/a.py": hashlib.sha256(b"2").hexdigest()}
    assert found(model, path="../src") == [
        Input("training-code", "", None, "code", "at-push", {"dirHash": dir_hash(files)})
    ]


@pytest.mark.parametrize(
    ("repository", "uri"),
    [
        (None, ""),
        ("https://git.example.com/a", "git+https://git.example.com/a"),
        ("git@git.example.com:acme/a", "git+ssh://git.example.com/acme/a"),
        ("acme/a", ""),
    ],
)
def test_a_commit_is_what_the_person_says(model, repository, uri):
    assert found(model, repository=repository, commit=COMMIT) == [
        Input("training-code", uri, None, "code", "declared", {"gitCommit": COMMIT})
    ]


def test_a_repository_without_a_commit_is_no_input(model):
    assert found(model, repository="https://git.example.com/a", entry_point="train.py") == []


def test_a_directory_that_is_not_there_is_refused(model):
    for path in ("../none", "../src/train.py"):
        with pytest.raises(InvalidInput, match="is not there"):
            found(model, path=path)


def test_a_link_out_of_the_directory_is_refused(model, tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "src" / "link.py").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidInput, match="link leaves the tree"):
        found(model, path="../src")


@pytest.mark.parametrize("name", ["MAX_CODE_FILES", "MAX_CODE_SIZE"])
def test_a_directory_beyond_a_bound_is_refused(model, monkeypatch, name):
    monkeypatch.setattr(module, name, Bound(name, 1))
    with pytest.raises(InvalidInput, match=name):
        found(model, path="../src")
