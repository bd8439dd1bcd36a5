"""One look at every file: pickles, missing weights and broken headers are refused; what was waived is recorded."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import govern
from govern.artifact.inspect import Findings, Rules, inspect
from govern.artifact.walk import find_files
from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_CONFIG
from govern.signing.key_file import generate_key_pair
from support.model_files import onnx_external, onnx_graph, onnx_model, safetensors_of
from support.registration import waivers_at
from support.told import Told
from support.trees import Files, small_gguf, small_onnx, small_safetensors, write_tree

PICKLE = pickle.dumps(Fraction(1, 3))


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def look(folder: Path, files: Files, rules: Rules = Rules(), *, dataset: bool = False) -> Findings:  # noqa: B008
    return inspect(find_files(write_tree(folder / "tree", files)), rules, dataset=dataset)


# --- headers and roles ---------------------------------------------------------------------------


def test_content_is_judged_before_its_name(tmp_path: Path) -> None:
    files = {
        "README.md": small_safetensors(),
        "notes.txt": small_gguf(),
        "data.csv": small_onnx(),
        "model.safetensors.md": b"# a card\n",
    }
    found = look(tmp_path, files)
    assert found.roles == {
        "README.md": "weight",
        "notes.txt": "weight",
        "data.csv": "weight",
        "model.safetensors.md": "doc",
    }
    assert [header.format for header in found.headers] == ["safetensors", "onnx", "gguf"]


def test_every_file_of_a_dataset_has_that_role(tmp_path: Path) -> None:
    found = look(
        tmp_path, {"README.md": b"hi\n", "config.json": b"{}", "w.safetensors": small_safetensors()}, dataset=True
    )
    assert set(found.roles.values()) == {"dataset"}
    assert found.config is None


def test_overrides_reach_the_table(tmp_path: Path) -> None:
    found = look(tmp_path, {"prompt.txt": b"hi\n"}, Rules(roles=(("*.txt", "code"),)))
    assert found.roles == {"prompt.txt": "code"}


@pytest.mark.parametrize(
    ("data", "config"),
    [
        (b'{"model_type":"bert"}', {"model_type": "bert"}),
        (b'{"hidden_dropout":0.1}', {"hidden_dropout": 0.1}),
        (b"[]", None),
        (b"{broken", None),
        (b"\xff", None),
        (b'{"a":1,"a":2}', None),
        (b"[" * 100_000, None),
        (b'"' + b"x" * MAX_CONFIG.value + b'"', None),
    ],
    ids=["an object", "a float", "an array", "broken", "no text", "a key twice", "deep", "large"],
)
def test_a_config_that_is_none_says_nothing_and_is_packed_all_the_same(
    tmp_path: Path, data: bytes, config: Any
) -> None:
    found = look(tmp_path, {"config.json": data, "sub/config.json": b'{"model_type":"other"}'})
    assert found.config == config
    assert set(found.roles) == {"config.json", "sub/config.json"}


def test_a_broken_header_is_refused_with_the_file_s_name(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]}}).encode()
    with pytest.raises(InvalidInput, match=r"weights/model\.safetensors"):
        look(tmp_path, {"weights/model.safetensors": safetensors_of(header, bytes(8))})


@pytest.mark.parametrize(("folder", "data"), [("", "weights.bin"), ("onnx/", "onnx/weights.bin")])
def test_weights_beside_an_onnx_model_must_be_there(tmp_path: Path, folder: str, data: str) -> None:
    model = onnx_model(onnx_graph(onnx_external([4, 8], "weights.bin")))
    with pytest.raises(InvalidInput, match=f"weights in a file that is not packed: got .* needs '{data}'"):
        look(tmp_path / "without", {f"{folder}model.onnx": model, "other/weights.bin": bytes(128)})
    found = look(tmp_path / "with", {f"{folder}model.onnx": model, data: bytes(128)})
    assert found.roles[data] == "weight"


# --- pickles -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("model.pkl", PICKLE, "model.pkl"),
        ("model.safetensors", PICKLE, "model.safetensors"),
        ("README.md", PICKLE, "README.md"),
        ("model.pt", zipped("archive/data.pkl", PICKLE), "model.pt (member archive/data.pkl)"),
        ("rows.csv", zipped("a", PICKLE), "rows.csv (member a)"),
    ],
)
@pytest.mark.parametrize("dataset", [False, True])
def test_a_pickle_is_refused_whatever_it_is_called(
    tmp_path: Path, path: str, data: bytes, said: str, dataset: bool
) -> None:
    with pytest.raises(InvalidInput, match="files are Python pickles") as caught:
        look(tmp_path, {"other.md": b"hi\n", path: data}, dataset=dataset)
    assert caught.value.got == said
    assert "--allow-pickle" in caught.value.hint
    allowed = look(tmp_path / "again", {path: data}, Rules(allow_pickle=True), dataset=dataset)
    assert allowed.pickles == [path]
    assert allowed.roles[path] == ("dataset" if dataset else "weight")


def test_many_pickles_are_counted(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"09\.pkl and 3 more, expected"):
        look(tmp_path, {f"{number:02d}.pkl": PICKLE for number in range(13)})


def test_secrets_are_said_before_pickles(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="look like secrets"):
        look(tmp_path, {".env": b"A=1\n", "model.pkl": PICKLE}, Rules(allow_pickle=False))


def test_files_that_cannot_be_read_are_all_named_as_they_were_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "tree", {"a": b"x", "b": b"y", "sub/c": b"z"})
    monkeypatch.chdir(tmp_path)
    files = find_files(Path("tree"))
    Path(files[2].real).unlink()
    with pytest.raises(InvalidInput, match="a file cannot be read: got 'tree/sub/c': No such file"):
        inspect(files, Rules(), dataset=False)
    Path(files[1].real).unlink()
    with pytest.raises(InvalidInput, match=r"2 files cannot be read: got 'tree/b': No such file.*, 'tree/sub/c': No"):
        inspect(files, Rules(), dataset=False)
    (single,) = find_files(Path("tree/a"))
    assert single.given == "tree/a"


# --- what was mistyped ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Rules(roles=(("*", "doc"), ("READMe*", "doc"))), r"--role 'READMe\*=doc', .*such as README\.md, "),
        (Rules(allow_secrets=("config.jso",)), r"--allow-secret 'config\.jso', .*such as config\.json, "),
        (Rules(allow_secrets=("*", "")), "--allow-secret ''"),
    ],
)
def test_a_pattern_that_no_file_has_is_wrong_usage(tmp_path: Path, rules: Rules, said: str) -> None:
    files: Files = {"README.md": b"hi\n", "config.json": b"{}", **{f"{number}.txt": b"x" for number in range(20)}}
    with pytest.raises(UsageError, match=f"a pattern matches no file: got {said}") as caught:
        look(tmp_path, files, rules)
    assert caught.value.expected.count(",") < 5


# --- what is said --------------------------------------------------------------------------------


def notes(folder: Path, files: Files, *, dataset: bool = False) -> list[str]:
    told = Told()
    inspect(find_files(write_tree(folder / "tree", files)), Rules(), dataset=dataset, progress=told)
    return told.notes


def test_weights_without_a_header_are_said_to_be_without_one(tmp_path: Path) -> None:
    broken = small_safetensors()[:20]
    first, last = notes(tmp_path, {"w/model.safetensors": broken, "ok.safetensors": small_safetensors(), "a.md": b"a"})
    assert first.startswith("no model header was found in w/model.safetensors: packed as it is")
    assert last == "3 files, 1 with a model header"


def test_a_dataset_is_not_expected_to_have_model_headers(tmp_path: Path) -> None:
    assert notes(tmp_path / "one", {"a.csv": b"1\n"}, dataset=True) == ["1 file"]
    assert notes(tmp_path / "two", {"a.csv": b"1\n", "b.csv": b"2\n"}, dataset=True) == ["2 files"]


def test_an_allowed_pickle_is_recorded_in_the_registration(tmp_path: Path) -> None:
    generate_key_pair(tmp_path / "ci", None)
    folder = write_tree(tmp_path / "tree", {"a.pkl": PICKLE, "b.pt": zipped("data.pkl", PICKLE), "c.md": b"c\n"})
    reference = f"layout:{tmp_path}/fraud:1"
    with pytest.raises(InvalidInput, match="files are Python pickles"):
        govern.push(folder, reference, key=tmp_path / "ci.key")
    assert not (tmp_path / "fraud").exists()
    govern.push(folder, reference, key=tmp_path / "ci.key", allow_pickle=True)
    assert waivers_at(reference, tmp_path / "ci.pub") == {"pickle": ["a.pkl", "b.pt"]}


def test_a_waiver_that_nothing_needed_is_not_recorded(tmp_path: Path) -> None:
    generate_key_pair(tmp_path / "ci", None)
    folder, reference = write_tree(tmp_path / "tree", {"c.md": b"c\n"}), f"layout:{tmp_path}/fraud:1"
    govern.push(folder, reference, key=tmp_path / "ci.key", allow_pickle=True, allow_secrets=["*"])
    assert waivers_at(reference, tmp_path / "ci.pub") == {}
