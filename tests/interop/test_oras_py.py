"""Scripts and artifacts of oras-py: the same script runs on `GovernRegistry`, and each reads what the other pushed."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import oras.client
import oras.layout
import oras.oci
import pytest

import govern
from govern.signing.key_file import generate_key_pair
from govern.store.oras_adapter import GovernRegistry
from support.model_files import safetensors
from support.registries import Running
from support.unpacking import unpack

PLAIN = "from oras.client import OrasClient"
OURS = "from govern.store.oras_adapter import GovernRegistry as OrasClient"

SCRIPT = """
import hashlib, json, os, sys
import oras.defaults, oras.oci
IMPORT

host, repository = sys.argv[1:]
target = f"{host}/{repository}"
said = []

def say(what, value):
    said.append((what, value))

def below(folder):
    found = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found

client = OrasClient(hostname=host, insecure=True)
say("version", sorted(client.version(return_items=True)))

# Files with annotations, types of their own, and a config.
response = client.push(
    files=["model.bin:application/x-model", "notes.txt"],
    target=f"{target}:1",
    manifest_config="config.json:application/x-config",
    annotation_file="annotations.json",
    manifest_annotations={"owner": "anna"},
    quiet=True,
)
say("push", response.status_code)
digest = response.headers["Docker-Content-Digest"]
say("digest", digest)
manifest = client.get_manifest(f"{target}:1")
say("manifest", manifest)
say("by digest", client.get_manifest(f"{target}@{digest}") == manifest)
say("without a host", client.get_manifest(f"{repository}:1") == manifest)
say("pull", [os.path.relpath(path) for path in client.pull(f"{target}:1", outdir="pulled", allowed_media_type=None)])
say("pulled", below("pulled"))
with open("pulled/model.bin", "w") as file:
    file.write("mine")
say("kept", client.pull(target=f"{target}:1", outdir="pulled", overwrite=False))
say("mine", open("pulled/model.bin").read())

# A directory, in chunks.
response = client.push(target=f"{target}:dir", files=["./data"], do_chunked=True, chunk_size=1000, quiet=True)
say("push of a directory", response.status_code)
layer = client.get_manifest(f"{target}:dir")["layers"][0]
say("its layer", [layer["mediaType"], layer["annotations"]])
say("its pull", [os.path.relpath(path) for path in client.pull(target=f"{target}:dir", outdir="directory")])
say("its files", below("directory"))

# Blobs.
container = client.get_container(f"{target}:1")
say("container", [container.registry, container.namespace, container.repository, container.tag, str(container)])
layer = oras.oci.NewLayer("notes.txt", media_type="text/plain")
say("there", client.blob_exists(layer, container))
extra = oras.oci.NewLayer("extra.txt")
say("not there", client.blob_exists(extra, container))
client._check_200_response(client.upload_blob("extra.txt", container, extra))
say("uploaded", client.blob_exists(extra, container))
say("path", client.download_blob(container, extra["digest"], "deep/er/extra.txt"))
text = open("extra.txt", "rb").read()
say("downloaded", list(below("deep")))
say("its bytes", open("deep/er/extra.txt", "rb").read() == text)
say("blob", client.get_blob(container, extra["digest"]).content == text)
say("stream", b"".join(client.get_blob(container, extra["digest"], stream=True).iter_content(7)) == text)
say("head", client.get_blob(container, extra["digest"], head=True).status_code)
config = client.get_blob(target, manifest["config"]["digest"]).json()
say("config", config)

# A manifest of the script's own, and a subject.
manifest["annotations"]["more"] = "yes"
say("upload", client.upload_manifest(manifest, client.get_container(f"{target}:2")).status_code)
say("its annotations", client.get_manifest(f"{target}:2")["annotations"])
subject = oras.oci.Subject.from_manifest(client.get_manifest(f"{target}:1"))
say("subject", subject.digest == digest)
say("push with it", client.push(target=f"{target}:sbom", files=["notes.txt"], subject=subject, quiet=True).status_code)
say("its subject", client.get_manifest(f"{target}:sbom")["subject"]["digest"] == digest)

# Tags, and what is not there.
say("tags", sorted(tag for tag in client.get_tags(target) if not tag.startswith("sha256-")))
say("two tags", len(client.get_tags(target, N=2)))
say("no such tag", client.delete_tags(target, "absent"))
for what, ask in {
    "manifest": lambda: client.get_manifest(f"{target}:absent"),
    "file": lambda: client.push(target=f"{target}:3", files=["absent"]),
    "outside": lambda: client.push(target=f"{target}:3", files=["../outside.txt"]),
    "notes": lambda: client.push(target=f"{target}:3", files=[], annotation_file="absent.json"),
    "reference": lambda: client.pull(""),
}.items():
    try:
        ask()
    except FileNotFoundError:
        say(what, "FileNotFoundError")
    except ValueError:
        say(what, "ValueError")
say("outside, said so", client.push(target=f"{target}:4", files=["../outside.txt"], disable_path_validation=True).ok)
url = f"{client.prefix}://{client.get_container(f'{target}:1').manifest_url()}"
answer = client.do_request(url, headers={"Accept": oras.defaults.default_manifest_media_type})
say("request", [answer.status_code, answer.json() == client.get_manifest(f"{target}:1")])
say("its digest", answer.headers["Docker-Content-Digest"] == digest)
print(json.dumps(said))
"""


def run_script(statement: str, folder: Path, host: str, repository: str) -> dict[str, Any]:
    """Run the script in a folder of its own with either import; return what it said."""
    work = folder / "work"
    (work / "data" / "sub").mkdir(parents=True)
    files = {
        "model.bin": bytes(range(256)) * 40,
        "notes.txt": b"notes",
        # Zot finds a blob of one repository in every other.
        "extra.txt": f"a text of {repository} alone".encode(),
        "config.json": b'{"layers": 12}',
        "annotations.json": json.dumps({"$manifest": {"team": "risk"}, "notes.txt": {"kind": "doc"}}).encode(),
        "data/a.txt": b"a" * 3000,
        "data/sub/b.txt": b"b" * 3000,
        "../outside.txt": b"outside",
    }
    for name, data in files.items():
        (work / name).write_bytes(data)
    code = SCRIPT.replace("IMPORT", statement)
    done = subprocess.run(
        [sys.executable, "-c", code, host, repository], cwd=work, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_script_says_the_same_by_changing_only_its_import(registry: Running, repository: str, tmp_path: Path) -> None:
    plain = run_script(PLAIN, tmp_path / "plain", registry.host, f"{repository}/plain")
    ours = run_script(OURS, tmp_path / "ours", registry.host, f"{repository}/ours")
    for said in (plain, ours):
        # The repository is in it.
        said["container"] = [str(one).replace("/plain", "").replace("/ours", "") for one in said["container"]]
        said["container"][2] = ""
    assert ours == plain


# --- what one pushed, the other pulls ------------------------------------------------------------


def sums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "govern.lock"
    }


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_key_pair(tmp_path_factory.mktemp("key") / "ci", None)[0]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of few files, in folders."""
    folder = tmp_path / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(safetensors({"w": ("F32", [2], 8)}))
    (folder / "config.json").write_text('{"model_type": "demo"}')
    (folder / "code" / "run.py").write_text("print(1)\n")
    (folder / "README.md").write_text("# A model\n")
    return folder


@pytest.fixture
def plain() -> Any:
    found = oras.client.OrasClient(insecure=True)
    yield found
    found.session.close()


def test_govern_pulls_what_oras_py_pushed(
    registry: Running, repository: str, tmp_path: Path, plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "made"
    (folder / "data" / "sub").mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(range(256)) * 1000)
    (folder / "data" / "sub" / "x.txt").write_text("x")
    (folder / "some:file").write_text("with a colon")
    monkeypatch.chdir(folder)
    target = f"{registry.host}/{repository}:1"
    plain.push(target=target, files=["model.bin:application/x-model", "data", "some:file"])
    pulled = govern.pull(target, tmp_path / "out", insecure_no_verify=True)
    assert pulled.decision is None
    found = sums(tmp_path / "out")
    archive = found.pop("data.tar.gz")
    assert found == {name: digest for name, digest in sums(folder).items() if not name.startswith("data/")}
    # A directory is a tar, whole and not unpacked; here it is by hand.
    assert archive == plain.get_manifest(target)["layers"][1]["digest"].removeprefix("sha256:")
    unpack(tmp_path / "out" / "data.tar.gz", tmp_path / "unpacked")
    assert sums(tmp_path / "unpacked") == {"data/sub/x.txt": hashlib.sha256(b"x").hexdigest()}


def test_oras_py_pulls_what_govern_pushed(
    registry: Running, repository: str, tmp_path: Path, plain: Any, model: Path, key: Path
) -> None:
    target = f"{registry.host}/{repository}:1.0.0"
    govern.push(model, target, key=key)
    plain.pull(target=target, outdir=str(tmp_path / "plain"))
    client = GovernRegistry(insecure=True)
    client.pull(target, outdir=tmp_path / "ours")
    client.close()
    assert sums(tmp_path / "plain") == sums(tmp_path / "ours") == sums(model)


def test_oras_py_pulls_many_files_as_tars(
    registry: Running, repository: str, tmp_path: Path, plain: Any, model: Path, key: Path
) -> None:
    for number in range(600):
        (model / f"docs-{number % 7}").mkdir(exist_ok=True)
        (model / f"docs-{number % 7}" / f"page-{number}.md").write_text(f"page {number}\n")
    target = f"{registry.host}/{repository}:1.0.0"
    govern.push(model, target, key=key)
    client = GovernRegistry(insecure=True)
    for number, puller in enumerate((plain, client)):
        out = tmp_path / str(number)
        puller.pull(target=target, outdir=str(out))
        (listed,) = out.glob("sha256:*")  # the list of files, which has no title
        files = {one["path"]: one["sha256"] for one in json.loads(listed.read_bytes())}
        listed.unlink()
        for archive in sorted((out / ".govern-tar").iterdir()):
            unpack(archive, out)
            archive.unlink()
        assert sums(out) == files == sums(model)
    client.close()


def test_a_layout_of_oras_py_goes_through_the_adapter(registry: Running, repository: str, tmp_path: Path) -> None:
    client = GovernRegistry(insecure=True)
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 100)
    target = f"{registry.host}/{repository}"
    pushed = client.push(f"{target}:1", files=[tmp_path / "x.bin"], disable_path_validation=True)
    layout = oras.layout.NewLayoutFromRegistry(str(tmp_path / "layout"), client, f"{target}:1")
    again = layout.push_to_registry(client, f"{target}/copy:1")
    assert again.status_code == 201
    assert client.subject(f"{target}/copy:1").digest == pushed.headers["Docker-Content-Digest"]
    assert client.pull(f"{target}/copy:1", outdir=tmp_path / "out") == [str(tmp_path / "out" / "x.bin")]
    client.close()


def test_an_index_can_be_pushed(registry: Running, repository: str, tmp_path: Path) -> None:
    client = GovernRegistry(insecure=True)
    target = f"{registry.host}/{repository}"
    client.push(f"{target}:1", files=[])
    one = client.subject(f"{target}:1")
    entry = {"mediaType": one.mediaType, "digest": one.digest, "size": one.size}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    assert client.upload_manifest(index, client.get_container(f"{target}:all")).status_code == 201
    assert client.get_manifest(f"{target}:all") == index
    client.close()


def test_a_layer_of_oras_py_is_a_tar_for_others(registry: Running, repository: str, tmp_path: Path) -> None:
    """A directory that the adapter pushes is read by plain oras-py."""
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "sub" / "x").write_text("x")
    client = GovernRegistry(insecure=True)
    target = f"{registry.host}/{repository}:1"
    client.push(target, files=[tmp_path / "data"], disable_path_validation=True)
    blob = client.get_blob(target, client.get_manifest(target)["layers"][0]["digest"]).content
    with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
        assert tar.getnames() == ["data", "data/sub", "data/sub/x"]
    plain = oras.client.OrasClient(insecure=True)
    assert plain.pull(target=target, outdir=str(tmp_path / "out")) == [str(tmp_path / "out" / "data")]
    assert sums(tmp_path / "out") == {"data/sub/x": hashlib.sha256(b"x").hexdigest()}
    plain.session.close()
    client.close()
