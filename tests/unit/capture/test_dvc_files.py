"""DVC's files are read as DVC 3.67.1 wrote them, and whatever else somebody put into them is no fact."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern.capture.dvc_files import Tracked, read_pipeline_lock, read_pointer
from govern.errors import InvalidInput

ID = "344fd2323dd33d5c058b7cf27de029e8"
COMMIT = "3830176d85e76953a5c45dce080663c3821e3e50"
ADDED = f"""\
outs:
- md5: {ID}
  size: 8
  hash: md5
  path: train.csv
"""
IMPORTED = f"""\
md5: 933fb3a6148790620e8bf6d817a0c780
frozen: true
deps:
- path: shared.csv
  repo:
    url: https://anna:geheim@git.example.com/acme/data.git
    rev_lock: {COMMIT}
outs:
- md5: e5ebd4c02cefbe7955977c67ada242b7
  size: 8
  hash: md5
  path: shared.csv
"""
FETCHED = """\
md5: 9cb8f6fdcb86c99110f7897333cd4908
frozen: true
deps:
- checksum: '261674268136066137774561186226179596203'
  size: 3
  hash: md5
  path: https://anna:geheim@data.example.com/a.csv?sig=geheim
outs:
- md5: 35a853e2b2b105502215358d4d3db9f7
  size: 3
  hash: md5
  path: got.csv
"""
LOCK = """\
schema: '2.0'
stages:
  prepare:
    cmd: python3 -c "import shutil; 
      shutil.copy('data/train.csv','data/prep.csv')"
    deps:
    - path: data/raw
      hash: md5
      md5: 0e9c434fc9198e62d6556cf8d8ce3f03.dir
      size: 11
      nfiles: 2
    outs:
    - path: data/prep.csv
      hash: md5
      md5: 344fd2323dd33d5c058b7cf27de029e8
      size: 8
  train:
    cmd:
    - python3 src/train.py
    - echo 1
    deps:
    - path: data/prep.csv
      md5: 344fd2323dd33d5c058b7cf27de029e8
      size: 8
    params:
      params.yaml:
        train:
          lr: 0.01
          none:
    outs:
    - path: model
      hash: md5
      md5: 80a0d16fa2865363dea732599cd3c76d.dir
      size: 1
      nfiles: 1
"""  # noqa: W291 - as DVC breaks lines


def test_a_pointer_names_what_it_stands_for_from_the_top_of_the_tree():
    found = read_pointer(ADDED.encode(), "data/train.csv.dvc")
    assert found.outputs == (Tracked("data/train.csv", "", ID, "md5", 8),)
    assert found.imports == ()


def test_an_import_names_repository_and_commit_without_the_password():
    (one,) = read_pointer(IMPORTED.encode(), "data/shared.csv.dvc").imports
    assert one == Tracked("shared.csv", repository="https://git.example.com/acme/data.git", commit=COMMIT)


def test_a_url_loses_password_and_signature():
    (one,) = read_pointer(FETCHED.encode(), "got.csv.dvc").imports
    assert one == Tracked("", "https://data.example.com/a.csv", size=3)


def test_a_pipeline_has_its_stages():
    prepare, train = read_pipeline_lock(LOCK.encode(), "sub/dvc.lock")
    assert prepare.dependencies == (Tracked("sub/data/raw", "", "0e9c434fc9198e62d6556cf8d8ce3f03.dir", "md5", 11, 2),)
    assert train.command == "python3 src/train.py && echo 1"
    assert train.parameters == {"params.yaml": {"train": {"lr": "0.01", "none": None}}}
    assert [one.path for one in train.outputs] == ["sub/model"]


def test_an_id_without_the_name_of_its_hash_is_that_of_dvc_2():
    train = read_pipeline_lock(LOCK.encode(), "dvc.lock")[1]
    assert [one.hash for one in train.dependencies] == ["md5-dos2unix"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("../../outside.csv", ("", "")),
        ("../inside.csv", ("inside.csv", "")),
        ("/home/anna/data.csv", ("", "")),
        ("~/data.csv", ("data/~/data.csv", "")),
        ("C:\\data.csv", ("", "")),
        ("a/../../../x", ("", "")),
        ("s3://bucket/key", ("", "s3://bucket/key")),
        ("https://anna:ge/heim@x.example/a", ("", "")),
        ("./x/../b.csv", ("data/b.csv", "")),
    ],
)
def test_a_path_is_one_of_the_tree_or_nothing(path, found):
    (one,) = read_pointer(f"outs:\n- path: '{path}'\n  md5: {ID}\n".encode(), "data/x.dvc").outputs
    assert (one.path, one.uri) == found


@pytest.mark.parametrize("identifier", ["x", ID.upper(), ID + ".DIR", ID + "0", "ghp_" + "a" * 36, "1"])
def test_an_id_of_another_form_is_none(identifier):
    (one,) = read_pointer(f"outs:\n- path: a\n  md5: {identifier}\n  hash: a b\n".encode(), "x.dvc").outputs
    assert (one.id, one.hash) == (None, "")


@pytest.mark.parametrize(
    "text",
    ["", "- a", "outs: 1", "outs: []", "outs: [1]", "outs:\n- path: [a]", "outs: &a\n- path: x", "a: !!python/object x",
     "\xff", "outs:\n- path: x\n  repo: 1\n", "stages: 1", "wdir: []\nouts:\n- path: x\n", "{" * 500],
)  # fmt: skip
def test_another_file_is_refused_and_nothing_else_happens(text):
    with pytest.raises(InvalidInput):
        read_pointer(text.encode("latin-1"), "x.dvc")


KEYS = st.sampled_from(["stages", "schema", "outs", "deps", "cmd", "params", "md5", "hash", "path", "repo", "url", "a"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([ID, "s3://a/b", "\x00", "~"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_nothing_but_a_refusal_comes_out(value):
    data = json.dumps(value).encode()
    for read in (read_pointer, read_pipeline_lock):
        with contextlib.suppress(InvalidInput):
            read(data, "a/b.dvc")


@pytest.mark.parametrize(
    "text", ["- a", "schema: '2.0'\nstages: []", "train: 1", "schema: '2.0'\nstages:\n  a:\n    deps: 1\n"]
)
def test_another_lock_is_refused(text):
    with pytest.raises(InvalidInput):
        read_pipeline_lock(text.encode(), "dvc.lock")
