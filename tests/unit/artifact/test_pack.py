"""Packing: the same files, name and version give the same manifest, to the byte, on every machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from govern import canonical
from govern.artifact.digest_cache import NoCache
from govern.artifact.file_list import read_file_list
from govern.artifact.inspect import Rules
from govern.artifact.pack import BUNDLE_ABOVE, Packed, _split, pack
from govern.artifact.tar import BUNDLED_SIZE, MAX_TAR, member_size
from govern.artifact.walk import SourceFile, find_files
from govern.errors import InvalidInput
from govern.limits import MAX_PUSHED_MANIFEST
from govern.names import Name, Version
from govern.oci.media_types import FILEPATH, FILES, TITLE
from support.trees import BUNDLED, GOLDEN, PLAIN, TreeOf, write_tree

VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors" / "artifacts"
DIGESTS: Final = VECTORS / "digests.json"


def packed(
    folder: Path,
    kind: Literal["model", "dataset"] = "model",
    name: str = "acme/fraud",
    version: str = "1.0.0",
    rules: Rules = Rules(),  # noqa: B008 - frozen
) -> Packed:
    return pack(find_files(folder), kind=kind, name=Name(name), version=Version(version), rules=rules, cache=NoCache())


def golden(tree: TreeOf, folder: Path) -> Packed:
    return packed(write_tree(folder / tree.name, tree.files()), tree.kind, f"golden/{tree.name}")


def layers_of(artifact: Packed) -> dict[str, dict[str, Any]]:
    """Return the layers by title; the file list is called by its media type."""
    layers = json.loads(artifact.manifest.data)["layers"]
    return {one.get("annotations", {}).get(TITLE, one["mediaType"]): one for one in layers}


def blob(artifact: Packed, digest: str) -> bytes:
    (content,) = [one for one in artifact.contents if one.descriptor.digest == digest]
    return b"".join(bytes(chunk) for chunk in content.chunks())


# --- golden bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize("tree", GOLDEN, ids=lambda tree: tree.name)
def test_a_tree_is_packed_to_its_golden_bytes(tree: TreeOf, tmp_path: Path, regenerate: bool) -> None:
    artifact = golden(tree, tmp_path)
    config = blob(artifact, json.loads(artifact.manifest.data)["config"]["digest"])
    files = {
        VECTORS / f"{tree.name}.manifest.json": artifact.manifest.data,
        VECTORS / f"{tree.name}.config.json": config,
    }
    if regenerate:
        VECTORS.mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            path.write_bytes(data)
        digests = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
        DIGESTS.write_text(json.dumps(digests | {tree.name: artifact.digest}, indent=1, sort_keys=True) + "\n")
    for path, data in files.items():
        assert path.read_bytes() == data, path.name
    assert json.loads(DIGESTS.read_text())[tree.name] == artifact.digest
    assert artifact.digest == f"sha256:{hashlib.sha256(artifact.manifest.data).hexdigest()}"


def test_every_golden_file_is_of_a_tree() -> None:
    wanted = {f"{tree.name}.{part}.json" for tree in GOLDEN for part in ("manifest", "config")} | {DIGESTS.name}
    assert {path.name for path in VECTORS.iterdir()} == wanted
    assert set(json.loads(DIGESTS.read_text())) == {tree.name for tree in GOLDEN}


@pytest.mark.parametrize("tree", GOLDEN, ids=lambda tree: tree.name)
def test_every_blob_is_what_its_descriptor_says(tree: TreeOf, tmp_path: Path) -> None:
    artifact = golden(tree, tmp_path)
    manifest = json.loads(artifact.manifest.data)
    assert canonical.dumps(manifest) == artifact.manifest.data
    wanted = {one["digest"]: one["size"] for one in [manifest["config"], *manifest["layers"]]}
    assert {one.descriptor.digest for one in artifact.contents} == set(wanted)
    for digest, size in wanted.items():
        data = blob(artifact, digest)
        assert (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)) == (digest, size)


@pytest.mark.parametrize("tree", GOLDEN, ids=lambda tree: tree.name)
def test_every_file_is_at_the_place_that_the_file_list_names(tree: TreeOf, tmp_path: Path) -> None:
    artifact, files = golden(tree, tmp_path), tree.files()
    blobs = {one.descriptor.digest: blob(artifact, one.descriptor.digest) for one in artifact.contents}
    assert [one.path for one in artifact.files] == sorted(files, key=str.encode)
    for one in artifact.files:
        data = blobs[one.layer][one.offset : one.offset + one.size]
        assert (data, one.sha256) == (files[one.path], hashlib.sha256(files[one.path]).hexdigest()), one.path


# --- what must not matter ------------------------------------------------------------------------

MACHINES: Final[dict[str, dict[str, Any]]] = {
    "another zone and locale": {"env": {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": ""}},
    "a locale of another encoding": {"env": {"LC_ALL": "C", "PYTHONUTF8": "1"}, "umask": 0o077},
    "another umask and folder": {"umask": 0o000, "cwd": "/"},
    "one job, and no home": {"env": {"GOVERN_JOBS": "1", "HOME": "", "PYTHONHASHSEED": "1"}},
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("tree", [PLAIN, BUNDLED], ids=lambda tree: tree.name)
def test_zone_locale_umask_folder_and_order_do_not_change_a_byte(
    tree: TreeOf, machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = MACHINES[machine]
    # Written the other way round, so that the folder lists its entries in another order.
    folder = write_tree(tmp_path / "elsewhere", dict(reversed(tree.files().items())))
    for number, path in enumerate(sorted(folder.rglob("*"))):
        os.utime(path, (number, number))
        path.chmod(0o700 if path.is_dir() or number % 2 else 0o640)
        if os.geteuid() == 0:
            os.chown(path, 10_000 + number, 20_000)
    reference = f"layout:{tmp_path / 'layout' / tree.name}:1.0.0"
    done = subprocess.run(
        [sys.executable, "-m", "govern", "push", folder, reference, "--dry-run", "--name", f"golden/{tree.name}"],
        check=True,
        capture_output=True,
        cwd=how.get("cwd", tmp_path),
        env=os.environ | how.get("env", {}),
        umask=how.get("umask", -1),
    )
    assert done.stdout == (VECTORS / f"{tree.name}.manifest.json").read_bytes() + b"\n"
    assert not (tmp_path / "layout").exists()


def test_a_file_is_packed_like_a_folder_that_holds_it(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "one", {"model.safetensors": PLAIN.files()["model.safetensors"]})
    assert packed(folder / "model.safetensors").digest == packed(folder).digest


# --- what must matter ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_name_version_and_kind_make_other_artifacts_of_equal_files(
    kind: Literal["model", "dataset"], tmp_path: Path
) -> None:
    folder = write_tree(tmp_path / "tree", {"README.md": b"hello\n"})
    first = packed(folder, kind)
    others = [
        packed(folder, kind, name="acme/other"),
        packed(folder, kind, version="1.0.1"),
        packed(folder, "dataset" if kind == "model" else "model"),
    ]
    assert len({one.digest for one in [first, *others]}) == 4
    assert all(list(one.files) == list(first.files) for one in others)
    assert packed(folder, kind).digest == first.digest


def test_files_with_the_same_content_are_two_layers_and_one_blob(tmp_path: Path) -> None:
    artifact = packed(write_tree(tmp_path / "tree", {"a.md": b"same\n", "b.md": b"same\n"}))
    layers = layers_of(artifact)
    assert list(layers) == ["a.md", "b.md"]
    assert layers["a.md"]["digest"] == layers["b.md"]["digest"]
    assert len(artifact.contents) == 2  # the blob and the config


def test_every_raw_layer_has_title_and_filepath_and_the_hash_of_its_file(tmp_path: Path) -> None:
    files = PLAIN.files()
    for path, layer in layers_of(golden(PLAIN, tmp_path)).items():
        assert layer["annotations"] == {TITLE: path, FILEPATH: path}
        assert layer["digest"] == f"sha256:{hashlib.sha256(files[path]).hexdigest()}"


# --- bundling ------------------------------------------------------------------------------------


def many(folder: Path, count: int, **more: bytes) -> Path:
    return write_tree(folder, {f"row-{number:04d}.csv": b"%d\n" % number for number in range(count - len(more))} | more)


def test_512_files_are_layers_and_one_more_is_bundled(tmp_path: Path) -> None:
    most = layers_of(packed(many(tmp_path / "most", BUNDLE_ABOVE), "dataset"))
    assert len(most) == 512
    assert FILES not in most
    more = layers_of(packed(many(tmp_path / "more", BUNDLE_ABOVE + 1), "dataset"))
    assert list(more) == [".govern-tar/dataset-0000.tar", FILES]
    assert more[".govern-tar/dataset-0000.tar"]["mediaType"] == "application/vnd.cncf.model.dataset.v1.tar"


def test_the_file_list_is_the_last_layer_without_a_path_and_reads_back(tmp_path: Path) -> None:
    artifact = packed(many(tmp_path / "many", BUNDLE_ABOVE + 1), "dataset")
    layer = json.loads(artifact.manifest.data)["layers"][-1]
    assert set(layer) == {"digest", "mediaType", "size"}
    listed = read_file_list(blob(artifact, layer["digest"]), [one.descriptor.digest for one in artifact.contents])
    assert listed == artifact.files
    config = json.loads(blob(artifact, json.loads(artifact.manifest.data)["config"]["digest"]))
    assert config["files"] == {"count": 513, "digest": layer["digest"], "size": sum(one.size for one in listed)}


def test_weights_and_large_files_stay_outside_of_tars(tmp_path: Path) -> None:
    largest = b"x" * BUNDLED_SIZE
    folder = many(tmp_path / "many", 600, **{"bin.dat": b"\x00", "fits.csv": largest, "large.csv": largest + b"x"})
    artifact = packed(folder)
    assert list(layers_of(artifact)) == [".govern-tar/dataset-0000.tar", "bin.dat", "large.csv", FILES]
    assert "fits.csv" in {one.path for one in artifact.files if one.offset}


def test_many_weights_are_no_bundle(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "experts", {f"expert-{number:03d}.bin": b"\x00%d" % number for number in range(513)})
    layers = layers_of(packed(folder))
    assert len(layers) == 513
    assert {one["mediaType"] for one in layers.values()} == {"application/vnd.cncf.model.weight.v1.raw"}


def source(path: str, size: int) -> SourceFile:
    return SourceFile(path, f"/{path}", size, (0, 0, size, 0, 0))


def test_a_tar_is_filled_to_its_last_byte_before_the_next_begins() -> None:
    files = [source(f"{number:03d}", BUNDLED_SIZE) for number in range(63)]
    # 268,435,456 bytes less 63 members of 8193 blocks and the two blocks of the end are 8127 blocks.
    rest = 8126 * 512
    assert sum(member_size(one.path, one.size) for one in files) + 8127 * 512 + 1024 == MAX_TAR == 268_435_456
    assert _split([*files, source("x", rest)]) == [[*files, source("x", rest)]]
    assert _split([*files, source("x", rest + 1)]) == [files, [source("x", rest + 1)]]
    assert _split([*files, source("x", rest), source("y", 0)]) == [[*files, source("x", rest)], [source("y", 0)]]


def test_tars_are_filled_greedily_and_never_go_back() -> None:
    large, small = BUNDLED_SIZE, 1
    files = [source(f"{number:03d}", large) for number in range(64)] + [source("z", small)]
    first, second = _split(files)
    # The small one would still fit into the first: order is what makes a reader find it again.
    assert ([one.path for one in first], [one.path for one in second]) == (
        [f"{number:03d}" for number in range(63)],
        ["063", "z"],
    )
    assert _split([]) == []


# --- bounds --------------------------------------------------------------------------------------


def test_a_manifest_that_registries_refuse_is_refused_before_the_upload(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    deep = folder.joinpath(*(letter * 240 for letter in "abcd"))
    deep.mkdir(parents=True)
    for number in range(1_850):
        (deep / f"w-{number:05d}.bin").write_bytes(b"\x00")
    with pytest.raises(InvalidInput, match=r"the manifest is too large: .* at most 4000000 .*MAX_PUSHED_MANIFEST"):
        packed(folder)
    assert MAX_PUSHED_MANIFEST.value == 4_000_000


def test_overrides_choose_the_layer_s_type_and_so_the_digest(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "tree", {"prompts/a.txt": b"hello\n"})
    plain, other = packed(folder), packed(folder, rules=Rules(roles=(("prompts/*", "code"),)))
    assert layers_of(other)["prompts/a.txt"]["mediaType"] == "application/vnd.cncf.model.code.v1.raw"
    assert plain.digest != other.digest
