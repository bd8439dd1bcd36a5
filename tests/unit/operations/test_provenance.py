"""A whole push, from the tree that a team has: what the signed provenance says, and what it must never say."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor

import govern
from govern import canonical
from govern.names import CLIENT_BUILDER
from govern.predicates.kinds import SLSA_V1
from govern.signing.key_file import generate_key_pair
from support.git_repositories import git
from support.model_files import safetensors

PASSWORD = "p4ssw0rd-that-is-nowhere-else"
TOKEN = "glpat-" + "a1B2" * 6
PASSPHRASE = "correct-horse-that-is-nowhere-else"
PERSON = "anna@example.com"
PLANTED = (PASSWORD, TOKEN, PASSPHRASE, PERSON, "anna-laptop")

METADATA = """\
hyperparameters: {max_depth: 8}
metrics:
  - {name: auc, value: 0.943, dataset: test}
training: {logs: [train.log]}
code: {path: ../src, repository: https://git.example.com/acme/train, commit: 3f786850e387550fdab836ed7e6dc881de23001b}
"""
DVC_LOCK = f"""\
schema: '2.0'
stages:
  train:
    cmd: python src/train.py --password {PASSWORD} --lr 0.1
    deps:
    - {{path: data.csv, hash: md5, md5: 8d777f385d3dfec8815d20f7496026dc}}
    - {{path: 'https://anna:{PASSWORD}@data.example.com/x?sig={TOKEN}', size: 1}}
    params:
      params.yaml: {{lr: 0.1, db_password: {PASSWORD}, url: 'postgres://anna:{PASSWORD}@db.example.com/x'}}
    outs:
    - {{path: model/model.safetensors, hash: md5, md5: MODEL}}
"""
JENKINS = {
    "JENKINS_URL": f"https://admin:{PASSWORD}@jenkins.example.com/",
    "BUILD_URL": f"https://admin:{PASSWORD}@jenkins.example.com/job/fraud/12/?token={TOKEN}",
    "BUILD_NUMBER": "12",
    "JOB_NAME": "fraud",
    "STAGE_NAME": f"push as {PERSON}",
    "GIT_URL": f"https://oauth2:{TOKEN}@git.example.com/acme/fraud.git",
    "BRANCH_NAME": f"users/{PERSON}",
    "CHANGE_ID": "24",
    "CHANGE_FORK": PERSON,
    "CHANGE_AUTHOR_EMAIL": PERSON,
    "NODE_NAME": "anna-laptop",
    "AWS_SECRET_ACCESS_KEY": PASSWORD,
    "GIT_PASSWORD": PASSWORD,
    "GOVERN_KEY_PASSPHRASE": PASSPHRASE,
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work tree with a model in it, secrets wherever people put them, and a change that nobody committed."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    tree = tmp_path / "tree"
    weights = safetensors({"w": ("F32", [2, 2], 16)})
    files = {
        "src/train.py": b"print(1)\n",
        "data.csv": b"data",
        "uv.lock": b"version = 1\n",
        "requirements-dev.txt": f"--index-url https://anna:{PASSWORD}@pypi.example.com/simple\n".encode(),
        "dvc.lock": DVC_LOCK.replace("MODEL", hashlib.md5(weights, usedforsecurity=False).hexdigest()).encode(),
        "model/model.safetensors": weights,
        "model/train.log": b"epoch 1\n",
        "model/govern.yaml": METADATA.encode(),
    }
    for name, data in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "one")
    git(tree, "remote", "add", "origin", f"https://oauth2:{TOKEN}@git.example.com/acme/fraud.git")
    (tree / "src" / "train.py").write_text("print(2)\n")
    generate_key_pair(tmp_path / "ci", PASSPHRASE.encode())
    return tree


def push(cli: Any, tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    key = str(tree.parent / "ci.key")
    reference = f"layout:{tree.parent}/store/fraud:1.0.0"
    line = ("push", "-v", "model", reference, "--key", key, *options)
    done: subprocess.CompletedProcess[str] = cli(*line, cwd=tree, env=JENKINS)
    return done


def provenance(tree: Path) -> dict[str, Any]:
    for file in (tree.parent / "store" / "fraud" / "blobs" / "sha256").iterdir():
        if b"dsseEnvelope" in file.read_bytes():
            statement = json.loads(base64.b64decode(json.loads(file.read_bytes())["dsseEnvelope"]["payload"]))
            if statement["predicateType"] == SLSA_V1:
                predicate: dict[str, Any] = statement["predicate"]
                return predicate
    raise AssertionError("there is no provenance")


def dependencies(predicate: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in predicate["buildDefinition"]["resolvedDependencies"] if one["name"] == name]


def everything(folder: Path) -> Iterator[str]:
    """Yield every byte of a layout, and what is in the envelopes, as text."""
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            yield str(file) + data.decode("utf-8", "replace")
            if b"dsseEnvelope" in data:
                statement = base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"])
                yield statement.decode()
                for one in json.loads(statement)["predicate"].get("runDetails", {}).get("byproducts", []):
                    yield base64.b64decode(one.get("content", "")).decode()


def test_the_provenance_says_what_the_tree_and_the_run_know(cli, tree):
    done = push(cli, tree)
    assert done.returncode == 0, done.stderr
    predicate = provenance(tree)
    definition, details = predicate["buildDefinition"], predicate["runDetails"]
    # What a client says is a client's word: SLSA Build L1 at most.
    assert details["builder"]["id"] == CLIENT_BUILDER
    assert details["metadata"]["invocationId"] == "https://jenkins.example.com/job/fraud/12/"
    (code,) = dependencies(predicate, "code")
    assert code["uri"] == "git+https://git.example.com/acme/fraud.git@refs/heads/main"
    assert code["annotations"]["dirty"] is True
    assert "the work tree is not the commit (1 changed, 0 untracked)" in done.stderr
    assert definition["externalParameters"]["metadata"]["hyperparameters"] == {"max_depth": 8}
    assert definition["internalParameters"]["ci"]["fork"] is True
    assert definition["internalParameters"]["hardware"]["memory"] > 0
    stage = definition["internalParameters"]["dvc"]["train"]
    assert stage["command"] == "python src/train.py --password [redacted] --lr 0.1"
    assert stage["parameters"]["params.yaml:lr"] == "0.1"
    assert {one["name"] for one in definition["resolvedDependencies"]} == {
        "code", "training-code", "requirements-dev.txt", "uv.lock", "dvc.lock", "data.csv", "https://data.example.com/x",
    }  # fmt: skip
    commit, folder = dependencies(predicate, "training-code")
    assert commit["digest"] == {"gitCommit": "3f786850e387550fdab836ed7e6dc881de23001b"}
    assert set(folder["digest"]) == {"dirHash"}
    files, log, metrics = details["byproducts"]
    assert (files["name"], log["name"], log["annotations"]["size"]) == ("files", "train.log", 8)
    said = json.loads(base64.b64decode(metrics["content"]))
    assert said == definition["externalParameters"]["metadata"]["metrics"]
    assert canonical.dumps(said) == base64.b64decode(metrics["content"])


def test_other_tools_read_it(cli, tree):
    push(cli, tree)
    predicate = provenance(tree)
    read = json_format.ParseDict(predicate, provenance_pb2.Provenance())
    for one in (*read.build_definition.resolved_dependencies, *read.run_details.byproducts):
        ResourceDescriptor.copy_from_pb(one).validate()
        # in-toto, `resource_descriptor.md`: one of these is there.
        assert one.uri or one.digest or one.content


def test_no_secret_and_no_person_is_in_a_record_or_on_the_screen(cli, tree):
    done = push(cli, tree)
    assert done.returncode == 0
    told = [done.stdout, done.stderr, *everything(tree.parent / "store")]
    for planted in PLANTED:
        assert [text[:80] for text in told if planted in text] == []


@pytest.mark.parametrize("spoiled", ["dvc.lock", "model/train.log", "code", "version"])
def test_no_secret_is_in_a_refusal(cli, tree, spoiled):
    options = []
    if spoiled == "dvc.lock":
        (tree / "dvc.lock").write_text(f"stages: [&a {TOKEN}, {PASSWORD}]\n")
    elif spoiled == "model/train.log":
        (tree / "model" / "train.log").unlink()
        (tree / "model" / "train.log").symlink_to(tree / "dvc.lock")
        (tree / "model" / ".governignore").write_text("train.log\n")
    elif spoiled == "code":
        (tree / "src" / "train.py").unlink()
        (tree / "src").rmdir()
    else:
        options = ["--name", "Not A Name"]
    done = push(cli, tree, *options)
    assert done.returncode == (0 if spoiled == "dvc.lock" else 2)
    assert "Traceback" not in done.stderr
    for planted in PLANTED:
        assert planted not in done.stdout + done.stderr


def test_no_secret_is_in_a_traceback_of_the_api(tree, monkeypatch):
    for name, value in JENKINS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tree)
    (tree / "model" / "train.log").unlink()
    (tree / "model" / "train.log").symlink_to(tree / "dvc.lock")
    (tree / "model" / ".governignore").write_text("train.log\n")
    with pytest.raises(govern.errors.InvalidInput) as caught:
        govern.push(tree / "model", f"layout:{tree.parent}/store/fraud:1.0.0", key=str(tree.parent / "ci.key"))
    told = "".join(traceback.format_exception(caught.value))
    for planted in PLANTED:
        assert planted not in told
    # Nothing was attached by half.
    assert not any("dsseEnvelope" in text for text in everything(tree.parent / "store"))


@pytest.mark.parametrize("verified", [True, False])
def test_an_input_that_nobody_verified_says_so(tmp_path, tree, verified):
    private, public, _ = generate_key_pair(tmp_path / "plain", None)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1\n")
    reference = f"layout:{tmp_path}/data-store/data:1.0.0"
    govern.push(tmp_path / "data", reference, key=str(private), kind="dataset")
    options: dict[str, Any] = {"key": str(public)} if verified else {"insecure_no_verify": True}
    govern.pull(reference, tmp_path / "pulled", **options)
    govern.push(tree / "model", f"layout:{tmp_path}/store/fraud:1.0.0", key=str(private), inputs=[tmp_path / "pulled"])
    (data,) = dependencies(provenance(tree), "data@1.0.0")
    assert data["annotations"] == {
        "observed": "lock",
        "role": "train",
        **({} if verified else {"verified": False}),
    }
