"""What people really have: packages with models, a Hugging Face cache, an MLflow folder, shards, 100,000 files."""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import re
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

import govern
from conftest import Cli
from govern.artifact.model_sig import MODEL_SIG
from govern.artifact.walk import LOCK_FILE
from govern.errors import InvalidInput
from govern.signing.key_file import generate_key_pair
from support.measured import Measured, measure
from support.models import require_model
from support.registration import registration_at, waivers_at
from support.trees import SHARDED, Files, small_safetensors, text, write_tree

Json = dict[str, Any]


def digests_of(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, but for what a pull adds; fail for what is no regular file."""
    found = {}
    for directory, folders, names in os.walk(folder):
        assert not any(os.path.islink(os.path.join(directory, one)) for one in folders)
        for name in names:
            path = os.path.join(directory, name)
            assert not os.path.islink(path), path
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.file_digest(file, "sha256").hexdigest()
    for ours in (LOCK_FILE, MODEL_SIG):
        found.pop(ours, None)
    return found


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; the public one is beside it."""
    return generate_key_pair(tmp_path / "ci", None)[0]


def shown(reference: str) -> tuple[Json, dict[str, str]]:
    """Return the technical config of a model, and the role of each file."""
    said = govern.show(reference)
    return dict(said.config["config"]), {path: role for _, path, role in said.layers}


def goes_round(folder: Path, reference: str, key: Path, out: Path, wanted: dict[str, str], **options: Any) -> None:
    """Push a folder, pull it elsewhere, and compare what came with what was meant."""
    pushed = govern.push(folder, reference, key=key, **options)
    assert pushed.files == len(wanted)
    govern.pull(reference, out, key=key.with_suffix(".pub"))
    assert digests_of(out) == wanted
    assert govern.push(folder, reference, key=key, **options).already


# --- packages that carry models ------------------------------------------------------------------


def parameters_of(safetensors: Path) -> int:
    """Count the elements of all tensors, from the header alone, in five lines of its specification."""
    with safetensors.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return sum(math.prod(one["shape"]) for one in header.values())


def test_silero_vad_is_refused_for_its_torchscript_and_packed_with_a_waiver(tmp_path: Path, key: Path) -> None:
    folder, reference = require_model("silero_vad") / "silero_vad", f"layout:{tmp_path}/vad:1"
    with pytest.raises(InvalidInput, match=r"pickles.*: got data/silero_vad\.jit \(member .*data\.pkl\), expected"):
        govern.push(folder, reference, key=key)
    goes_round(folder, reference, key, tmp_path / "out", digests_of(folder), allow_pickle=True)
    assert waivers_at(reference, key.with_suffix(".pub")) == {"pickle": ["data/silero_vad.jit"]}
    config, roles = shown(reference)
    count = parameters_of(folder / "data" / "silero_vad_16k.safetensors")
    assert config == {"format": "safetensors", "paramSize": f"{count / 1000:.1f}K", "precision": "float32"}
    assert {path for path, role in roles.items() if role == "weight"} == {
        path for path in roles if path.startswith("data/") and not path.endswith(".py")
    }


def test_silero_vad_without_its_torchscript_needs_no_waiver(tmp_path: Path, key: Path) -> None:
    folder, reference = tmp_path / "vad-source", f"layout:{tmp_path}/vad:1"
    shutil.copytree(require_model("silero_vad") / "silero_vad", folder)
    wanted = {path: digest for path, digest in digests_of(folder).items() if not path.endswith(".jit")}
    (folder / ".governignore").write_text("*.jit\n")
    goes_round(folder, reference, key, tmp_path / "out", wanted)
    assert waivers_at(reference, key.with_suffix(".pub")) == {}


def test_magika_is_an_onnx_model(tmp_path: Path, key: Path) -> None:
    folder, reference = require_model("magika") / "magika", f"layout:{tmp_path}/magika:1"
    goes_round(folder, reference, key, tmp_path / "out", digests_of(folder))
    config, roles = shown(reference)
    assert config["format"] == "onnx"
    assert re.fullmatch(r"[0-9.]+[KM]", config["paramSize"])
    assert config["precision"].startswith("float32")
    (weight,) = [path for path, role in roles.items() if role == "weight"]
    assert weight.endswith("model.onnx")
    assert roles["magika.py"] == "code"


# --- Hugging Face --------------------------------------------------------------------------------

HUB: Final[Files] = {
    ".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
    "README.md": text("README.md", 3_000),
    "config.json": b'{"model_type": "bert", "architectures": ["BertModel"]}',
    "model.safetensors": small_safetensors(2_000),
    "onnx/tokenizer.json": b'{"version": "1.0"}',
    "tokenizer.json": b'{"version": "1.0"}',
}


def hub_cache(home: Path, files: Files) -> Path:
    """Lay files out as huggingface_hub does: blobs by git's or LFS's hash, a ref, a snapshot of relative links."""
    repository, revision = home / "hub" / "models--acme--fraud", "a" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    (repository / "blobs").mkdir()
    (repository / ".no_exist" / revision).mkdir(parents=True)
    (repository / ".no_exist" / revision / "adapter_config.json").touch()
    snapshot = repository / "snapshots" / revision
    for path, data in files.items():
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        blob = repository / "blobs" / (hashlib.sha256(data).hexdigest() if path.endswith(".safetensors") else git)
        blob.write_bytes(data)
        link = snapshot / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


def test_a_hugging_face_snapshot_is_packed_like_its_plain_files(tmp_path: Path, key: Path, cli: Cli) -> None:
    snapshot, plain = hub_cache(tmp_path / "cache", HUB), write_tree(tmp_path / "plain", HUB)
    reference = f"layout:{tmp_path}/fraud:1"
    done = cli("push", snapshot, reference, "--key", key)
    assert done.returncode == 0, done.stderr
    assert "this is a Hugging Face cache: links into" in done.stderr
    assert govern.push(plain, f"layout:{tmp_path}/again/fraud:1", key=key).pinned.digest in done.stdout
    govern.pull(reference, tmp_path / "out", key=key.with_suffix(".pub"))
    assert digests_of(tmp_path / "out") == digests_of(plain)
    config, roles = shown(reference)
    assert (config["architecture"], config["format"], config["paramSize"]) == ("bert", "safetensors", "18K")
    assert roles["onnx/tokenizer.json"] == roles["tokenizer.json"] == "weight.config"


def test_a_whole_hugging_face_cache_is_pushed_by_its_links_and_blobs_alike(tmp_path: Path, key: Path) -> None:
    # The repository's own folder, one above the snapshot: links lead to blobs inside of the tree.
    snapshot = hub_cache(tmp_path / "cache", HUB)
    pushed = govern.push(snapshot.parent.parent, f"layout:{tmp_path}/fraud:1", key=key)
    blobs = len(list((snapshot.parent.parent / "blobs").iterdir()))
    assert pushed.files == len(HUB) + blobs + 2


def test_a_link_that_leaves_the_hugging_face_cache_is_refused(tmp_path: Path, key: Path) -> None:
    snapshot = hub_cache(tmp_path / "cache", HUB)
    (snapshot / "more.bin").symlink_to("../../../../../elsewhere.bin")
    (tmp_path / "elsewhere.bin").write_bytes(b"\x00")
    with pytest.raises(InvalidInput, match="a link leaves the tree"):
        govern.push(snapshot, f"layout:{tmp_path}/fraud:1", key=key)


# --- MLflow --------------------------------------------------------------------------------------

MLMODEL: Final = """\
artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.7.2
mlflow_version: 3.5.0
model_size_bytes: 512
model_uuid: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
run_id: 00112233445566778899aabbccddeeff
utc_time_created: '2026-11-21 09:30:00.000000'
"""


def mlflow_model(folder: Path) -> Path:
    """Lay a model out as `mlflow.sklearn.save_model` does."""
    return write_tree(
        folder,
        {
            "MLmodel": MLMODEL.encode(),
            "conda.yaml": b"channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=24.0\nname: mlflow-env\n",
            "python_env.yaml": b"python: 3.11.7\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n",
            "requirements.txt": b"mlflow==3.5.0\nscikit-learn==1.7.2\n",
            "input_example.json": b'{"columns": ["amount"], "data": [[1.5]]}',
            # An object that is made by a call when it is loaded, as every estimator is.
            "model.pkl": pickle.dumps({"coefficients": [1.5, 2.5], "fitted": date(2026, 11, 21)}),
        },
    )


def test_an_mlflow_model_is_refused_for_its_pickle_and_packed_with_a_waiver(
    tmp_path: Path, key: Path, cli: Cli
) -> None:
    folder, reference = mlflow_model(tmp_path / "model"), f"layout:{tmp_path}/fraud:1"
    done = cli("push", folder, reference, "--key", key)
    assert done.returncode == 2
    assert "pickles" in done.stderr
    assert "model.pkl" in done.stderr
    assert "hint: convert them" in done.stderr
    assert not (tmp_path / "fraud").exists()
    goes_round(folder, reference, key, tmp_path / "out", digests_of(folder), allow_pickle=True)
    assert waivers_at(reference, key.with_suffix(".pub")) == {"pickle": ["model.pkl"]}
    config, roles = shown(reference)
    assert config == {}
    assert roles == {
        "MLmodel": "doc",
        "conda.yaml": "weight.config",
        "input_example.json": "weight.config",
        "model.pkl": "weight",
        "python_env.yaml": "weight.config",
        "requirements.txt": "weight.config",
    }


# --- shards --------------------------------------------------------------------------------------


def test_shards_add_up_and_come_back_with_their_index(tmp_path: Path, key: Path) -> None:
    folder = write_tree(tmp_path / "model", SHARDED.files())
    reference = f"layout:{tmp_path}/fraud:1"
    goes_round(folder, reference, key, tmp_path / "out", digests_of(folder))
    config, roles = shown(reference)
    count = sum(parameters_of(path) for path in folder.glob("*.safetensors"))
    assert config["paramSize"] == f"{count / 1000:g}K"
    assert roles["model.safetensors.index.json"] == "weight.config"
    assert sorted(set(roles.values())) == ["weight", "weight.config"]


# --- many files ----------------------------------------------------------------------------------

MANY: Final = int(os.environ.get("GOVERN_TEST_FILES", "100000"))
MOST_MIB: Final = 400


def many_files(folder: Path) -> dict[str, str]:
    """Write many small files into folders of a thousand, and return their digests."""
    digests = {}
    for number in range(MANY):
        path = f"part-{number // 1_000:03d}/row-{number:06d}.json"
        if not number % 1_000:
            (folder / path).parent.mkdir(parents=True)
        data = b'{"id":%d,"text":"%s"}\n' % (number, b"x" * (number % 200))
        with open(folder / path, "wb") as file:
            file.write(data)
        digests[path] = hashlib.sha256(data).hexdigest()
    return digests


@pytest.mark.slow
def test_a_dataset_of_many_files_goes_round_in_little_memory(tmp_path: Path, key: Path) -> None:
    reference, out = f"layout:{tmp_path}/rows:1", tmp_path / "out"
    wanted = many_files(tmp_path / "source")
    push = ("push", tmp_path / "source", reference, "--key", key, "--kind", "dataset", "-q")
    pull = ("pull", reference, "--key", key.with_suffix(".pub"), "--output", out, "-q")

    def measured(*arguments: str | Path) -> Measured:
        done = measure(sys.executable, "-m", "govern", *arguments, cwd=tmp_path)
        print(f"{arguments[0]}: {done.seconds:.1f} s, {done.peak_mib:.0f} MiB")
        assert done.code == 0, done.output
        assert done.peak_mib <= MOST_MIB, done
        return done

    measured(*push)
    measured(*pull)
    assert digests_of(out) == wanted
    measured(*pull)
    assert registration_at(reference, key.with_suffix(".pub"))["files"]["count"] == MANY
    assert len(list((tmp_path / "rows" / "blobs" / "sha256").iterdir())) < 20
    # pytest keeps the folders of three runs.
    shutil.rmtree(tmp_path)
