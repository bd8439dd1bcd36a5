"""What a script pushes is described as oras-py describes it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from oras.utils.fileio import split_path_and_content

from govern.errors import InvalidInput
from govern.store.oras_errors import NoSuchFile, OutsideOfFolder
from govern.store.oras_push import Notes, describe_config, describe_files, is_inside, split_type

NONE = Notes({})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.mark.parametrize("text", ["x", "x:text/plain", "a:b", "a:b:text/plain", ":x", "x:", "absent:1:text/x+y"])
def test_a_path_and_its_type_are_split_as_oras_py_does(folder: Path, text: str) -> None:
    (folder / "x").write_text("x")
    (folder / "a:b").write_text("x")
    theirs = split_path_and_content(text)
    assert split_type(text) == (theirs.path, theirs.content or "")


def test_files_become_layers(folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "x.bin").write_bytes(b"x")
    notes = Notes({"sub/x.bin": {"a": "b"}, str(folder / "y"): {"c": "d"}})
    (folder / "y").write_bytes(b"y")
    layers = [layer for _, layer in describe_files(["sub/x.bin:text/x", folder / "y"], notes, tmp_path, anywhere=False)]
    assert layers == [
        {
            "mediaType": "text/x",
            "size": 1,
            "digest": "sha256:" + hashlib.sha256(b"x").hexdigest(),
            "annotations": {"org.opencontainers.image.title": "x.bin", "a": "b"},
        },
        {
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "size": 1,
            "digest": "sha256:" + hashlib.sha256(b"y").hexdigest(),
            "annotations": {"org.opencontainers.image.title": "y", "c": "d"},
        },
    ]


def test_a_directory_becomes_one_layer(folder: Path, tmp_path: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "x").write_text("x")
    notes = Notes({"data/": {"a": "b"}})
    [(path, layer)] = describe_files(["data/"], notes, tmp_path, anywhere=False)
    assert path.parent == tmp_path
    assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
    assert layer["annotations"] == {"org.opencontainers.image.title": "data", "a": "b"}


def test_two_files_for_one_place_are_refused_unless_a_title_parts_them(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "x").write_text(name)
    with pytest.raises(InvalidInput, match="same path"):
        describe_files(["a/x", "b/x"], NONE, tmp_path, anywhere=False)
    titles = Notes({"b/x": {"org.opencontainers.image.title": "b/x"}})
    assert len(describe_files(["a/x", "b/x"], titles, tmp_path, anywhere=False)) == 2


def test_what_is_not_there_or_elsewhere_is_refused_by_the_names_that_scripts_catch(
    folder: Path, tmp_path: Path
) -> None:
    for text in ("absent", ":absent", "does:not:exist:text/plain", "", tmp_path / "absent"):
        with pytest.raises(FileNotFoundError) as missing:
            describe_files([text], NONE, tmp_path, anywhere=False)
        assert isinstance(missing.value, NoSuchFile)
    (tmp_path / "outside").write_text("x")
    with pytest.raises(ValueError, match="not in the present working directory") as outside:
        describe_files([tmp_path / "outside"], NONE, tmp_path, anywhere=False)
    assert isinstance(outside.value, OutsideOfFolder)
    assert len(describe_files([tmp_path / "outside"], NONE, tmp_path, anywhere=True)) == 1
    assert is_inside(".")
    assert not is_inside("../work-evil")


def test_a_config_is_a_file_or_an_empty_object(folder: Path, tmp_path: Path) -> None:
    (folder / "c.json").write_text("{}\n")
    notes = Notes({"$config": {"a": "b"}})
    empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    unknown = "application/vnd.unknown.config.v1+json"
    assert describe_config(None, NONE, tmp_path)[1] == {"mediaType": unknown, "size": 2, "digest": empty}
    assert describe_config(":text/x", NONE, tmp_path)[1] == {"mediaType": "text/x", "size": 2, "digest": empty}
    path, config = describe_config("c.json:text/x", notes, tmp_path)
    assert (path, config["mediaType"], config["size"]) == (Path("c.json"), "text/x", 3)
    assert config["annotations"] == {"a": "b"}
    assert describe_config(f"{os.devnull}:text/x", NONE, tmp_path)[1]["size"] == 0
    # oras-py pushes an empty config instead, and says nothing.
    with pytest.raises(NoSuchFile):
        describe_config("typo.json:text/x", NONE, tmp_path)


def test_annotations_are_read_from_a_file(folder: Path) -> None:
    (folder / "notes.json").write_text(json.dumps({"$manifest": {"a": "b"}, "x": {"c": "d"}}))
    notes = Notes.read("notes.json")
    assert notes.of("$manifest") == {"a": "b"}
    assert notes.of("x") == {"c": "d"}
    assert notes.of("y") == {}
    assert Notes.read(None).of("$manifest") == {}
    with pytest.raises(FileNotFoundError):
        Notes.read("absent.json")
    for text in ("[]", '{"x": 1}', '{"x": {"a": 1}}', '{"x": {}, "x": {}}', "no json"):
        (folder / "notes.json").write_text(text)
        with pytest.raises(InvalidInput):
            Notes.read("notes.json")
