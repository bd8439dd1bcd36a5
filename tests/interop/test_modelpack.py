"""What ModelPack's own schema says of the models that govern packs, and what crane reads of them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

import govern
from govern.oci.media_types import FILEPATH, FILES, TITLE
from govern.signing.key_file import generate_key_pair
from support.parts import require_part
from support.registries import Running
from support.trees import BUNDLED, PLAIN, SHARDED, Files, small_gguf, small_onnx, small_safetensors, write_tree

SOURCE: Final = Path(__file__).parent / "modelpack"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Validator:
    """The validator of github.com/modelpack/model-spec, built from its module.

    Args:
        program: its path.
        words: artifact, config and layer types of the specification, and the annotation of a file's path.
    """

    program: Path
    words: frozenset[str]

    def says(self, config: bytes) -> str:
        """Return what is wrong with a config; empty for nothing."""
        done = subprocess.run([self.program], check=False, input=config, capture_output=True)
        assert (done.returncode == 0) is (not done.stderr)
        return done.stderr.decode()


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    # A fixture of the session sees the machine's HOME, and so the caches of Go that are filled already.
    go, folder = require_part("go"), tmp_path_factory.mktemp("modelpack")
    env = {"HOME": str(folder), **os.environ, "GOFLAGS": "-mod=readonly"}
    fetched = subprocess.run([go, "mod", "download"], check=False, cwd=SOURCE, env=env, capture_output=True, text=True)
    if fetched.returncode:
        message = f"ModelPack's validator is missing: go mod download in {SOURCE}: {fetched.stderr}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    program = folder / "validate"
    subprocess.run([go, "build", "-o", program, "."], check=True, cwd=SOURCE, env=env)
    words = subprocess.run([program, "words"], check=True, capture_output=True, text=True).stdout.split()
    return Validator(program, frozenset(words))


MODELS: Final[dict[str, tuple[Callable[[], Files], Json]]] = {
    "nothing that is known": (lambda: {"README.md": b"a model\n", "weights.bin": bytes(range(256))}, {}),
    "safetensors": (
        lambda: {"model.safetensors": small_safetensors(1_000), "config.json": b'{"model_type":"bert"}'},
        {"architecture": "bert", "format": "safetensors", "paramSize": "9K", "precision": "float32,bfloat16"},
    ),
    "GGUF": (
        lambda: {"model.gguf": small_gguf()},
        {"architecture": "llama", "format": "gguf", "paramSize": "1K", "quantization": "Q8_0", "precision": "q8_0"},
    ),
    "ONNX": (lambda: {"model.onnx": small_onnx()}, {"format": "onnx", "precision": "float32"}),
    "several formats": (PLAIN.files, {"format": "safetensors", "architecture": "fraud-net"}),
    "shards": (SHARDED.files, {"format": "safetensors", "paramSize": "13.5K", "architecture": "llama"}),
    "more than 512 files": (BUNDLED.files, {"format": "safetensors"}),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A model in an image layout."""

    root: Path
    digest: str

    def blob(self, digest: str) -> bytes:
        data = (self.root / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
        assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
        return data

    @property
    def manifest(self) -> Json:
        value: Json = json.loads(self.blob(self.digest))
        return value

    @property
    def config(self) -> bytes:
        return self.blob(self.manifest["config"]["digest"])


def store(folder: Path, files: Files) -> Stored:
    private, _, _ = generate_key_pair(folder / "ci", None)
    pushed = govern.push(write_tree(folder / "model", files), f"layout:{folder}/fraud:1.0.0", key=private)
    return Stored(folder / "fraud", pushed.pinned.digest)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_what_modelpack_says(validator: Validator, name: str, tmp_path: Path) -> None:
    files, known = MODELS[name]
    stored = store(tmp_path, files())
    assert validator.says(stored.config) == ""
    config = json.loads(stored.config)
    assert config["descriptor"] == {"name": "fraud", "version": "1.0.0"}
    assert known.items() <= config["config"].items(), config["config"]
    manifest = stored.manifest
    layers = manifest["layers"]
    assert config["modelfs"] == {"type": "layers", "diffIds": [one["digest"] for one in layers]}
    assert {manifest["artifactType"], manifest["config"]["mediaType"]} <= validator.words
    if len(files()) > 512:
        # The list of files is the one layer that ModelPack has no word for.
        assert layers.pop()["mediaType"] == FILES
    assert {one["mediaType"] for one in layers} <= validator.words
    assert FILEPATH in validator.words
    assert all(one["annotations"].keys() == {FILEPATH, TITLE} for one in layers)
    assert any(one["mediaType"].endswith(".tar") for one in layers) is (len(files()) > 512)


@pytest.mark.parametrize(
    "change",
    [
        {"descriptor": {"name": ""}},
        {"descriptor": {"name": "fraud", "owner": "acme"}},
        {"config": {"paramSize": 7}},
        {"govern": {}},
        {"modelfs": {"type": "layers", "diffIds": []}},
    ],
)
def test_the_validator_does_refuse(validator: Validator, change: Json, tmp_path: Path) -> None:
    config = json.loads(store(tmp_path, {"README.md": b"a model\n"}).config)
    assert validator.says(json.dumps(config).encode()) == ""
    assert validator.says(json.dumps(config | change).encode())


def test_crane_reads_the_same_bytes(registry: Running, repository: str, tmp_path: Path) -> None:
    crane = require_part("crane")
    private, _, _ = generate_key_pair(tmp_path / "ci", None)
    reference = f"{registry.host}/{repository}:1.0.0"
    pushed = govern.push(write_tree(tmp_path / "model", PLAIN.files()), reference, key=private)
    digest = pushed.pinned.digest

    def said(*arguments: str | Path) -> bytes:
        return subprocess.run([crane, *arguments], check=True, capture_output=True, cwd=tmp_path).stdout

    manifest = said("manifest", reference)
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == digest
    assert said("digest", reference).decode().strip() == digest
    said("pull", "--format", "oci", reference, "pulled")
    (entry,) = json.loads((tmp_path / "pulled" / "index.json").read_text())["manifests"]
    assert entry["digest"] == digest
    pulled = Stored(tmp_path / "pulled", digest)
    for path, data in PLAIN.files().items():
        (layer,) = [one for one in pulled.manifest["layers"] if one["annotations"][TITLE] == path]
        assert pulled.blob(layer["digest"]) == data
