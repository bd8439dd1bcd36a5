"""The `oras` command: each reads what the other pushed, to the same paths and bytes, and oras shows the records."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import govern
from govern.errors import ProtocolError
from govern.oci.media_types import BUNDLE, RECORD
from govern.signing.key_file import generate_key_pair
from support.model_files import safetensors
from support.parts import require_part
from support.registries import Running
from support.unpacking import unpack


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_key_pair(tmp_path_factory.mktemp("key") / "ci", None)[0]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "tokenizer" / "deep").mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(safetensors({"w": ("F32", [2], 8)}))
    (folder / "config.json").write_text('{"model_type": "demo"}')
    (folder / "tokenizer" / "deep" / "vocab.txt").write_text("a\nb\n")
    (folder / "naïve name.md").write_text("# A name with a space\n")
    (folder / "empty.txt").write_text("")
    return folder


@pytest.fixture
def many(model: Path) -> Path:
    """More files than are single layers."""
    for number in range(600):
        folder = model / f"docs-{number % 7}" / ("long" * 30 if number % 2 else "short")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"page-{number}.md").write_text(f"page {number}\n")
    return model


@pytest.fixture(params=["distribution", "zot", "layout"])
def place(request: pytest.FixtureRequest, repository: str, tmp_path: Path) -> tuple[str, str, list[str]]:
    """Return where to push as govern and as oras writes it, and the options of oras."""
    if request.param == "layout":
        return f"layout:{tmp_path}/fraud", f"{tmp_path}/fraud", ["--oci-layout"]
    running: Running = request.getfixturevalue(request.param)
    return f"{running.host}/{repository}", f"{running.host}/{repository}", ["--plain-http"]


def oras(*arguments: str | Path, cwd: Path) -> str:
    command = [require_part("oras"), *arguments]
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "govern.lock"
    }


Place = tuple[str, str, list[str]]


def test_oras_pulls_what_govern_pushed(place: Place, model: Path, key: Path, tmp_path: Path) -> None:
    ours, theirs, options = place
    pushed = govern.push(model, f"{ours}:1.0.0", key=key)
    oras("pull", *options, "-o", "by-tag", f"{theirs}:1.0.0", cwd=tmp_path)
    oras("pull", *options, "-o", "by-digest", f"{theirs}@{pushed.pinned.digest}", cwd=tmp_path)
    assert sums(tmp_path / "by-tag") == sums(tmp_path / "by-digest") == sums(model)


def test_oras_pulls_many_files_as_tars_that_every_tar_unpacks(
    place: Place, many: Path, key: Path, tmp_path: Path
) -> None:
    ours, theirs, options = place
    govern.push(many, f"{ours}:1.0.0", key=key)
    wanted = sums(many)
    oras("pull", *options, "-o", "out", f"{theirs}:1.0.0", cwd=tmp_path)
    out = tmp_path / "out"
    archives = sorted((out / ".govern-tar").iterdir())
    assert archives
    assert "weights.safetensors" in sums(out), "weights are never in a tar"
    for archive in archives:
        subprocess.run(["tar", "-xf", archive, "-C", out], check=True)
        unpack(archive, tmp_path / "python")
        archive.unlink()
    assert sums(out) == wanted
    assert sums(tmp_path / "python").items() <= wanted.items()
    assert len(sums(tmp_path / "python")) >= 600


def test_oras_shows_the_records(place: Place, model: Path, key: Path, tmp_path: Path) -> None:
    ours, theirs, options = place
    govern.push(model, f"{ours}:1.0.0", key=key)
    govern.annotate(f"{ours}:1.0.0", {"ticket": "OPS-1"}, key=key)
    shown = json.loads(oras("discover", *options, "--format", "json", f"{theirs}:1.0.0", cwd=tmp_path))
    assert sorted(one["artifactType"] for one in shown["referrers"]) == sorted([BUNDLE, BUNDLE, BUNDLE, RECORD])
    kinds = {tuple(sorted(one["annotations"])) for one in shown["referrers"]}
    assert ("dev.govern.predicateType", "org.opencontainers.image.created") in kinds
    decision = govern.verify(f"{ours}:1.0.0", key=key.with_suffix(".pub"))
    assert decision.outcome == "allowed"


def test_oras_copies_an_artifact_with_its_records_and_it_verifies_there(
    distribution: Running, repository: str, model: Path, key: Path, tmp_path: Path
) -> None:
    target = f"{distribution.host}/{repository}"
    govern.push(model, f"{target}:1.0.0", key=key)
    oras("cp", "-r", "--from-plain-http", "--to-oci-layout", f"{target}:1.0.0", "copy:1.0.0", cwd=tmp_path)
    shown = json.loads(oras("discover", "--oci-layout", "--format", "json", "copy:1.0.0", cwd=tmp_path))
    assert len(shown["referrers"]) == 3
    decision = govern.verify(f"layout:{tmp_path}/copy:1.0.0", key=key.with_suffix(".pub"), name=repository)
    # The registration is on the artifact; the line, which oras does not know, stays behind.
    assert decision.outcome == "allowed"


def test_govern_pulls_what_oras_pushed(place: Place, tmp_path: Path) -> None:
    ours, theirs, options = place
    folder = tmp_path / "made"
    (folder / "data" / "sub").mkdir(parents=True)
    (folder / "deep" / "er").mkdir(parents=True)
    for name in ("model.bin", "data/sub/b.txt", "data/a.txt", "deep/er/x.txt", "data.tar"):
        (folder / name).write_text(name)
    files = ["./model.bin:application/x-model", "./data/", "deep/er/x.txt", "data.tar"]
    oras("push", *options, f"{theirs}:1", *files, cwd=folder)
    pulled = govern.pull(f"{ours}:1", tmp_path / "out", insecure_no_verify=True)
    found, wanted = sums(tmp_path / "out"), sums(folder)
    archive = found.pop("data.tar.gz")
    assert found == {name: wanted[name] for name in ("model.bin", "deep/er/x.txt", "data.tar")}
    # The directory is there, as the tar that oras made of it; nothing was unpacked.
    manifest = json.loads(oras("manifest", "fetch", *options, f"{theirs}:1", cwd=tmp_path))
    layer: dict[str, Any] = next(
        one for one in manifest["layers"] if one["annotations"].get("io.deis.oras.content.unpack")
    )
    assert layer["digest"] == f"sha256:{archive}"
    unpack(tmp_path / "out" / "data.tar.gz", tmp_path / "unpacked")
    assert sums(tmp_path / "unpacked") == {name: wanted[name] for name in ("data/sub/b.txt", "data/a.txt")}
    # A second pull knows the tar for its own.
    again = govern.pull(f"{ours}:1", tmp_path / "out", insecure_no_verify=True)
    assert (pulled.files, again.fetched) == (4, 0)


def test_an_absolute_title_of_oras_is_refused(distribution: Running, repository: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    target = f"{distribution.host}/{repository}:1"
    oras("push", "--plain-http", "--disable-path-validation", target, str(tmp_path / "x.txt"), cwd=tmp_path)
    with pytest.raises(ProtocolError, match="path that an artifact cannot hold"):
        govern.pull(target, tmp_path / "out", insecure_no_verify=True)
